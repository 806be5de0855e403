"""Addresses written in base 58: with four bytes of a hash behind, or in Monero's blocks.

Sources: bitcoin.it wiki Base58Check; monero-project/monero src/common/base58.cpp;
decred/dcrd dcrutil (BLAKE-256 twice); ergoplatform/ergo docs (BLAKE2b-256);
paritytech/substrate wiki External-Address-Format-(SS58).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from functools import partial

from poolwatch.catalog.wallets.read import Read, unchecked

_ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_DIGITS = {character: value for value, character in enumerate(_ALPHABET)}
_LONGEST = 200  # characters: reading takes time by their square
_BLOCK_CHARS, _BLOCK_BYTES = 11, 8
# Bytes in a last block of so many characters.
_REST_BYTES = {0: 0, 2: 1, 3: 2, 5: 3, 6: 4, 7: 5, 9: 6, 10: 7}
_CHECK = 4  # bytes


def base58check(text: str, prefixes: frozenset[str]) -> Iterator[Read]:
    """Four bytes of SHA-256, taken twice, behind the data; some coins put a word before."""
    yield from _checked(text, prefixes, _sha256_twice)


def base58check_blake256(text: str, prefixes: frozenset[str]) -> Iterator[Read]:
    """Decred's: four bytes of BLAKE-256, taken twice."""
    yield from _checked(text, prefixes, _blake256_twice)


def base58check_groestl512(text: str, prefixes: frozenset[str]) -> Iterator[Read]:
    """Groestlcoin's: four bytes of Groestl-512, taken twice."""
    yield from _checked(text, prefixes, _groestl_twice)


def base58_blake2b(text: str, prefixes: frozenset[str]) -> Iterator[Read]:
    """Ergo's: four bytes of BLAKE2b-256."""
    yield from _checked(text, prefixes, _blake2b)


def base58(text: str, _prefixes: frozenset[str]) -> Iterator[Read]:
    """Bytes without a checksum."""
    data = decode(text)
    if data is not None:
        yield Read("", data, unchecked)


def ss58(text: str, _prefixes: frozenset[str]) -> Iterator[Read]:
    """Substrate's: two bytes of BLAKE2b-512 over a fixed word and the data."""
    data = decode(text)
    if data is not None and len(data) > 2:
        yield Read("", data[:-2], partial(_fits, data[:-2], data[-2:], _ss58))


def cryptonote(text: str, _prefixes: frozenset[str]) -> Iterator[Read]:
    """Blocks of 11 characters for 8 bytes, with four bytes of Keccak-256 behind the data."""
    data = decode_blocks(text)
    if data is not None and len(data) > _CHECK:
        yield Read("", data[:-_CHECK], partial(_fits, data[:-_CHECK], data[-_CHECK:], _keccak))


def decode(text: str) -> bytes | None:
    """The bytes of a base58 text, a zero byte for each leading `1`; None if it is none."""
    if not 0 < len(text) <= _LONGEST:
        return None
    value = _number(text)
    if value is None:
        return None
    zeros = len(text) - len(text.lstrip("1"))
    return bytes(zeros) + value.to_bytes((value.bit_length() + 7) // 8, "big")


def decode_blocks(text: str) -> bytes | None:
    """The bytes of a text in blocks as CryptoNote writes them; None if it is none."""
    if not 0 < len(text) <= _LONGEST:
        return None
    parts: list[bytes] = []
    for at in range(0, len(text), _BLOCK_CHARS):
        block = text[at : at + _BLOCK_CHARS]
        size = _BLOCK_BYTES if len(block) == _BLOCK_CHARS else _REST_BYTES.get(len(block))
        value = _number(block)
        if size is None or value is None or value >> 8 * size:
            return None
        parts.append(value.to_bytes(size, "big"))
    return b"".join(parts)


def _number(text: str) -> int | None:
    value = 0
    for character in text:
        digit = _DIGITS.get(character)
        if digit is None:
            return None
        value = value * 58 + digit
    return value


def _checked(
    text: str, prefixes: frozenset[str], digest: Callable[[bytes], bytes]
) -> Iterator[Read]:
    for prefix in prefixes:
        data = decode(text[len(prefix) :]) if text.startswith(prefix) else None
        if data is not None and len(data) > _CHECK:
            body, end = data[:-_CHECK], data[-_CHECK:]
            yield Read(prefix, body, partial(_fits, body, end, digest))


def _fits(body: bytes, end: bytes, digest: Callable[[bytes], bytes]) -> bool:
    return digest(body)[: len(end)] == end


def _sha256_twice(data: bytes) -> bytes:
    return hashlib.sha256(hashlib.sha256(data).digest()).digest()


def _ss58(data: bytes) -> bytes:
    return hashlib.blake2b(b"SS58PRE" + data).digest()


def _groestl_twice(data: bytes) -> bytes:
    from poolwatch.catalog.wallets.groestl512 import groestl512

    return groestl512(groestl512(data))


def _blake2b(data: bytes) -> bytes:
    return hashlib.blake2b(data, digest_size=32).digest()


def _blake256_twice(data: bytes) -> bytes:
    from poolwatch.catalog.wallets.blake256 import blake256

    return blake256(blake256(data))


def _keccak(data: bytes) -> bytes:
    # As it was before SHA-3 became a standard, which pads otherwise; only some need it.
    from Crypto.Hash import keccak

    return keccak.new(digest_bits=256, data=data).digest()
