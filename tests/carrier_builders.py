"""Bytes of packets and of what may carry them."""

from __future__ import annotations

import ipaddress
import struct
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from poolwatch.kernels.doors import decode_packets
from poolwatch.layouts import FRAME, PACKET, Carrier, Link, Reason, tunnel_of
from tests.naive_carriers import Frame

Wrap = Callable[[bytes], bytes]
"""An IP packet in, a larger IP packet out."""

POISON = 0xA5


def tcp(payload: bytes = b"", *, source: int = 40000, destination: int = 3333) -> bytes:
    return struct.pack(">HHIIBBHHH", source, destination, 7, 9, 0x50, 0x18, 512, 0, 0) + payload


def udp(payload: bytes, *, source: int = 50000, destination: int = 53) -> bytes:
    return struct.pack(">HHHH", source, destination, 8 + len(payload), 0) + payload


def ipv4(
    payload: bytes,
    protocol: int = 6,
    *,
    source: str = "10.0.0.1",
    destination: str = "192.0.2.9",
    fragment: int = 0,
) -> bytes:
    head = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(payload), 7, fragment, 64, protocol, 0)
    hosts = ipaddress.ip_address(source).packed + ipaddress.ip_address(destination).packed
    return head + hosts + payload


def ipv6(
    payload: bytes,
    protocol: int = 6,
    *,
    source: str = "2001:db8::1",
    destination: str = "2001:db8:f::9",
) -> bytes:
    head = struct.pack(">IHBB", 6 << 28, len(payload), protocol, 64)
    hosts = ipaddress.ip_address(source).packed + ipaddress.ip_address(destination).packed
    return head + hosts + payload


def outer4(payload: bytes, protocol: int) -> bytes:
    return ipv4(payload, protocol, source="198.51.100.1", destination="198.51.100.2")


def outer6(payload: bytes, protocol: int) -> bytes:
    return ipv6(payload, protocol, source="2001:db8:a::1", destination="2001:db8:a::2")


def ethertype(packet: bytes) -> int:
    return 0x86DD if packet[:1] >= b"\x60" else 0x0800


def ethernet(payload: bytes, kind: int | None = None, *, vlans: Sequence[int] = ()) -> bytes:
    tags = b"".join(struct.pack(">HH", 0x8100, vlan) for vlan in vlans)
    last = ethertype(payload) if kind is None else kind
    return b"\x02" + bytes(10) + b"\x01" + tags + struct.pack(">H", last) + payload


def gre(payload: bytes, kind: int, *, key: int | None = None, extra: int = 0) -> bytes:
    """`extra`: further flags of the first byte, their fields zero."""
    flags = extra << 8 | (0x2000 if key is not None else 0)
    head = struct.pack(">HH", flags, kind)
    head += bytes(4) if flags & 0xC000 else b""
    head += struct.pack(">I", key) if key is not None else b""
    head += bytes(4) if flags & 0x1000 else b""
    head += b"\0\x02\0\x04\x0a\0\0\x01" + bytes(4) if flags & 0x4000 else b""
    return outer4(head + payload, 47)


def gre_ip(packet: bytes) -> bytes:
    return gre(packet, ethertype(packet), key=0x01020304)


def gre_ethernet(packet: bytes) -> bytes:
    return gre(ethernet(packet), 0x6558, extra=0x90)


def gre_routed(packet: bytes) -> bytes:
    return gre(packet, ethertype(packet), extra=0x40)


def erspan1(packet: bytes) -> bytes:
    return gre(ethernet(packet), 0x88BE)


def erspan2(packet: bytes, session: int = 77) -> bytes:
    return gre(struct.pack(">HHI", 0x1064, session, 5) + ethernet(packet), 0x88BE, extra=0x10)


def erspan3(packet: bytes, session: int = 78) -> bytes:
    head = struct.pack(">HHIHH", 0x2064, session, 1, 2, 0)
    return gre(head + ethernet(packet), 0x22EB, extra=0x10)


def erspan3_ip(packet: bytes, session: int = 79) -> bytes:
    head = struct.pack(">HHIHH", 0x2064, session, 1, 2, 2 << 10 | 1) + bytes(8)
    return gre(head + packet, 0x22EB, extra=0x10)


def pptp(packet: bytes) -> bytes:
    inner = b"\xff\x03" + ppp(packet)
    return outer4(struct.pack(">HHHHII", 0x3081, 0x880B, len(inner), 9, 1, 1) + inner, 47)


def vxlan(packet: bytes, vni: int = 42, *, port: int = 4789) -> bytes:
    head = struct.pack(">II", 0x08000000, vni << 8)
    return outer4(udp(head + ethernet(packet), destination=port), 17)


def vxlan_policy(packet: bytes) -> bytes:
    head = struct.pack(">II", 0x88480007, 43 << 8)
    return outer6(udp(head + ethernet(packet), destination=8472), 17)


def vxlan_gpe(packet: bytes) -> bytes:
    following = 2 if ethertype(packet) == 0x86DD else 1
    return outer4(udp(struct.pack(">II", 0x0C000000 | following, 44 << 8) + packet,
                      destination=4790), 17)  # fmt: skip


