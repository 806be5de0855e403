"""Frames to FRAME rows, against the twin and against dpkt."""

from __future__ import annotations

from collections.abc import Sequence

import dpkt
import numpy as np
import pytest
from hypothesis import assume, given

from poolwatch.kernels.doors import decode_frames
from poolwatch.layouts import FRAME, Kind, Link, Reason
from tests import builders, naive
from tests.builders import IPV4, Packet, batch, ethernet, framed, ipv4, ipv6, tcp, udp
from tests.kernels import strategies


def decoded(frames: Sequence[tuple[int, bytes]]) -> list[naive.Frame | Reason]:
    """What the kernel makes of some frames, in the terms of the twin."""
    packets = batch([Packet(data, link=link) for link, data in frames])
    rows = np.zeros(len(frames), FRAME)
    rows.view(np.uint8)[:] = builders.POISON  # scratch is never clean
    decode_frames(packets.buffer, packets.packets, packets.count, rows)
    return [
        frame_of(row, int(packet["offset"]))
        for row, packet in zip(rows, packets.packets, strict=True)
    ]


def frame_of(row: np.void, offset: int) -> naive.Frame | Reason:
    if row["reason"]:
        return Reason(int(row["reason"]))
    value = {name: int(row[name]) for name in FRAME.names or ()}
    key = naive.Key(
        value["kind"],
        naive.End(value["a_hi"] << 64 | value["a_lo"], value["ports"] >> 16),
        naive.End(value["b_hi"] << 64 | value["b_lo"], value["ports"] & 0xFFFF),
        value["tags"],
    )
    return naive.Frame(
        key,
        value["side"],
        value["seq"],
        value["tcp"],
        value["payload"] - offset,
        value["length"],
        value["wire"],
    )


def expected(link: int, data: bytes) -> naive.Frame | Reason:
    try:
        return naive.decode(link, data)
    except naive.Unread as error:
        return error.reason


@given(strategies.valid_frames())
def test_valid_frames_are_understood_as_the_twin_does(frame: tuple[int, bytes]) -> None:
    (row,) = decoded([frame])
    assert isinstance(row, naive.Frame)
    assert row == expected(*frame)


@given(strategies.any_frames())
def test_any_bytes_are_read_as_the_twin_does(frame: tuple[int, bytes]) -> None:
    assert decoded([frame]) == [expected(*frame)]


@given(strategies.valid_frames())
def test_every_prefix_decodes_or_has_a_reason(frame: tuple[int, bytes]) -> None:
    link, data = frame
    prefixes = [(link, data[:size]) for size in range(len(data) + 1)]
    rows = decoded(prefixes)
    assert rows == [expected(*prefix) for prefix in prefixes]
    assert rows[0] is Reason.FRAME_CUT or link == Link.UNKNOWN


JOB = tcp(b'{"id":1}\n', seq=2**32 - 2, flags=0x18)
HOP = (0, b"\0" + bytes(6))
FRAGMENT_HEAD = (44, b"\0\0\x01" + bytes(4))
FRAGMENT_TAIL = (44, b"\0\0\x08" + bytes(4))

REASONS = [
    ("plain", Link.ETHERNET, ethernet(ipv4(JOB)), Reason.UNDERSTOOD),
    ("every option", Link.ETHERNET, ethernet(ipv4(JOB, options=bytes(40))), Reason.UNDERSTOOD),
    ("four tags", Link.ETHERNET, ethernet(ipv4(JOB), tags=[1, 2, 3, 4]), Reason.UNDERSTOOD),
    ("five tags", Link.ETHERNET, ethernet(ipv4(JOB), tags=[1, 2, 3, 4, 5]), Reason.VLAN_DEPTH),
    ("first fragment", Link.RAW_IP, ipv4(JOB, fragment=0x2000), Reason.UNDERSTOOD),
    ("later fragment", Link.RAW_IP, ipv4(JOB, fragment=0x2001), Reason.IP_FRAGMENT),
    ("last fragment", Link.RAW_IP, ipv4(JOB, fragment=0x0001), Reason.IP_FRAGMENT),
    ("IPv6 first fragment", Link.RAW_IP, ipv6(JOB, extensions=[FRAGMENT_HEAD]), Reason.UNDERSTOOD),
    ("IPv6 later fragment", Link.RAW_IP, ipv6(JOB, extensions=[FRAGMENT_TAIL]), Reason.IP_FRAGMENT),
    ("eight extensions", Link.RAW_IP, ipv6(JOB, extensions=[HOP] * 8), Reason.UNDERSTOOD),
    ("nine extensions", Link.RAW_IP, ipv6(JOB, extensions=[HOP] * 9), Reason.IPV6_EXTENSIONS),
    ("IPv6 too short", Link.RAW_IP, ipv6(JOB, extensions=[HOP], length=4), Reason.IP_MALFORMED),
    ("no next header", Link.RAW_IP, ipv6(b"", protocol=59), Reason.IP_PROTOCOL),
    ("ARP", Link.ETHERNET, ethernet(bytes(28), ethertype=builders.ARP), Reason.NOT_IP),
    ("802.3 length", Link.ETHERNET, ethernet(bytes(40), ethertype=38), Reason.NOT_IP),
    ("raw version 5", Link.RAW_IP, b"\x50" + bytes(39), Reason.NOT_IP),
    ("unknown family", Link.NULL, b"\x07\0\0\0" + ipv4(JOB), Reason.NOT_IP),
    ("IPv4 said, IPv6 inside", Link.ETHERNET, ethernet(ipv6(JOB), ethertype=IPV4),
     Reason.IP_MALFORMED),
    ("header of 16", Link.ETHERNET, ethernet(b"\x44" + ipv4(JOB)[1:]), Reason.IP_MALFORMED),
    ("total below header", Link.ETHERNET, ethernet(ipv4(JOB, total=19)), Reason.IP_MALFORMED),
    ("offloaded total", Link.ETHERNET, ethernet(ipv4(JOB, total=0)), Reason.UNDERSTOOD),
    ("offloaded IPv6", Link.ETHERNET, ethernet(ipv6(JOB, length=0)), Reason.UNDERSTOOD),
    ("ICMP", Link.ETHERNET, ethernet(ipv4(bytes(8), protocol=1)), Reason.IP_PROTOCOL),
    ("TCP beyond IP", Link.ETHERNET, ethernet(ipv4(JOB, total=39)), Reason.TCP_MALFORMED),
    ("TCP offset 4", Link.RAW_IP, ipv4(JOB[:12] + b"\x40" + JOB[13:]), Reason.TCP_MALFORMED),
    ("UDP beyond IP", Link.RAW_IP, ipv4(udp(), protocol=17, total=27), Reason.UDP_MALFORMED),
    ("empty UDP", Link.RAW_IP, ipv4(udp(), protocol=17), Reason.UNDERSTOOD),
    ("empty", Link.ETHERNET, b"", Reason.FRAME_CUT),
    ("unknown link type", Link.UNKNOWN, ethernet(ipv4(JOB)), Reason.LINK_TYPE_UNKNOWN),
]  # fmt: skip


