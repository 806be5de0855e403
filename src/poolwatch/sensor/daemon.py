"""The sensor: what is started in which order, what signals do, and how it ends.

The order matters. Rights are given away before the first thread (`cli/watch.py`); the store's
writer runs before anything can be found; rings come last and go first, so that what they gave
is written and told before the rest ends.
"""

from __future__ import annotations

import hashlib
import signal
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from poolwatch.aggregate.cause import Ranker
from poolwatch.aggregate.estimate import Estimator
from poolwatch.engine import LiveEngine
from poolwatch.errors import PoolwatchError, UsageError
from poolwatch.outputs.eve import stats_event
from poolwatch.plan import load_tables
from poolwatch.sensor import signals
from poolwatch.sensor.collector import Collector
from poolwatch.sensor.config import Config
from poolwatch.sensor.coverage import (
    CoverageBook,
    Totals,
    clock_warnings,
    mirror_warnings,
    resident_bytes,
)
from poolwatch.sensor.health import Health, Verdict
from poolwatch.sensor.log import ERROR, INFO, NOTICE, WARNING, Log
from poolwatch.sensor.losses import is_down, losses
from poolwatch.sensor.mailbox import Mailbox
from poolwatch.sensor.metrics import Metrics
from poolwatch.sensor.notify import Notifier
from poolwatch.sensor.outlets import Outlets
from poolwatch.sensor.pipeline import Pipeline
from poolwatch.sensor.web import HealthServer
from poolwatch.terms import Capture

if TYPE_CHECKING:
    from poolwatch.capture.live import LiveSource
    from poolwatch.inventory.notes import Note
    from poolwatch.tables import Tables

_WAKE_SECONDS = 0.5
_MEMORY_SECONDS = 5.0
_EXIT_SECONDS = 0.8  # of the time to stop, for the process to end
_LAST_SECONDS = 2.0  # of the time to stop, for what comes after the rings

Sources = Callable[[Config], list["LiveSource"]]


def open_sources(config: Config) -> list[LiveSource]:
    """A ring for each thread. Raises PoolwatchError."""
    from poolwatch.capture.live import open_live

    threads = config.sensor.threads
    group = _fanout_group(config) if threads > 1 else 0
    sources: list[LiveSource] = []
    try:
        for thread in range(threads):  # one by one: those that are open are closed if one fails
            source = open_live(
                config.sensor.interfaces,
                config.capture,
                thread=thread,
                threads=threads,
                fanout_group=group,
            )
            sources.append(source)
    except BaseException:
        for source in sources:
            source.close()
        raise
    return sources


def _fanout_group(config: Config) -> int:
    """Numbers for groups of sockets, one an interface, that no other program has."""
    from poolwatch.capture.fanout import free_groups

    try:
        return free_groups(len(config.sensor.interfaces))
    except OSError:  # no right to: opening the rings says so better
        return 0


