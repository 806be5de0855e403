"""A matcher for packets that never end: flows are told of while they are open.

A scan hands out a hit when a flow closes. On a wire that can be weeks after the first share,
so here the state of an open flow is handed out too: soon after it got further, later now and
then for its counts. The last one, when it closes, is what a scan says of the same packets.
"""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import msgspec

from poolwatch.match.lessons import Taught, learn, taught_by
from poolwatch.match.matcher import Matcher
from poolwatch.terms import FlowKey, Hit, Stage

if TYPE_CHECKING:
    from poolwatch.capture.source import Batch
    from poolwatch.catalog import Catalog
    from poolwatch.settings import Limits

_NS = 1_000_000_000
NotNegative = Annotated[float, msgspec.Meta(ge=0)]
_STEP_NS = 60 * _NS  # packets so far from the clock of the capture are of another one
_STEP_BATCHES = 3  # in a row, until the clock is set: not by one frame with a strange time
_STEP_TOLD_SECONDS = 3600.0


class LiveSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """When the state of open flows is told, and how much at a time."""

    settle_seconds: NotNegative = 0.5
    """How long a flow's state stands before it is told: an echo shows by then."""
    refresh_seconds: NotNegative = 1.0
    """How often the counts of a flow that goes on are told, if they changed: what a crash loses."""
    sweep_seconds: NotNegative = 5.0
    """How often flows to listed addresses are looked for, and idle ones ended."""
    lookup_seconds: NotNegative = 300.0
    """How long lookups wait until they are told: by then it shows who asks for others."""
    states: Annotated[int, msgspec.Meta(ge=1)] = 2000
    """States told at a time; the others wait for the next."""
    bare_states: Annotated[int, msgspec.Meta(ge=0)] = 6000
    """Flows a minute that are told of though nobody said a word; the rest is counted."""


@dataclass(slots=True)
class _Told:
    """What was told last of a flow."""

    key: FlowKey
    identity: int  # number of the flow's first packet
    state: object
    at: float  # of the monotonic clock


