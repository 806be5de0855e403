"""gzip over one direction, from some message on: one member a message, or one for all of them."""

from __future__ import annotations

import zlib

MAGIC = b"\x1f\x8b\x08"
_CHUNK = 1 << 12  # packed bytes unpacked at a time: at most 4 MiB at gzip's best ratio


class Gunzip:
    """Packed bytes in, lines of text out. `dead`: they do not unpack, or to too much."""

    __slots__ = ("_bound", "_member", "_text", "dead", "within")

    def __init__(self, bound: int) -> None:
        self._bound = bound
        self._member = zlib.decompressobj(wbits=31)
        self._text = bytearray()
        self.dead = False
        self.within = False  # a member has begun and not ended

    @property
    def waiting_bytes(self) -> int:
        """Unpacked bytes that do not make a message yet."""
        return len(self._text)

    def feed(self, data: bytes) -> tuple[int, list[bytes]]:
        """Unpack up to the end of a member; return how many bytes that took, and its lines."""
        lines: list[bytes] = []
        taken = 0
        self.within = True
        while taken < len(data) and not self.dead and not self._member.eof:
            piece = data[taken : taken + _CHUNK]
            try:
                self._text += self._member.decompress(piece, self._bound)
            except zlib.error:
                self.dead = True
                return len(data), lines
            taken += len(piece) - len(self._member.unused_data)
            self.dead = bool(self._member.unconsumed_tail)
            lines += self._cut()
            self.dead |= len(self._text) > self._bound
        if self._member.eof:
            if self._text.strip():
                lines.append(bytes(self._text))
            self._text.clear()
            self._member = zlib.decompressobj(wbits=31)
            self.within = False
        return taken, lines

    def _cut(self) -> list[bytes]:
        """The lines that are complete."""
        *lines, rest = bytes(self._text).split(b"\n")
        self._text = bytearray(rest)
        return [line for line in lines if line.strip()]
