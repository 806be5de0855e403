"""Addresses, machines, ports and protocols as logs write them. Each raises ReadError."""

from __future__ import annotations

import socket
from ipaddress import IPv4Address, IPv6Address

from poolwatch.logs.records import Address
from poolwatch.logs.said import ReadError, Reason

MAPPED = 0xFFFF_0000_0000
"""Where IPv4 stands in the one space of 128 bits: v4-mapped IPv6."""
_SEPARATORS = str.maketrans("", "", ":-.")
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
    digits = text.translate(_SEPARATORS)
    if len(digits) != 12 and text.count(":") == 5:
        digits = "".join(part.zfill(2) for part in text.split(":"))
    if len(digits) != 12 or not digits.isascii() or not digits.isalnum():
        raise ReadError(Reason.MAC, text)
    try:
        return int(digits, 16)
    except ValueError as error:
        raise ReadError(Reason.MAC, text) from error


def mac_or_none(text: str | None) -> int | None:
    """A MAC where the text is one: the field may hold a telephone number or an address."""
    if not text:
        return None
    head = text.strip()[:17]  # some append :SSID
    for part in (text.strip(), head):
        try:
            return read_mac(part) or None
        except ReadError:
            continue
    return None


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
