"""One direction of a TCP stream: segments in any order in, contiguous pieces out.

Retransmissions and overlaps are cut by sequence number, which also drops the one-byte
keep-alives that carry a garbage byte before the next expected one. A hole is waited for
within bounds of segments, bytes and capture time, then skipped and marked.
"""

from __future__ import annotations

from poolwatch.match.message import Piece, Segment, Tally
from poolwatch.settings import Limits

_MODULUS = 1 << 32
_HALF = 1 << 31


class Reassembler:
    """`expected` is the first payload byte's sequence number when the SYN was seen."""

    __slots__ = ("_gap", "_limits", "_next", "_tally", "_waiting", "waiting_bytes")

    def __init__(self, limits: Limits, tally: Tally, expected: int | None = None) -> None:
        self._limits = limits
        self._tally = tally
        self._next = expected
        self._waiting: list[Segment] = []
        self.waiting_bytes = 0
        self._gap = False  # the next piece comes after missing bytes

    def push(self, segment: Segment) -> list[Piece]:
        """Take one segment; return what can be read now, in order."""
        if self._next is None:
            self._next = segment.seq
        ahead = (segment.seq - self._next) % _MODULUS
        if ahead == 0:
            pieces = [self._accept(segment, 0)]
            return self._drain(pieces) if self._waiting else pieces
        if ahead >= _HALF:
            known = _MODULUS - ahead
            if segment.wire <= known:
                return self._overdue(segment.ts_ns) if self._waiting else []
            pieces = [self._accept(segment, known)]
            return self._drain(pieces) if self._waiting else pieces
        self._waiting.append(segment)
        self.waiting_bytes += len(segment.data)
        return self._overdue(segment.ts_ns)

    @property
    def calm_at(self) -> int:
        """Where the next segment begins; -1 while something waits, or is missing."""
        return -1 if self._next is None or self._gap or self._waiting else self._next

    def pass_over(self, upto: int) -> None:
        """The bytes before `upto` were read by somebody else."""
        self._next = upto

    def finish(self) -> list[Piece]:
        """What still waits, holes skipped: no more segments will come."""
        pieces: list[Piece] = []
        while self._waiting:
            self._skip_hole()
            pieces = self._drain(pieces)
        return pieces

    def shift(self, packets: int) -> None:
        """Count the packets of what waits from an earlier beginning."""
        self._waiting = [
            segment._replace(packet=segment.packet + packets) for segment in self._waiting
        ]

    def count_in(self, tally: Tally) -> None:
        """Count in another tally from now on."""
        self._tally = tally

    def _accept(self, segment: Segment, known: int) -> Piece:
        """The part of a segment behind the first `known` bytes, now read."""
        self._next = (segment.seq + segment.wire) % _MODULUS
        piece = Piece(
            segment.data[known:] if known else segment.data,
            segment.packet,
            segment.offset + known,
            segment.ts_ns,
            self._gap,
        )
        self._gap = len(segment.data) < segment.wire  # cut by the snap length
        if self._gap:
            self._tally["stream_gaps"] += 1
        return piece

    def _overdue(self, now_ns: int) -> list[Piece]:
        """Skip holes until every bound holds again: segments may hold more bytes than others."""
        pieces: list[Piece] = []
        while self._waiting and self._exceeds(now_ns):
            self._skip_hole()
            pieces = self._drain(pieces)
        return pieces

    def _exceeds(self, now_ns: int) -> bool:
        limits = self._limits
        return (
            len(self._waiting) > limits.reorder_segments
            or self.waiting_bytes > limits.stream_bytes
            or now_ns - self._waiting[0].ts_ns > limits.reorder_seconds * 1_000_000_000
        )

    def _skip_hole(self) -> None:
        assert self._next is not None
        start = self._next
        self._next = min(self._waiting, key=lambda segment: (segment.seq - start) % _MODULUS).seq
        self._gap = True
        self._tally["stream_gaps"] += 1

    def _drain(self, pieces: list[Piece]) -> list[Piece]:
        """Add to `pieces` every waiting segment that fits now."""
        assert self._next is not None
        progress = True
        while progress and self._waiting:
            progress = False
            for segment in self._waiting:
                ahead = (segment.seq - self._next) % _MODULUS
                if 0 < ahead < _HALF:
                    continue
                self._waiting.remove(segment)
                self.waiting_bytes -= len(segment.data)
                known = (_MODULUS - ahead) % _MODULUS
                if known < segment.wire:
                    pieces.append(self._accept(segment, known))
                progress = True
                break
        return pieces
