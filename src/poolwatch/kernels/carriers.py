"""Packets inside packets: the slow path behind `decode.py`, for what that marks as CARRIED.

MPLS, PPPoE, PPP, GRE (with ERSPAN I to III and PPTP), IP in IP and IPv6 in IP (6in4) say in
their outer headers what they are. VXLAN, GENEVE, GTP-U and Teredo are only UDP to a port, so
every fixed bit and length of theirs is checked, and so is the IP header inside: whatever
does not fit leaves a plain UDP packet of the outer addresses.

One packet is read in steps, each (what comes next, where, where that ends by its carrier's
word). What comes next is an ethertype or one of the codes below; minus a Reason when that
is not known, and 0 below a UDP port: no carrier.
"""

from __future__ import annotations

from typing import Any

from poolwatch.kernels import BYTES, helper, i8, kernel, part, row, u8
from poolwatch.kernels.decode import (
    CARRIED,
    CARRIER_PORTS,
    VLAN_DEPTH,
    decode_ipv4,
    decode_ipv6,
    family_ethertype,
    is_vlan,
)
from poolwatch.kernels.intrinsics import big16, big32, little32
from poolwatch.layouts import (
    CARRIER_SHIFT,
    FRAME,
    PACKET,
    TUNNEL_SHIFT,
    VLAN_BITS,
    Carrier,
    Link,
    Reason,
)

DEPTH = 4
"""Carriers around one packet."""
LABELS = 8
"""MPLS labels on one packet."""
CHAIN = 8
"""GTP extension headers, or GRE routing entries."""

_ETHERNET = 0x10000  # an Ethernet header
_PPP = 0x10001  # a PPP header

_IPV4 = 0x0800
_IPV6 = 0x86DD
_BRIDGED = 0x6558
_MPLS = 0x8847
_MPLS_UPSTREAM = 0x8848
_PPPOE_SESSION = 0x8864
_ERSPAN_1_2 = 0x88BE
_ERSPAN_3 = 0x22EB
_PPP_IN_GRE = 0x880B

_FRAME_CUT = int(Reason.FRAME_CUT)
_NOT_IP = int(Reason.NOT_IP)
_VLAN_DEPTH = int(Reason.VLAN_DEPTH)
_IP_MALFORMED = int(Reason.IP_MALFORMED)
_IP_FRAGMENT = int(Reason.IP_FRAGMENT)
_IPV6_EXTENSIONS = int(Reason.IPV6_EXTENSIONS)
_IP_PROTOCOL = int(Reason.IP_PROTOCOL)
_MALFORMED = int(Reason.CARRIER_MALFORMED)
_TOO_DEEP = int(Reason.CARRIER_DEPTH)

_VXLAN = int(Carrier.VXLAN)
_GENEVE = int(Carrier.GENEVE)
_GTP = int(Carrier.GTP)
_GRE = int(Carrier.GRE)
_ERSPAN = int(Carrier.ERSPAN)
_PPTP = int(Carrier.PPTP)
_IP_IN_IP = int(Carrier.IP_IN_IP)
_IPV6_IN_IP = int(Carrier.IPV6_IN_IP)
_TEREDO = int(Carrier.TEREDO)

_LINK_ETHERNET = int(Link.ETHERNET)
_LINK_SLL = int(Link.LINUX_SLL)
_LINK_SLL2 = int(Link.LINUX_SLL2)
_LINK_RAW = int(Link.RAW_IP)
_LINK_NULL = int(Link.NULL)
_LINK_PPP = int(Link.PPP)
_LINK_PPPOE = int(Link.PPPOE)


@helper
def _ip_kind(buffer: Any, position: int, end: int) -> int:
    """IPv4 or IPv6 by the first nibble of a header."""
    if position + 1 > end:
        return -_FRAME_CUT
    version = i8(buffer[position]) >> 4
    return _IPV4 if version == 4 else (_IPV6 if version == 6 else -_NOT_IP)


