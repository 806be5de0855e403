"""xz, with several streams and padding between them."""

from __future__ import annotations

import lzma

from poolwatch.capture.packing.base import Raw, Unpacking, corrupt, too_large

_MAGIC = b"\xfd7zXZ\0"
_STEP = 4096  # what one step unpacks is lost if the data is corrupt within it


class Xz(Unpacking):
    """Unpacks xz streams one after another."""

    def __init__(self, raw: Raw, ratio: int, memory_bytes: int) -> None:
        super().__init__(raw, ratio, memory_bytes)
        self._unpacker = self._new()
        self._streams = 0  # ended

    def _new(self) -> lzma.LZMADecompressor:
        return lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=self.memory_bytes)

    def unpack(self, room: int) -> bytes:
        """What the pending bytes give; trailing bytes that are no stream are passed over."""
        if not self.started and self._streams:
            self.pending = self.pending.lstrip(b"\0")
            if not _MAGIC.startswith(self.pending[: len(_MAGIC)]):
                self.pending = b""
        if not self.pending and (not self.started or self._unpacker.needs_input):
            return b""
        fed, self.pending = self.pending, b""
        self.started = True
        try:
            data = self._unpacker.decompress(fed, min(room, _STEP))
        except lzma.LZMAError as error:
            large = "limit" in str(error)
            self.damage = too_large(self.memory_bytes) if large else corrupt(error)
            return b""
        if self._unpacker.eof:
            self.pending = self._unpacker.unused_data
            self._unpacker = self._new()
            self.started = False
            self._streams += 1
        return data


def open_unpacker(raw: Raw, ratio: int, memory_bytes: int) -> Xz:
    """Unpack xz."""
    return Xz(raw, ratio, memory_bytes)
