"""Packets inside packets, against the twin: whole, cut, changed, and nearly carriers."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from poolwatch.kernels.decode import CARRIER_PORTS, MAY_CARRY
from poolwatch.layouts import FLOW, Carrier, Kind, Link, Reason, pack_tags, tunnel_of, vlans_of
from tests import carrier_builders as build
from tests import naive_carriers as naive
from tests.carrier_builders import WRAPS, decoded, ethernet, ipv4, ipv6, on_ethernet, tcp, udp

JOB = b'{"id":1,"method":"mining.notify"}\n'
INNER = [ipv4(tcp(JOB)), ipv6(tcp(JOB)), ipv4(udp(JOB), 17)]
NAMES = st.sampled_from(sorted(WRAPS))


@st.composite
def frames(draw: st.DrawFn) -> tuple[int, bytes]:
    """A packet in up to six carriers, on any link layer that may hold it."""
    packet = draw(st.sampled_from(INNER))
    if packet[0] >> 4 == 6 and draw(st.booleans()):
        head = draw(st.sampled_from(sorted(build.TEREDO_HEADS.values())))
        packet = build.teredo(ipv6(packet[40:], source="2001:0:a::1"), head)
    for name in draw(st.lists(NAMES, max_size=6)):
        packet = WRAPS[name][0](packet)
    vlans = draw(st.lists(st.integers(0, 4095), max_size=3))
    shape = draw(st.sampled_from(["plain", "mpls", "pseudowire", "control", "pppoe", "ppp"]))
    if shape == "plain":
        return Link.ETHERNET, ethernet(packet, vlans=vlans)
    if shape == "mpls":
        stack = build.mpls(packet, draw(st.integers(1, 9)))
        return Link.ETHERNET, ethernet(stack, 0x8847, vlans=vlans)
    if shape in ("pseudowire", "control"):
        inner = (bytes(4) if shape == "control" else b"") + ethernet(packet, vlans=vlans)
        return Link.ETHERNET, ethernet(build.mpls(inner), 0x8848)
    if shape == "pppoe":
        padding = draw(st.sampled_from([b"", bytes(7)]))
        return Link.ETHERNET, ethernet(build.pppoe(packet) + padding, 0x8864, vlans=vlans)
    head = draw(st.sampled_from([b"", b"\xff\x03"]))
    compressed = build.ppp(packet)[draw(st.sampled_from([0, 1])) :]
    return draw(st.sampled_from([(Link.PPP, head + compressed), (Link.PPPOE, build.pppoe(packet))]))


@given(frames())
def test_carried_packets_are_read_as_the_twin_does(frame: tuple[int, bytes]) -> None:
    assert decoded([frame]) == [naive.decoded(*frame)]


@given(frames())
@settings(max_examples=60)
def test_every_prefix_decodes_or_has_a_reason(frame: tuple[int, bytes]) -> None:
    link, data = frame
    prefixes = [(link, data[:size]) for size in range(len(data) + 1)]
    assert decoded(prefixes) == [naive.decoded(*prefix) for prefix in prefixes]


@given(frames(), st.data())
def test_changed_packets_are_read_as_the_twin_does(
    frame: tuple[int, bytes], data: st.DataObject
) -> None:
    link, original = frame
    changed = []
    for _ in range(20):
        mutable = bytearray(original)
        for _ in range(data.draw(st.integers(1, 3))):
            place = data.draw(st.integers(0, len(mutable) - 1))
            mutable[place] ^= 1 << data.draw(st.integers(0, 7))
        changed.append((link, bytes(mutable)))
    assert decoded(changed) == [naive.decoded(*one) for one in changed]


@given(st.sampled_from(CARRIER_PORTS), st.binary(max_size=80), st.booleans())
def test_noise_below_a_carrier_port_is_read_as_the_twin_does(
    port: int, noise: bytes, reply: bool
) -> None:
    ports = {"source": port, "destination": 40000} if reply else {"destination": port}
    frame = on_ethernet(build.outer4(udp(noise, **ports), 17))
    assert decoded([frame]) == [naive.decoded(*frame)]


@pytest.mark.parametrize("name", sorted(WRAPS))
@pytest.mark.parametrize("packet", INNER, ids=["tcp4", "tcp6", "udp4"])
def test_each_carrier(name: str, packet: bytes) -> None:
    wrap, carrier, tunnel = WRAPS[name]
    if carrier is Carrier.IP_IN_IP and packet[0] >> 4 == 6:
        carrier = Carrier.IPV6_IN_IP
    link, data = on_ethernet(wrap(packet))
    (frame,) = decoded([(link, data)])
    assert isinstance(frame, naive.Frame)
    assert tunnel_of(frame.tags) == (carrier, tunnel)
    assert data[frame.start : frame.start + frame.length] == JOB
    assert (frame.ends, frame.kind) == _ends_of(packet)


def _ends_of(packet: bytes) -> tuple[object, int]:
    (plain,) = decoded([(Link.RAW_IP, packet)])
    assert isinstance(plain, naive.Frame)
    return plain.ends, plain.kind


@pytest.mark.parametrize("head", build.TEREDO_HEADS.values(), ids=build.TEREDO_HEADS)
def test_teredo(head: bytes) -> None:
    packet = ipv6(tcp(JOB), source="2001:0:c000:201::1")
    (frame,) = decoded([on_ethernet(build.teredo(packet, head))])
    assert isinstance(frame, naive.Frame)
    assert tunnel_of(frame.tags) == (Carrier.TEREDO, 0)
    assert frame.kind == Kind.TCP6


def test_gtp_keeps_the_tunnel_beside_the_key() -> None:
    (frame,) = decoded([on_ethernet(build.gtp(INNER[0], 0x12345678))])
    assert isinstance(frame, naive.Frame)
    assert (frame.tags, frame.teid) == (pack_tags((), Carrier.GTP), 0x12345678)


def test_mpls_and_pppoe_leave_no_trace() -> None:
    packet = ipv4(tcp(JOB))
    (plain, *carried) = decoded(
        [
            on_ethernet(packet),
            on_ethernet(build.mpls(packet), 0x8847),
            on_ethernet(build.pppoe(packet), 0x8864),
            (Link.PPP, build.ppp(packet)),
            (Link.PPP, b"\x0f\0\x08\0" + packet),
        ]
    )
    assert isinstance(plain, naive.Frame)
    for frame in carried:
        assert isinstance(frame, naive.Frame)
        assert (frame.ends, frame.tags, frame.length) == (plain.ends, 0, plain.length)


NESTED = [
    ("vlan, vxlan, vlan", ethernet(build.outer4(udp(struct.pack(">II", 8 << 24, 42 << 8)
     + ethernet(INNER[0], vlans=[7]), destination=4789), 17), vlans=[5]),
     pack_tags((5, 7), Carrier.VXLAN, 42)),
    ("a third tag is dropped", ethernet(INNER[0], vlans=[5, 6, 7]), pack_tags((5, 6))),
    ("gre in ip", ethernet(build.ip_in_ip(build.gre_ip(INNER[0]))),
     pack_tags((), Carrier.GRE, 0x01020304)),
    ("ip in gre: the id stays", ethernet(build.gre_ip(build.ip_in_ip(INNER[0]))),
     pack_tags((), Carrier.GRE, 0x01020304)),
    ("vxlan in erspan", ethernet(build.erspan2(build.vxlan(INNER[0]))),
     pack_tags((), Carrier.VXLAN, 42)),
    ("ip in gtp: the tunnel stays", ethernet(build.gtp(build.ip_in_ip(INNER[0]))),
     pack_tags((), Carrier.GTP)),
]  # fmt: skip


@pytest.mark.parametrize(
    ("data", "tags"), [row[1:] for row in NESTED], ids=[row[0] for row in NESTED]
)
def test_nested(data: bytes, tags: int) -> None:
    (frame,) = decoded([(Link.ETHERNET, data)])
    assert isinstance(frame, naive.Frame)
    assert frame.tags == tags


@pytest.mark.parametrize("name", ["vxlan", "gre", "ip-in-ip", "gtp"])
def test_beyond_the_bound(name: str) -> None:
    packet = INNER[0]
    for _ in range(4):
        packet = WRAPS[name][0](packet)
    assert isinstance(decoded([on_ethernet(packet)])[0], naive.Frame)
    assert decoded([on_ethernet(WRAPS[name][0](packet))]) == [Reason.CARRIER_DEPTH]


LABEL = struct.pack(">I", 16 << 12 | 64)
VXLAN = struct.pack(">II", 8 << 24, 1 << 8)
REASONS = [
    ("nine labels", on_ethernet(LABEL * 9 + INNER[0], 0x8847), Reason.CARRIER_DEPTH),
    ("labels over nothing", on_ethernet(build.mpls(b"", 1), 0x8847), Reason.FRAME_CUT),
    ("labels over ARP", on_ethernet(build.mpls(ethernet(bytes(28), 0x0806)), 0x8847),
     Reason.NOT_IP),
    ("labels over an OAM channel", on_ethernet(build.mpls(b"\x10\0\0\x07" + bytes(40)), 0x8847),
     Reason.NOT_IP),
    ("PPPoE discovery code", on_ethernet(b"\x11\x09\0\0\0\x04" + bytes(4), 0x8864),
     Reason.CARRIER_MALFORMED),
    ("PPP LCP", (Link.PPP, b"\xff\x03\xc0\x21\x01\x01\0\x04"), Reason.NOT_IP),
    ("GRE version 2", on_ethernet(build.outer4(b"\0\x02\x08\0" + INNER[0], 47)),
     Reason.CARRIER_MALFORMED),
    ("GRE reserved bits", on_ethernet(build.outer4(b"\x04\0\x08\0" + INNER[0], 47)),
     Reason.CARRIER_MALFORMED),
    ("GRE keepalive", on_ethernet(build.outer4(bytes(4), 47)), Reason.NOT_IP),
    ("GRE cut", on_ethernet(build.outer4(b"\x20\0\x08\0", 47)), Reason.FRAME_CUT),
    ("PPTP acknowledgement", on_ethernet(build.outer4(b"\x20\x81\x88\x0b\0\0\0\x09" + bytes(4),
     47)), Reason.NOT_IP),
    ("ERSPAN II of version 2", on_ethernet(build.gre(b"\x20" + bytes(7) + ethernet(INNER[0]),
     0x88BE, extra=0x10)), Reason.CARRIER_MALFORMED),
    ("IP in IP that is none", on_ethernet(build.outer4(b"\x55" * 40, 4)), Reason.IP_MALFORMED),
    ("ICMP in GRE", on_ethernet(build.gre_ip(ipv4(bytes(8), 1))), Reason.IP_PROTOCOL),
    ("ICMP in VXLAN", on_ethernet(build.vxlan(ipv4(bytes(8), 1))), Reason.IP_PROTOCOL),
    ("later fragment in GTP", on_ethernet(build.gtp(ipv4(tcp(JOB), fragment=5))),
     Reason.IP_FRAGMENT),
    ("later fragment of VXLAN", on_ethernet(ipv4(udp(VXLAN, destination=4789), 17, fragment=9)),
     Reason.IP_FRAGMENT),
]  # fmt: skip


@pytest.mark.parametrize(
    ("frame", "reason"), [row[1:] for row in REASONS], ids=[row[0] for row in REASONS]
)
def test_reasons(frame: tuple[int, bytes], reason: Reason) -> None:
    assert decoded([frame]) == [reason]
    assert naive.decoded(*frame) == reason


GTP = struct.pack(">BBHI", 0x30, 255, len(INNER[0]), 5)
DNS = bytes.fromhex("000701000001000000000000076578616d706c6503636f6d0000010001")
NO_CARRIER = [
    ("DNS to the VXLAN port", DNS, 4789),
    ("DNS to the GTP port", DNS, 2152),
    ("DNS to the GENEVE port", DNS, 6081),
    ("DNS to the Teredo port", DNS, 3544),
    ("empty", b"", 4789),
    ("VXLAN without its bit", bytes(8) + ethernet(INNER[0]), 4789),
    ("VXLAN with a reserved bit", b"\x09" + VXLAN[1:] + ethernet(INNER[0]), 4789),
    ("VXLAN with a reserved byte", VXLAN[:7] + b"\x01" + ethernet(INNER[0]), 4789),
    ("VXLAN of ARP", VXLAN + ethernet(bytes(28), 0x0806), 4789),
    ("VXLAN of a longer packet", VXLAN + ethernet(INNER[0])[:-1], 4789),
    ("GENEVE of version 1", b"\x40\0\x65\x58\0\0\x01\0" + ethernet(INNER[0]), 6081),
    ("GENEVE control", b"\0\x80\x65\x58\0\0\x01\0" + ethernet(INNER[0]), 6081),
    ("GENEVE options too long", b"\x01\0\x65\x58\0\0\x01\0\0\0\0\x01" + ethernet(INNER[0]), 6081),
    ("GENEVE of something", b"\0\0\x12\x34\0\0\x01\0" + ethernet(INNER[0]), 6081),
    ("GTP echo", struct.pack(">BBHI", 0x32, 1, 4, 0) + bytes(4), 2152),
    ("GTP of another length", GTP + INNER[0] + b"\0", 2152),
    ("GTP of version 2", b"\x50" + GTP[1:] + INNER[0], 2152),
    ("GTP without end of extensions", b"\x34\xff\0\x08\0\0\0\x05\0\0\0\x85\x01\0\0\x85", 2152),
    ("Teredo of other addresses", ipv6(tcp(JOB)), 3544),
    ("Teredo of a longer packet", ipv6(tcp(JOB), source="2001::1")[:-1], 3544),
    ("GRE that cannot be, in VXLAN", VXLAN + ethernet(build.outer4(b"\0\x02\x08\0", 47)), 4789),
]


@pytest.mark.parametrize(
    ("payload", "port"), [row[1:] for row in NO_CARRIER], ids=[row[0] for row in NO_CARRIER]
)
def test_what_is_not_quite_a_carrier_stays_plain_udp(payload: bytes, port: int) -> None:
    packet = build.outer4(udp(payload, destination=port), 17)
    (frame,) = decoded([(Link.ETHERNET, ethernet(packet, vlans=[9]))])
    assert isinstance(frame, naive.Frame)
    assert (frame.kind, frame.tags) == (Kind.UDP4, pack_tags((9,)))
    assert (frame.length, frame.ends[0][1] + frame.ends[1][1]) == (len(payload), 50000 + port)


def test_an_inner_udp_packet_that_is_no_carrier_stays_in_the_outer() -> None:
    inner = ipv4(udp(DNS, destination=2152), 17)
    (frame,) = decoded([on_ethernet(build.vxlan(inner))])
    assert isinstance(frame, naive.Frame)
    assert frame.tags == pack_tags((), Carrier.VXLAN, 42)
    assert (frame.ends, frame.length) == (_ends_of(inner)[0], len(DNS))


def test_the_first_fragment_of_a_datagram_is_read() -> None:
    whole = build.vxlan(INNER[0])
    first = ipv4(whole[20:-10], 17, fragment=0x2000)
    (frame,) = decoded([on_ethernet(first)])
    assert isinstance(frame, naive.Frame)
    assert (frame.length, frame.wire) == (len(JOB) - 10, len(JOB))


def test_padding_of_a_carrier_is_no_payload() -> None:
    (frame,) = decoded([on_ethernet(build.gre_ip(INNER[0]) + bytes(20))])
    assert isinstance(frame, naive.Frame)
    assert (frame.length, frame.wire) == (len(JOB), len(JOB))


def test_ephemeral_ports_never_leave_the_fast_path() -> None:
    assert MAY_CARRY.sum() == 5
    assert not MAY_CARRY[32768 >> 6 :].any()
    assert not MAY_CARRY[[port >> 6 for port in (53, 123, 443, 500, 1900, 4500, 5353)]].any()
    assert all(MAY_CARRY[port >> 6] for port in CARRIER_PORTS)


def test_tags() -> None:
    tags = pack_tags((4095, 1), Carrier.VXLAN, 0xFFFFFF)
    assert (vlans_of(tags), tunnel_of(tags)) == ([4095, 1], (Carrier.VXLAN, 0xFFFFFF))
    assert vlans_of(pack_tags((7,))) == [7]
    assert FLOW.itemsize == 64
    assert Carrier.IPV6_IN_IP.word == "ipv6-in-ip"