@helper
def _strict_ip(buffer: Any, position: int, end: int, claim: int) -> int:
    """The same, but only for a whole header whose lengths fit into `claim`; else 0."""
    if position + 20 > end:
        return 0
    version = i8(buffer[position]) >> 4
    if version == 4:
        header = (i8(buffer[position]) & 15) * 4
        total = big16(buffer, position + 2)
        return _IPV4 if 20 <= header <= total and position + total <= claim else 0
    if version == 6 and position + 40 <= end:
        return _IPV6 if position + 40 + big16(buffer, position + 4) <= claim else 0
    return 0


@helper
def _strict_ethernet(buffer: Any, position: int, end: int, claim: int) -> bool:
    """Whether an Ethernet frame with an IP packet stands here, beyond reasonable doubt."""
    if position + 14 > end:
        return False
    ethertype = big16(buffer, position + 12)
    position += 14
    depth = 0
    while is_vlan(ethertype):
        if depth == VLAN_DEPTH or position + 4 > end:
            return False
        ethertype = big16(buffer, position + 2)
        position += 4
        depth += 1
    kind = _strict_ip(buffer, position, end, claim)
    return kind != 0 and kind == ethertype


@helper
def _tag(frame: Any, carrier: int, tunnel: int, has_id: bool) -> None:
    """Note a carrier: the innermost with an id stays, without any the innermost."""
    tags = frame["tags"]
    named = tags >> u8(TUNNEL_SHIFT) != 0 or i8(tags >> u8(CARRIER_SHIFT)) == _GTP
    if named and not has_id:
        return
    vlans = tags & u8((1 << CARRIER_SHIFT) - 1)
    frame["tags"] = vlans | (u8(carrier) << u8(CARRIER_SHIFT)) | (u8(tunnel) << u8(TUNNEL_SHIFT))


# -- below the link layer -----------------------------------------------------------------


@helper
def _enter_link(buffer: Any, link: int, start: int, end: int) -> tuple[int, int]:
    if link == _LINK_ETHERNET:
        return _ETHERNET, start
    if link == _LINK_PPP:
        return _PPP, start
    if link == _LINK_PPPOE:
        return _PPPOE_SESSION, start
    if link == _LINK_RAW:
        return _ip_kind(buffer, start, end), start
    if link == _LINK_SLL:
        return (big16(buffer, start + 14) if start + 16 <= end else -_FRAME_CUT), start + 16
    if link == _LINK_SLL2:
        return (big16(buffer, start) if start + 20 <= end else -_FRAME_CUT), start + 20
    if start + 4 > end:
        return -_FRAME_CUT, start
    family = big32(buffer, start)
    if link == _LINK_NULL and family > 0xFFFF:
        family = little32(buffer, start)
    ethertype = family_ethertype(family)
    return (ethertype if ethertype else -_NOT_IP), start + 4


@helper
def _enter_mpls(buffer: Any, position: int, end: int, claim: int) -> tuple[int, int]:
    """Past the labels; nothing says what follows, so it has to look like it (RFC 4928)."""
    bottom = False
    labels = 0
    while not bottom:
        if labels == LABELS:
            return -_TOO_DEEP, position
        if position + 4 > end:
            return -_FRAME_CUT, position
        bottom = i8(buffer[position + 2]) & 1 != 0
        position += 4
        labels += 1
    kind = _strict_ip(buffer, position, end, claim)
    if kind:
        return kind, position
    if _strict_ethernet(buffer, position, end, claim):  # a pseudowire
        return _ETHERNET, position
    if position + 4 > end:
        return -_FRAME_CUT, position
    if i8(buffer[position]) >> 4 == 0 and _strict_ethernet(buffer, position + 4, end, claim):
        return _ETHERNET, position + 4  # behind a control word (RFC 4385)
    return -_NOT_IP, position


