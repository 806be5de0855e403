"""Addresses, machines, ports and protocols as logs write them. Each raises ReadError."""

from __future__ import annotations

import re
import socket
from ipaddress import IPv4Address, IPv6Address

from poolwatch.logs.records import Address
from poolwatch.logs.said import ReadError, Reason

MAPPED = 0xFFFF_0000_0000
"""Where IPv4 stands in the one space of 128 bits: v4-mapped IPv6."""
_MAC = re.compile(
    r"[0-9a-f]{1,2}(:|-)[0-9a-f]{1,2}(?:\1[0-9a-f]{1,2}){4}"
    r"|[0-9a-f]{4}([.:-])[0-9a-f]{4}\2[0-9a-f]{4}"
    r"|[0-9a-f]{6}[-:.]?[0-9a-f]{6}",
    re.IGNORECASE | re.ASCII,
)
_BEHIND = re.compile(r"[:-][0-9a-f]{1,2}(?:[:-]|$)", re.IGNORECASE | re.ASCII)
_PARTS = re.compile(r"[:.-]")
_PROTOCOLS = {
    "icmp": 1,
    "igmp": 2,
    "ipip": 4,
    "tcp": 6,
    "udp": 17,
    "dccp": 33,
    "gre": 47,
    "esp": 50,
    "ah": 51,
    "icmpv6": 58,
    "ipv6-icmp": 58,
    "sctp": 132,
    "udplite": 136,
}
_NO_PROTOCOL = frozenset(["", "any", "ip", "all", "-", "--"])


def read_address(text: str) -> int:
    """The position of an IPv4 or IPv6 address; a zone behind % is left off."""
    try:
        if ":" not in text:
            return MAPPED | int.from_bytes(socket.inet_pton(socket.AF_INET, text), "big")
        number = int.from_bytes(socket.inet_pton(socket.AF_INET6, text.partition("%")[0]), "big")
    except (OSError, ValueError) as error:
        raise ReadError(Reason.ADDRESS, text) from error
    return number


def position_of(address: Address) -> int:
    """The position of an address."""
    return MAPPED | int(address) if address.version == 4 else int(address)


def address_at(position: int) -> Address:
    """The address at a position."""
    if position >> 32 == 0xFFFF:
        return IPv4Address(position & 0xFFFF_FFFF)
    return IPv6Address(position)


def read_mac(text: str) -> int:
    """48 bits: colons, hyphens, dots or nothing between the digits; `1:2:3:4:5:6` too."""
    if not _MAC.fullmatch(text):
        raise ReadError(Reason.MAC, text)
    parts = _PARTS.split(text)
    width = 12 // len(parts)
    return int("".join(part.zfill(width) for part in parts), 16)


def mac_or_none(text: str | None) -> int | None:
    """A MAC where the text is one, perhaps with a name of a network behind it."""
    if not text:
        return None
    text = text.strip()
    head = text[:17]
    if len(text) > 17 and (text[17] not in ":- " or _BEHIND.match(text, 17)):
        return None  # a longer address, of another kind of hardware
    try:
        mac = read_mac(head)
    except ReadError:
        return None
    return None if mac >> 40 & 1 else mac or None  # of a group: nobody's own


def station_or_none(text: str | None) -> int | None:
    """The MAC of whoever calls; the field may as well hold a telephone number or an address."""
    if text and text.strip().isdecimal():
        return None
    return mac_or_none(text)


def read_number(text: str, most: int = 1 << 62) -> int:
    """A whole number in decimal digits."""
    if not text.isascii() or not text.isdecimal() or len(text) > 20:
        raise ReadError(Reason.NUMBER, text)
    number = int(text)
    if number > most:
        raise ReadError(Reason.NUMBER, text)
    return number


def read_port(text: str) -> int:
    """A port, or an id of ICMP."""
    if not text.isascii() or not text.isdecimal() or len(text) > 5 or int(text) > 65535:
        raise ReadError(Reason.PORT, text)
    return int(text)


def read_protocol(text: str) -> int | None:
    """The IANA number of a protocol by name or number; None where it says any."""
    word = text.strip().lower()
    if word in _NO_PROTOCOL:
        return None
    known = _PROTOCOLS.get(word)
    if known is not None:
        return known
    if word.isascii() and word.isdecimal() and len(word) < 4 and int(word) < 256:
        return int(word)
    raise ReadError(Reason.PROTOCOL, text)


def clean(text: str | None) -> str | None:
    """A text, or None where nothing is in it."""
    if text is None:
        return None
    text = text.strip()
    return text or None
