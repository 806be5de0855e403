"""Groestl-512, a finalist of the SHA-3 contest, as Groestlcoin has it: no library of ours has it.

Source: Gauravaram et al.: Groestl, a SHA-3 candidate, version 2011; FIPS 197 for the S-box.
"""

from __future__ import annotations

from functools import cache

_ROUNDS, _COLUMNS, _ROWS, _BLOCK = 14, 16, 8, 128
_SHIFTS_P = (0, 1, 2, 3, 4, 5, 6, 11)
_SHIFTS_Q = (1, 3, 5, 11, 0, 2, 4, 6)
_MIX = (2, 2, 3, 4, 5, 3, 5, 7)


def groestl512(data: bytes) -> bytes:
    """The 64 bytes of the digest."""
    blocks = (len(data) + 9 + _BLOCK - 1) // _BLOCK
    padded = (data + b"\x80").ljust(blocks * _BLOCK - 8, b"\0") + blocks.to_bytes(8, "big")
    state = (512).to_bytes(_BLOCK, "big")
    for at in range(0, len(padded), _BLOCK):
        block = padded[at : at + _BLOCK]
        mixed = _permuted(_xor(state, block), wide=False)
        state = _xor(state, _xor(mixed, _permuted(block, wide=True)))
    return _xor(state, _permuted(state, wide=False))[_BLOCK // 2 :]


def _permuted(data: bytes, *, wide: bool) -> bytes:
    """The permutation P, or Q when `wide`; bytes stand column by column."""
    shifts = _SHIFTS_Q if wide else _SHIFTS_P
    for turn in range(_ROUNDS):
        data = _mixed(_with_constants(data, turn, wide=wide), shifts)
    return data


def _with_constants(data: bytes, turn: int, *, wide: bool) -> bytes:
    out = bytearray(byte ^ 0xFF for byte in data) if wide else bytearray(data)
    row = _ROWS - 1 if wide else 0
    for column in range(_COLUMNS):
        out[column * _ROWS + row] ^= column << 4 ^ turn
    return bytes(out)


def _mixed(data: bytes, shifts: tuple[int, ...]) -> bytes:
    """Bytes replaced, rows moved, columns mixed."""
    tables = _tables()
    out = bytearray()
    for column in range(_COLUMNS):
        word = 0
        for row, shift in enumerate(shifts):
            word ^= tables[row][data[(column + shift) % _COLUMNS * _ROWS + row]]
        out += word.to_bytes(_ROWS, "big")
    return bytes(out)


@cache
def _tables() -> tuple[tuple[int, ...], ...]:
    """By row and byte: what it adds to its column, the first row in the highest byte."""
    box = _s_box()
    return tuple(
        tuple(
            int.from_bytes(
                bytes(_times(box[byte], _MIX[(row - to) % _ROWS]) for to in range(_ROWS))
            )
            for byte in range(256)
        )
        for row in range(_ROWS)
    )


def _s_box() -> list[int]:
    """The S-box of AES: the inverse in the field, and a turn of its bits."""
    box = [0x63] * 256
    for byte in range(1, 256):
        inverse = next(other for other in range(1, 256) if _times(byte, other) == 1)
        value = 0x63
        for turn in range(5):
            value ^= (inverse << turn | inverse >> 8 - turn) & 0xFF
        box[byte] = value
    return box


def _times(one: int, two: int) -> int:
    """The product in the field of 256 with AES's polynomial."""
    product = 0
    while two:
        product ^= one if two & 1 else 0
        one = one << 1 ^ (0x11B if one & 0x80 else 0)
        two >>= 1
    return product


def _xor(one: bytes, two: bytes) -> bytes:
    return (int.from_bytes(one, "big") ^ int.from_bytes(two, "big")).to_bytes(_BLOCK, "big")
