"""Addresses in hexadecimal: bare, with EIP-55's letters, or with a checksum behind.

Sources: EIP-55; SiaFoundation/siad types/unlockhash.go; theQRL/qrllib (descriptor, hash and
four bytes of SHA-256).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from functools import partial
from operator import eq

from poolwatch.catalog.wallets.read import Read, unchecked

_HEX = re.compile(r"(?:[0-9a-fA-F]{2}){1,100}")
_SIA, _QRL = 6, 4  # bytes of checksum


def bare(text: str, prefixes: frozenset[str]) -> Iterator[Read]:
    """Digits behind a fixed word, or none: nothing says whether one was mistyped."""
    for prefix, data in _behind(text, prefixes):
        yield Read(prefix, data, unchecked)


def eip55(text: str, prefixes: frozenset[str]) -> Iterator[Read]:
    """An account whose letters may say, by their case, whether the digits are right.

    Most accounts come in one case, and a mistyped digit may leave the letters right: so they
    are no proof, but wrong ones are.
    """
    for prefix, data in _behind(text, prefixes):
        yield Read(prefix, data, partial(_case_of, text[len(prefix) :]))


def sia(text: str, prefixes: frozenset[str]) -> Iterator[Read]:
    """Six bytes of BLAKE2b-256 behind the hash."""
    for prefix, data in _behind(text, prefixes):
        if text == text.lower():  # one address has one text
            digest = hashlib.blake2b(data[:-_SIA], digest_size=32).digest()
            yield Read(prefix, data[:-_SIA], partial(eq, digest[:_SIA], data[-_SIA:]))


def qrl(text: str, prefixes: frozenset[str]) -> Iterator[Read]:
    """The last four bytes of SHA-256 behind descriptor and hash."""
    for prefix, data in _behind(text, prefixes):
        if text[len(prefix) :] == text[len(prefix) :].lower():
            digest = hashlib.sha256(data[:-_QRL]).digest()
            yield Read(prefix, data[:-_QRL], partial(eq, digest[-_QRL:], data[-_QRL:]))


def _behind(text: str, prefixes: frozenset[str]) -> Iterator[tuple[str, bytes]]:
    for prefix in prefixes:
        digits = text[len(prefix) :]
        if text.startswith(prefix) and _HEX.fullmatch(digits):
            yield prefix, bytes.fromhex(digits)


def _case_of(digits: str) -> bool | None:
    """False where the letters' case contradicts the digits; it proves nothing else."""
    mixed = digits not in (digits.lower(), digits.upper())
    return False if mixed and digits != _with_case(digits) else None


def _with_case(digits: str) -> str:
    """Digits with their letters as EIP-55 has them."""
    from Crypto.Hash import keccak

    lowered = digits.lower()
    digest = keccak.new(digest_bits=256, data=lowered.encode()).hexdigest()
    pairs = zip(lowered, digest, strict=False)
    return "".join(digit.upper() if code > "7" else digit for digit, code in pairs)
