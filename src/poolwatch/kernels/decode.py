"""Frames to FRAME rows, the plain ones: link layer, VLAN tags, IPv4/IPv6, TCP/UDP.

What is not understood gets its Reason and nothing is guessed. Every read is checked
against the captured length; lengths in headers are claims, never trusted beyond it.

Packets that may carry another one are only marked here (`CARRIED`), at the cost of a few
compares for those that are neither TCP nor plain UDP; `kernels/carriers.py` looks into them.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from poolwatch.kernels import BYTES, b1, i8, part, row, u8
from poolwatch.kernels.intrinsics import big16, big32, big64, little32
from poolwatch.layouts import FRAME, PACKET, VLAN_BITS, Kind, Link, Reason

VLAN_DEPTH = 4
IPV6_EXTENSIONS = 8

CARRIED = 64
"""Added to a Reason: so it is, unless the packet proves to carry another."""

CARRIER_PORTS = (4789, 8472, 4790, 6081, 2152, 3544)
"""UDP ports of VXLAN (8472: Linux before it was assigned), VXLAN-GPE, GENEVE, GTP-U, Teredo."""

_ETHERNET = int(Link.ETHERNET)
_SLL = int(Link.LINUX_SLL)
_SLL2 = int(Link.LINUX_SLL2)
_RAW = int(Link.RAW_IP)
_NULL = int(Link.NULL)
_LOOP = int(Link.LOOP)
_PPP = int(Link.PPP)
_PPPOE = int(Link.PPPOE)

_LINK_TYPE_UNKNOWN = int(Reason.LINK_TYPE_UNKNOWN)
_FRAME_CUT = int(Reason.FRAME_CUT)
_NOT_IP = int(Reason.NOT_IP)
_VLAN_DEPTH = int(Reason.VLAN_DEPTH)
_IP_MALFORMED = int(Reason.IP_MALFORMED)
_IP_FRAGMENT = int(Reason.IP_FRAGMENT)
_IPV6_EXTENSIONS = int(Reason.IPV6_EXTENSIONS)
_IP_PROTOCOL = int(Reason.IP_PROTOCOL)
_TCP_MALFORMED = int(Reason.TCP_MALFORMED)
_UDP_MALFORMED = int(Reason.UDP_MALFORMED)

_IPV4 = 0x0800
_IPV6 = 0x86DD
_MPLS = 0x8847
_MPLS_UPSTREAM = 0x8848
_PPPOE_SESSION = 0x8864
_TCP4 = int(Kind.TCP4)
_UDP4 = int(Kind.UDP4)
_IS_V6 = int(Kind.TCP6) - _TCP4


MAY_CARRY = np.zeros(1024, np.bool_)
"""By the upper ten bits of a UDP port: whether a carrier's begins so. Ephemeral ones do not."""
MAY_CARRY[[port >> 6 for port in CARRIER_PORTS]] = True


@part(b1(i8), inline=True)
def is_vlan(ethertype: int) -> bool:
    """802.1Q, 802.1ad, and what came before it."""
    return ethertype == 0x8100 or ethertype == 0x88A8 or ethertype == 0x9100 or ethertype == 0x9200


@part(b1(i8), inline=True)
def _is_extension(protocol: int) -> bool:
    """IPv6 headers that only lead on to the next one (RFC 8200 and the IANA registry)."""
    return (
        protocol == 0
        or protocol == 43
        or protocol == 44
        or protocol == 51
        or protocol == 60
        or protocol == 135
        or protocol == 139
        or protocol == 140
    )


@part(i8(i8), inline=True)
def family_ethertype(family: int) -> int:
    """The address family of BSD loopback captures as an ethertype, 0 for others."""
    if family == 2:
        return _IPV4
    if family == 10 or family == 23 or family == 24 or family == 28 or family == 30:
        return _IPV6
    return 0


