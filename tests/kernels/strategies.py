"""Hypothesis strategies: frames and conversations, valid and not."""

from __future__ import annotations

import struct

from hypothesis import strategies as st

from poolwatch.layouts import Link
from tests.builders import (
    ACK,
    ARP,
    FIN,
    PSH,
    RST,
    SYN,
    TCP,
    UDP,
    Packet,
    ethernet,
    framed,
    ip,
    ipv4,
    ipv6,
    tcp,
    udp,
)

LINKS = [link for link in Link if link not in (Link.UNKNOWN, Link.PPP, Link.PPPOE)]
"""What the plain path decodes."""

PAYLOADS = [
    b"",
    b"\0",
    b'{"id":1,"method":"mining.subscribe","params":[]}\n',
    b'  [{"id":2}]\r\n',
    b"{",
    b'\xef\xbb\xbf{"id":3}',
    b"P",
    b"POST / HTTP/1.1\r\nHost: a\r\n\r\n",
    b'POST / HTTP/1.1\r\nHost: a\r\n\r\n{"method":"getwork"}',
    b"POST / HTTP/1.1\r\nHost: a\r\n\r\nname=value",
    b"POST / HTTP/1.1\r\nHost:",
    b"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET / HTTP/1.1\r\nX-Mining-Extensions: midstate\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
    b'HTTP/1.1 200 OK\r\n\r\n{"result":true}',
    b"CONNECT pool.example:3333 HTTP/1.1\r\n\r\n",
    b"\x16\x03\x01\0\x05hello",
    b"\x17\x03\x03\0\x01x",
    b"SSH-2.0-OpenSSH\r\n",
]

