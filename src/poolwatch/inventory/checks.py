"""What is odd about a unit table: rows that contradict, repeat, cross, lapse, and gaps."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum

from poolwatch.inventory.addresses import Span
from poolwatch.inventory.flatten import preference
from poolwatch.inventory.unit_rows import UnitRow
from poolwatch.inventory.units import UnitTable

LISTED = 1000
"""Oddities of one kind that are listed; the rest are counted."""


class Odd(StrEnum):
    """Kinds of oddity; the words are ids of sentences."""

    CONTRADICTION = "contradiction"  # the same addresses, at the same time, two units
    DUPLICATE = "duplicate"  # the same addresses, at the same time, the same unit
    CROSSING = "crossing"  # addresses shared in part, neither within the other
    STALE = "stale"  # no longer valid
    GAP = "gap"  # within a row that others divide, or a given network, held by none of its own


@dataclass(frozen=True, slots=True)
class Oddity:
    """One oddity: the rows it is about, the one that wins first, and the addresses."""

    kind: Odd
    rows: tuple[UnitRow, ...]
    span: Span


@dataclass(slots=True)
class Review:
    """All oddities found, and how many of each kind are not listed."""

    oddities: list[Oddity] = field(default_factory=list)
    counts: Counter[Odd] = field(default_factory=Counter)

    def add(self, kind: Odd, rows: tuple[UnitRow, ...], span: Span) -> None:
        """Take an oddity; list it while there is room for its kind."""
        self.counts[kind] += 1
        if self.counts[kind] <= LISTED:
            self.oddities.append(Oddity(kind, rows, span))

    @property
    def unlisted(self) -> int:
        """How many are only counted."""
        return self.counts.total() - len(self.oddities)


def review(table: UnitTable, now_ns: int, within: Iterable[Span] = ()) -> Review:
    """Everything odd about a table, as of `now_ns`."""
    found = Review()
    ordered = _by_place(table)
    _review_equals(ordered, found)
    _review_crossings(ordered, found)
    for _, row in ordered:
        if row.to_ns <= now_ns:
            found.add(Odd.STALE, (row,), row.span)
    valid = [(number, row) for number, row in ordered if row.to_ns > now_ns]
    _review_gaps(valid, found)
    spans = [row.span for _, row in valid]
    for wanted in within:
        for gap in gaps(wanted, spans):
            found.add(Odd.GAP, (), gap)
    return found


Numbered = tuple[int, UnitRow]


def _by_place(table: UnitTable) -> list[Numbered]:
    """The rows by address, those that hold others before them, equals in order of time."""
    rows = list(enumerate(table.rows))
    rows.sort(key=lambda item: (item[1].span.low, -item[1].span.high, item[1].from_ns, item[0]))
    return rows


def _review_equals(ordered: list[Numbered], found: Review) -> None:
    for start, (number, row) in enumerate(ordered):
        for other_number, other in _following(ordered, start):
            if other.span != row.span or other.from_ns >= row.to_ns:
                break
            same = (other.unit.name, other.unit.path) == (row.unit.name, row.unit.path)
            pair = sorted(
                [(number, row), (other_number, other)],
                key=lambda item: preference(item[1], item[0]),
            )
            kind = Odd.DUPLICATE if same else Odd.CONTRADICTION
            found.add(kind, tuple(item[1] for item in pair), row.span)
            if found.counts[kind] > LISTED:
                break  # enough: each row is compared with one more at most


def _review_crossings(ordered: list[Numbered], found: Review) -> None:
    open_rows: list[UnitRow] = []
    for _, row in ordered:
        open_rows = [other for other in open_rows if other.span.high >= row.span.low]
        for other in open_rows:
            shares_time = other.from_ns < row.to_ns and row.from_ns < other.to_ns
            if other.span.high < row.span.high and other.span.low < row.span.low and shares_time:
                found.add(Odd.CROSSING, (other, row), Span(row.span.low, other.span.high))
        open_rows.append(row)


def _review_gaps(ordered: list[Numbered], found: Review) -> None:
    """What is left of a row that others divide; a row that nothing divides has no gaps."""
    before: Span | None = None
    for start, (_, row) in enumerate(ordered):
        inner = list(_inner(ordered, start)) if row.span != before else []
        before = row.span
        if inner:
            for gap in gaps(row.span, inner):
                found.add(Odd.GAP, (row,), gap)
        if found.counts[Odd.GAP] > LISTED:
            return


def _inner(ordered: list[Numbered], start: int) -> Iterator[Span]:
    """The spans that lie within a row and are smaller."""
    row = ordered[start][1]
    for _, other in _following(ordered, start):
        if other.span.low > row.span.high:
            return
        if other.span.high <= row.span.high and other.span != row.span:
            yield other.span


def _following(ordered: list[Numbered], start: int) -> Iterator[Numbered]:
    return (ordered[index] for index in range(start + 1, len(ordered)))


def gaps(whole: Span, parts: Iterable[Span]) -> Iterator[Span]:
    """The addresses of `whole` in none of the parts, which come in order of their beginning."""
    free = whole.low
    for part in parts:
        if part.low > whole.high:
            break
        if part.low > free:
            yield Span(free, part.low - 1)
        free = max(free, part.high + 1)
    if free <= whole.high:
        yield Span(free, whole.high)