@part(i8(BYTES, i8, i8, i8, i8, i8, u8, u8, u8, u8, row(FRAME)), inline=True)
def _decode_transport(
    buffer: Any,
    protocol: int,
    position: int,
    stop: int,
    end: int,
    v6: int,
    source_hi: int,
    source_lo: int,
    destination_hi: int,
    destination_lo: int,
    frame: Any,
) -> int:
    """TCP or UDP at `position`; the IP packet says it ends at `stop`, bytes end at `end`.

    When the protocol may be a carrier's, `payload`, `wire` and `tcp` of the frame hold its
    place, size and number.
    """
    carried = 0
    source_port = i8(0)
    destination_port = i8(0)
    if protocol == 6:
        if position + 20 > end:
            return _FRAME_CUT
        header = (i8(buffer[position + 12]) >> 4) * 4
        if header < 20 or position + header > stop:
            return _TCP_MALFORMED
        frame["tcp"] = buffer[position + 13]
        frame["seq"] = big32(buffer, position + 4)
        frame["kind"] = _TCP4 + v6
        source_port = big16(buffer, position)
        destination_port = big16(buffer, position + 2)
    elif protocol == 17:
        if position + 8 > end:
            return _FRAME_CUT
        header = 8
        if position + header > stop:
            return _UDP_MALFORMED
        frame["tcp"] = 0
        frame["seq"] = 0
        frame["kind"] = _UDP4 + v6
        source_port = big16(buffer, position)
        destination_port = big16(buffer, position + 2)
        if MAY_CARRY[source_port >> 6] | MAY_CARRY[destination_port >> 6]:
            carried = CARRIED
    elif protocol == 47 or protocol == 4 or protocol == 41:
        frame["payload"] = min(position, end)
        frame["wire"] = max(stop - position, 0)
        frame["tcp"] = protocol
        return _IP_PROTOCOL | CARRIED
    else:
        return _IP_PROTOCOL
    payload = min(position + header, end)
    frame["payload"] = payload
    frame["length"] = max(min(stop, end) - payload, 0)
    frame["wire"] = max(stop - position - header, 0)
    # Which end comes first is as good as random, so it is chosen without branches.
    above = (source_hi > destination_hi) | (
        (source_hi == destination_hi)
        & (
            (source_lo > destination_lo)
            | ((source_lo == destination_lo) & (source_port > destination_port))
        )
    )
    swap = u8(0) - u8(above)
    hi = (source_hi ^ destination_hi) & swap
    lo = (source_lo ^ destination_lo) & swap
    port = (source_port ^ destination_port) & i8(swap)
    frame["a_hi"] = source_hi ^ hi
    frame["a_lo"] = source_lo ^ lo
    frame["b_hi"] = destination_hi ^ hi
    frame["b_lo"] = destination_lo ^ lo
    frame["ports"] = ((source_port ^ port) << 16) | (destination_port ^ port)
    frame["side"] = u8(above)
    return carried


@part(i8(BYTES, i8, i8, row(FRAME)), inline=True)
def decode_ipv4(buffer: Any, position: int, end: int, frame: Any) -> int:
    """An IPv4 packet and its transport header into `frame`; return its Reason."""
    if position + 20 > end:
        return _FRAME_CUT
    first = i8(buffer[position])
    header = (first & 15) * 4
    if first >> 4 != 4 or header < 20:
        return _IP_MALFORMED
    if position + header > end:
        return _FRAME_CUT
    total = big16(buffer, position + 2)
    if total == 0:  # the sending host left the length to its network card
        total = end - position
    if total < header:
        return _IP_MALFORMED
    if big16(buffer, position + 6) & 0x1FFF:
        return _IP_FRAGMENT
    source = u8(big32(buffer, position + 12))
    destination = u8(big32(buffer, position + 16))
    return _decode_transport(
        buffer,
        i8(buffer[position + 9]),
        position + header,
        position + total,
        end,
        0,
        u8(0),
        source,
        u8(0),
        destination,
        frame,
    )


