"""What hosts say of themselves: ARP (RFC 826), DHCP (RFC 2131, 2132, 4702), NBNS (RFC 1002), mDNS.

Bytes in, facts out. Hostile bytes never raise; what cannot be read is left out.
"""

from __future__ import annotations

from typing import NamedTuple

from poolwatch.layouts import Told
from poolwatch.match.dns import parse_dns

Address = tuple[int, int]
"""Version and number."""

_MAGIC = b"\x63\x82\x53\x63"
_BOOTP = 236
_HOST, _REQUESTED, _TYPE, _SERVER, _VENDOR, _FQDN = 12, 50, 53, 54, 60, 81
_OPTIONS = 64  # of one message
_FROM_CLIENT = 1
_DISCOVER_OR_REQUEST = (1, 3, 8)
_ACK = 5
_REGISTRATIONS = (5, 6, 8, 9, 15)  # opcodes of NBNS: the sender has the name
_NB_NAME = 34  # bytes of an encoded name with its length and its end
_UNIQUE = (0x00, 0x20)  # suffixes of a workstation, of a server
_GROUP = 0x8000


class Fact(NamedTuple):
    """What one message says: an address, a hardware address, a name; what it does not say is None.

    `source`: arp, dhcp, dhcp-fqdn, dhcp-vendor, nbns or mdns.
    """

    source: str
    address: Address | None = None
    mac: int | None = None
    name: str | None = None


def read_announcement(how: Told, data: bytes, sender: Address | None) -> list[Fact]:
    """The facts in a packet; `sender`: whose address it came from, where it has one."""
    if how is Told.ARP:
        return _read_arp(data)
    if how is Told.DHCP:
        return _read_dhcp(data)
    if how is Told.NBNS:
        return _read_nbns(data, sender)
    return _read_mdns(data)


def _number(data: bytes) -> int:
    return int.from_bytes(data, "big")


def _read_arp(data: bytes) -> list[Fact]:
    """The sender's addresses, of a request or an answer."""
    if len(data) < 28 or data[:6] != b"\x00\x01\x08\x00\x06\x04":
        return []
    address = _number(data[14:18])
    return [Fact("arp", (4, address), _number(data[8:14]))] if address else []


def _read_dhcp(data: bytes) -> list[Fact]:
    """Who asks for an address or is given one."""
    if len(data) < _BOOTP + 4 or data[_BOOTP : _BOOTP + 4] != _MAGIC or data[1:3] != b"\x01\x06":
        return []
    options = _dhcp_options(data[_BOOTP + 4 :])
    mac, kind = _number(data[28:34]), options.get(_TYPE, b"")[:1]
    number = 0
    if data[0] == _FROM_CLIENT:
        if kind and kind[0] in _DISCOVER_OR_REQUEST:
            # Asked for without an offer of a server, after a restart, it may be refused.
            offered = kind[0] == 3 and _SERVER in options
            number = _number(data[12:16]) or (offered and _number(options.get(_REQUESTED, b"")[:4]))
    elif kind and kind[0] == _ACK:
        number = _number(data[16:20])
    address = (4, int(number)) if number else None
    facts = [Fact("dhcp", address, mac)]
    if data[0] != _FROM_CLIENT:  # what stands there else is the server's
        return facts
    for option, source, skip in (
        (_HOST, "dhcp", 0),
        (_FQDN, "dhcp-fqdn", 3),
        (_VENDOR, "dhcp-vendor", 0),
    ):
        name = _text(options.get(option, b"")[skip:])
        if option == _FQDN and options.get(_FQDN, b"")[:1] and options[_FQDN][0] & 4:
            name = _labels(options[_FQDN][3:])
        if name:
            facts.append(Fact(source, address, mac, name))
    return facts


def _dhcp_options(data: bytes) -> dict[int, bytes]:
    found: dict[int, bytes] = {}
    at = 0
    for _ in range(_OPTIONS):
        if at >= len(data) or data[at] == 255:
            break
        if data[at] == 0:
            at += 1
            continue
        size = data[at + 1] if at + 1 < len(data) else 0
        found.setdefault(data[at], data[at + 2 : at + 2 + size])
        at += 2 + size
    return found


def _labels(data: bytes) -> str:
    """A name in the form of DNS, without compression."""
    parts: list[str] = []
    while data and data[0] and data[0] < 64 and len(parts) < 16:
        parts.append(_text(data[1 : 1 + data[0]]))
        data = data[1 + data[0] :]
    return ".".join(part for part in parts if part)


def _text(data: bytes) -> str:
    """Bytes of a name as text, bounded, without what would upset a terminal."""
    text = data[:255].rstrip(b"\0").decode("utf-8", "replace").strip()
    return "".join(c for c in text if c.isprintable())


def _read_nbns(data: bytes, sender: Address | None) -> list[Fact]:
    """The name a host registers for itself, unless it is a group's."""
    if sender is None or len(data) < 12 + _NB_NAME or data[12] != 32:
        return []
    opcode, additional = data[2] >> 3, _number(data[10:12])
    if data[2] & 0x80 or opcode not in _REGISTRATIONS or not additional:
        return []
    name = _netbios(data[13:45])
    flags = data[-6:-4]  # of the record that ends the message: flags and address
    if name is None or _number(flags) & _GROUP:
        return []
    return [Fact("nbns", sender, None, name)]


def _netbios(data: bytes) -> str | None:
    """A name of sixteen bytes, each written as two letters; its last one says what it is."""
    if any(not 0x41 <= byte <= 0x50 for byte in data):
        return None
    raw = bytes(
        (high - 0x41) << 4 | (low - 0x41) for high, low in zip(data[::2], data[1::2], strict=True)
    )
    return _text(raw[:15]) or None if raw[15] in _UNIQUE else None


def _read_mdns(data: bytes) -> list[Fact]:
    """Names with the addresses their owner gives."""
    message = parse_dns(data)
    if message is None or not message.is_answer:
        return []
    return [
        Fact("mdns", (answer.version, answer.address), None, _text(answer.owner.encode()))
        for answer in message.answers
        if answer.version and answer.owner.endswith(".local")
    ]
