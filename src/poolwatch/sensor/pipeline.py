"""One ring's thread: batches in, states of conversations into the mailbox."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

from poolwatch.engine import LiveEngine, State
from poolwatch.errors import PoolwatchError
from poolwatch.sensor.canary import Canary
from poolwatch.sensor.mailbox import Mailbox

if TYPE_CHECKING:
    from poolwatch.capture.live import LiveSource
    from poolwatch.capture.source import Batch
    from poolwatch.tables import Tables

_TICK_SECONDS = 0.25


class Keeps(Protocol):
    """Who keeps packets, as a ring's thread calls it."""

    def see(self, batch: Batch, records: Any) -> None:
        """Remember a batch; `records`: the flow record of each packet, -1 for none."""
        ...


class Pipeline(threading.Thread):
    """Reads a source to its end. What others want of it they ask, and it does between batches.

    `beat` is when it moved last, by the monotonic clock.
    """

    def __init__(
        self,
        number: int,
        source: LiveSource,
        engine: LiveEngine,
        mailbox: Mailbox,
        failed: Callable[[str], None],
    ) -> None:
        super().__init__(name=f"ring-{number}", daemon=True)
        self.source = source
        self.engine = engine
        self.canary = Canary(number)
        self.beat = time.monotonic()
        self.batches = 0
        self.sheds = 0
        self._mailbox = mailbox
        self._failed = failed
        self._orders: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._ticked = self.beat
        self._keeps: Keeps | None = None

    def keep_with(self, keeps: Keeps) -> None:
        """Have packets kept. Before `start`."""
        self._keeps = keeps
        self.engine.live.matcher.table.note_records()

    def use(self, tables: Tables) -> threading.Event:
        """Go by other tables from the next batch on; the event is set once it does."""
        done = threading.Event()

        def exchange() -> None:
            try:
                self.engine.use(tables)
            except PoolwatchError as error:
                self._failed(str(error))
            done.set()

        self._orders.put(exchange)
        return done

    def sing(self) -> None:
        """Send the canary."""
        self._orders.put(self._sing)

    def shed(self) -> None:
        """Free memory, of least worth first."""

        def free() -> None:
            self.sheds += 1
            self._mailbox.put(self.engine.shed())

        self._orders.put(free)

    def counts(self) -> dict[str, int]:
        """What was counted, without the canary's share; from any thread."""
        counts = self.engine.counts()
        canary = self.canary
        counts["packets"] -= min(canary.packets, counts["packets"])
        for name in ("bytes", "captured_bytes"):
            counts[name] -= min(canary.bytes, counts[name])
        for name in ("flows", "candidates"):
            counts[name] = counts.get(name, 0) - min(canary.made, counts.get(name, 0))
        return counts

    def run(self) -> None:
        """Read until the source ends; then give the last state of everything."""
        for batch in self.source.batches():
            self.beat = time.monotonic()
            self.batches += 1
            if batch.count:
                self._mailbox.put(self._feed(batch))
            if not self._orders.empty():
                self._obey()
            if self.beat - self._ticked >= _TICK_SECONDS:
                self._ticked = self.beat
                self._mailbox.put(self.engine.tick())
        self._obey()
        self._mailbox.put(self.engine.finish())
        self.beat = time.monotonic()

    def _feed(self, batch: Batch) -> list[State]:
        states = self.engine.feed(batch)
        if self._keeps is not None:
            self._keeps.see(batch, self.engine.live.matcher.table.records)
        return states

    def _obey(self) -> None:
        while True:
            try:
                order = self._orders.get_nowait()
            except queue.Empty:
                return
            order()

    def _sing(self) -> None:
        now_ns = self.engine.live.now_ns or time.time_ns()
        self._mailbox.put(self.engine.feed(self.canary.batch(now_ns)))