class Sensor:
    """Everything that runs. Nothing does before `start`.

    `reread`: gives the configuration anew, for SIGHUP. `sources`: opens the rings.
    """

    def __init__(
        self,
        config: Config,
        reread: Callable[[], Config],
        *,
        sources: Sources = open_sources,
        notifier: Notifier | None = None,
    ) -> None:
        self.config = config
        self.name = config.name
        self.budget = config.budget()
        self.log = Log()
        self.notifier = notifier or Notifier()
        states = min(config.report.mailbox_states, self.budget.mailbox_states)
        self.mailbox = Mailbox(states)
        self.outlets = Outlets(config, self.log, self._is_inside)
        self.writer = self.outlets.writer
        self.collector = Collector(
            self.mailbox,
            self.writer,
            config.report,
            self.budget.limits,
            self.budget.open_sessions,
        )
        self.collector.findings.vantage = config.sensor.nat or None
        self.pipelines: list[Pipeline] = []
        self.started_at = time.time()
        self.reloads = self.reload_failures = 0
        self.catalogue = ""
        self.health = Health(config.health, (), self.collector)
        self._reread = reread
        self._open_sources = sources
        self._tables: Tables | None = None
        self._book: CoverageBook | None = None
        self._web: HealthServer | None = None
        self._covered_at = self._measured_at = time.monotonic()
        self._watching = False

    def _is_inside(self, address: str) -> bool:
        return self._tables is not None and self._tables.inside.holds(address)

    # -- beginning -----------------------------------------------------------------------

    def start(self) -> None:
        """Begin. Raises PoolwatchError, with everything stopped again."""
        try:
            self._start()
        except BaseException:
            self.stop()
            raise

    def _start(self) -> None:
        tables = self._tables = self._load(self.config)
        self.catalogue = tables.catalog.digest
        self._give_tables(tables)
        self.outlets.start(self.collector)
        capture = self._capture()
        sources = self._open_sources(self.config)
        for number, source in enumerate(sources):
            engine = self._make_engine(tables, capture)
            pipeline = Pipeline(number, source, engine, self.mailbox)
            pipeline.look_for_doubles(self.config.capture)
            self.pipelines.append(pipeline)
            if self.outlets.keeper is not None:
                pipeline.keep_with(self.outlets.keeper.lane(engine.live.matcher.table))
        for pipeline in self.pipelines:
            pipeline.teach([other for other in self.pipelines if other is not pipeline])
        self.health = Health(
            self.config.health, self.pipelines, self.collector, self.outlets.threads()
        )
        self.collector.hear([p.canary for p in self.pipelines], self.health.heard)
        self._book = CoverageBook(self.pipelines, capture.id or "")
        address = self.config.health_address()
        if address is not None:
            self._web = HealthServer(address, Metrics(self).registry(), self.verdict)
            self._web.start()
        self.collector.start()
        for pipeline in self.pipelines:
            pipeline.warm()
        for pipeline in self.pipelines:
            pipeline.source.start()
        for pipeline in self.pipelines:
            pipeline.start()
        self._watching = True
        self.notifier.ready(self._status())
        self.log.say(NOTICE, f"watching {', '.join(s.name for s in sources)} as {self.name}")
        self._show_limits()

    def _give_tables(self, tables: Tables) -> None:
        """Have findings filled in by these tables; who shares a payee is not forgotten."""
        collector = self.collector
        collector.units = tables.units
        collector.estimator = Estimator(tables.catalog)
        if collector.ranker is None:
            collector.ranker = Ranker(tables.catalog, self.budget.limits)
        collector.ranker.use(
            tables.catalog,
            units=tables.units,
            exemptions=tables.exemptions,
            zone=tables.zone,
        )

    def _make_engine(self, tables: Tables, capture: Capture) -> LiveEngine:
        limits = self.budget.limits
        try:
            return LiveEngine(tables, limits, self.config.live, self.name, capture)
        except MemoryError as error:
            raise UsageError(
                f"limits.flows = {limits.flows}: more than there is memory for",
                "choose a lower limits.memory_bytes",
            ) from error

    def _load(self, config: Config) -> Tables:
        def unreadable(notes: list[Note]) -> None:
            self.log.say(WARNING, f"{len(notes)} rows of unit tables are not used")

        return load_tables(config.plan(self.budget), unreadable)

    def _capture(self) -> Capture:
        """This run: the sensor and its start. Every run is a capture of its own."""
        identity = f"{self.name}\0{time.time_ns()}"
        where = ",".join(self.config.sensor.interfaces)
        return Capture(f"live:{where}", hashlib.sha256(identity.encode()).hexdigest())

    def _show_limits(self) -> None:
        limits = self.budget.limits
        self.log.say(
            INFO,
            f"at most {self.budget.memory_bytes >> 20} MiB: flows={limits.flows} "
            f"candidates={limits.candidates} hosts={limits.hosts} a ring, "
            f"{self.budget.open_sessions} open conversations",
        )

    # -- running -------------------------------------------------------------------------

    def run(self) -> int:
        """Until SIGTERM or SIGINT; the exit status. `signals.hold` was called at the start.

        Whatever goes wrong here, what was found is written and told before it is raised.
        """
        try:
            return self._run()
        except BaseException:
            self.stop()
            raise

    def _run(self) -> int:
        while True:
            got = signals.wait(_WAKE_SECONDS)
            if got == signal.SIGHUP:
                self.reload()
            elif got:
                return self.stop()
            if not self.turn():
                self.stop()
                return 1

    def turn(self) -> bool:
        """What is to be done now and then; False when a thread has ended by itself."""
        now = time.monotonic()
        self.health.sing()
        stuck = self.health.stuck()
        if not stuck:
            self.notifier.alive()
        for text in stuck:
            self.log.say(ERROR, text)
        if self._book is not None:
            self._book.look()
        if now - self._covered_at >= self.config.health.coverage_seconds:
            self._covered_at = now
            self._cover()
        self.outlets.turn()
        if now - self._measured_at >= _MEMORY_SECONDS:
            self._measured_at = now
            self._bound_memory()
        alive = [thread.is_alive() for thread in (*self.pipelines, self.collector)]
        return all(alive)

    def reload(self) -> bool:
        """Open logs anew, read signatures and unit tables again; what is bad stays as it was."""
        self.notifier.reloading()
        self.outlets.reopen()
        try:
            config = self._reread()
            tables = self._load(config)
        except PoolwatchError as error:
            self.reload_failures += 1
            advice = f" ({error.advice()})" if error.advice() else ""
            self.log.say(ERROR, f"not reloaded, the old tables stay: {error}{advice}")
            self.notifier.ready(self._status())
            return False
        for name in _changed_parts(self.config, config):
            self.log.say(WARNING, f"[{name}] has changed: that needs a restart")
        taken = [(pipeline.name, pipeline.use(tables)) for pipeline in self.pipelines]
        until = time.monotonic() + self.config.health.stuck_seconds
        refused = False
        for name, exchange in taken:
            if not exchange.done.wait(timeout=max(until - time.monotonic(), 0)):
                self.log.say(WARNING, f"{name} goes by the old tables until it moves again")
            elif exchange.refused:
                refused = True
                self.log.say(ERROR, f"{name} stays with the old tables: {exchange.refused}")
        self._tables = tables
        self._give_tables(tables)
        self.catalogue = tables.catalog.digest
        if refused:
            self.reload_failures += 1
        else:
            self.reloads += 1
            self.log.say(NOTICE, f"reloaded: catalogue {tables.catalog.digest[:12]}")
        self.notifier.ready(self._status())
        return not refused

    def verdict(self) -> Verdict:
        """Whether it works, and what else is to be said."""
        warnings = [
            f"interface {one.name} is down or gone{f': {one.trouble}' if one.trouble else ''}"
            for pipeline in self.pipelines
            for one in pipeline.source.statistics().interfaces
            if is_down(one)
        ]
        warnings += clock_warnings(self.pipelines)
        warnings += mirror_warnings(Totals(self.pipelines))
        warnings += self.outlets.warnings()
        warnings += self.collector.warnings()
        if self.collector.waiting:
            warnings.append(f"{self.collector.waiting} events wait to be durable")
        return self.health.verdict(warnings)

    def healthy(self) -> bool:
        """Whether threads move and canaries arrive."""
        return self.health.verdict().healthy

    def catalogue_age(self) -> float:
        """Seconds since the date of the newest row of the catalogue; 0 without any."""
        if self._tables is None:
            return 0.0
        catalog = self._tables.catalog
        dates = [row.date for row in catalog.endpoints]
        dates += [row.date for row in catalog.pools.values()]
        if not dates:
            return 0.0
        newest = max(dates)
        return max(time.time() - time.mktime(newest.timetuple()), 0.0)

    def _cover(self) -> None:
        assert self._book is not None
        lost = losses(self.pipelines, self.mailbox, self.collector, self.outlets)
        extra: dict[str, int | float] = {
            "queue": len(self.mailbox),
            "store_lag_seconds": self.writer.counts().lag_seconds,
        }
        self.outlets.put(self._book.row(self.catalogue, lost, extra))
        self.notifier.status(self._status())

    def _bound_memory(self) -> None:
        if resident_bytes() <= self.budget.shed_bytes:
            return
        self.log.say(WARNING, "near the memory ceiling: what is worth least goes")
        for pipeline in self.pipelines:
            pipeline.shed()

    def _status(self) -> str:
        return (
            f"{len(self.collector.findings)} conversations open, {self.collector.told} events told"
        )

    # -- ending --------------------------------------------------------------------------

    def stop(self) -> int:
        """End within `sensor.stop_seconds`: rings first, then what they gave is written."""
        self.notifier.stopping()
        until = time.monotonic() + max(self.config.sensor.stop_seconds - _EXIT_SECONDS, 0.1)
        self._stop_rings(until - _LAST_SECONDS)
        if self.collector.is_alive():
            self.collector.stop()
            self.collector.join(timeout=max(until - _LAST_SECONDS / 2 - time.monotonic(), 0.1))
        if self._watching:
            self._end_records()
        if self._web is not None:
            self._web.stop()
        self.outlets.close(until)
        self.notifier.close()
        return 0

    def _stop_rings(self, until: float) -> None:
        for pipeline in self.pipelines:
            pipeline.source.stop()
        for pipeline in self.pipelines:
            if pipeline.is_alive():
                pipeline.join(timeout=max(until - time.monotonic(), 0.1))
            if pipeline.is_alive():
                self.log.say(ERROR, f"{pipeline.name} did not end in time")
            elif not self._watching:
                pipeline.source.close()

    def _end_records(self) -> None:
        """The last coverage, and the stats without which nothing found is never said."""
        self._cover()
        assert self._book is not None
        stats = self._book.stats(
            self.catalogue, self.name, self.budget.limits, self.collector.findings.counts()
        )
        self.outlets.tell(stats_event(stats))


_RELOADED = ("tables",)


def _changed_parts(old: Config, new: Config) -> list[str]:
    """Parts that differ and that only a restart takes over."""
    return [
        name
        for name in old.__struct_fields__
        if name not in _RELOADED and getattr(old, name) != getattr(new, name)
    ]


def require_interfaces(config: Config) -> None:
    """Raises UsageError when there is nothing to watch."""
    if not config.sensor.interfaces:
        raise UsageError("no interface to watch", "name one: -i eth1, or sensor.interfaces")
