"""A ring's thread and the collector behind it, put together without the rest of a sensor."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Self

from poolwatch.aggregate.cause import Ranker
from poolwatch.aggregate.places import Inside
from poolwatch.capture.live import LiveSource
from poolwatch.capture.source import Batch
from poolwatch.catalog import Catalog
from poolwatch.engine import LiveEngine
from poolwatch.match.live import LiveSettings
from poolwatch.sensor.collector import Collector, Writes
from poolwatch.sensor.config import HealthSettings, ReportSettings
from poolwatch.sensor.health import Health
from poolwatch.sensor.mailbox import Mailbox
from poolwatch.sensor.pipeline import Pipeline
from poolwatch.settings import Limits
from poolwatch.store import FindingRow, Row, SessionRow
from poolwatch.tables import Tables
from poolwatch.terms import Capture
from tests.running import LIMITS, catalog
from tests.sensor.replaying import ListedRows, ReplayingSource

SOON = LiveSettings(settle_seconds=0.01, refresh_seconds=0.2, sweep_seconds=0.1)
REPORT = ReportSettings(collect_seconds=0.02, refresh_seconds=0.2, flush_seconds=0.1)
CAPTURE = Capture("live:replay0", "1" * 64)


@dataclass
class ToldEvents:
    events: list[dict[str, object]] = field(default_factory=list)

    def tell(self, event: dict[str, object]) -> str | None:
        self.events.append(event)
        return None


@dataclass
class Running:
    """One ring's way: source, matcher, mailbox, collector, rows."""

    batches: Sequence[Batch] = ()
    ring: LiveSource | None = None  # instead of batches
    using: Catalog | None = None
    internal: tuple[str, ...] = ()
    limits: Limits = LIMITS
    live: LiveSettings = SOON
    health_settings: HealthSettings = field(default_factory=HealthSettings)
    writer: Writes = field(default_factory=ListedRows)
    told: ToldEvents = field(default_factory=ToldEvents)

    def __post_init__(self) -> None:
        self.source = ReplayingSource(self.batches)
        source: LiveSource = self.ring or self.source
        tables = Tables(self.using or catalog(), Inside(self.internal))
        engine = LiveEngine(tables, self.limits, self.live, "test-sensor", CAPTURE, seed=1)
        self.mailbox = Mailbox(10_000)
        self.pipeline = Pipeline(0, source, engine, self.mailbox)
        self.collector = Collector(self.mailbox, self.writer, REPORT, self.limits, 1000)
        self.collector.ranker = Ranker(self.using or catalog(), self.limits)
        self.collector.tell_to(self.told)
        self.health = Health(self.health_settings, [self.pipeline], self.collector)
        self.collector.hear([self.pipeline.canary], self.health.heard)

    def __enter__(self) -> Self:
        self.collector.start()
        self.pipeline.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.pipeline.source.stop()
        self.pipeline.join(10)
        self.collector.stop()
        self.collector.join(10)
        assert not self.pipeline.is_alive()
        assert not self.collector.is_alive()

    @property
    def listed(self) -> ListedRows:
        assert isinstance(self.writer, ListedRows)
        return self.writer

    @property
    def rows(self) -> list[Row]:
        return self.listed.rows

    @property
    def sessions(self) -> list[SessionRow]:
        return [row for row in self.rows if isinstance(row, SessionRow)]

    @property
    def findings(self) -> list[FindingRow]:
        return [row for row in self.rows if isinstance(row, FindingRow)]


def wait_for(what: Callable[[], object], seconds: float = 10.0) -> None:
    """Wait until something is so."""
    until = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < until, "it did not become so in time"
        time.sleep(0.01)
