"""The plain twins of the interval kernel and of the unit table: slow, and obviously right."""

from __future__ import annotations

from collections.abc import Sequence

from poolwatch.inventory.unit_rows import UnitRow


def find_row(rows: Sequence[UnitRow], where: int, ts_ns: int) -> int:
    """The number of the row that holds an address at a time, -1 for none."""
    held = [
        (row.span.high - row.span.low, row.container, -row.priority, -row.from_ns, number)
        for number, row in enumerate(rows)
        if row.span.low <= where <= row.span.high and row.from_ns <= ts_ns < row.to_ns
    ]
    return min(held)[-1] if held else -1


def find_interval(
    intervals: Sequence[tuple[int, list[tuple[int, int, int]]]], where: int, ts_ns: int
) -> int:
    """The first (from, to, row) in time of the last interval that begins at or before."""
    found: list[tuple[int, int, int]] = []
    for start, candidates in intervals:
        if start <= where:
            found = candidates
    return next((row for begin, end, row in found if begin <= ts_ns < end), -1)