@helper
def _enter_pppoe(buffer: Any, position: int, end: int, claim: int) -> tuple[int, int, int]:
    """RFC 2516; ethertype 0x8864 is for sessions, whose code is 0."""
    if position + 6 > end:
        return -_FRAME_CUT, position, claim
    if big16(buffer, position) != 0x1100:
        return -_MALFORMED, position, claim
    length = big16(buffer, position + 4)
    return _PPP, position + 6, min(claim, position + 6 + length)


@helper
def _enter_ppp(buffer: Any, position: int, end: int) -> tuple[int, int]:
    """RFC 1661, with or without the bytes of RFC 1662; Cisco HDLC has an ethertype."""
    if position + 4 > end:
        return -_FRAME_CUT, position
    head = big16(buffer, position)
    if head == 0x0F00 or head == 0x8F00:
        return big16(buffer, position + 2), position + 4
    if head == 0xFF03:
        position += 2
    protocol = i8(buffer[position])
    if protocol & 1:  # compressed to one byte
        position += 1
    else:
        protocol = big16(buffer, position)
        position += 2
    if protocol == 0x21:
        return _IPV4, position
    if protocol == 0x57:
        return _IPV6, position
    if protocol == 0x281:
        return _MPLS, position
    return -_NOT_IP, position


@helper
def _reach_ip(
    buffer: Any,
    kind: int,
    position: int,
    end: int,
    claim: int,
    carriers: int,
    vlans: int,
    frame: Any,
) -> tuple[int, int, int, int, int]:
    """Step down to the next IP header; also returns the carriers passed and VLAN ids met."""
    depth = 0
    while kind >= 0 and kind != _IPV4 and kind != _IPV6:
        if kind == _ETHERNET:
            kind = big16(buffer, position + 12) if position + 14 <= end else -_FRAME_CUT
            position += 14
            depth = 0
        elif is_vlan(kind):
            if depth == VLAN_DEPTH:
                kind = -_VLAN_DEPTH
            elif position + 4 > end:
                kind = -_FRAME_CUT
            else:
                if vlans < 2:
                    vlan = u8(big16(buffer, position) & 0xFFF)
                    below = frame["tags"] & u8((1 << CARRIER_SHIFT) - 1)
                    above = frame["tags"] ^ below
                    frame["tags"] = above | (below << u8(VLAN_BITS)) | vlan
                kind = big16(buffer, position + 2)
            position += 4
            depth += 1
            vlans += 1
        elif kind == _PPP:
            kind, position = _enter_ppp(buffer, position, end)
        elif kind == _MPLS or kind == _MPLS_UPSTREAM or kind == _PPPOE_SESSION:
            if carriers == DEPTH:
                kind = -_TOO_DEEP
            elif kind == _PPPOE_SESSION:
                kind, position, claim = _enter_pppoe(buffer, position, end, claim)
                end = min(end, claim)
            else:
                kind, position = _enter_mpls(buffer, position, end, claim)
            carriers += 1
        else:
            kind = -_NOT_IP
    return kind, position, claim, carriers, vlans


# -- below IP ---------------------------------------------------------------------------


@helper
def _enter_pptp(
    buffer: Any, position: int, end: int, claim: int, frame: Any
) -> tuple[int, int, int]:
    """GRE version 1 (RFC 2637). Each direction has its own call id, so none is kept."""
    flags = big16(buffer, position)
    if flags & 0xEF78 != 0x2000 or big16(buffer, position + 2) != _PPP_IN_GRE:
        return -_MALFORMED, position, claim
    if position + 8 > end:
        return -_FRAME_CUT, position, claim
    if not flags & 0x1000:  # nothing but an acknowledgement
        return -_NOT_IP, position, claim
    length = big16(buffer, position + 4)
    position += 12 + (4 if flags & 0x0080 else 0)
    _tag(frame, _PPTP, 0, False)
    return _PPP, position, min(claim, position + length)


