"""One ring's thread: batches in, states of conversations into the mailbox."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from poolwatch.capture.mirror import Directions, DuplicateWatch, directions
from poolwatch.engine import LiveEngine, State
from poolwatch.errors import PoolwatchError
from poolwatch.sensor.canary import Canary
from poolwatch.sensor.keep import KeptFlow
from poolwatch.sensor.mailbox import Mailbox
from poolwatch.terms import Grade, Session

if TYPE_CHECKING:
    from poolwatch.capture.live import LiveSource, RingSettings
    from poolwatch.capture.source import Batch
    from poolwatch.match.lessons import Taught
    from poolwatch.tables import Tables

_TICK_SECONDS = 0.25
_ORDERS = 1000  # that wait for a ring's thread; others are seldom more than two


class Keeps(Protocol):
    """Who keeps packets, as a ring's thread calls it (`keep.Lane`)."""

    def see(self, batch: Batch, records: Any) -> None:
        """Look at a batch that was just scanned; `records`: the flow record of each packet."""
        ...

    def take(self, flow: KeptFlow) -> bool:
        """Keep a flow from now on, and what is remembered of it."""
        ...

    def sweep(self, now_ns: int) -> None:
        """Go over a part of the flow table."""
        ...

    def close(self) -> None:
        """The thread ends."""
        ...


@dataclass(slots=True)
class Exchange:
    """Of the tables of a ring: when it was tried, and why it was not done."""

    done: threading.Event = field(default_factory=threading.Event)
    refused: str = ""


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
    ) -> None:
        super().__init__(name=f"ring-{number}", daemon=True)
        self.source = source
        self.engine = engine
        self.canary = Canary(number)
        self.beat = time.monotonic()
        self.batches = 0
        self.sheds = 0
        self.lessons_missed = 0
        self._others: Sequence[Pipeline] = ()
        self._mailbox = mailbox
        self._orders: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._ticked = self.beat
        self.doubles: DuplicateWatch | None = None
        self._keeps: Keeps | None = None
        self._keep_from = Grade.SUSPECTED

    def look_for_doubles(self, settings: RingSettings) -> None:
        """Have packets recognised that were mirrored twice. Before `start`."""
        self.doubles = DuplicateWatch(settings)

    def teach(self, others: Sequence[Pipeline]) -> None:
        """Hand what DNS teaches on to other rings. Before `start`."""
        self._others = others
        if others:
            self.engine.live.lessons()  # from now on they are noted

    def directions(self) -> Directions:
        """Conversations seen, and those of them in one direction only."""
        table = self.engine.live.matcher.table
        return directions(table.flows, int(table.table["used"][0]))

    def keep_with(self, keeps: Keeps) -> None:
        """Have packets kept. Before `start`."""
        self._keeps = keeps

    def use(self, tables: Tables) -> Exchange:
        """Go by other tables from the next batch on."""
        exchange = Exchange()

        def go_by() -> None:
            try:
                self.engine.use(tables)
            except PoolwatchError as error:
                exchange.refused = str(error)
            exchange.done.set()

        self._orders.put(go_by)
        return exchange

    def warm(self) -> None:
        """Send a first canary, before `start`.

        What is loaded when it is first asked for is there then: a small ring does not wait for it.
        """
        self._sing()
        self._give(self.engine.tick())

    def sing(self) -> None:
        """Send the canary."""
        self._orders.put(self._sing)

    def shed(self) -> None:
        """Free memory, of least worth first."""

        def free() -> None:
            self.sheds += 1
            self._give(self.engine.shed())

        self._orders.put(free)

    def learn(self, taught: Taught) -> None:
        """Learn what another ring learned; from its thread. When much waits, it is counted."""
        if self._orders.qsize() >= _ORDERS:
            self.lessons_missed += 1
        else:
            self._orders.put(lambda: self.engine.live.learn(taught))

    def counts(self) -> dict[str, int]:
        """What was counted, without the canary's share; from any thread."""
        counts = self.engine.counts()
        if self.lessons_missed:
            counts["lessons_missed"] = counts.get("lessons_missed", 0) + self.lessons_missed
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
                if self.doubles is not None:
                    self.doubles.look(batch)
                states = self.engine.feed(batch)
                if self._keeps is not None:
                    self._keeps.see(batch, self.engine.live.matcher.table.records)
                self._give(states)
                self._hand_on()
            if not self._orders.empty():
                self._obey()
            if self.beat - self._ticked >= _TICK_SECONDS:
                self._ticked = self.beat
                self._give(self.engine.tick())
                if self._keeps is not None:
                    self._keeps.sweep(self.engine.live.now_ns)
        self._obey()
        self._give(self.engine.finish())
        if self._keeps is not None:
            self._keeps.close()
        self.beat = time.monotonic()

    def _give(self, states: list[State]) -> None:
        """Have packets of what is mining kept, then hand the states over."""
        if self._keeps is not None:
            for state in states:
                if isinstance(state, Session) and state.grade >= self._keep_from:
                    self._keep(self._keeps, state)
        self._mailbox.put(states)

    def _keep(self, keeps: Keeps, session: Session) -> None:
        if session.flow_id is None or self.canary.is_own(session):
            return
        hit = session.hit
        keeps.take(
            KeptFlow(
                flow_id=session.flow_id,
                first_packet=hit.first_packet,
                host=session.host,
                last_ns=None if hit.open else hit.last_ns,
            )
        )

    def _hand_on(self) -> None:
        if self._others:
            for taught in self.engine.live.lessons():
                for other in self._others:
                    other.learn(taught)

    def _obey(self) -> None:
        while True:
            try:
                order = self._orders.get_nowait()
            except queue.Empty:
                return
            order()

    def _sing(self) -> None:
        now_ns = self.engine.live.now_ns or time.time_ns()
        self._give(self.engine.feed(self.canary.batch(now_ns)))
