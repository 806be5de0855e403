"""What all packings share: reading in chunks, the bound on expansion, how an input ends."""

from __future__ import annotations

from typing import Protocol

CHUNK = 1 << 16
BOMB_FROM = 1 << 26  # unpacked bytes before the expansion ratio is looked at
ENDS_EARLY = "the compressed data ends early"


class Raw(Protocol):
    """A packed input."""

    def readinto(self, buffer: memoryview, /) -> int | None:
        """Fill `buffer` as far as one read goes; 0 at the end."""
        ...


class Unpacking:
    """A reader of packed data; a packing says in `unpack` how a step goes.

    `pending` holds packed bytes not used yet. `started`: a member, frame or stream has
    begun and not ended, so that the input must not end here.
    """

    def __init__(self, raw: Raw, ratio: int, memory_bytes: int) -> None:
        self.memory_bytes = memory_bytes
        self.damage: str | None = None
        self.pending = b""
        self.started = False
        self.ended = False  # no more packed bytes come
        self._raw = raw
        self._ratio = ratio
        self._fed = bytearray(CHUNK)
        self._packed = 0
        self._unpacked = 0

    def unpack(self, room: int) -> bytes:
        """At most `room` more bytes; none: more packed bytes are needed, or `damage` is set.

        What it uses up of `pending` it drops, and also trailing bytes it makes nothing of.
        """
        raise NotImplementedError

    def readinto(self, view: memoryview, /) -> int:
        """Fill `view` as far as one step goes; 0 at the end."""
        while self.damage is None:
            before = len(self.pending)
            data = self.unpack(len(view))
            if data:
                self._count(len(data))
                view[: len(data)] = data
                return len(data)
            if len(self.pending) != before or self.damage or self._refill():
                continue
            if self.started or self.pending:
                self.damage = ENDS_EARLY
            break
        return 0

    def _refill(self) -> bool:
        """More packed bytes behind those pending; False at the end."""
        if self.ended:
            return False
        got = self._raw.readinto(memoryview(self._fed)) or 0
        self._packed += got
        self.pending += bytes(self._fed[:got])
        self.ended = got == 0
        return got > 0

    def _count(self, size: int) -> None:
        self._unpacked += size
        if self._unpacked > BOMB_FROM and self._unpacked > self._ratio * self._packed:
            self.damage = (
                f"it unpacks to more than {self._ratio} times its size: a decompression bomb"
            )


def too_large(memory_bytes: int) -> str:
    """The damage of data that asks for more memory than allowed."""
    return f"it needs more than {memory_bytes} bytes of memory to unpack"


def corrupt(error: object) -> str:
    """The damage of data that cannot be unpacked."""
    return f"the compressed data is corrupt ({error})"
