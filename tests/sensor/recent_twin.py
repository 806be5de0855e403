"""What the rings of recent packets do, one packet at a time."""

from __future__ import annotations

from dataclasses import dataclass, field

from poolwatch.layouts import FlowFlag


@dataclass
class TwinRing:
    """Packets by record, newest last, each with where its bytes stand."""

    rows_most: int
    bytes_most: int
    rows: list[tuple[int, int, int, bytes]] = field(default_factory=list)
    written: int = 0
    counts: dict[int, int] = field(default_factory=dict)

    def put(self, record: int, number: int, data: bytes, begin: int, most: int) -> None:
        if self.count(record, begin) >= most:
            return
        if len(data) > self.bytes_most:
            return
        place = self.written % self.bytes_most
        if place + len(data) > self.bytes_most:
            self.written += self.bytes_most - place
        self.counts[record] = self.count(record, begin) + 1
        self.rows.append((record, number, self.written, data))
        self.written += len(data)

    def count(self, record: int, begin: int) -> int:
        """Of the flow's packets since its row before was last pushed out."""
        return self.counts.get(record, 0) if self._last_is_there(record, begin) else 0

    def _last_is_there(self, record: int, begin: int) -> bool:
        places = [i for i, (owner, *_) in enumerate(self.rows) if owner == record]
        return (
            bool(places)
            and places[-1] >= len(self.rows) - self.rows_most
            and self.rows[places[-1]][1] >= begin
        )

    def of(self, record: int, first: int, end: int) -> list[tuple[int, bytes]]:
        kept = self.rows[-self.rows_most :]
        return [
            (number, data)
            for owner, number, at, data in kept
            if owner == record and first <= number < end and at >= self.written - self.bytes_most
        ]


@dataclass(frozen=True)
class State:
    """Of a flow record after the batch."""

    first_packet: int
    first_ns: int
    flags: FlowFlag
    named: int
    prefix: int


def sort_packet(state: State, kept: int, number: int, ts_ns: int, young_ns: int) -> str:
    """`kept`, `read`, `young` or `none`."""
    own = number >= state.first_packet
    if kept and number >= kept and (state.first_packet == kept or not own):
        return "kept"
    asked = state.flags & (FlowFlag.CANDIDATE | FlowFlag.LISTED)
    if (asked and not state.flags & FlowFlag.DISMISSED) or state.named or state.prefix >= 0:
        return "read"
    if not own or ts_ns - state.first_ns <= young_ns:
        return "young"
    return "none"
