"""Addresses in base 32 with a BCH code: bech32, bech32m, SegWit, cashaddr and their kin.

Sources: BIP 173, BIP 350 (constants, padding, witness versions); bitcoincashorg
spec/cashaddr.md; kaspanet/rusty-kaspa crypto/addresses; Conflux CIP-37 (its own alphabet);
xelis-project/xelis-blockchain (bech32 with `:` between the parts).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from operator import eq
from typing import NamedTuple

from poolwatch.catalog.wallets.read import Read

_ALPHABET = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
_CONFLUX = "abcdefghjkmnprstuvwxyz0123456789"
_DIGITS = {character: value for value, character in enumerate(_ALPHABET)}
_CONFLUX_DIGITS = {character: value for value, character in enumerate(_CONFLUX)}
_BECH32, _BECH32M = 1, 0x2BC830A3
_TAPS = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)
_CASH_TAPS = (0x98F2BC8E61, 0x79B76D99E2, 0xF33E5FB3C4, 0xAE2EABE2A8, 0x1E4F43E470)
_CHECK, _CASH_CHECK = 6, 8  # characters
_LONGEST = 1024
_TYPE = "type."  # Conflux may name the kind of account between prefix and address


class _Parts(NamedTuple):
    prefix: str
    values: list[int]  # of the characters behind it, the checksum's too
    remainder: int


def bech32(text: str, _prefixes: frozenset[str]) -> Iterator[Read]:
    """BIP 173: the bytes behind the prefix."""
    yield from _plain(text, "1", _BECH32)


def bech32m(text: str, _prefixes: frozenset[str]) -> Iterator[Read]:
    """BIP 350: as bech32, with another constant."""
    yield from _plain(text, "1", _BECH32M)


def bech32_colon(text: str, _prefixes: frozenset[str]) -> Iterator[Read]:
    """Bech32 whose parts are joined by a colon."""
    yield from _plain(text, ":", _BECH32)


def segwit(text: str, _prefixes: frozenset[str]) -> Iterator[Read]:
    """A witness version, which says which constant holds, and a program. The version leads."""
    parts = _parts(text, "1")
    if parts is None:
        return
    version, *values = parts.values[:-_CHECK] or [32]
    program = _to_bytes(values)
    if version <= 16 and program is not None:
        wanted = _BECH32M if version else _BECH32
        fits = partial(eq, parts.remainder, wanted)
        yield Read(parts.prefix, bytes([version]) + program, fits)


def cashaddr(text: str, prefixes: frozenset[str]) -> Iterator[Read]:
    """A code of 40 bits over prefix and address; the prefix may be left out."""
    yield from _cash(text, prefixes, _DIGITS, bare=True)


def conflux(text: str, prefixes: frozenset[str]) -> Iterator[Read]:
    """The same code with another alphabet, and never without its prefix."""
    prefix, colon, rest = text.partition(":")
    kind, second, address = rest.partition(":")
    if second and kind.lower().startswith(_TYPE):
        rest = address
    yield from _cash(prefix + colon + rest, prefixes, _CONFLUX_DIGITS, bare=False)


def _plain(text: str, separator: str, constant: int) -> Iterator[Read]:
    parts = _parts(text, separator)
    data = _to_bytes(parts.values[:-_CHECK]) if parts else None
    if parts is not None and data is not None:
        yield Read(parts.prefix, data, partial(eq, parts.remainder, constant))


def _parts(text: str, separator: str) -> _Parts | None:
    text = _one_case(text)
    prefix, _, rest = text.rpartition(separator)
    values = _values(rest, _DIGITS)
    if not prefix or not prefix.isascii() or values is None or len(values) < _CHECK:
        return None
    codes = prefix.encode()
    expanded = [code >> 5 for code in codes] + [0] + [code & 31 for code in codes]
    return _Parts(prefix, values, _polymod((*expanded, *values), _TAPS, 25))


def _cash(
    text: str, prefixes: frozenset[str], digits: dict[str, int], *, bare: bool
) -> Iterator[Read]:
    text = _one_case(text)
    prefix, colon, rest = text.rpartition(":")
    values = _values(rest, digits)
    if values is None or len(values) <= _CASH_CHECK or not (colon or bare):
        return
    data = _to_bytes(values[:-_CASH_CHECK])
    for name in (prefix,) if colon else sorted(prefixes):
        expanded = [ord(character) & 31 for character in name]
        fits = _polymod((*expanded, 0, *values), _CASH_TAPS, 35) == 1
        # Without a prefix, anything of that length would be an address that is wrong.
        if data is not None and (fits or colon):
            yield Read(name, data, partial(bool, fits))


def _one_case(text: str) -> str:
    """The text in lower case; nothing for one of mixed case, which is no address."""
    if not text.isascii() or len(text) > _LONGEST:
        return ""
    lowered = text.lower()
    return lowered if text in (lowered, text.upper()) else ""


def _values(text: str, digits: dict[str, int]) -> list[int] | None:
    values = [digits.get(character, -1) for character in text]
    return values if -1 not in values else None


def _polymod(values: Sequence[int], taps: tuple[int, ...], shift: int) -> int:
    """The remainder of a BCH code; `shift`: its bits less the five of a character."""
    remainder = 1
    for value in values:
        top = remainder >> shift
        remainder = (remainder & ((1 << shift) - 1)) << 5 ^ value
        for at, tap in enumerate(taps):
            if top >> at & 1:
                remainder ^= tap
    return remainder


def _to_bytes(values: Sequence[int]) -> bytes | None:
    """Five bits a value to bytes; None when what is left over is no padding."""
    bits = len(values) * 5
    spare = bits % 8
    number = 0
    for value in values:
        number = number << 5 | value
    if spare >= 5 or number & ((1 << spare) - 1):
        return None
    return (number >> spare).to_bytes(bits // 8, "big")
