"""Bytes waiting to become a message, each remembering the packet it came in."""

from __future__ import annotations

from collections import deque

from poolwatch.match.message import Piece, Span


class ByteQueue:
    """Unread bytes of one direction."""

    __slots__ = ("_marks", "_read", "_written", "data", "ts_ns")

    def __init__(self) -> None:
        self.data = bytearray()
        self.ts_ns = 0  # when the newest byte came
        self._read = 0  # stream position of data[0]
        self._written = 0
        self._marks: deque[tuple[int, int, int]] = deque()  # stream position, packet, offset

    def __len__(self) -> int:
        return len(self.data)

    def append(self, piece: Piece) -> None:
        """Add the bytes of a piece behind the rest."""
        self._marks.append((self._written, piece.packet, piece.offset))
        self.data += piece.data
        self._written += len(piece.data)
        self.ts_ns = piece.ts_ns

    def take(self, count: int) -> tuple[bytes, list[Span]]:
        """The first `count` bytes, now read, and where they stand."""
        spans: list[Span] = []
        start, stop = self._read, self._read + count
        marks = self._marks
        while marks and start < stop:
            position, packet, offset = marks[0]
            end = marks[1][0] if len(marks) > 1 else self._written
            upto = min(end, stop)
            if upto > start:
                spans.append(Span(packet, offset + start - position, upto - start))
                start = upto
            if end > stop:
                break
            marks.popleft()
        data = bytes(self.data[:count])
        self._cut(count, stop)
        return data, spans

    def drop(self, count: int) -> None:
        """Pass over the first `count` bytes."""
        stop = self._read + count
        marks = self._marks
        while len(marks) > 1 and marks[1][0] <= stop:
            marks.popleft()
        self._cut(count, stop)

    def clear(self) -> None:
        """Pass over everything."""
        self.drop(len(self.data))

    def shift(self, packets: int) -> None:
        """Count packets from an earlier beginning."""
        self._marks = deque(
            (position, packet + packets, offset) for position, packet, offset in self._marks
        )

    def _cut(self, count: int, stop: int) -> None:
        del self.data[:count]
        self._read = stop
        if not self.data:
            self._marks.clear()