@pytest.mark.parametrize(
    ("link", "data", "reason"), [row[1:] for row in REASONS], ids=[row[0] for row in REASONS]
)
def test_reasons(link: Link, data: bytes, reason: Reason) -> None:
    (row,) = decoded([(link, data)])
    assert (Reason.UNDERSTOOD if isinstance(row, naive.Frame) else row) is reason
    assert naive.reason_of(link, data) is reason


@pytest.mark.parametrize("link", strategies.LINKS, ids=lambda link: link.name)
@pytest.mark.parametrize("build", [ipv4, ipv6], ids=["ipv4", "ipv6"])
def test_every_link_layer(link: Link, build: builders.IpBuilder) -> None:
    data = framed(build(JOB), link)
    (row,) = decoded([(link, data)])
    assert isinstance(row, naive.Frame)
    assert row.key.kind == (Kind.TCP4 if build is ipv4 else Kind.TCP6)
    assert data[row.start : row.start + row.length] == b'{"id":1}\n'
    assert (row.seq, row.tcp) == (2**32 - 2, 0x18)


@pytest.mark.parametrize("family", [10, 23, 24, 28, 30])
@pytest.mark.parametrize("order", ["little", "big"])
def test_null_families_of_ipv6(family: int, order: naive.ByteOrder) -> None:
    data = family.to_bytes(4, order) + ipv6(JOB)
    (row,) = decoded([(Link.NULL, data)])
    assert isinstance(row, naive.Frame)
    assert row.key.kind == Kind.TCP6


def test_only_the_two_outermost_tags_stay() -> None:
    (row,) = decoded([(Link.ETHERNET, ethernet(ipv4(JOB), tags=[0xF001, 0xE002, 0xD003]))])
    assert isinstance(row, naive.Frame)
    assert row.key.tags == 0x001_002


def test_padding_behind_the_ip_packet_is_no_payload() -> None:
    (row,) = decoded([(Link.ETHERNET, ethernet(ipv4(tcp())) + bytes(6))])
    assert isinstance(row, naive.Frame)
    assert (row.length, row.wire) == (0, 0)


def test_payload_not_captured_still_counts_on_the_wire() -> None:
    frame = ethernet(ipv4(tcp(b"0123456789")))
    (row,) = decoded([(Link.ETHERNET, frame[:-4])])
    assert isinstance(row, naive.Frame)
    assert (row.length, row.wire) == (6, 10)


@given(strategies.ip_packets())
def test_dpkt_agrees(packet: bytes) -> None:
    # dpkt fails on a fragment header with others behind it.
    assume(not (builders.ethertype_of(packet) == builders.IPV6 and packet[6] == 44))
    data = ethernet(packet)
    (row,) = decoded([(Link.ETHERNET, data)])
    assert isinstance(row, naive.Frame)
    inner = dpkt.ethernet.Ethernet(data).data
    segment = inner.data
    if not isinstance(segment, dpkt.tcp.TCP | dpkt.udp.UDP):
        return  # dpkt knows fewer extension headers and does not look into fragments
    source, destination = (
        naive.End(int.from_bytes(host), port)
        for host, port in ((inner.src, segment.sport), (inner.dst, segment.dport))
    )
    assert (row.key.a, row.key.b) == tuple(sorted((source, destination)))
    assert row.side == (source > destination)
    is_tcp = isinstance(segment, dpkt.tcp.TCP)
    assert row.key.kind == 2 - is_tcp + 2 * isinstance(inner, dpkt.ip6.IP6)
    assert (row.seq, row.tcp) == ((segment.seq, segment.flags) if is_tcp else (0, 0))
    assert data[row.start : row.start + row.length] == segment.data
