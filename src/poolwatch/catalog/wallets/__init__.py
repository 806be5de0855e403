"""Addresses of coins: which text is one, whose it may be, and how surely that is known.

An encoding is a function here; which coin uses it, behind which prefix and version, is a row
of `signatures/wallets.csv`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple, TypeVar

from poolwatch.catalog.load import Placed
from poolwatch.catalog.rows import WalletRow
from poolwatch.catalog.wallets import base58, bech32, hexes, others
from poolwatch.catalog.wallets.read import Decoder, Read
from poolwatch.errors import CatalogError
from poolwatch.terms import WalletCheck

__all__ = ["ENCODINGS", "Wallet", "WalletBook"]

Value = TypeVar("Value")

SHORTEST, LONGEST = 20, 300  # characters of an address

ENCODINGS: dict[str, Decoder] = {
    "base58check": base58.base58check,
    "base58check-blake256": base58.base58check_blake256,
    "base58check-groestl512": base58.base58check_groestl512,
    "base58-blake2b": base58.base58_blake2b,
    "base58": base58.base58,
    "ss58": base58.ss58,
    "cryptonote": base58.cryptonote,
    "bech32": bech32.bech32,
    "bech32m": bech32.bech32m,
    "bech32-colon": bech32.bech32_colon,
    "segwit": bech32.segwit,
    "cashaddr": bech32.cashaddr,
    "conflux": bech32.conflux,
    "hex": hexes.bare,
    "eip55": hexes.eip55,
    "sia": hexes.sia,
    "qrl": hexes.qrl,
    "nimiq": others.nimiq,
    "qubic": others.qubic,
    "filecoin": others.filecoin,
}
"""By the names that stand in `wallets.csv`."""


class Wallet(NamedTuple):
    """A text that is an address, or has the form of one.

    `coins`: those it can be an address of, in the order of the table. `distinctive`: nothing
    but an address looks so. `marks`: dialects in which only miners log in with such.
    """

    text: str
    check: WalletCheck
    coins: tuple[str, ...]
    distinctive: bool
    marks: frozenset[str]


@dataclass(frozen=True, slots=True)
class _Form:
    """A row, compiled."""

    coin: str
    version: bytes
    sizes: frozenset[int]  # bytes behind the version
    distinctive: bool
    marks: frozenset[str]

    def fits(self, data: bytes) -> bool:
        return data.startswith(self.version) and len(data) - len(self.version) in self.sizes


class WalletBook:
    """All known forms of addresses."""

    def __init__(self, rows: Iterable[Placed[WalletRow]]) -> None:
        forms: dict[str, dict[str, list[_Form]]] = {}
        for placed in rows:
            row = placed.row
            form = _compile(placed)
            forms.setdefault(row.encoding, {}).setdefault(row.prefix, []).append(form)
        self._forms = forms
        self._prefixes = {name: frozenset(by_prefix) for name, by_prefix in forms.items()}

    def read(self, text: str) -> Wallet | None:
        """The address a text is as a whole; None when it has no such form.

        A fitting checksum goes before a form without one, and that before one that is wrong.
        """
        if not SHORTEST <= len(text) <= LONGEST:
            return None
        found: dict[WalletCheck, list[_Form]] = {}
        for form, checked in self._fitting(text):
            found.setdefault(_CHECKS[checked], []).append(form)
        for check in WalletCheck:
            if check in found:
                return _wallet(text, check, found[check])
        return None

    def _fitting(self, text: str) -> Iterator[tuple[_Form, bool | None]]:
        for encoding, by_prefix in self._forms.items():
            for read in ENCODINGS[encoding](text, self._prefixes[encoding]):
                for form in _matching(by_prefix, read):
                    yield form, read.check()


_CHECKS = {True: WalletCheck.CHECKSUM, None: WalletCheck.FORMAT, False: WalletCheck.FAILED}


def _matching(by_prefix: dict[str, list[_Form]], read: Read) -> Iterator[_Form]:
    for form in by_prefix.get(read.prefix, ()):
        if form.fits(read.data):
            yield form


def _wallet(text: str, check: WalletCheck, forms: list[_Form]) -> Wallet:
    return Wallet(
        text,
        check,
        tuple(dict.fromkeys(form.coin for form in forms)),
        check is not WalletCheck.FORMAT or any(form.distinctive for form in forms),
        frozenset().union(*(form.marks for form in forms)),
    )


def _compile(placed: Placed[WalletRow]) -> _Form:
    row = placed.row
    if row.encoding not in ENCODINGS:
        known = ", ".join(ENCODINGS)
        raise CatalogError(f"{placed.place}: no encoding {row.encoding!r}", f"known: {known}")
    return _Form(
        row.coin,
        _read_column(placed, "version", lambda: _version(row)),
        _read_column(placed, "size", lambda: _sizes(row.size)),
        row.distinctive,
        frozenset(row.marks.split()),
    )


def _read_column(placed: Placed[WalletRow], name: str, read: Callable[[], Value]) -> Value:
    try:
        return read()
    except ValueError as error:
        raise CatalogError(f"{placed.place}: {name}: {error}") from error


def _version(row: WalletRow) -> bytes:
    """The bytes an address begins with: in CryptoNote a number, seven bits a byte."""
    if row.encoding != "cryptonote":
        return bytes.fromhex(row.version)
    number = int(row.version)
    if number < 0:
        raise ValueError(f"{number} is below 0")
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    return bytes((*out, number))


def _sizes(text: str) -> frozenset[int]:
    """Sizes and ranges, separated by blanks."""
    sizes: set[int] = set()
    for part in text.split():
        low, _, high = part.partition("-")
        sizes.update(range(int(low), int(high or low) + 1))
    if not sizes or max(sizes) > LONGEST:
        raise ValueError(f"{text!r} names no size from 0 to {LONGEST}")
    return frozenset(sizes)
