"""Whose address it is, at the time of the packet.

The longest prefix wins that holds at that time; of equal ones the one in use before a
container, then the higher priority, the later beginning, the earlier row.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from poolwatch.inventory.addresses import Span, position
from poolwatch.inventory.flatten import flatten
from poolwatch.inventory.notes import Note, NoteKind
from poolwatch.inventory.unit_rows import UnitRow
from poolwatch.layouts import ADDRESS, CANDIDATE, INTERVAL
from poolwatch.settings import Limits

_HALF = (1 << 64) - 1


class UnitTable:
    """The rows of all unit tables given, ready to be asked."""

    def __init__(
        self,
        rows: Sequence[UnitRow],
        notes: Sequence[Note] = (),
        limits: Limits | None = None,
        notes_left_out: int = 0,
    ) -> None:
        self.rows = tuple(rows)
        self.notes = tuple(notes)
        self._notes_left_out = notes_left_out
        self._flat = flatten(self.rows, (limits or Limits()).unit_depth)

    def find(self, version: int, number: int, ts_ns: int) -> UnitRow | None:
        """The row that holds an address at a time."""
        return next(self.find_all(version, number, ts_ns), None)

    def find_all(self, version: int, number: int, ts_ns: int) -> Iterator[UnitRow]:
        """The rows that hold an address at a time, the preferred first.

        Behind a row without dates none is kept, for none could win.
        """
        for row in self._candidates(version, number):
            if self.rows[row].holds_at(ts_ns):
                yield self.rows[row]

    def find_ever(self, version: int, number: int) -> list[UnitRow]:
        """The rows that hold an address at some time, the preferred first."""
        return [self.rows[row] for row in self._candidates(version, number)]

    def holds(self, version: int, number: int) -> bool:
        """Whether an address is in the table, at whatever time."""
        return bool(self._candidates(version, number))

    def find_many(self, hi: Any, lo: Any, ts_ns: Any) -> Any:
        """The numbers of the rows that hold addresses at times, -1 for none.

        Addresses are two arrays of uint64, IPv4 in its v4-mapped form.
        """
        from poolwatch.kernels.intervals import find_intervals

        addresses = np.empty(len(hi), ADDRESS)
        addresses["hi"], addresses["lo"], addresses["ts_ns"] = hi, lo, ts_ns
        out = np.empty(len(addresses), np.int32)
        intervals, candidates = self._arrays
        find_intervals(intervals, candidates, addresses, out)
        return out

    def networks(self) -> list[Span]:
        """The addresses of the table, without overlap, in order."""
        united: list[Span] = []
        for span in sorted(row.span for row in self.rows):
            if united and span.low <= united[-1].high + 1:
                united[-1] = Span(united[-1].low, max(united[-1].high, span.high))
            else:
                united.append(span)
        return united

    def counts(self) -> dict[str, int]:
        """What was read and what was not, for the stats."""
        kinds = Counter(note.kind for note in self.notes)
        return {
            "unit_rows": len(self.rows),
            "unit_rows_unreadable": kinds[NoteKind.UNREADABLE],
            "unit_bounds_met": kinds[NoteKind.LEFT_OUT] + self._notes_left_out,
            "unit_depth_cut": self._flat.cut,
        }

    @property
    def unreadable(self) -> list[Note]:
        """The notes on what could not be read."""
        return [note for note in self.notes if note.kind is NoteKind.UNREADABLE]

    def _candidates(self, version: int, number: int) -> Sequence[int]:
        flat = self._flat
        interval = bisect_right(flat.starts, position(version, number)) - 1
        return flat.of(interval)

    @cached_property
    def _arrays(self) -> tuple[Any, Any]:
        """The intervals and candidates as the kernel takes them."""
        flat = self._flat
        intervals = np.zeros(len(flat.starts), INTERVAL)
        intervals["hi"] = np.array([start >> 64 for start in flat.starts], np.uint64)
        intervals["lo"] = np.array([start & _HALF for start in flat.starts], np.uint64)
        first = np.asarray(flat.first, np.int32)
        intervals["first"], intervals["count"] = first[:-1], np.diff(first)
        candidates = np.zeros(len(flat.candidates), CANDIDATE)
        rows = candidates["row"] = np.asarray(flat.candidates, np.int32)
        candidates["from_ns"] = np.array([row.from_ns for row in self.rows], np.int64)[rows]
        candidates["to_ns"] = np.array([row.to_ns for row in self.rows], np.int64)[rows]
        return intervals, candidates