octets = st.integers(0, 255)
ports = st.integers(0, 65535)
payloads = st.one_of(st.sampled_from(PAYLOADS), st.binary(max_size=40))
addresses4 = st.ip_addresses(v=4).map(str)
addresses6 = st.ip_addresses(v=6).map(str)
options = st.binary(max_size=40).map(lambda data: data[: len(data) // 4 * 4])


@st.composite
def segments(draw: st.DrawFn) -> tuple[int, bytes]:
    """A protocol number and its whole header and payload."""
    payload, source, destination = draw(payloads), draw(ports), draw(ports)
    if draw(st.booleans()):
        return UDP, udp(payload, source=source, destination=destination)
    return TCP, tcp(
        payload,
        source=source,
        destination=destination,
        seq=draw(st.integers(0, 2**32 - 1)),
        flags=draw(octets),
        options=draw(options),
    )


@st.composite
def extension_chains(draw: st.DrawFn) -> list[tuple[int, bytes]]:
    """IPv6 extension headers: number, and bytes behind the next-header byte."""
    chain = []
    for protocol in draw(st.lists(st.sampled_from([0, 43, 44, 51, 60, 135, 139, 140]), max_size=9)):
        if protocol == 44:
            chain.append((44, b"\0" + struct.pack(">H", draw(st.sampled_from([0, 1]))) + bytes(4)))
            continue
        size = draw(st.integers(0, 3))
        length = 4 * (size + 2) if protocol == 51 else 8 * (size + 1)
        length = max(length, 8)
        chain.append((protocol, bytes([size]) + draw(st.binary(min_size=length, max_size=length))))
        chain[-1] = (protocol, chain[-1][1][: length - 1])
    return chain


@st.composite
def ip_packets(draw: st.DrawFn) -> bytes:
    """A valid IPv4 or IPv6 packet with TCP or UDP in it."""
    protocol, segment = draw(segments())
    if draw(st.booleans()):
        return ipv4(
            segment,
            protocol=protocol,
            source=draw(addresses4),
            destination=draw(addresses4),
            options=draw(options),
            fragment=draw(st.sampled_from([0, 0x4000, 0x2000])),
            total=draw(st.sampled_from([None, None, 0])),
        )
    return ipv6(
        segment,
        protocol=protocol,
        source=draw(addresses6),
        destination=draw(addresses6),
        extensions=draw(extension_chains())[:8],
        length=draw(st.sampled_from([None, None, 0])),
    )


@st.composite
def valid_frames(draw: st.DrawFn) -> tuple[int, bytes]:
    """A link layer and a frame that is understood."""
    packet = draw(ip_packets())
    link = draw(st.sampled_from(LINKS))
    if link != Link.ETHERNET:
        return link, framed(packet, link)
    tags = draw(st.lists(ports, max_size=4))
    outer = draw(st.sampled_from([0x8100, 0x88A8, 0x9100, 0x9200]))
    trailer = draw(st.sampled_from([b"", bytes(6)]))
    return link, ethernet(packet, tags=tags, outer=outer) + trailer


@st.composite
def damaged_frames(draw: st.DrawFn) -> tuple[int, bytes]:
    """A valid frame with some bytes changed, maybe cut, maybe under another link layer."""
    link, data = draw(valid_frames())
    mutable = bytearray(data)
    for _ in range(draw(st.integers(0, 4))):
        if mutable:
            mutable[draw(st.integers(0, len(mutable) - 1))] = draw(octets)
    cut = draw(st.integers(0, len(mutable)))
    if draw(st.booleans()):
        link = draw(st.integers(0, 9))
    return link, bytes(mutable[: cut if draw(st.booleans()) else None])


def noise() -> st.SearchStrategy[tuple[int, bytes]]:
    """Any bytes under any link layer."""
    return st.tuples(st.integers(0, 9), st.binary(max_size=120))


def any_frames() -> st.SearchStrategy[tuple[int, bytes]]:
    return st.one_of(valid_frames(), damaged_frames(), noise())


_HOSTS = [
    ("10.0.0.1", "192.0.2.9"),
    ("192.0.2.9", "10.0.0.1"),
    ("10.0.0.2", "192.0.2.9"),
    ("2001:db8::1", "2001:db8::2"),
    ("2001:db8::2", "2001:db8::1"),
]
_FLAGS = [SYN, SYN, SYN | ACK, ACK, PSH | ACK, PSH | ACK, FIN | ACK, RST]
_STEPS_MS = [0, 1, 10, 400, 999, 1001, 5000, -3]


@st.composite
def talk(draw: st.DrawFn, *, hosts: int = 2) -> list[Packet]:
    """Packets of a few flows, in the order of a capture: pauses, SYNs again, cut frames."""
    packets = []
    ts_ns = 1_700_000_000_000_000_000
    for _ in range(draw(st.integers(1, 40))):
        ts_ns += draw(st.sampled_from(_STEPS_MS)) * 1_000_000
        packets.append(draw(talk_packets(ts_ns, hosts)))
    return packets


@st.composite
def talk_packets(draw: st.DrawFn, ts_ns: int, hosts: int) -> Packet:
    if draw(st.integers(0, 19)) == 0:
        return Packet(ethernet(b"\0" * 28, ethertype=ARP), ts_ns)
    source, destination = draw(st.sampled_from(_HOSTS))
    near, far = draw(st.integers(40000, 40000 + hosts)), 3333
    if destination < source:
        near, far = far, near
    payload = draw(st.sampled_from(PAYLOADS))
    if draw(st.integers(0, 9)) == 0:
        body, protocol = udp(payload, source=near, destination=far), UDP
    else:
        seq = draw(st.sampled_from([1000, 1001, 1001, 1051, 2**32 - 1, 0]))
        flags = draw(st.sampled_from(_FLAGS))
        body = tcp(payload, source=near, destination=far, seq=seq, flags=flags)
        protocol = TCP
    tags = draw(st.sampled_from([(), (), (), (7,)]))
    data = ethernet(ip(body, protocol=protocol, source=source, destination=destination), tags=tags)
    cut = draw(st.sampled_from([None, None, None, None, None, 54, 60, 30]))
    return Packet(data[:cut], ts_ns, wirelen=len(data))
