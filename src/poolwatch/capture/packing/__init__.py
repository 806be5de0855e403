"""Packed captures: one small file a packing, told by content, imported when met."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import Protocol

from poolwatch.capture.packing.base import Raw


class Unpacker(Protocol):
    """Unpacked bytes of a packed input; `damage` says why they ended early."""

    damage: str | None

    def readinto(self, view: memoryview, /) -> int:
        """Fill `view` as far as one step goes; 0 at the end."""
        ...


@dataclass(frozen=True, slots=True)
class Packing:
    """A packing: its name, its possible first bytes, its package, and the module that undoes it."""

    name: str
    magics: tuple[bytes, ...]
    module: str


_ZSTD = b"\x28\xb5\x2f\xfd"
_ZSTD_SKIPPED = tuple(bytes((first, 0x2A, 0x4D, 0x18)) for first in range(0x50, 0x60))

PACKINGS = (
    Packing("gzip", (b"\x1f\x8b",), "gzip"),
    Packing("zstd", (_ZSTD, *_ZSTD_SKIPPED), "zst"),  # some begin with a frame to skip
    Packing("xz", (b"\xfd7zXZ\0",), "xz"),
)


def packing_of(head: bytes) -> Packing | None:
    """The packing of an input, told by its first bytes."""
    return next((row for row in PACKINGS if head.startswith(row.magics)), None)


def open_unpacker(row: Packing, raw: Raw, ratio: int, memory_bytes: int) -> Unpacker:
    """Unpack `raw`: to at most `ratio` times its size, in at most so much memory."""
    module = importlib.import_module(f"poolwatch.capture.packing.{row.module}")
    unpacker: Unpacker = module.open_unpacker(raw, ratio, memory_bytes)
    return unpacker
