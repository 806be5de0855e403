"""Where findings go: the store, kept packets, and those who are told."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from poolwatch import __version__
from poolwatch.beats import Beating
from poolwatch.sensor.keep import Keeper
from poolwatch.sensor.keep.deletions import DeletionLog
from poolwatch.sensor.keep.files import make_private
from poolwatch.sensor.log import NOTICE, WARNING, Log
from poolwatch.sensor.retention import StoreRetention
from poolwatch.sensor.tell import Teller
from poolwatch.sensor.told import ToldFile
from poolwatch.store import Row, SensorRow, Writer

if TYPE_CHECKING:
    from poolwatch.sensor.collector import Collector
    from poolwatch.sensor.config import Config

_NOTED_SECONDS = 10.0
_DAY_NS = 86_400 * 1_000_000_000
_KEEPER_LEFT, _TELLER_LEFT = 0.5, 0.7  # seconds left, at the end, for what comes after each


class Outlets:
    """Writer, keeper and teller, from their start to their end. Construction is inert.

    `inside` says of an address, as text, whether it is.
    """

    def __init__(self, config: Config, log: Log, inside: Callable[[str], bool]) -> None:
        self.writer = Writer(config.store, config.name, lambda text: log.say(WARNING, text))
        self._config = config
        self._log = log
        self._state = Path(config.sensor.state)
        self.keeper = self._make_keeper(inside)
        self._told = ToldFile(self._state / "told.json", config.tell.hosts)
        self._teller: Teller | None = None
        self._deletions = self._state / "kept" / "deletions.jsonl"
        self._retention = StoreRetention(
            config.retention, config.store, config.name, log, DeletionLog(self._deletions)
        )
        self._noted_at = time.monotonic()
        self._writing = self._keeping = False
        self._moved = 0  # times the store's file was

    def start(self, collector: Collector) -> None:
        """Begin, and let the collector know. Raises PoolwatchError."""
        self._state.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.writer.start()
        self._writing = True
        self.writer.put(self._place())
        make_private(self._deletions.parent)
        teller = Teller(
            self._config.tell,
            sensor=self._config.name,
            last=self._told.read(),
            deletions=DeletionLog(self._deletions),
        )
        self._say_unresolved(teller)
        if self.keeper is not None:
            self.keeper.start()
            self._keeping = True
            collector.keep_with(self.keeper)
        teller.start()
        self._teller = teller
        collector.tell_to(teller)

    def turn(self) -> None:
        """What is to be done now and then."""
        if time.monotonic() - self._noted_at >= _NOTED_SECONDS:
            self._noted_at = time.monotonic()
            self._note_told()
            if self._teller is not None:
                self._say_unresolved(self._teller)
        if self.writer.counts().moved > self._moved:  # a new store does not know where it stands
            self._moved = self.writer.counts().moved
            self.writer.put(self._place())
        for text in self.warnings():
            self._log.say(WARNING, text)
        self._retention.turn()

    def put(self, row: Row) -> None:
        """A row into the store."""
        self.writer.put(row)

    def tell(self, event: dict[str, Any]) -> None:
        """Tell an event that is no finding."""
        if self._teller is not None:
            self._teller.tell(event)

    def reopen(self) -> None:
        """Open log files anew: somebody has moved them away."""
        if self._teller is not None:
            self._teller.reopen()

    def warnings(self) -> list[str]:
        """What does not work just now, though findings are safe."""
        counts = self.writer.counts()
        warnings = []
        if not counts.store_up:
            warnings.append(f"the store does not take rows: {counts.last_error}")
        if counts.spool_full:
            warnings.append(f"the spool's disk takes no more: {counts.last_error}")
        if self.keeper is not None and self.keeper.problem():
            warnings.append(f"packets are not kept: {self.keeper.problem()}")
        if self._teller is not None:
            warnings += [f"{name}: {text}" for name, text in self._teller.problems().items()]
        return warnings

    def threads(self) -> list[Beating]:
        """Those that must move, once it is started."""
        threads = self.writer.threads()
        if self.keeper is not None:
            threads += self.keeper.threads()
        if self._teller is not None:
            threads += self._teller.threads()
        return threads

    def counts(self) -> dict[str, dict[str, float]]:
        """Counts of what keeps packets and of what tells, by name."""
        counts: dict[str, dict[str, float]] = {}
        if self.keeper is not None:
            counts["keep"] = dict(self.keeper.counts())
        if self._teller is not None:
            counts["tell"] = dict(self._teller.counts())
        return counts

    def close(self, until: float) -> None:
        """End by a time of the monotonic clock: those who are told first, the store last."""
        if self._teller is not None:
            if not self._teller.close(_left(until - _TELLER_LEFT)):
                self._log.say(NOTICE, "not everybody could be told in time")
            self._note_told()
        if self.keeper is not None and self._keeping:
            self.keeper.close(_left(until - _KEEPER_LEFT))
        if self._writing and not self.writer.close(_left(until)):
            self._log.say(NOTICE, "the store has not got everything: the rest is in the spool")

    def _note_told(self) -> None:
        """Remember what was told, for after a restart."""
        if self._teller is not None and not self._told.write(self._teller.states()):
            self._log.say(WARNING, "what was told cannot be written down: it may be told again")

    def _say_unresolved(self, teller: Teller) -> None:
        """A finding is resolved once its host was silent for the time packets are kept."""
        if self.keeper is not None:
            days = self._config.retention.packets_days
            since_ns = time.time_ns() - days * _DAY_NS if days else 0
            self.keeper.unresolved(teller.seen_since(since_ns))

    def _make_keeper(self, inside: Callable[[str], bool]) -> Keeper | None:
        config, settings = self._config, self._config.sensor
        if not (config.keep.packets or config.keep.summaries):
            return None
        place = {
            "sensor": config.name,
            "tap": settings.tap,
            "nat": settings.nat,
            "authority": settings.authority,
            "note": settings.note,
        }
        return Keeper(
            config.keep,
            self._state / "kept",
            sensor=config.name,
            interfaces=settings.interfaces,
            retention=config.retention,
            about="; ".join(f"{name}: {text}" for name, text in place.items() if text),
            inside=inside,
        )

    def _place(self) -> SensorRow:
        settings = self._config.sensor
        return SensorRow(
            sensor=self._config.name,
            state_ns=time.time_ns(),
            tap=settings.tap,
            nat=settings.nat,
            authority=settings.authority,
            note=settings.note,
            version=__version__,
        )


def _left(until: float) -> float:
    return max(until - time.monotonic(), 0.2)
