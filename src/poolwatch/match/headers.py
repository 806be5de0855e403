"""What stands in front of a payload: TTL, IP-ID, TCP timestamp, hardware address.

Only few packets of candidates are asked. Where their payload begins is known, so headers are
found from there backwards, below whatever link layer, tags and tunnels came before.
"""

from __future__ import annotations

from typing import NamedTuple

from poolwatch.layouts import Carrier

_TYPES = (0x0800, 0x86DD)
_VLANS = (0x8100, 0x88A8, 0x9100, 0x9200)
_MOST_VLANS = 4
_ETHERNET, _SLL, _SLL2 = 14, 16, 20  # bytes of the link layers that hold a hardware address
_ETHER_INSIDE = (Carrier.VXLAN, Carrier.GENEVE, Carrier.ERSPAN)
_MULTICAST = 1 << 40
_USUAL = b"\1\1\x08\x0a"  # how nearly everybody writes a timestamp


class Header(NamedTuple):
    """What the headers of one packet say of its sender; -1 where they do not say it."""

    ttl: int
    ip_id: int  # IPv4 only
    tsval: int  # RFC 7323, 32 bits
    mac: int  # source hardware address, 48 bits


UNKNOWN = Header(-1, -1, -1, -1)


def read_header(
    head: bytes, ports: tuple[int, int], seq: int, carrier: Carrier = Carrier.NONE
) -> Header | None:
    """The headers that end a captured frame's first bytes, where its TCP payload begins.

    `ports`: sender's and receiver's; `seq`: of the payload's first byte. None where it is not
    the header of that very segment (extension headers of IPv6, say).
    """
    tcp = _find_tcp(head, ports, seq)
    if tcp is None:
        return None
    ip = _find_ip(head, tcp)
    if ip is None:
        return None
    four = head[ip] >> 4 == 4
    return Header(
        ttl=head[ip + (8 if four else 7)],
        ip_id=_number(head, ip + 4, 2) if four else -1,
        tsval=_timestamp(head, tcp + 20),
        mac=_hardware_address(head, ip, carrier),
    )


def _number(data: bytes, at: int, size: int) -> int:
    return int.from_bytes(data[at : at + size], "big")


def _find_tcp(head: bytes, ports: tuple[int, int], seq: int) -> int | None:
    """Where the TCP header begins that ends the bytes, if it is the one looked for."""
    start = (ports[0] << 48 | ports[1] << 32 | seq).to_bytes(8, "big")
    at = head.rfind(start)
    size = len(head) - at
    fits = at >= 0 and 20 <= size <= 60 and head[at + 12] >> 4 << 2 == size
    return at if fits else None


def _find_ip(head: bytes, tcp: int) -> int | None:
    """Where the IP header begins that leads to a TCP header."""
    for size in range(20, min(60, tcp) + 1, 4):
        at = tcp - size
        if head[at] == 0x40 | size // 4 and head[at + 9] == 6:
            return at
    at = tcp - 40
    if at >= 0 and head[at] >> 4 == 6 and head[at + 6] == 6:
        return at
    return None


def _timestamp(head: bytes, at: int) -> int:
    """The sender's clock among the TCP options, -1 without."""
    end = len(head)
    if end - at == 12 and head.startswith(_USUAL, at):
        return _number(head, at + 4, 4)
    while at < end:
        kind = head[at]
        if kind == 0 or (kind != 1 and at + 1 >= end):
            return -1
        if kind == 1:
            at += 1
            continue
        size = head[at + 1]
        if kind == 8 and size == 10 and at + size <= end:
            return _number(head, at + 2, 4)
        if size < 2:
            return -1
        at += size
    return -1


def _hardware_address(head: bytes, ip: int, carrier: Carrier) -> int:
    """Who sent the frame, -1 where its link layer does not say it."""
    place = -1
    if carrier in _ETHER_INSIDE:
        if ip >= _ETHERNET and _number(head, ip - 2, 2) in _TYPES:
            place = ip - 8
    elif carrier is not Carrier.NONE:
        pass
    elif _ends_ethernet(head, ip) or (ip == _SLL and _is_cooked(head, 14, 5)):
        place = 6
    elif ip == _SLL2 and _is_cooked(head, 0, 11):
        place = 12
    mac = _number(head, place, 6) if place >= 0 else 0
    return mac if mac and not mac & _MULTICAST else -1


def _is_cooked(head: bytes, ethertype: int, size: int) -> bool:
    """Whether a cooked header has an IP packet's ethertype, and an address of six bytes."""
    return _number(head, ethertype, 2) in _TYPES and head[size] == 6


def _ends_ethernet(head: bytes, ip: int) -> bool:
    """Whether an Ethernet header with its VLAN tags ends where the IP header begins."""
    if ip < _ETHERNET:
        return False
    at, ethertype = _ETHERNET, _number(head, 12, 2)
    for _ in range(_MOST_VLANS):
        if ethertype not in _VLANS:
            break
        ethertype = _number(head, at + 2, 2)
        at += 4
    return at == ip and ethertype in _TYPES
