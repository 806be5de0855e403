"""The addresses in a cell, in the ways people write them.

Networks (`10.1.2.0/23`), masks (`10.1.2.0/255.255.254.0`, `10.1.2.0 255.255.254.0`), ranges
(`10.1.2.3-10.1.2.99`, `10.1.2.3-99`), wildcards (`10.1.2.*`), single addresses; several in one
cell; digits and marks full-width or not; IPv4 and IPv6.
"""

from __future__ import annotations

import ipaddress
import re
from typing import NamedTuple

from poolwatch.inventory.notes import CellError, Reason
from poolwatch.inventory.text import narrow

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Address = ipaddress.IPv4Address | ipaddress.IPv6Address

MAPPED = 0xFFFF_0000_0000
"""Where IPv4 stands in the one address space of the table: v4-mapped IPv6."""
_MAPPED_END = MAPPED | 0xFFFF_FFFF
_V6_END = (1 << 128) - 1

# NFKC makes full-width digits, letters, commas, slashes and colons plain; these it leaves.
_MARKS = str.maketrans(
    dict.fromkeys("‐‑‒–—―−~〜∼至到", "-")
    | dict.fromkeys("。", ".")
    | dict.fromkeys("、;|\n\r", ",")
    | dict.fromkeys("\\", "/")
)
_TIGHT = re.compile(r"\s*([-/,])\s*")
_MASKED = re.compile(r"(?<![\d./-])((?:\d+\.){3}\d+)[\s,]+(255(?:\.\d+){3})(?![\d./-])")
_LEADING_ZERO = re.compile(r"(?:^|\.)0\d")
_WILDCARD = re.compile(r"((?:\d+\.){1,3})(?:[*x](?:\.[*x])*)", re.IGNORECASE)
_LAST_OCTET = re.compile(r"\d{1,3}")


class Span(NamedTuple):
    """Addresses from `low` to `high`, both included, in the table's one address space."""

    low: int
    high: int

    @property
    def size(self) -> int:
        """How many addresses."""
        return self.high - self.low + 1

    @property
    def is_ipv4(self) -> bool:
        """Whether it holds IPv4 addresses."""
        return MAPPED <= self.low <= _MAPPED_END

    def __str__(self) -> str:
        """As a network if it is one, else as a range."""
        first, last = address_of(self.low), address_of(self.high)
        if first == last:
            return str(first)
        bits = self.size.bit_length() - 1
        if self.size == 1 << bits and self.low % self.size == 0:
            return f"{first}/{first.max_prefixlen - bits}"
        return f"{first}-{last}"


class Written(NamedTuple):
    """A span, how it was written, and whether bits were set behind its mask."""

    span: Span
    text: str
    host_bits: bool


def position(version: int, number: int) -> int:
    """Where an address stands in the table's one address space."""
    return MAPPED | (number & 0xFFFF_FFFF) if version == 4 else number


def address_of(where: int) -> Address:
    """The address at a position."""
    if MAPPED <= where <= _MAPPED_END:
        return ipaddress.IPv4Address(where & 0xFFFF_FFFF)
    return ipaddress.IPv6Address(where)


def plain(text: str) -> str:
    """Full-width characters, marks and blanks made plain."""
    return narrow(text.translate(_MARKS)).translate(_MARKS)


def split_cell(cell: str) -> list[str]:
    """The pieces of a cell, each one network, range or address."""
    text = _TIGHT.sub(r"\1", plain(cell))
    text = _MASKED.sub(r"\1/\2", text)
    return [piece for piece in re.split(r"[,\s]+", text) if piece]


def read_piece(piece: str) -> Written:
    """One network, range or address. Raises CellError."""
    low_text, dash, high_text = piece.partition("-")
    if not dash:
        return _read_network(piece)
    low = _read_network(low_text)
    if _LAST_OCTET.fullmatch(high_text) and low.span.is_ipv4:
        high_text = low_text.rpartition(".")[0] + "." + high_text
    high = _read_network(high_text)
    if low.span.is_ipv4 != high.span.is_ipv4:
        raise CellError(Reason.MIXED, piece)
    if high.span.high < low.span.low:
        raise CellError(Reason.BACKWARDS, piece)
    return _checked(Span(low.span.low, high.span.high), piece, host_bits=False)


def with_mask(cell: str, mask: str) -> list[str]:
    """The pieces of a cell whose mask, or length of mask, stands in a cell of its own."""
    mask = plain(mask).lstrip("/ ")
    return [
        f"{piece}/{mask}" if mask and "/" not in piece and "-" not in piece else piece
        for piece in split_cell(cell)
    ]


def _read_network(text: str) -> Written:
    wild = _WILDCARD.fullmatch(text)
    if wild:
        octets = wild[1].count(".")
        text = f"{wild[1]}{'0.' * (4 - octets)}".rstrip(".") + f"/{8 * octets}"
    address, slash, mask = text.partition("/")
    number = _read_address(address, text)
    if not slash:
        return _checked(_span(number, number.max_prefixlen), text, host_bits=False)
    bits = _read_mask(mask, number, text)
    span = _span(number, bits)
    return _checked(span, text, host_bits=span.low != position(number.version, int(number)))


def _read_address(text: str, piece: str) -> Address:
    if _LEADING_ZERO.search(text) and ":" not in text:
        raise CellError(Reason.LEADING_ZERO, piece)
    try:
        address = ipaddress.ip_address(text)
    except ValueError as error:
        raise CellError(Reason.BAD_ADDRESS, piece) from error
    if isinstance(address, ipaddress.IPv6Address):
        if address.scope_id:
            raise CellError(Reason.BAD_ADDRESS, piece)
        if address.ipv4_mapped:
            raise CellError(Reason.MAPPED, piece)
    return address


def _read_mask(mask: str, address: Address, piece: str) -> int:
    """The bits of a mask written as a length, a netmask or an inverse mask."""
    if re.fullmatch(r"\d{1,3}", mask):
        bits = int(mask)
        if bits > address.max_prefixlen:
            raise CellError(Reason.BAD_MASK, piece)
        return bits
    try:
        number = int(ipaddress.IPv4Address(mask))
    except ValueError as error:
        raise CellError(Reason.BAD_MASK, piece) from error
    inverse = number ^ 0xFFFF_FFFF
    for host_part in (inverse, number):
        if address.version == 4 and host_part & (host_part + 1) == 0:
            return 32 - host_part.bit_length()
    raise CellError(Reason.BAD_MASK, piece)


def _span(address: Address, bits: int) -> Span:
    host_part = (1 << (address.max_prefixlen - bits)) - 1
    low = int(address) & ~host_part
    where = position(address.version, low)
    return Span(where, where | host_part)


def _checked(span: Span, piece: str, *, host_bits: bool) -> Written:
    """Refuse what nobody can own, and IPv6 that reaches into where IPv4 stands."""
    if (span.low, span.high) in ((MAPPED, _MAPPED_END), (0, _V6_END)):
        raise CellError(Reason.EVERYTHING, piece)
    if span.low <= _MAPPED_END and span.high >= MAPPED and not span.is_ipv4:
        raise CellError(Reason.MAPPED, piece)
    return Written(span, piece, host_bits)
