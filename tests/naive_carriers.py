"""A plain-Python twin of `kernels/carriers.py`: recursion and exceptions, for reading."""

from __future__ import annotations

from dataclasses import dataclass, replace

from poolwatch.layouts import Carrier, Kind, Link, Reason, pack_tags

VLANS = {0x8100, 0x88A8, 0x9100, 0x9200}
EXTENSIONS = {0, 43, 44, 51, 60, 135, 139, 140}
FAMILIES = {2: 0x0800, 10: 0x86DD, 23: 0x86DD, 24: 0x86DD, 28: 0x86DD, 30: 0x86DD}
SETTLED = {
    Reason.IP_FRAGMENT,
    Reason.IP_PROTOCOL,
    Reason.IPV6_EXTENSIONS,
    Reason.CARRIER_DEPTH,
}
ETHERNET, PPP, PPPOE, MPLS = "ethernet", "ppp", 0x8864, 0x8847

Layer = int | str


class Unread(Exception):
    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.name)
        self.reason = reason


class NoCarrier(Exception):
    """A UDP payload that is not what its port suggests."""


@dataclass(frozen=True, slots=True)
class Frame:
    kind: int
    ends: tuple[tuple[int, int], tuple[int, int]]  # (address, port), in order
    side: int
    tags: int
    teid: int
    tcp: int
    seq: int
    start: int
    length: int
    wire: int


