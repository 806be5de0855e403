"""What a sensor lost since its start, by name, and how long each interface was not watched.

Only counters that never go back: coverage rows hold what came since the row before.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from poolwatch.capture.live import InterfaceCounts
    from poolwatch.sensor.collector import Collector
    from poolwatch.sensor.mailbox import Mailbox
    from poolwatch.sensor.outlets import Outlets
    from poolwatch.sensor.pipeline import Pipeline

_LOST = (
    *("_lost", "_dropped", "_forgotten", "_overwritten", "_missing", "_refused", "_unknown"),
    *("_cut", "_over_flow", "_failed", "_failures"),
)
"""Endings of what is a loss among the counts of what keeps packets and of what tells."""


def losses(
    pipelines: Sequence[Pipeline], mailbox: Mailbox, collector: Collector, outlets: Outlets
) -> Counter[str]:
    """Everything that is lost behind the rings, and at them beside drops."""
    counts = Counter(
        queue_dropped=mailbox.dropped,
        untold_dropped=collector.untold_dropped,
        told_without_packets=collector.told_without_packets,
        flushes_failed=collector.flushes_failed,
        rows_lost=collector.rows_lost,
        memory_sheds=sum(pipeline.sheds for pipeline in pipelines),
    )
    for one in _interfaces(pipelines):
        counts["packets_cut"] += one.cut
        counts["packets_untimed"] += one.untimed_hardware
        counts["ring_freezes"] += one.freezes
        counts["ring_rushed"] += one.rushed
    counts.update(collector.findings.counts())
    for part in outlets.counts().values():
        counts.update({name: int(part[name]) for name in part if name.endswith(_LOST)})
    rows = outlets.writer.counts()
    counts.update(
        rows_refused=rows.refused,
        rows_set_aside=rows.set_aside,
        spool_failures=rows.spool_failures,
        spool_damaged_bytes=rows.damaged_bytes,
    )
    counts.update({f"rows_dropped.{kind}": count for kind, count in rows.dropped.items()})
    return counts


class Watched:
    """Adds up how long each interface was down, gone or not to be opened, and what came of it."""

    def __init__(self) -> None:
        self._down: Counter[str] = Counter()  # milliseconds
        self._looked_at = time.monotonic()

    def look(self, pipelines: Sequence[Pipeline]) -> None:
        """See what is up; what is not was not since the last call."""
        now = time.monotonic()
        passed, self._looked_at = int((now - self._looked_at) * 1000), now
        down = {one.name for one in _interfaces(pipelines) if is_down(one)}
        for name in down:
            self._down[name] += passed

    def counts(self, pipelines: Iterable[Pipeline]) -> Counter[str]:
        """By interface: milliseconds down, times gone, packets."""
        counts = Counter({f"down_ms.{name}": ms for name, ms in self._down.items()})
        gone: Counter[str] = Counter()
        for one in _interfaces(pipelines):
            counts[f"packets.{one.name}"] += one.packets
            gone[one.name] = max(gone[one.name], one.times_gone)  # each ring sees the same
        counts.update({f"gone.{name}": times for name, times in gone.items()})
        return counts


def is_down(one: InterfaceCounts) -> bool:
    """Whether nothing can be seen of an interface now."""
    return not one.up or bool(one.trouble)


def grown(now: Mapping[str, int], before: Mapping[str, int]) -> dict[str, int]:
    """What came since; counters that did not move are left out."""
    return {
        name: value - before.get(name, 0)
        for name, value in now.items()
        if value > before.get(name, 0)
    }


def _interfaces(pipelines: Iterable[Pipeline]) -> Iterator[InterfaceCounts]:
    for pipeline in pipelines:
        yield from pipeline.source.statistics().interfaces