@part(i8(BYTES, i8, i8, row(FRAME)), inline=True)
def decode_ipv6(buffer: Any, position: int, end: int, frame: Any) -> int:
    """An IPv6 packet and its transport header into `frame`; return its Reason."""
    if position + 40 > end:
        return _FRAME_CUT
    if i8(buffer[position]) >> 4 != 6:
        return _IP_MALFORMED
    length = big16(buffer, position + 4)
    protocol = i8(buffer[position + 6])
    source_hi = big64(buffer, position + 8)
    source_lo = big64(buffer, position + 16)
    destination_hi = big64(buffer, position + 24)
    destination_lo = big64(buffer, position + 32)
    position += 40
    stop = position + length if length > 0 else end  # 0: jumbogram, or left to the card
    depth = 0
    while _is_extension(protocol):
        if depth == IPV6_EXTENSIONS:
            return _IPV6_EXTENSIONS
        if position + 8 > end:
            return _FRAME_CUT
        following = i8(buffer[position])
        if protocol == 44:
            if big16(buffer, position + 2) & 0xFFF8:
                return _IP_FRAGMENT
            position += 8
        elif protocol == 51:
            position += (i8(buffer[position + 1]) + 2) * 4
        else:
            position += (i8(buffer[position + 1]) + 1) * 8
        protocol = following
        depth += 1
    if position > stop:
        return _IP_MALFORMED
    return _decode_transport(
        buffer,
        protocol,
        position,
        stop,
        end,
        _IS_V6,
        source_hi,
        source_lo,
        destination_hi,
        destination_lo,
        frame,
    )


@part(i8(BYTES, row(PACKET), row(FRAME)), inline=True)
def decode_frame(buffer: Any, packet: Any, frame: Any) -> int:
    """Decode one packet into `frame`; return its Reason (0: understood), maybe with CARRIED.

    On any other Reason only `tags` and `reason` of the frame are meaningful.
    """
    start = i8(packet["offset"])
    end = start + i8(packet["caplen"])
    link = i8(packet["link"])
    frame["tags"] = 0
    frame["reason"] = 0
    if link == _ETHERNET:
        position = start + 14
        if position > end:
            return _FRAME_CUT
        ethertype = big16(buffer, start + 12)
    elif link == _RAW:
        position = start
        if position + 1 > end:
            return _FRAME_CUT
        version = i8(buffer[start]) >> 4
        ethertype = _IPV4 if version == 4 else (_IPV6 if version == 6 else 0)
    elif link == _SLL:
        position = start + 16
        if position > end:
            return _FRAME_CUT
        ethertype = big16(buffer, start + 14)
    elif link == _SLL2:
        position = start + 20
        if position > end:
            return _FRAME_CUT
        ethertype = big16(buffer, start)
    elif link == _NULL or link == _LOOP:
        position = start + 4
        if position > end:
            return _FRAME_CUT
        family = big32(buffer, start)
        if link == _NULL and family > 0xFFFF:  # the other byte order
            family = little32(buffer, start)
        ethertype = family_ethertype(family)
    elif link == _PPP or link == _PPPOE:
        return _LINK_TYPE_UNKNOWN | CARRIED
    else:
        return _LINK_TYPE_UNKNOWN

    tags = 0
    depth = 0
    while is_vlan(ethertype):
        if depth == VLAN_DEPTH:
            return _VLAN_DEPTH
        if position + 4 > end:
            return _FRAME_CUT
        if depth < 2:
            tags = (tags << VLAN_BITS) | (big16(buffer, position) & 0xFFF)
        ethertype = big16(buffer, position + 2)
        position += 4
        depth += 1
    frame["tags"] = tags

    if ethertype == _IPV4:
        return decode_ipv4(buffer, position, end, frame)
    if ethertype == _IPV6:
        return decode_ipv6(buffer, position, end, frame)
    if ethertype == _MPLS or ethertype == _MPLS_UPSTREAM or ethertype == _PPPOE_SESSION:
        return _NOT_IP | CARRIED
    return _NOT_IP