class LiveMatcher:
    """Batches in; out come states of open flows (`hit.open`) and of flows that closed.

    Not safe for several threads: each ring has its own.
    """

    def __init__(
        self,
        catalog: Catalog,
        limits: Limits,
        settings: LiveSettings,
        *,
        seed: int | None = None,
    ) -> None:
        self.matcher = Matcher(catalog, limits, seed=seed)
        self.matcher.changed = set()
        self.matcher.table.go_by_arrival()
        self.counts: Counter[str] = Counter()
        self._settings = settings
        self._told: dict[int, _Told] = {}  # by record
        self._owed: set[int] = set()  # identities of flows told of, whose last state is to come
        self._first: dict[int, float] = {}  # changed records: since when
        self._newest_ns = 0
        self._newest_at = time.monotonic()  # when the clock of the capture moved last
        self._swept_at = self._settled_at = self._newest_at
        self._apart = 0  # batches in a row whose times are far from the clock
        self._stepped_ns, self._stepped_at = 0, 0.0
        self._relisted = False
        self._bare = settings.bare_states
        self._bare_at = self._newest_at

    @property
    def now_ns(self) -> int:
        """The clock of the capture; while the wire is silent it goes on by our own."""
        newest = self._newest_ns
        return newest + int((time.monotonic() - self._newest_at) * _NS) if newest else 0

    @property
    def clock_step(self) -> float:
        """Seconds the packets' clock was last found to have jumped; 0: not in the last hour."""
        lately = time.monotonic() - self._stepped_at < _STEP_TOLD_SECONDS
        return self._stepped_ns / _NS if lately else 0.0

    def feed(self, batch: Batch) -> list[Hit]:
        """Read a batch; the hits of flows that closed meanwhile."""
        hits = self.matcher.feed(batch)
        if batch.count:
            self._follow(batch)
        return self._worth(hits)

    def tick(self) -> list[Hit]:
        """What is to be told by now: open flows that got further, lookups that settled."""
        now = time.monotonic()
        if now - self._swept_at >= self._settings.sweep_seconds:
            self._sweep(now)
        if now - self._settled_at >= self._settings.lookup_seconds:
            self._settled_at = now
            self.matcher.settle_lookups()
        return self._worth(self.matcher.give()) + self._changed(now)

    def finish(self) -> list[Hit]:
        """The end: the last state of every flow."""
        hits = self._worth(self.matcher.finish())
        self._forget(list(self._told))
        return hits + self._worth(self.matcher.give())

    def shed(self) -> list[Hit]:
        """Free part of the memory; what had been found in flows that go is given."""
        self.matcher.shed()
        return self._worth(self.matcher.give())

    def lessons(self) -> list[Taught]:
        """What DNS taught since the last call, for the matchers of other rings."""
        return taught_by(self.matcher)

    def learn(self, taught: Taught) -> None:
        """Learn what the matcher of another ring learned."""
        learn(self.matcher, taught)

    def use(self, catalog: Catalog) -> None:
        """Go by another catalogue; no flow is lost. Raises CatalogError, and stays as it was."""
        self.matcher.use(catalog)
        self._relisted = True

    def _follow(self, batch: Batch) -> None:
        """Set the clock of the capture by a batch; after a step only once several agree.

        Nothing is closed by this clock: flows are idle by when their packets arrived.
        """
        times = batch.packets["ts_ns"]
        middle = int(times[batch.count // 2])  # one of a strange time says nothing of the others
        newest = int(times[batch.count - 1])
        newest = newest if abs(newest - middle) <= _STEP_NS else middle
        clock = self.now_ns
        if not clock or abs(newest - clock) <= _STEP_NS:
            self._apart = 0
            if newest > self._newest_ns:
                self._set_clock(newest)
        else:
            self._apart += 1
            if self._apart >= _STEP_BATCHES:
                self._apart = 0
                self.counts["clock_steps"] += 1
                self._stepped_ns, self._stepped_at = newest - clock, time.monotonic()
                self._set_clock(newest)
        self.matcher.table.table["now_ns"] = self._newest_ns

    def _set_clock(self, newest_ns: int) -> None:
        self._newest_ns, self._newest_at = newest_ns, time.monotonic()

    def _changed(self, now: float) -> list[Hit]:
        """States of open flows that are due."""
        changed = self.matcher.changed
        assert changed is not None
        hits: list[Hit] = []
        done: list[int] = []
        for record in changed:
            if len(hits) >= self._settings.states:
                self.counts["states_delayed"] += 1
                break
            hit = self._state(record, now, done)
            if hit is not None:
                hits.append(hit)
        changed.difference_update(done)
        for record in done:
            self._first.pop(record, None)
        return self._worth(hits)

    def _state(self, record: int, now: float, done: list[int]) -> Hit | None:
        """The state of one open flow if it is due; what needs no look again is `done`."""
        identity = self.matcher.table.identity(record)
        told = self._told.get(record)
        if told is not None and told.identity != identity:
            self._forget([record])
            told = None
        if not identity:
            done.append(record)
            return None
        state = self.matcher.state_of(record)
        first = self._first.setdefault(record, now)
        if now - first < self._settings.settle_seconds:
            return None
        news = told is None or told.state != state
        if not news and told is not None and now - told.at < self._settings.refresh_seconds:
            return None
        hit = self.matcher.peek(record)
        if hit is not None and self._waits(hit, now - first):
            return None
        done.append(record)
        if hit is not None:
            self._told[record] = _Told(hit.key, identity, state, now)
        return hit

    def _waits(self, hit: Hit, waited: float) -> bool:
        """Whether a lookup waits: who asks for others shows in time."""
        return hit.stage is Stage.LOOKED_UP and waited < self._settings.lookup_seconds

    def _sweep(self, now: float) -> None:
        """End idle flows, look for flows to something listed, forget what was told of others."""
        matcher, table = self.matcher, self.matcher.table
        self._swept_at = now
        seen_at = int(now * _NS)
        table.see(seen_at)
        matcher.expire(seen_at)
        assert matcher.changed is not None
        matcher.changed.update(table.marked(0 if self._relisted else seen_at))
        self._relisted = False
        self._forget([r for r, told in self._told.items() if table.identity(r) != told.identity])
        self._first = {r: at for r, at in self._first.items() if r in matcher.changed}

    def _forget(self, records: list[int]) -> None:
        """Forget what was told of flows that are over, by the records they had.

        A flow of which in the end there was nothing to say (its address is listed no more) is
        given once more, empty, or its last state would stand for ever.
        """
        matcher = self.matcher
        coming = {hit.first_packet for hit in (*matcher.lookups, *matcher.hits)}
        for record in records:
            told = self._told.pop(record)
            if told.identity in self._owed and told.identity not in coming:
                ends = (told.identity, matcher.last_ns, matcher.last_ns, 0)
                matcher.hits.append(Hit(told.key, *ends, opened=False, payload=(False, False)))

    def _worth(self, hits: list[Hit]) -> list[Hit]:
        """Hits without a word or a name, beyond so many a minute, are counted and dropped."""
        now = time.monotonic()
        if now - self._bare_at >= 60:
            self._bare, self._bare_at = self._settings.bare_states, now
        kept: list[Hit] = []
        for hit in hits:
            if not (hit.signatures or hit.names or hit.first_packet in self._owed):
                if self._bare <= 0:
                    self.counts["bare_flows_shed"] += 1
                    continue
                self._bare -= 1
            kept.append(hit)
            if hit.open:
                self._owed.add(hit.first_packet)
            else:
                self._owed.discard(hit.first_packet)
        return kept
