"""Bytes for tests: frames, capture files, batches. Nothing here is random by itself."""

from __future__ import annotations

import datetime
import ipaddress
import struct
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, cast

import numpy as np

from poolwatch.capture.source import Batch
from poolwatch.catalog.rows import EndpointRow
from poolwatch.layouts import PACKET, Link

if TYPE_CHECKING:
    from poolwatch.capture.bytestream import ByteStream

Array = np.ndarray[Any, np.dtype[Any]]
Order = Literal["<", ">"]
IpBuilder = Callable[[bytes], bytes]

ARP = 0x0806
IPV4 = 0x0800
IPV6 = 0x86DD
TCP = 6
UDP = 17
FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16

POISON = 0xA5  # between the frames of a batch, so that reading beyond one shows


def address(text: str) -> bytes:
    return ipaddress.ip_address(text).packed


def tcp(
    payload: bytes = b"",
    *,
    source: int = 40000,
    destination: int = 3333,
    seq: int = 1,
    flags: int = ACK,
    options: bytes = b"",
) -> bytes:
    assert len(options) % 4 == 0
    offset = (5 + len(options) // 4) << 4
    head = struct.pack(">HHIIBBHHH", source, destination, seq, 0, offset, flags, 1024, 0, 0)
    return head + options + payload


def udp(payload: bytes = b"", *, source: int = 40000, destination: int = 53) -> bytes:
    return struct.pack(">HHHH", source, destination, 8 + len(payload), 0) + payload


def ipv4(
    payload: bytes,
    *,
    protocol: int = TCP,
    source: str = "10.0.0.1",
    destination: str = "192.0.2.9",
    options: bytes = b"",
    fragment: int = 0,
    total: int | None = None,
) -> bytes:
    """`fragment`: the flags and offset field; `total`: a length other than the true one."""
    assert len(options) % 4 == 0
    header = 20 + len(options)
    length = header + len(payload) if total is None else total
    head = struct.pack(">BBHHHBBH", 0x40 | header // 4, 0, length, 7, fragment, 64, protocol, 0)
    return head + address(source) + address(destination) + options + payload


def ipv6(
    payload: bytes,
    *,
    protocol: int = TCP,
    source: str = "2001:db8::1",
    destination: str = "2001:db8:ffff::9",
    extensions: Sequence[tuple[int, bytes]] = (),
    length: int | None = None,
) -> bytes:
    """`extensions`: protocol number and bytes behind the next-header byte of each."""
    chain = [number for number, _ in extensions] + [protocol]
    body = b"".join(
        bytes([following]) + rest
        for following, (_, rest) in zip(chain[1:], extensions, strict=True)
    )
    body += payload
    size = len(body) if length is None else length
    head = struct.pack(">IHBB", 6 << 28, size, chain[0], 64)
    return head + address(source) + address(destination) + body


def ip(payload: bytes, *, protocol: int, source: str, destination: str) -> bytes:
    build = ipv6 if ":" in source else ipv4
    return build(payload, protocol=protocol, source=source, destination=destination)


def ethertype_of(packet: bytes) -> int:
    return IPV6 if packet[:1] and packet[0] >> 4 == 6 else IPV4


def ethernet(
    packet: bytes,
    *,
    tags: Sequence[int] = (),
    ethertype: int | None = None,
    outer: int = 0x8100,
) -> bytes:
    chain = b"".join(struct.pack(">HH", outer, tag) for tag in tags)
    last = ethertype_of(packet) if ethertype is None else ethertype
    return bytes(range(12)) + chain + struct.pack(">H", last) + packet


def framed(packet: bytes, link: Link) -> bytes:
    """An IP packet below the header of any link layer."""
    v6 = ethertype_of(packet) == IPV6
    protocol = struct.pack(">H", ethertype_of(packet))
    heads = {
        Link.ETHERNET: bytes(12) + protocol,
        Link.LINUX_SLL: bytes(14) + protocol,
        Link.LINUX_SLL2: protocol + bytes(18),
        Link.RAW_IP: b"",
        Link.NULL: struct.pack("<I", 30 if v6 else 2),
        Link.LOOP: struct.pack(">I", 24 if v6 else 2),
    }
    return heads[link] + packet


@dataclass(frozen=True, slots=True)
class Packet:
    """A packet as a capture holds it."""

    data: bytes
    ts_ns: int = 1_700_000_000_000_000_000
    wirelen: int = -1  # as captured
    link: int = Link.ETHERNET

    @property
    def wire(self) -> int:
        return len(self.data) if self.wirelen < 0 else self.wirelen


def batch(packets: Sequence[Packet]) -> Batch:
    """One batch of all the packets, with poison between them."""
    rows = np.zeros(len(packets), PACKET)
    pieces = bytearray([POISON])
    for index, packet in enumerate(packets):
        rows[index] = (
            packet.ts_ns,
            len(pieces),
            len(packet.data),
            packet.wire,
            packet.link,
            0,
        )
        pieces += packet.data + bytes([POISON])
    return Batch(np.frombuffer(bytes(pieces), np.uint8), rows, len(packets))


def batches(packets: Sequence[Packet], size: int) -> Iterator[Batch]:
    for begin in range(0, len(packets), size):
        yield batch(packets[begin : begin + size])


def endpoint(text: str, port: int) -> EndpointRow:
    day = datetime.date(2024, 1, 1)
    return EndpointRow(text, port, "example", "stratum", "", day, day, "test", day)


def pcap_header(
    *,
    order: Order = "<",
    nanoseconds: bool = False,
    linktype: int = 1,
    snaplen: int = 65535,
) -> bytes:
    magic = 0xA1B23C4D if nanoseconds else 0xA1B2C3D4
    return struct.pack(order + "IHHiIII", magic, 2, 4, 0, 0, snaplen, linktype)


def pcap_record(
    data: bytes, *, order: Order = "<", seconds: int = 0, ticks: int = 0, wirelen: int = -1
) -> bytes:
    wire = len(data) if wirelen < 0 else wirelen
    return struct.pack(order + "IIII", seconds, ticks, len(data), wire) + data


def pcap(
    packets: Sequence[Packet],
    *,
    order: Order = "<",
    nanoseconds: bool = False,
    linktype: int = 1,
) -> bytes:
    tick_ns = 1 if nanoseconds else 1000
    out = [pcap_header(order=order, nanoseconds=nanoseconds, linktype=linktype)]
    for packet in packets:
        seconds, rest = divmod(packet.ts_ns, 1_000_000_000)
        out.append(
            pcap_record(
                packet.data,
                order=order,
                seconds=seconds,
                ticks=rest // tick_ns,
                wirelen=packet.wire,
            )
        )
    return b"".join(out)


def padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % 4)


def block(kind: int, body: bytes, *, order: Order = "<") -> bytes:
    length = struct.pack(order + "I", 12 + len(padded(body)))
    return struct.pack(order + "I", kind) + length + padded(body) + length


def option(code: int, value: bytes, *, order: Order = "<") -> bytes:
    return struct.pack(order + "HH", code, len(value)) + padded(value)


def section(*, order: Order = "<", options: bytes = b"") -> bytes:
    body = struct.pack(order + "IHHq", 0x1A2B3C4D, 1, 0, -1) + options
    return block(0x0A0D0D0A, body, order=order)


def interface(
    *,
    order: Order = "<",
    linktype: int = 1,
    snaplen: int = 0,
    tsresol: int | None = None,
    tsoffset: int | None = None,
) -> bytes:
    body = struct.pack(order + "HHI", linktype, 0, snaplen)
    body += option(2, b"eth0", order=order)
    if tsresol is not None:
        body += option(9, bytes([tsresol]), order=order)
    if tsoffset is not None:
        body += option(14, struct.pack(order + "q", tsoffset), order=order)
    return block(1, body + option(0, b"", order=order), order=order)


def enhanced(
    data: bytes,
    *,
    order: Order = "<",
    index: int = 0,
    ticks: int = 0,
    wirelen: int = -1,
    options: bytes = b"",
) -> bytes:
    wire = len(data) if wirelen < 0 else wirelen
    head = struct.pack(order + "IIIII", index, ticks >> 32, ticks & 0xFFFFFFFF, len(data), wire)
    return block(6, head + padded(data) + options, order=order)


def simple(data: bytes, *, order: Order = "<", wirelen: int = -1) -> bytes:
    wire = len(data) if wirelen < 0 else wirelen
    return block(3, struct.pack(order + "I", wire) + data, order=order)


def old_packet(data: bytes, *, order: Order = "<", index: int = 0, ticks: int = 0) -> bytes:
    head = struct.pack(
        order + "HHIIII", index, 0, ticks >> 32, ticks & 0xFFFFFFFF, len(data), len(data)
    )
    return block(2, head + data, order=order)


def statistics(
    *, order: Order = "<", index: int = 0, dropped: int | None = None, os_dropped: int | None = None
) -> bytes:
    body = struct.pack(order + "III", index, 0, 0)
    if dropped is not None:
        body += option(5, struct.pack(order + "Q", dropped), order=order)
    if os_dropped is not None:
        body += option(7, struct.pack(order + "Q", os_dropped), order=order)
    return block(5, body + option(0, b"", order=order), order=order)


class Trickle:
    """A stream that gives its bytes in pieces of chosen sizes, over and over."""

    def __init__(self, data: bytes, sizes: Sequence[int], damage: str | None = None) -> None:
        self._data = data
        self._sizes = sizes or (1 << 16,)
        self._turn = 0
        self.damage = damage

    def peek(self, count: int) -> bytes:
        return self._data[:count]

    def readinto(self, view: memoryview) -> int:
        size = min(self._sizes[self._turn % len(self._sizes)], len(view), len(self._data))
        self._turn += 1
        view[:size] = self._data[:size]
        self._data = self._data[size:]
        return size


def trickle(data: bytes, sizes: Sequence[int] = (), damage: str | None = None) -> ByteStream:
    return cast("ByteStream", Trickle(data, sizes, damage))
