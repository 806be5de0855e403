"""What was looked at and what was not: for each minute a row, at any time the sum."""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from poolwatch import __version__
from poolwatch.capture.mirror import Directions, Duplicates
from poolwatch.engine import encrypted_flow
from poolwatch.sensor.losses import Watched, grown
from poolwatch.store import CoverageRow
from poolwatch.terms import EncryptedFlow, Stats

if TYPE_CHECKING:
    from poolwatch.sensor.pipeline import Pipeline
    from poolwatch.settings import Limits

_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


class Totals:
    """Everything that was counted since the start, over all rings."""

    def __init__(self, pipelines: Sequence[Pipeline]) -> None:
        self.counts: Counter[str] = Counter()
        self.not_understood: Counter[str] = Counter()
        self.drops: Counter[str] = Counter()
        self.doubles = Duplicates(0, 0, 0)
        self.directions = Directions(0, 0)
        self.flows_open = self.candidates_open = 0
        interfaces: Counter[str] = Counter()
        for pipeline in pipelines:
            matcher = pipeline.engine.live.matcher
            self.counts.update(pipeline.counts())
            self.directions += pipeline.directions()
            if pipeline.doubles is not None:
                self.doubles += pipeline.doubles.counts()
            self.not_understood.update(matcher.not_understood())
            self.flows_open += int(matcher.table.table["live"][0])
            self.candidates_open += len(matcher.streams)
            for one in pipeline.source.statistics().interfaces:
                self.drops["ring"] += one.drops
                self.drops["damaged_block"] += one.damaged
                # The driver counts for all rings of an interface together.
                interfaces[one.name] = max(interfaces[one.name], one.interface_drops)
        self.counts["duplicates"] = self.doubles.duplicates
        self.drops["interface"] = sum(interfaces.values())


class CoverageBook:
    """Makes the rows. `capture_id`: of this run of the sensor."""

    def __init__(self, pipelines: Sequence[Pipeline], capture_id: str) -> None:
        self._pipelines = pipelines
        self._capture_id = capture_id
        self._since_ns = time.time_ns()
        self._before = Totals(())
        self._lost_before: Counter[str] = Counter()
        self._watched = Watched()
        self.first_ns = self._since_ns

    def look(self) -> None:
        """See which interfaces are up; call now and then between rows."""
        self._watched.look(self._pipelines)

    def row(self, catalogue: str, lost: Counter[str], extra: dict[str, int | float]) -> CoverageRow:
        """The row of the time since the last one.

        `lost`: counters since the start, of which what came since is put down. `extra`: what
        else is worth keeping, as it stands now.
        """
        self.look()
        now, totals = time.time_ns(), Totals(self._pipelines)
        lost = lost + self._watched.counts(self._pipelines)
        counts = grown(totals.counts, self._before.counts)
        row = CoverageRow(
            capture_id=self._capture_id,
            first_ns=self._since_ns,
            last_ns=max(now, self._since_ns + 1),
            packets=counts.pop("packets", 0),
            bytes=counts.pop("bytes", 0),
            drops=grown(totals.drops, self._before.drops),
            not_understood=grown(totals.not_understood, self._before.not_understood),
            flows=counts.pop("flows", 0),
            memory_bytes=resident_bytes(),
            catalogue=catalogue,
            counts={
                **counts,
                **grown(lost, self._lost_before),
                "flows_open": totals.flows_open,
                "candidates_open": totals.candidates_open,
                **extra,
            },
        )
        self._since_ns, self._before, self._lost_before = row.last_ns, totals, lost
        return row

    def stats(self, catalogue: str, sensor: str, limits: Limits, extra: dict[str, int]) -> Stats:
        """What was looked at since the start."""
        totals = Totals(self._pipelines)
        flows: list[EncryptedFlow] = []
        for pipeline in self._pipelines:
            flows += map(encrypted_flow, pipeline.engine.live.matcher.encrypted_flows)
        flows.sort(key=lambda flow: (-flow.ns, flow.first_ns))
        return Stats(
            __version__,
            catalogue,
            sensor,
            first_ns=self.first_ns,
            last_ns=time.time_ns(),
            not_understood={k: v for k, v in totals.not_understood.items() if v},
            drops=sum(totals.drops.values()),
            counts=dict(totals.counts) | extra,
            encrypted_flows=flows[: limits.encrypted_flows],
            limits=asdict(limits),
        )


def resident_bytes() -> int:
    """Memory this process holds now; 0 where nobody says."""
    try:
        return int(Path("/proc/self/statm").read_text("ascii").split()[1]) * _PAGE_BYTES
    except OSError:
        return 0


def clock_warnings(pipelines: Sequence[Pipeline]) -> list[str]:
    """Clocks of packets that jumped within the last hour."""
    steps = [(pipeline.name, pipeline.engine.live.clock_step) for pipeline in pipelines]
    return [
        f"the clock of the packets of {name} jumped by {step:+.0f} s: no flow was cut, "
        "but times before and after do not compare"
        for name, step in steps
        if step
    ]


def mirror_warnings(totals: Totals) -> list[str]:
    """What seems to be wrong with the mirror port."""
    warnings = []
    if totals.doubles.two_legs:
        warnings.append(f"{totals.doubles.share or 0:.0%} of packets come twice: two legs mirrored")
    if totals.directions.one_way_mirror:
        share = totals.directions.share or 0
        warnings.append(f"{share:.0%} of conversations are seen one way: one direction mirrored")
    return warnings