@helper
def _skip_routes(buffer: Any, position: int, end: int) -> int:
    """Past the source routes of RFC 1701."""
    for _ in range(CHAIN):
        if position + 4 > end:
            return -_FRAME_CUT
        if big32(buffer, position) == 0:
            return position + 4
        position += 4 + i8(buffer[position + 3])
    return -_TOO_DEEP


@helper
def _enter_erspan(
    buffer: Any, position: int, end: int, claim: int, flavour: int, frame: Any
) -> tuple[int, int, int]:
    """ERSPAN II or III (draft-foschiano-erspan), behind its GRE header."""
    size = 12 if flavour == 3 else 8
    if position + size > end:
        return -_FRAME_CUT, position, claim
    if i8(buffer[position]) >> 4 != flavour - 1:
        return -_MALFORMED, position, claim
    _tag(frame, _ERSPAN, big16(buffer, position + 2) & 0x3FF, True)
    if flavour == 2:
        return _ETHERNET, position + size, claim
    bits = big16(buffer, position + 10)
    position += size + (8 if bits & 1 else 0)  # a platform's own subheader
    content = (bits >> 10) & 31
    if content == 0:
        return _ETHERNET, position, claim
    if content == 2:
        return _ip_kind(buffer, position, end), position, claim
    return -_NOT_IP, position, claim


@helper
def _enter_gre(
    buffer: Any, position: int, end: int, claim: int, frame: Any
) -> tuple[int, int, int]:
    """RFC 2784, 2890 and 1701."""
    if position + 4 > end:
        return -_FRAME_CUT, position, claim
    flags = big16(buffer, position)
    protocol = big16(buffer, position + 2)
    if flags & 7 == 1:
        return _enter_pptp(buffer, position, end, claim, frame)
    if flags & 0x07FF:
        return -_MALFORMED, position, claim
    position += 8 if flags & 0xC000 else 4
    key = 0
    if flags & 0x2000:
        if position + 4 > end:
            return -_FRAME_CUT, position, claim
        key = big32(buffer, position)
        position += 4
    if flags & 0x1000:
        position += 4
    if flags & 0x4000:
        position = _skip_routes(buffer, position, end)
        if position < 0:
            return position, 0, claim
    if protocol == _ERSPAN_3:
        return _enter_erspan(buffer, position, end, claim, 3, frame)
    if protocol == _ERSPAN_1_2 and flags & 0x1000:
        return _enter_erspan(buffer, position, end, claim, 2, frame)
    if protocol == _ERSPAN_1_2:  # type I: no header at all
        _tag(frame, _ERSPAN, 0, False)
        return _ETHERNET, position, claim
    _tag(frame, _GRE, key, flags & 0x2000 != 0)
    if protocol == _BRIDGED:
        return _ETHERNET, position, claim
    if protocol == _IPV4 or protocol == _IPV6 or protocol == _MPLS or protocol == _MPLS_UPSTREAM:
        return protocol, position, claim
    return -_NOT_IP, position, claim


@helper
def _enter_protocol(buffer: Any, end: int, frame: Any) -> tuple[int, int, int]:
    """Below an IP header whose protocol is a carrier; the frame says where."""
    protocol = i8(frame["tcp"])
    position = i8(frame["payload"])
    claim = position + i8(frame["wire"])
    if protocol == 4:
        _tag(frame, _IP_IN_IP, 0, False)
        return _IPV4, position, claim
    if protocol == 41:
        _tag(frame, _IPV6_IN_IP, 0, False)
        return _IPV6, position, claim
    return _enter_gre(buffer, position, min(end, claim), claim, frame)


# -- below UDP --------------------------------------------------------------------------


