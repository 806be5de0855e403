"""zstd (RFC 8878), with several frames and frames to skip.

The library is fed block by block: a block gives at most 128 KiB, so hostile input cannot
make it give much at once, and what stands before a corrupt or cut block is given out.
"""

from __future__ import annotations

import zstandard

from poolwatch.capture.packing.base import Raw, Unpacking, corrupt, too_large

_MAGIC = b"\x28\xb5\x2f\xfd"
_SKIPPED = b"\x2a\x4d\x18"  # behind a byte 0x50 to 0x5f
_BLOCK = 1 << 17  # longest block


class Zst(Unpacking):
    """Unpacks zstd frames one after another."""

    def __init__(self, raw: Raw, ratio: int, memory_bytes: int) -> None:
        super().__init__(raw, ratio, memory_bytes)
        self._library = zstandard.ZstdDecompressor(max_window_size=memory_bytes)
        self._frame = self._library.decompressobj()
        self._given = b""  # unpacked, and not asked for yet
        self._next = self._begin  # the step for what comes next
        self._frames = 0  # begun
        self._has_checksum = False
        self._skip = 0  # bytes of a frame to skip that are still to come

    def unpack(self, room: int) -> bytes:
        """What one piece of a frame gives."""
        if not self._given and (self.pending or self._next == self._pass_over):
            self._next()
        data, self._given = self._given[:room], self._given[room:]
        return data

    def _begin(self) -> None:
        """A frame's header, a frame to skip, or trailing bytes that are neither."""
        head = self.pending
        skipped = head[0] >> 4 == 5 and _SKIPPED.startswith(head[1:4])
        if self._frames and not skipped and not _MAGIC.startswith(head[:4]):
            self.pending = b""
            return
        size = 8 if skipped else _header_bytes(head)
        if len(head) < size:
            return
        self._frames += 1
        self.started = True
        if skipped:
            self._skip = int.from_bytes(head[4:8], "little")
            self.pending = head[8:]
            self._next = self._pass_over
            return
        self._has_checksum = head[4] & 4 != 0
        self._frame = self._library.decompressobj()
        self._next = self._read_block
        self._feed(size)

    def _pass_over(self) -> None:
        count = min(self._skip, len(self.pending))
        self.pending = self.pending[count:]
        self._skip -= count
        if not self._skip:
            self._end()

    def _read_block(self) -> None:
        if len(self.pending) < 3:
            return
        header = int.from_bytes(self.pending[:3], "little")
        kind, size = header >> 1 & 3, header >> 3
        if kind == 3 or size > _BLOCK:
            self.damage = corrupt("an impossible block")
            return
        size = 3 + (1 if kind == 1 else size)  # 1: one byte, to be repeated
        if len(self.pending) < size:
            return
        self._feed(size)
        if header & 1 and self._has_checksum:
            self._next = self._read_checksum
        elif header & 1:
            self._end()

    def _read_checksum(self) -> None:
        if len(self.pending) >= 4:
            self._feed(4)
            self._end()

    def _end(self) -> None:
        self.started = False
        self._next = self._begin

    def _feed(self, size: int) -> None:
        piece, self.pending = self.pending[:size], self.pending[size:]
        try:
            self._given += self._frame.decompress(piece)
        except zstandard.ZstdError as error:
            large = "memory" in str(error)
            self.damage = too_large(self.memory_bytes) if large else corrupt(error)


def _header_bytes(head: bytes) -> int:
    """Length of a frame's header, as far as its beginning says."""
    if len(head) < 5:
        return 5
    single = head[4] >> 5 & 1
    size = (single, 2, 4, 8)[head[4] >> 6]
    return 5 + (1 - single) + (0, 1, 2, 4)[head[4] & 3] + size


def open_unpacker(raw: Raw, ratio: int, memory_bytes: int) -> Zst:
    """Unpack zstd."""
    return Zst(raw, ratio, memory_bytes)
