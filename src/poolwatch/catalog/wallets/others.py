"""Addresses that no other coin writes so: Nimiq, Qubic, Filecoin.

Sources: nimiq/core-js Address.js (IBAN's check, ISO 7064 mod 97-10); qubic/core
(K12 over the public key); filecoin-project/specs Address.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Iterator
from functools import partial
from operator import eq

from poolwatch.catalog.wallets.read import Read

_NIMIQ = re.compile(r"NQ(\d\d)([0-9A-HJ-NP-VXY]{32})")
_QUBIC = re.compile(r"[A-Z]{60}")
_GROUP, _GROUPS, _CHECK = 14, 4, 4  # letters
_FILECOIN = re.compile(r"f([123])([a-z2-7]{39,84})")


def nimiq(text: str, _prefixes: frozenset[str]) -> Iterator[Read]:
    """A country code, two check digits, 20 bytes in base 32; blanks may stand between."""
    match = _NIMIQ.fullmatch(text.replace(" ", ""))
    if match:
        moved = f"{match[2]}NQ{match[1]}"
        number = int("".join(str(int(character, 36)) for character in moved))
        yield Read("NQ", match[2].encode(), partial(eq, number % 97, 1))


def qubic(text: str, _prefixes: frozenset[str]) -> Iterator[Read]:
    """Four numbers of 14 letters, and four letters of a hash over them: 18 bits."""
    if not _QUBIC.fullmatch(text):
        return
    at = range(0, _GROUP * _GROUPS, _GROUP)
    numbers = [_letters(text[start : start + _GROUP]) for start in at]
    if max(numbers) >> 64:
        return
    key = b"".join(number.to_bytes(8, "little") for number in numbers)
    yield Read("", key, partial(_fits_qubic, key, text[-_CHECK:]))


def filecoin(text: str, _prefixes: frozenset[str]) -> Iterator[Read]:
    """The protocol leads the data; four bytes of BLAKE2b stand behind."""
    match = _FILECOIN.fullmatch(text)
    if not match:
        return
    digits = match[2].upper()
    try:
        raw = base64.b32decode(digits + "=" * (-len(digits) % 8))
    except binascii.Error:
        return
    # Bits behind the last byte are no part of it: only one text may stand for an address.
    if base64.b32encode(raw).decode().rstrip("=") != digits:
        return
    data = match[1].encode().translate(bytes(code & 15 for code in range(256))) + raw[:-4]
    digest = hashlib.blake2b(data, digest_size=4).digest()
    yield Read("f", data, partial(eq, digest, raw[-4:]))


def _fits_qubic(key: bytes, end: str) -> bool:
    return int.from_bytes(_k12(key, 3), "little") & 0x3FFFF == _letters(end)


def _letters(text: str) -> int:
    """A number in base 26, its lowest letter first."""
    value = 0
    for letter in reversed(text):
        value = value * 26 + ord(letter) - 65
    return value


def _k12(data: bytes, size: int) -> bytes:
    from Crypto.Hash import KangarooTwelve

    return KangarooTwelve.new(data).read(size)
