"""Old rows leave the store once a day; what goes is logged, before and after."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

from poolwatch.beats import unforeseen
from poolwatch.errors import PoolwatchError
from poolwatch.outputs.times import timestamp
from poolwatch.sensor.log import NOTICE, WARNING, Log
from poolwatch.store import open_store

if TYPE_CHECKING:
    from poolwatch.sensor.keep import RetentionSettings
    from poolwatch.sensor.keep.deletions import DeletionLog
    from poolwatch.store import StoreSettings

_DAY_NS = 86_400 * 1_000_000_000


class StoreRetention:
    """Deletes rows of this sensor that are older than [retention] says."""

    def __init__(
        self,
        settings: RetentionSettings,
        store: StoreSettings,
        sensor: str,
        log: Log,
        deletions: DeletionLog,
    ) -> None:
        self._settings = settings
        self._store = store
        self._sensor = sensor
        self._log = log
        self._deletions = deletions
        self._next = time.monotonic() + 600  # a sensor that restarts has other things to do
        self._thread: threading.Thread | None = None

    @property
    def wanted(self) -> bool:
        """Whether anything is ever deleted."""
        return bool(self._settings.findings_days or self._settings.coverage_days)

    def turn(self) -> None:
        """Begin when it is time; the work is done in a thread of its own."""
        if not self.wanted or time.monotonic() < self._next:
            return
        if self._thread is not None and self._thread.is_alive():
            return
        self._next = time.monotonic() + 86_400
        self._thread = threading.Thread(target=self.run, name="retention", daemon=True)
        self._thread.start()

    def run(self) -> dict[str, int]:
        """Delete now; how many rows of each kind."""
        now = time.time_ns()
        findings = self._before(now, self._settings.findings_days)
        coverage = self._before(now, self._settings.coverage_days)
        began = False
        try:
            with open_store(self._store.url, self._sensor, self._store) as store:
                began = True
                self._note("findings", findings)
                self._note("coverage", coverage)
                gone = store.prune(
                    findings_before_ns=findings,
                    sightings_before_ns=findings,
                    coverage_before_ns=coverage,
                )
        except Exception as error:  # noqa: BLE001 - the thread must not end of it
            reason = error if isinstance(error, PoolwatchError) else unforeseen(error)
            self._log.say(WARNING, f"the store's old rows could not be deleted: {reason}")
            if began:
                self._deletions.add("rows", "store", "not or not all deleted: it failed")
            return {}
        for name, count in gone.items():
            if count:
                self._deletions.add("rows", str(name), "age", rows=count)
                self._log.say(NOTICE, f"deleted {count} old rows of {name} from the store")
        return gone

    def _note(self, what: str, before_ns: int | None) -> None:
        """Log what is going to be deleted; how much it was follows."""
        if before_ns is not None:
            self._deletions.add("rows", what, "age: begins", before=timestamp(before_ns))

    @staticmethod
    def _before(now_ns: int, days: int) -> int | None:
        return now_ns - days * _DAY_NS if days else None
