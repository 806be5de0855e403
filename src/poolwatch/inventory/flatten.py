"""Nested and overlapping rows cut into intervals, each with the rows that hold there."""

from __future__ import annotations

from array import array
from bisect import bisect_left, insort
from collections.abc import Sequence
from dataclasses import dataclass, field

from poolwatch.inventory.unit_rows import UnitRow


@dataclass(slots=True)
class Flat:
    """Interval `i` begins at `starts[i]` and ends where the next begins.

    Its rows, by number and the preferred first, are `candidates[first[i]:first[i + 1]]`.
    """

    starts: list[int] = field(default_factory=list)
    first: array[int] = field(default_factory=lambda: array("i", [0]))
    candidates: array[int] = field(default_factory=lambda: array("i"))
    cut: int = 0  # intervals with more rows than the bound

    def of(self, interval: int) -> Sequence[int]:
        """The rows of an interval, none before the first."""
        if interval < 0:
            return ()
        return self.candidates[self.first[interval] : self.first[interval + 1]]


def preference(row: UnitRow, number: int) -> tuple[int, bool, int, int, int]:
    """What sorts rows that hold the same address: the smaller the better.

    The longest prefix; then one in use before a container; then the higher priority, the
    later beginning, the earlier row.
    """
    return row.span.size, row.container, -row.priority, -row.from_ns, number


def flatten(rows: Sequence[UnitRow], depth: int) -> Flat:
    """The intervals of all rows; of one address at most `depth` rows are kept."""
    order = sorted(range(len(rows)), key=lambda number: preference(rows[number], number))
    events: list[tuple[int, int, bool]] = []
    for rank, number in enumerate(order):
        span = rows[number].span
        events.append((span.low, rank, True))
        events.append((span.high + 1, rank, False))
    events.sort()
    flat = Flat()
    active: list[int] = []
    for index, (where, rank, begins) in enumerate(events):
        if begins:
            insort(active, rank)
        else:
            del active[bisect_left(active, rank)]
        if index + 1 == len(events) or events[index + 1][0] != where:
            _close(flat, where, active, order, rows, depth)
    return flat


def _close(
    flat: Flat,
    where: int,
    active: list[int],
    order: list[int],
    rows: Sequence[UnitRow],
    depth: int,
) -> None:
    """Begin the interval at `where`, with the rows that can win there."""
    kept: list[int] = []
    for rank in active:
        if len(kept) == depth:
            flat.cut += 1
            break
        number = order[rank]
        kept.append(number)
        if not rows[number].is_dated:
            break  # it always holds, so nothing behind it is ever asked
    flat.starts.append(where)
    flat.candidates.extend(kept)
    flat.first.append(len(flat.candidates))