def geneve(packet: bytes, vni: int = 45) -> bytes:
    options = b"\x01\x02\x03\x01" + bytes(4) + b"\0\0\x80\0"
    head = struct.pack(">BBHI", len(options) // 4, 0x40, 0x6558, vni << 8)
    return outer4(udp(head + options + ethernet(packet), destination=6081), 17)


def geneve_ip(packet: bytes) -> bytes:
    head = struct.pack(">BBHI", 0, 0, ethertype(packet), 46 << 8)
    return outer6(udp(head + packet, destination=6081), 17)


def gtp(packet: bytes, teid: int = 0xABCD) -> bytes:
    return outer4(udp(struct.pack(">BBHI", 0x30, 255, len(packet), teid) + packet,
                      source=2152, destination=2152), 17)  # fmt: skip


def gtp_extended(packet: bytes) -> bytes:
    extras = b"\0\0\0\x85" + b"\x01\x10\x09\0"
    head = struct.pack(">BBHI", 0x36, 255, len(extras) + len(packet), 0xABCE)
    return outer4(udp(head + extras + packet, source=2152, destination=2152), 17)


def ip_in_ip(packet: bytes) -> bytes:
    return outer4(packet, 41 if ethertype(packet) == 0x86DD else 4)


def ip_in_ipv6(packet: bytes) -> bytes:
    return outer6(packet, 41 if ethertype(packet) == 0x86DD else 4)


def mpls(packet: bytes, labels: int = 2) -> bytes:
    """Not an IP packet: to be framed below ethertype 0x8847."""
    stack = [(16 + n) << 12 | (n == labels - 1) << 8 | 64 for n in range(labels)]
    return b"".join(struct.pack(">I", label) for label in stack) + packet


def ppp(packet: bytes) -> bytes:
    return (b"\0\x57" if ethertype(packet) == 0x86DD else b"\0\x21") + packet


def pppoe(packet: bytes) -> bytes:
    """Not an IP packet either: ethertype 0x8864."""
    return struct.pack(">BBHH", 0x11, 0, 5, len(packet) + 2) + ppp(packet)


WRAPS: dict[str, tuple[Wrap, Carrier, int]] = {
    "gre": (gre_ip, Carrier.GRE, 0x01020304),
    "gre-ethernet": (gre_ethernet, Carrier.GRE, 0),
    "gre-routed": (gre_routed, Carrier.GRE, 0),
    "erspan-1": (erspan1, Carrier.ERSPAN, 0),
    "erspan-2": (erspan2, Carrier.ERSPAN, 77),
    "erspan-3": (erspan3, Carrier.ERSPAN, 78),
    "erspan-3-ip": (erspan3_ip, Carrier.ERSPAN, 79),
    "pptp": (pptp, Carrier.PPTP, 0),
    "vxlan": (vxlan, Carrier.VXLAN, 42),
    "vxlan-policy": (vxlan_policy, Carrier.VXLAN, 43),
    "vxlan-gpe": (vxlan_gpe, Carrier.VXLAN, 44),
    "geneve": (geneve, Carrier.GENEVE, 45),
    "geneve-ip": (geneve_ip, Carrier.GENEVE, 46),
    "gtp": (gtp, Carrier.GTP, 0),
    "gtp-extended": (gtp_extended, Carrier.GTP, 0),
    "ip-in-ip": (ip_in_ip, Carrier.IP_IN_IP, 0),
    "ip-in-ipv6": (ip_in_ipv6, Carrier.IP_IN_IP, 0),
}

INNER6 = ipv6(b"", source="2001:0:c000:201::1")


def teredo(packet: bytes, head: bytes = b"") -> bytes:
    return outer4(udp(head + packet, destination=3544), 17)


TEREDO_HEADS = {
    "bare": b"",
    "origin": b"\0\0\x12\x34\x01\x02\x03\x04",
    "authenticated": b"\0\x01\x02\x01" + b"idA" + bytes(9),
    "both": b"\0\x01\0\0" + bytes(9) + b"\0\0\x12\x34\x01\x02\x03\x04",
}


def decoded(packets: Sequence[tuple[int, bytes]]) -> list[Frame | Reason]:
    """What the kernels make of frames, in the terms of the twin."""
    rows = np.zeros(len(packets), PACKET)
    pieces = bytearray([POISON])
    for index, (link, data) in enumerate(packets):
        rows[index] = (0, len(pieces), len(data), len(data), link, 0)
        pieces += data + bytes([POISON])
    frames = np.zeros(len(packets), FRAME)
    frames.view(np.uint8)[:] = POISON  # scratch is never clean
    decode_packets(np.frombuffer(bytes(pieces), np.uint8), rows, len(packets), frames)
    return [_frame_of(row, int(packet["offset"])) for row, packet in zip(frames, rows, strict=True)]


def _frame_of(row: np.void, offset: int) -> Frame | Reason:
    if row["reason"]:
        return Reason(int(row["reason"]))
    value: dict[str, Any] = {name: int(row[name]) for name in FRAME.names or ()}
    ends = (
        (value["a_hi"] << 64 | value["a_lo"], value["ports"] >> 16),
        (value["b_hi"] << 64 | value["b_lo"], value["ports"] & 0xFFFF),
    )
    through_gtp = tunnel_of(value["tags"])[0] is Carrier.GTP
    return Frame(
        value["kind"], ends, value["side"], value["tags"], value["teid"] if through_gtp else 0,
        value["tcp"], value["seq"], value["payload"] - offset, value["length"], value["wire"],
    )  # fmt: skip


def on_ethernet(payload: bytes, kind: int | None = None) -> tuple[int, bytes]:
    return Link.ETHERNET, ethernet(payload, kind)
