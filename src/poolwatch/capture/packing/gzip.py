"""gzip (RFC 1952), with several members."""

from __future__ import annotations

import zlib

from poolwatch.capture.packing.base import Raw, Unpacking, corrupt

_MAGIC = b"\x1f\x8b"


class Gzip(Unpacking):
    """Unpacks gzip members one after another, giving out all that can be unpacked."""

    def __init__(self, raw: Raw, ratio: int, memory_bytes: int) -> None:
        super().__init__(raw, ratio, memory_bytes)
        self._unpacker = zlib.decompressobj(wbits=31)
        self._members = 0  # ended

    def unpack(self, room: int) -> bytes:
        """What the pending bytes give; trailing bytes that are no member are passed over."""
        if not self.pending and not self.started:
            return b""
        if self._members and not self.started and not _MAGIC.startswith(self.pending[:2]):
            self.pending = b""
            return b""
        before = self._unpacker.copy() if self.started else None
        try:
            data = self._unpacker.decompress(self.pending, room)
        except zlib.error as error:
            return self._salvage(before, room, error)
        self.started = True
        self.pending = self._unpacker.unconsumed_tail
        if self._unpacker.eof:
            self.pending = self._unpacker.unused_data
            self._unpacker = zlib.decompressobj(wbits=31)
            self.started = False
            self._members += 1
        return data

    def _salvage(self, before: zlib._Decompress | None, room: int, error: zlib.error) -> bytes:
        """What still unpacks before a corrupt place, found byte by byte."""
        self.damage = corrupt(error)
        unpacker = before or zlib.decompressobj(wbits=31)
        data = b""
        for index in range(len(self.pending)):
            try:
                data += unpacker.decompress(self.pending[index : index + 1])
            except zlib.error:
                break
            if len(data) >= room:
                break
        self.pending = b""
        return data[:room]


def open_unpacker(raw: Raw, ratio: int, memory_bytes: int) -> Gzip:
    """Unpack gzip."""
    return Gzip(raw, ratio, memory_bytes)