@dataclass(frozen=True, slots=True)
class Way:
    """What was met so far."""

    carriers: int = 0
    vlans: tuple[int, ...] = ()
    carrier: Carrier = Carrier.NONE
    tunnel: int = 0
    teid: int = 0

    def into(self, carrier: Carrier, tunnel: int | None = None, teid: int | None = None) -> Way:
        """The innermost carrier with an id counts; without any, the innermost."""
        if tunnel is None and (self.tunnel or self.carrier is Carrier.GTP):
            return self
        known = self.teid if teid is None else teid
        return replace(self, carrier=carrier, tunnel=tunnel or 0, teid=known)

    def deeper(self) -> Way:
        if self.carriers == 4:
            raise Unread(Reason.CARRIER_DEPTH)
        return replace(self, carriers=self.carriers + 1)


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of the frame: from `at`, captured until `end`, said to reach to `claim`."""

    data: bytes
    at: int
    end: int
    claim: int

    def number(self, offset: int, size: int) -> int:
        return int.from_bytes(self.data[self.at + offset : self.at + offset + size])

    def has(self, size: int) -> bool:
        return self.at + size <= self.end

    def need(self, size: int) -> Part:
        if not self.has(size):
            raise Unread(Reason.FRAME_CUT)
        return self

    def skip(self, size: int) -> Part:
        return replace(self, at=self.at + size)

    def limited(self, claim: int) -> Part:
        return replace(self, claim=claim, end=min(self.end, claim))


def decode(link: int, data: bytes, wire: int = 0) -> Frame:
    part = Part(data, 0, len(data), max(len(data), wire))
    layer, part = _link(link, part)
    return _layer(layer, part, Way())


def decoded(link: int, data: bytes, wire: int = 0) -> Frame | Reason:
    try:
        return decode(link, data, wire)
    except Unread as error:
        return error.reason


def _link(link: int, part: Part) -> tuple[Layer, Part]:
    if link == Link.ETHERNET:
        return ETHERNET, part
    if link == Link.PPP:
        return PPP, part
    if link == Link.PPPOE:
        return PPPOE, part
    if link == Link.LINUX_SLL:
        return part.need(16).number(14, 2), part.skip(16)
    if link == Link.LINUX_SLL2:
        return part.need(20).number(0, 2), part.skip(20)
    if link == Link.RAW_IP:
        return _by_nibble(part), part
    if link in (Link.NULL, Link.LOOP):
        family = part.need(4).number(0, 4)
        if link == Link.NULL and family > 0xFFFF:
            family = int.from_bytes(part.data[:4], "little")
        return FAMILIES.get(family, 0), part.skip(4)
    raise Unread(Reason.LINK_TYPE_UNKNOWN)


def _by_nibble(part: Part) -> int:
    part.need(1)
    return {4: 0x0800, 6: 0x86DD}.get(part.number(0, 1) >> 4, 0)


def _layer(layer: Layer, part: Part, way: Way, *, strict: bool = False, tagged: int = 0) -> Frame:
    """`tagged`: VLAN tags already met in this Ethernet header."""
    if layer == ETHERNET:
        return _layer(part.need(14).number(12, 2), part.skip(14), way, strict=strict)
    if layer in VLANS:
        if tagged == 4:
            raise Unread(Reason.VLAN_DEPTH)
        vlan, layer = part.need(4).number(0, 2) & 4095, part.number(2, 2)
        way = replace(way, vlans=(*way.vlans, vlan))
        return _layer(layer, part.skip(4), way, strict=strict, tagged=tagged + 1)
    if layer == PPP:
        layer, part = _ppp(part)
        return _layer(layer, part, way, strict=strict, tagged=tagged)
    if layer == PPPOE:
        way = way.deeper()
        if part.need(6).number(0, 2) != 0x1100:
            raise Unread(Reason.CARRIER_MALFORMED)
        claim = min(part.claim, part.at + 6 + part.number(4, 2))
        return _layer(PPP, part.skip(6).limited(claim), way, strict=strict, tagged=tagged)
    if layer in (MPLS, 0x8848):
        way = way.deeper()
        layer, part = _mpls(part)
        return _layer(layer, part, way, strict=strict, tagged=tagged)
    if layer in (0x0800, 0x86DD):
        if strict and strict_ip(part) != layer:
            raise Unread(Reason.IP_MALFORMED)
        return _ip(int(layer), part, way)
    raise Unread(Reason.NOT_IP)


def _ppp(part: Part) -> tuple[Layer, Part]:
    part.need(4)
    if part.number(0, 2) in (0x0F00, 0x8F00):
        return part.number(2, 2), part.skip(4)
    if part.number(0, 2) == 0xFF03:
        part = part.skip(2)
    size = 1 if part.number(0, 1) & 1 else 2
    layers: dict[int, Layer] = {0x21: 0x0800, 0x57: 0x86DD, 0x281: MPLS}
    return layers.get(part.number(0, size), 0), part.skip(size)


def _mpls(part: Part) -> tuple[Layer, Part]:
    for _ in range(8):
        bottom = part.need(4).number(2, 1) & 1
        part = part.skip(4)
        if bottom:
            break
    else:
        raise Unread(Reason.CARRIER_DEPTH)
    if strict_ip(part):
        return strict_ip(part), part
    if strict_ethernet(part):
        return ETHERNET, part
    part.need(4)
    if part.number(0, 1) < 16 and strict_ethernet(part.skip(4)):
        return ETHERNET, part.skip(4)
    raise Unread(Reason.NOT_IP)


def strict_ip(part: Part) -> int:
    """The kind of IP packet that is here, if its header is whole and its lengths fit; or 0."""
    if not part.has(20):
        return 0
    room = part.claim - part.at
    if part.number(0, 1) >> 4 == 4:
        header, total = part.number(0, 1) % 16 * 4, part.number(2, 2)
        return 0x0800 if 20 <= header <= total <= room else 0
    if part.number(0, 1) >> 4 == 6 and part.has(40):
        return 0x86DD if 40 + part.number(4, 2) <= room else 0
    return 0


def strict_ethernet(part: Part) -> bool:
    if not part.has(14):
        return False
    kind, part = part.number(12, 2), part.skip(14)
    for _ in range(4):
        if kind in VLANS and part.has(4):
            kind, part = part.number(2, 2), part.skip(4)
    return kind in (0x0800, 0x86DD) and kind == strict_ip(part)


def _ip(version: int, part: Part, way: Way) -> Frame:
    if version == 0x0800:
        return _ipv4(part, way)
    return _ipv6(part, way)


def _ipv4(part: Part, way: Way) -> Frame:
    part.need(20)
    header, total = part.number(0, 1) % 16 * 4, part.number(2, 2) or part.end - part.at
    if part.number(0, 1) >> 4 != 4 or header < 20:
        raise Unread(Reason.IP_MALFORMED)
    part.need(header)
    if total < header:
        raise Unread(Reason.IP_MALFORMED)
    if part.number(6, 2) & 0x1FFF:
        raise Unread(Reason.IP_FRAGMENT)
    hosts = part.number(12, 4), part.number(16, 4)
    return _transport(part.number(9, 1), part.skip(header), part.at + total, 0, hosts, way)


def _ipv6(part: Part, way: Way) -> Frame:
    part.need(40)
    if part.number(0, 1) >> 4 != 6:
        raise Unread(Reason.IP_MALFORMED)
    hosts = part.number(8, 16), part.number(24, 16)
    length, protocol = part.number(4, 2), part.number(6, 1)
    stop = part.at + 40 + length if length else part.end
    part = part.skip(40)
    depth = 0
    while protocol in EXTENSIONS:
        if depth == 8:
            raise Unread(Reason.IPV6_EXTENSIONS)
        part.need(8)
        if protocol == 44 and part.number(2, 2) & 0xFFF8:
            raise Unread(Reason.IP_FRAGMENT)
        size = (part.number(1, 1) + 1) * 8
        size = 8 if protocol == 44 else ((part.number(1, 1) + 2) * 4 if protocol == 51 else size)
        protocol, part, depth = part.number(0, 1), part.skip(size), depth + 1
    if part.at > stop:
        raise Unread(Reason.IP_MALFORMED)
    return _transport(protocol, part, stop, 2, hosts, way)


def _transport(
    protocol: int, part: Part, stop: int, v6: int, hosts: tuple[int, int], way: Way
) -> Frame:
    if protocol in (4, 41, 47):
        return _below_ip(protocol, part, stop, way)
    if protocol not in (6, 17):
        raise Unread(Reason.IP_PROTOCOL)
    part.need(20 if protocol == 6 else 8)
    header = part.number(12, 1) // 16 * 4 if protocol == 6 else 8
    if (header < 20 and protocol == 6) or part.at + header > stop:
        raise Unread(Reason.TCP_MALFORMED if protocol == 6 else Reason.UDP_MALFORMED)
    source, destination = zip(hosts, (part.number(0, 2), part.number(2, 2)), strict=True)
    start = min(part.at + header, part.end)
    plain = Frame(
        kind=(Kind.TCP4 if protocol == 6 else Kind.UDP4) + v6,
        ends=(min(source, destination), max(source, destination)),
        side=int(source > destination),
        tags=pack_tags(way.vlans, way.carrier, way.tunnel),
        teid=way.teid if way.carrier is Carrier.GTP else 0,
        tcp=part.number(13, 1) if protocol == 6 else 0,
        seq=part.number(4, 4) if protocol == 6 else 0,
        start=start,
        length=max(min(stop, part.end) - start, 0),
        wire=max(stop - part.at - header, 0),
    )
    if protocol == 6:
        return plain
    try:
        return _below_udp(part, way)
    except NoCarrier:
        return plain
    except Unread as error:
        if error.reason in SETTLED:
            raise
        return plain


def _below_ip(protocol: int, part: Part, stop: int, way: Way) -> Frame:
    part = part.limited(stop)
    if protocol == 4:
        return _layer(0x0800, part, way.into(Carrier.IP_IN_IP).deeper())
    if protocol == 41:
        return _layer(0x86DD, part, way.into(Carrier.IPV6_IN_IP).deeper())
    layer, part, inner = _gre(part, way)
    if not layer:
        raise Unread(Reason.NOT_IP)
    return _layer(layer, part, inner.deeper())


def _gre(part: Part, way: Way) -> tuple[Layer, Part, Way]:
    flags, protocol = part.need(4).number(0, 2), part.number(2, 2)
    if flags & 7 == 1:
        return _pptp(part, way)
    if flags & 0x07FF:
        raise Unread(Reason.CARRIER_MALFORMED)
    part = part.skip(8 if flags & 0xC000 else 4)
    key = None
    if flags & 0x2000:
        key, part = part.need(4).number(0, 4), part.skip(4)
    if flags & 0x1000:
        part = part.skip(4)
    if flags & 0x4000:
        part = _routes(part)
    if protocol == 0x88BE and not flags & 0x1000:
        return ETHERNET, part, way.into(Carrier.ERSPAN)
    if protocol in (0x88BE, 0x22EB):
        return _erspan(part, protocol, way)
    way = way.into(Carrier.GRE, key)
    if protocol == 0x6558:
        return ETHERNET, part, way
    return (protocol if protocol in (0x0800, 0x86DD, MPLS, 0x8848) else 0), part, way


def _routes(part: Part) -> Part:
    for _ in range(8):
        if part.need(4).number(0, 4) == 0:
            return part.skip(4)
        part = part.skip(4 + part.number(3, 1))
    raise Unread(Reason.CARRIER_DEPTH)


def _erspan(part: Part, protocol: int, way: Way) -> tuple[Layer, Part, Way]:
    third = protocol == 0x22EB
    part.need(12 if third else 8)
    if part.number(0, 1) >> 4 != (2 if third else 1):
        raise Unread(Reason.CARRIER_MALFORMED)
    way = way.into(Carrier.ERSPAN, part.number(2, 2) & 0x3FF)
    if not third:
        return ETHERNET, part.skip(8), way
    bits = part.number(10, 2)
    part = part.skip(20 if bits & 1 else 12)
    content = bits >> 10 & 31
    if content == 0:
        return ETHERNET, part, way
    return (_by_nibble(part) if content == 2 else 0), part, way


def _pptp(part: Part, way: Way) -> tuple[Layer, Part, Way]:
    flags = part.number(0, 2)
    if part.number(2, 2) != 0x880B or flags & ~0x1087 != 0x2000:
        raise Unread(Reason.CARRIER_MALFORMED)
    length = part.need(8).number(4, 2)
    if not flags & 0x1000:
        raise Unread(Reason.NOT_IP)
    part = part.skip(16 if flags & 0x80 else 12)
    return PPP, part.limited(min(part.claim, part.at + length)), way.into(Carrier.PPTP)


def _below_udp(part: Part, way: Way) -> Frame:
    claim = part.at + part.number(4, 2)
    payload = part.skip(8).limited(claim)
    for port in (part.number(2, 2), part.number(0, 2)):
        reader = {
            4789: _vxlan, 8472: _vxlan, 4790: _vxlan,
            6081: _geneve, 2152: _gtp, 3544: _teredo,
        }.get(port)  # fmt: skip
        if reader is None:
            continue
        try:
            layer, inner, inside = reader(payload, way)
        except NoCarrier:
            continue
        return _layer(layer, inner, inside.deeper(), strict=True)
    raise NoCarrier


def _must(fits: bool) -> None:
    if not fits:
        raise NoCarrier


def _vxlan(part: Part, way: Way) -> tuple[Layer, Part, Way]:
    _must(part.has(8) and part.number(7, 1) == 0)
    flags = part.number(0, 4)
    layer: Layer = ETHERNET
    if flags >> 24 == 0x0C:  # GPE
        layers: dict[int, Layer] = {1: 0x0800, 2: 0x86DD, 3: ETHERNET}
        _must(flags & 0xFFFFFF in layers)
        layer = layers[flags & 0xFFFFFF]
    elif flags & 0x80000000:  # group policy
        _must(flags & 0x7FB70000 == 0x08000000)
    else:
        _must(flags == 0x08000000)
    return layer, part.skip(8), way.into(Carrier.VXLAN, part.number(4, 3))


def _geneve(part: Part, way: Way) -> tuple[Layer, Part, Way]:
    _must(part.has(8))
    size = part.number(0, 1) * 4
    _must(size < 256 and not part.number(1, 1) & 0xBF and part.number(7, 1) == 0)
    _must(part.has(8 + size))
    option = 8
    while option < 8 + size:
        option += 4 + part.number(option + 3, 1) % 32 * 4
    layers: dict[int, Layer] = {0x0800: 0x0800, 0x86DD: 0x86DD, 0x6558: ETHERNET}
    _must(option == 8 + size and part.number(2, 2) in layers)
    way = way.into(Carrier.GENEVE, part.number(4, 3))
    return layers[part.number(2, 2)], part.skip(8 + size), way


def _gtp(part: Part, way: Way) -> tuple[Layer, Part, Way]:
    _must(part.has(8) and part.number(0, 1) >> 3 == 6 and part.number(1, 1) == 255)
    flags, teid = part.number(0, 1) & 7, part.number(4, 4)
    _must(part.at + 8 + part.number(2, 2) == part.claim)
    part = part.skip(8)
    if flags:
        _must(part.has(4))
        following, part = (part.number(3, 1) if flags & 4 else 0), part.skip(4)
        for _ in range(8):
            if following:
                _must(part.has(1) and part.number(0, 1) > 0 and part.has(part.number(0, 1) * 4))
                size = part.number(0, 1) * 4
                following, part = part.number(size - 1, 1), part.skip(size)
        _must(not following)
    layer = strict_ip(part)
    _must(layer > 0)
    return layer, part, way.into(Carrier.GTP, 0, teid)


def _teredo(part: Part, way: Way) -> tuple[Layer, Part, Way]:
    if part.has(4) and part.number(0, 2) == 1:
        part = part.skip(13 + part.number(2, 1) + part.number(3, 1))
    if part.has(8) and part.number(0, 2) == 0:
        part = part.skip(8)
    _must(strict_ip(part) == 0x86DD)
    _must(0x20010000 in (part.number(8, 4), part.number(24, 4)))
    return 0x86DD, part, way.into(Carrier.TEREDO)
