"""Puts rows into a store that may be down, and loses none that it said it has.

writer = Writer(settings, "sensor-1")
writer.start()
writer.put(row)
if writer.flush(5.0):
    ...  # every row put so far is on the disk or in the store
writer.close(10.0)
"""

from __future__ import annotations

import errno
import threading
import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from poolwatch.beats import Beating, unforeseen
from poolwatch.errors import PoolwatchError, StoreDownError, StoreRowError
from poolwatch.store.counts import WriterCounts
from poolwatch.store.records import Record, make_record, row_in
from poolwatch.store.referred import Referred
from poolwatch.store.rows import FindingRow, Row
from poolwatch.store.settings import StoreSettings
from poolwatch.store.spool import Spool
from poolwatch.store.store import Store, open_store
from poolwatch.store.urls import read_url, secrets_of, without_secrets
from poolwatch.store.waiting import Waiting

_FOREVER = 1 << 30
_LEAST_SECONDS = 0.2  # that each thread has to end, at the end
_LOOK_SECONDS = 1.0  # a thread with nothing to do moves this often


class Writer:
    """Takes rows from any thread, writes them from threads of its own.

    Every row goes into the spool first, within `sync_seconds`, and from there into the store, in
    order. So it makes no difference whether the store is up, and a `kill -9` costs nothing that
    `flush` said yes to. While the spool's disk is full, rows stay in memory, within
    `memory_bytes`, and go into the store from there. `complain` is told, from these threads,
    what an operator should read.
    """

    def __init__(
        self,
        settings: StoreSettings,
        sensor: str,
        complain: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._settings = settings
        self._complain = complain
        self._sensor = sensor
        self._spool = Spool(Path(settings.spool), settings.segment_bytes)
        self._waiting = Waiting(settings.memory_bytes)
        self._referred = Referred(settings.referred_flows)
        self._store: Store | None = None
        self._lock = threading.Lock()
        self._work = threading.Condition(self._lock)  # something to do for the threads
        self._progress = threading.Condition(self._lock)  # something is done
        self._urgent = self._stopping = False
        self._put = self._stored = self._refused = self._set_aside = self._moved = 0
        self._refusals_told = 0
        self._failures = {"store": 0, "spool": 0}
        self._errors = {"store": "", "spool": ""}
        self._aside_error = ""
        self._store_up = False
        self._oldest_ns: int | None = None  # of the spool
        self._shed_again_bytes = 0
        slowest = settings.connect_seconds + settings.lock_seconds + 2 * settings.statement_seconds
        self._spooling = Beating(self._keep_spooling, "spool")
        self._storing = Beating(self._keep_storing, "store", patience=slowest)
        self._threads = [self._spooling, self._storing]

    def start(self) -> None:
        """Open the spool and begin. A store that does not answer is waited for.

        Raises UsageError for a URL that cannot be used, StoreError for a store of a newer
        poolwatch, and for a spool that cannot be used or is used by another program.
        """
        self._spool.start()
        self._oldest_ns = next((record.put_ns for record in self._spool.head(1)), None)
        try:
            self._open()
        except StoreDownError as error:
            self._fail("store", str(error))
        except BaseException:
            self._spool.close()
            raise
        for thread in self._threads:
            thread.start()

    def put(self, row: Row) -> bool:
        """Hand over a row; never waits. False: there was no room for it, and it is lost.

        Raises StoreRowError for a row that no store would take, such as a number past 63 bits.
        """
        if not row.sensor:
            row = msgspec.structs.replace(row, sensor=self._sensor)
        record = make_record(row, time.time_ns())
        with self._lock:
            if isinstance(row, FindingRow):
                self._referred.add(row.flows, row.grade)
            self._put += 1
            taken = self._waiting.put(record, self._referred)
            if not taken:
                self._refused += 1
            full = self._waiting.bytes > self._settings.segment_bytes
            if len(self._waiting) == 1 or full or self._errors["spool"]:
                self._work.notify_all()
        return taken

    def flush(self, timeout: float) -> bool:
        """Wait until every row put so far is durable: in the store, or fsynced in the spool.

        False also when a row was refused since the last call.
        """
        deadline = time.monotonic() + timeout
        with self._lock:
            last, refused = self._waiting.last, self._refused > self._refusals_told
            self._refusals_told = self._refused
            self._urgent = True
            self._work.notify_all()
            durable = self._progress.wait_for(
                lambda: self._waiting.done >= last, max(deadline - time.monotonic(), 0)
            )
        return durable and not refused

    def drain(self, timeout: float) -> bool:
        """Wait until the store has every row put so far."""
        deadline = time.monotonic() + timeout
        if not self.flush(timeout):
            return False
        with self._lock:
            return self._progress.wait_for(
                lambda: not self._spool.rows, max(deadline - time.monotonic(), 0)
            )

    def threads(self) -> list[Beating]:
        """Those that must move, once it is started."""
        return list(self._threads)

    def counts(self) -> WriterCounts:
        """How it stands; may be called from any thread."""
        spool = self._spool
        spool_rows, spool_bytes = spool.rows, spool.bytes
        with self._lock:
            waiting = self._waiting
            oldest = min(filter(None, (self._oldest_ns, waiting.oldest_ns)), default=None)
            went = dict(spool.went)
            for name, rows in waiting.went.items():
                went[name] = went.get(name, 0) + rows
            return WriterCounts(
                put=self._put,
                stored=self._stored,
                waiting_rows=len(waiting),
                waiting_bytes=waiting.bytes,
                spool_rows=spool_rows,
                spool_bytes=spool_bytes,
                spool_over=spool_bytes > self._settings.spool_bytes,
                lag_seconds=max(time.time_ns() - oldest, 0) / 1e9 if oldest else 0.0,
                store_up=self._store_up,
                store_failures=self._failures["store"],
                spool_full=bool(self._errors["spool"]),
                spool_failures=self._failures["spool"],
                superseded=went.pop("superseded", 0),
                dropped=went,
                refused=self._refused,
                set_aside=self._set_aside,
                moved=self._moved,
                referred_forgotten=self._referred.forgotten,
                damaged_bytes=spool.damaged_bytes,
                last_error=self._errors["spool"] or self._errors["store"] or self._aside_error,
            )

    def close(self, timeout: float) -> bool:
        """Put to disk what waits, give the store what it takes within `timeout`, and end.

        True if the store has everything; what it has not waits in the spool for the next start.
        """
        deadline = time.monotonic() + timeout
        everything = self.drain(max(timeout - 2 * _LEAST_SECONDS, 0))
        with self._lock:
            self._stopping = True
            self._work.notify_all()
        for thread in self._threads:
            thread.join(max(deadline - time.monotonic(), _LEAST_SECONDS))
        self._spool.close()
        if self._store is not None and not self._storing.is_alive():
            self._store.close()
        return everything

    # -- the way to the disk ---------------------------------------------------------------

    def _keep_spooling(self) -> None:
        pause = 0.0
        while self._wait_to_spool(pause):
            entries = self._first()
            while entries:
                try:
                    self._spool_some([record for _, record in entries])
                    self._spooled(entries)
                except Exception as error:  # noqa: BLE001 - whatever it is, rows must go on
                    self._fail("spool", self._said(error, self._settings.spool))
                    self._make_room(error)
                    pause = self._longer(pause)
                    break
                pause = 0.0
                self._spooling.move()
                entries = self._first()

    def _wait_to_spool(self, pause: float) -> bool:
        """Wait until it is time to write to the disk; False at the end.

        Rows are gathered for a moment, unless somebody waits for them.
        """
        settings = self._settings
        with self._lock:
            if pause:  # the disk is full
                self._rest(self._spooling, lambda: self._stopping, pause)
                if not len(self._waiting):  # the store took them: nothing is stuck
                    self._errors["spool"] = ""
            self._rest(self._spooling, lambda: bool(len(self._waiting)) or self._stopping)
            if not pause:
                self._rest(
                    self._spooling,
                    lambda: (
                        self._urgent
                        or self._stopping
                        or self._waiting.bytes > settings.segment_bytes
                    ),
                    settings.sync_seconds,
                )
            self._urgent = False
            # At the end once more, if the disk takes it.
            return not self._stopping or (len(self._waiting) > 0 and not pause)

    def _first(self) -> list[tuple[int, Record]]:
        with self._lock:
            return self._waiting.hold("spool", _FOREVER, self._settings.segment_bytes)

    def _spool_some(self, records: list[Record]) -> None:
        self._spool.append(records)
        self._spool.sync()
        most = self._settings.spool_bytes
        if self._spool.bytes > max(most, self._shed_again_bytes):
            # More than what is too much: looking through all of it takes time.
            self._spool.shed(self._spool.bytes - most + most // 8, self._referred)
            self._shed_again_bytes = self._spool.bytes + most // 8

    def _make_room(self, error: Exception) -> None:
        """When memory fills because the disk is full, older detail there goes for newer rows."""
        half_full = self._waiting.bytes > self._settings.memory_bytes // 2
        no_room = isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)
        if half_full and no_room:
            wanted = max(self._settings.segment_bytes, self._spool.bytes // 8)
            self._spool.shed(wanted, self._referred)

    def _spooled(self, entries: list[tuple[int, Record]]) -> None:
        with self._lock:
            self._errors["spool"] = ""
            self._oldest_ns = self._oldest_ns or entries[0][1].put_ns
            self._leave(entries)
            self._work.notify_all()

    def _leave(self, entries: list[tuple[int, Record]]) -> None:
        self._waiting.leave(entries[-1][0])
        self._progress.notify_all()

    # -- the way to the store --------------------------------------------------------------

    def _keep_storing(self) -> None:
        pause = 0.0
        while self._wait_to_store(pause):
            try:
                self._store_some()
            except OSError as error:  # the store's own are StoreErrors
                pause = self._longer(pause)
                self._fail("spool", self._said(error, self._settings.spool))
            except Exception as error:  # noqa: BLE001 - whatever it is: later it may go
                pause = self._longer(pause)
                self._fail("store", self._said(error, "store"))
            else:
                pause = 0.0
                self._storing.move()
                with self._lock:
                    self._store_up = True
                    self._errors["store"] = ""
                    self._progress.notify_all()

    def _wait_to_store(self, pause: float) -> bool:
        """Wait until there is something for the store, or time to try again; False at the end."""
        with self._lock:
            if pause:
                self._rest(self._storing, lambda: self._stopping, pause)
            self._rest(
                self._storing,
                lambda: (
                    self._stopping or bool(self._spool.rows) or self._stuck() or not self._store
                ),
            )
            return not self._stopping

    def _stuck(self) -> bool:
        """Whether rows cannot go to the disk."""
        return bool(self._errors["spool"] and len(self._waiting))

    def _store_some(self) -> None:
        """One transaction, of the spool, or if that is empty of what the disk does not take."""
        if self._store is None:
            self._open()
        self._see_that_it_is_there()
        records = self._spool.head(self._settings.batch_rows)
        entries: list[tuple[int, Record]] = []
        with self._lock:
            self._oldest_ns = records[0].put_ns if records else None
            if not records and self._stuck():
                entries = self._waiting.hold("store", self._settings.batch_rows, _FOREVER)
        self._store_records(records or [record for _, record in entries])
        self._see_that_it_is_there()  # what went into a file that is gone must come again
        if records:
            self._spool.advance(records)
        with self._lock:
            self._stored += len(records or entries)
            if records and not self._spool.rows:
                self._oldest_ns = None
            if entries:
                self._leave(entries)

    def _see_that_it_is_there(self) -> None:
        """Raises StoreDownError, with the store closed, when its file is not at its path."""
        store = self._store
        assert store is not None
        if store.place.holds:
            return
        self._store = None
        store.leave()
        text = f"{store.place.path}: it was moved away or deleted; a new store is made"
        with self._lock:
            self._moved += 1
        self._complain(text)
        raise StoreDownError(text, "put nothing in its place while the sensor runs")

    def _store_records(self, records: list[Record]) -> None:
        assert self._store is not None
        try:
            self._store.put([row_in(record) for record in records])
        except StoreRowError:
            for record in records:  # one of them is at fault: the others go without it
                self._storing.move()
                try:
                    self._store.put([row_in(record)])
                except StoreRowError as error:
                    self._spool.set_aside(record)
                    with self._lock:
                        self._set_aside += 1
                        self._aside_error = str(error)

    def _open(self) -> None:
        self._store = open_store(self._settings.url, self._sensor, self._settings)
        self._store_up = True

    # -- both ------------------------------------------------------------------------------

    def _rest(self, thread: Beating, until: Callable[[], bool], most: float = _FOREVER) -> None:
        """Wait, with the lock held, until something is so; a thread that waits moves."""
        end = time.monotonic() + most
        while True:
            thread.move()
            left = end - time.monotonic()
            if self._work.wait_for(until, min(max(left, 0), _LOOK_SECONDS)) or left <= 0:
                thread.move()
                return

    def _said(self, error: Exception, where: str) -> str:
        """What went wrong, in words, with no password."""
        if isinstance(error, PoolwatchError):
            return str(error)
        if isinstance(error, OSError):
            return f"{where}: {error.strerror or error}"
        secrets = secrets_of(read_url(self._settings.url))
        return without_secrets(f"{where}: {unforeseen(error)}", secrets)

    def _longer(self, pause: float) -> float:
        settings = self._settings
        return min(max(pause * 2, settings.retry_seconds), settings.retry_longest_seconds)

    def _fail(self, where: str, error: str) -> None:
        with self._lock:
            self._failures[where] += 1
            self._errors[where] = error
            self._waiting.release(where)
            if where == "store":
                self._store_up = False
            self._work.notify_all()