@helper
def _enter_vxlan(buffer: Any, position: int, end: int, frame: Any) -> tuple[int, int]:
    """RFC 7348, with group policy (draft-smith-vxlan-group-policy), or VXLAN-GPE on any port."""
    if position + 8 > end:
        return 0, position
    flags = big32(buffer, position)
    if i8(buffer[position + 7]) != 0:
        return 0, position
    kind = _ETHERNET
    if flags >> 24 == 0x0C:
        following = flags & 0xFFFFFF
        kind = _IPV4 if following == 1 else (_IPV6 if following == 2 else 0)
        if following == 3:
            kind = _ETHERNET
    elif flags & 0x80000000:
        kind = _ETHERNET if flags & 0x7FB70000 == 0x08000000 else 0
    elif flags != 0x08000000:
        kind = 0
    if kind:
        _tag(frame, _VXLAN, big32(buffer, position + 4) >> 8, True)
    return kind, position + 8


@helper
def _enter_geneve(buffer: Any, position: int, end: int, frame: Any) -> tuple[int, int]:
    """RFC 8926: version 0, no control packet, options that fill their space exactly."""
    if position + 8 > end:
        return 0, position
    first = i8(buffer[position])
    stop = position + 8 + (first & 63) * 4
    if first >> 6 or i8(buffer[position + 1]) & 0xBF or i8(buffer[position + 7]) or stop > end:
        return 0, position
    protocol = big16(buffer, position + 2)
    kind = protocol if protocol == _IPV4 or protocol == _IPV6 else 0
    if protocol == _BRIDGED:
        kind = _ETHERNET
    option = position + 8
    while option < stop:
        option += 4 + (i8(buffer[option + 3]) & 31) * 4
    if option != stop:
        kind = 0
    if kind:
        _tag(frame, _GENEVE, big32(buffer, position + 4) >> 8, True)
    return kind, stop


@helper
def _enter_gtp(buffer: Any, position: int, end: int, claim: int, frame: Any) -> tuple[int, int]:
    """GTP-U (3GPP TS 29.281): version 1, a T-PDU, of exactly the datagram's length."""
    if position + 8 > end:
        return 0, position
    first = i8(buffer[position])
    if first & 0xF8 != 0x30 or i8(buffer[position + 1]) != 255:
        return 0, position
    if position + 8 + big16(buffer, position + 2) != claim:
        return 0, position
    teid = big32(buffer, position + 4)
    position += 8
    if first & 7:
        if position + 4 > end:
            return 0, position
        following = i8(buffer[position + 3]) if first & 4 else 0
        position += 4
        headers = 0
        while following:
            if headers == CHAIN or position + 1 > end:
                return 0, position
            size = i8(buffer[position]) * 4
            if size == 0 or position + size > end:
                return 0, position
            following = i8(buffer[position + size - 1])
            position += size
            headers += 1
    kind = _strict_ip(buffer, position, end, claim)
    if kind:
        _tag(frame, _GTP, 0, True)
        frame["teid"] = teid
    return kind, position


@helper
def _enter_teredo(buffer: Any, position: int, end: int, claim: int, frame: Any) -> tuple[int, int]:
    """RFC 4380: nothing but an IPv6 packet, perhaps behind two kinds of header."""
    if position + 4 <= end and big16(buffer, position) == 1:
        position += 13 + i8(buffer[position + 2]) + i8(buffer[position + 3])
    if position + 8 <= end and big16(buffer, position) == 0:
        position += 8
    if _strict_ip(buffer, position, end, claim) != _IPV6:
        return 0, position
    if big32(buffer, position + 8) != 0x20010000 and big32(buffer, position + 24) != 0x20010000:
        return 0, position
    _tag(frame, _TEREDO, 0, False)
    return _IPV6, position


@helper
def _enter_port(
    buffer: Any, position: int, end: int, claim: int, port: int, frame: Any
) -> tuple[int, int]:
    if port == 4789 or port == 8472 or port == 4790:
        return _enter_vxlan(buffer, position, end, frame)
    if port == 6081:
        return _enter_geneve(buffer, position, end, frame)
    if port == 2152:
        return _enter_gtp(buffer, position, end, claim, frame)
    if port == 3544:
        return _enter_teredo(buffer, position, end, claim, frame)
    return 0, position


