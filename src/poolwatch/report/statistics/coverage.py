"""What was looked at: without it nobody knows what "nothing found" means."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from poolwatch.outputs.columns import STATS
from poolwatch.outputs.eve_reader import Reading, read_rows
from poolwatch.report.statistics.spans import HOUR, Span, clipped, length, united

if TYPE_CHECKING:
    from poolwatch.outputs.rows import Row
    from poolwatch.store import CoverageRow

_ADDED = ("files", "packets", "bytes", "flows", "truncated", "one_way", "encrypted_long", "evicted")
_KEPT = ("truncated", "one_way", "encrypted_long", "evicted")  # in the counts of a minute too
_US = 1000  # ns


@dataclass(slots=True)
class Coverage:
    """The sum over scans and over the minutes of sensors."""

    parts: int = 0  # scans, and minutes of sensors; 0: nobody says what was looked at
    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(_ADDED, 0))
    not_understood: int = 0  # packets
    problems: int = 0  # inputs not read, or not to their end
    drops: int = 0
    drops_untold: int = 0  # parts that do not say whether packets were dropped
    spans: list[Span] = field(default_factory=list)

    @property
    def hours(self) -> float:
        """How long anything was captured; what was captured at the same time counts once."""
        return length(self.spans) / HOUR

    def hours_between(self, first: int, until: int) -> float:
        """The same between two times."""
        return length(clipped(self.spans, first, until)) / HOUR


def read_coverage(
    stats: Iterable[Row],
    rows: Sequence[CoverageRow],
    line_bytes: int,
    between: tuple[int | None, int | None],
) -> Coverage:
    """What the stats of files and the coverage of a store say; counts are of whole parts."""
    coverage = Coverage()
    names = [column.name for column in STATS.columns]
    for row in stats:
        _add_stats(coverage, dict(zip(names, row, strict=True)))
    for part in rows:
        found = _stats_in(part, line_bytes)
        if found is not None:
            _add_stats(coverage, found)
        else:
            _add_minute(coverage, part)
    coverage.spans = clipped(united(coverage.spans), *between)
    return coverage


def _add_stats(coverage: Coverage, stats: dict[str, Any]) -> None:
    coverage.parts += 1
    for name in _ADDED:
        coverage.counts[name] += max(stats[name] or 0, 0)
    coverage.not_understood += sum((stats["not_understood"] or {}).values())
    coverage.problems += len(stats["problems"] or ())
    if stats["drops"] is None:
        coverage.drops_untold += 1
    else:
        coverage.drops += stats["drops"]
    if None not in (stats["first_seen"], stats["last_seen"]):
        coverage.spans.append((stats["first_seen"], stats["last_seen"]))


def _stats_in(part: CoverageRow, line_bytes: int) -> dict[str, Any] | None:
    """The stats event in a row of a store, where there is one."""
    if part.event is None:
        return None
    names = [column.name for column in STATS.columns]
    for table, row in read_rows(io.StringIO(part.event + "\n"), line_bytes, Reading()):
        if table is STATS:
            return dict(zip(names, row, strict=True))
    return None


def _add_minute(coverage: Coverage, part: CoverageRow) -> None:
    """A minute of a sensor. Its flows go on into the next, and are not added up."""
    coverage.parts += 1
    coverage.counts["packets"] += part.packets
    coverage.counts["bytes"] += part.bytes
    for name in _KEPT:
        coverage.counts[name] += int(part.counts.get(name, 0))
    coverage.not_understood += sum(part.not_understood.values())
    coverage.drops += sum(part.drops.values())
    coverage.spans.append((part.first_ns // _US, part.last_ns // _US))