@helper
def _enter_udp(buffer: Any, end: int, frame: Any) -> tuple[int, int, int]:
    """Below a UDP header, if one of its ports is a carrier's and all of it fits.

    The datagram ends where UDP says: that holds for the first of its fragments too.
    """
    position = i8(frame["payload"])
    header = position - 8
    claim = header + big16(buffer, header + 4)
    end = min(end, claim)
    kind, inner = _enter_port(buffer, position, end, claim, big16(buffer, header + 2), frame)
    if kind == 0:
        kind, inner = _enter_port(buffer, position, end, claim, big16(buffer, header), frame)
    return kind, inner, claim


# -- all together -------------------------------------------------------------------------


@helper
def _names_carrier(ports: int) -> bool:
    """Whether one of the UDP ports of a frame truly is a carrier's."""
    found = False
    for port in CARRIER_PORTS:
        found |= ports >> 16 == port or ports & 0xFFFF == port
    return found


@helper
def _decode_ip(buffer: Any, kind: int, position: int, end: int, frame: Any) -> int:
    if kind == _IPV4:
        return decode_ipv4(buffer, position, end, frame)
    return decode_ipv6(buffer, position, end, frame)


@helper
def _is_settled(reason: int) -> bool:
    """Whether an IP packet was found for certain, understood or not."""
    return (
        reason == 0
        or reason == _IP_FRAGMENT
        or reason == _IP_PROTOCOL
        or reason == _IPV6_EXTENSIONS
        or reason == _TOO_DEEP
    )


@part(i8(BYTES, row(PACKET), row(FRAME)))
def unwrap(buffer: Any, packet: Any, frame: Any) -> int:
    """Decode the innermost packet of one that may carry others; return its Reason."""
    start = i8(packet["offset"])
    end = start + i8(packet["caplen"])
    claim = start + max(i8(packet["caplen"]), i8(packet["wirelen"]))
    frame["tags"] = 0
    frame["teid"] = 0
    kind, position = _enter_link(buffer, i8(packet["link"]), start, end)
    carriers = 0
    vlans = 0
    strict = False
    # The last UDP packet on the way, should it prove to be a plain one.
    plain_kind = 0
    plain = 0
    plain_end = 0
    plain_tags = u8(0)
    plain_teid = 0
    while True:
        end = min(end, claim)  # what lies beyond is padding of the carrier
        kind, position, claim, carriers, vlans = _reach_ip(
            buffer, kind, position, end, claim, carriers, vlans, frame
        )
        if kind < 0:
            reason = -kind
            break
        end = min(end, claim)
        if strict and _strict_ip(buffer, position, end, claim) != kind:
            reason = _IP_MALFORMED
            break
        strict = False
        reason = _decode_ip(buffer, kind, position, end, frame)
        if reason < CARRIED:
            break
        tags = frame["tags"]
        teid = i8(frame["teid"])
        if reason == CARRIED:
            inner, inner_position, claim = _enter_udp(buffer, end, frame)
            if inner == 0:
                return 0
            plain_kind, plain, plain_end, plain_tags, plain_teid = kind, position, end, tags, teid
            strict = True
        else:
            inner, inner_position, claim = _enter_protocol(buffer, end, frame)
        if carriers == DEPTH and inner > 0:
            inner = -_TOO_DEEP
        kind, position = inner, inner_position
        carriers += 1
    if plain_kind == 0 or _is_settled(reason):
        return reason
    frame["tags"] = plain_tags
    frame["teid"] = plain_teid
    return _decode_ip(buffer, plain_kind, plain, plain_end, frame) & ~CARRIED


@kernel(i8(BYTES, row(PACKET), i8, row(FRAME)))
def decode_carried(buffer: Any, packet: Any, reason: int, frame: Any) -> int:
    """Look into a packet that `decode_frame` marked with CARRIED; return its true Reason.

    On any Reason but 0 only `reason` of the frame is meaningful.
    """
    if reason == CARRIED and not _names_carrier(i8(frame["ports"])):
        return 0
    return unwrap(buffer, packet, frame)
