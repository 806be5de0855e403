"""Gathers what the rings found: findings made, rows written, and only then told.

A finding is told once everything it rests on is durable: its packets synced, its rows on the
disk or in the store. Whatever cannot be made durable now is tried again, and not told before.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from poolwatch.aggregate.attribute import attribute
from poolwatch.aggregate.live import NO_CONVERSATION, Ended, LiveFindings, Withdrawn
from poolwatch.engine import State
from poolwatch.errors import StoreRowError
from poolwatch.outputs.eve import finding_event, mining_event
from poolwatch.store import FindingRow, Row, SessionRow, SightingRow
from poolwatch.terms import Finding, Grade, Session

if TYPE_CHECKING:
    from poolwatch.aggregate.cause import Ranker
    from poolwatch.aggregate.estimate import Estimator
    from poolwatch.inventory.units import UnitTable
    from poolwatch.sensor.canary import Canary
    from poolwatch.sensor.config import ReportSettings
    from poolwatch.sensor.mailbox import Mailbox
    from poolwatch.settings import Limits

Event = dict[str, Any]
_CHANGES = {
    "new": "new",
    "grade_up": "grade",
    "stage_up": "stage",
    "role_change": "stage",
    "back": "back",
    "withdrawn": "grade",
}
"""What a teller calls a change, and what the store does."""
_BOUNDS = {
    "hosts_left_out": "hosts had no room (limits.hosts)",
    "open_sessions_left_out": "open conversations had no room",
}
"""Bounds that are warned of while they bite."""
_WARN_SECONDS = 600.0  # after one bit last


class Writes(Protocol):
    """The store's writer, as far as it is used here."""

    def put(self, row: Row) -> bool:
        """Hand over a row; False: it is lost."""
        ...

    def flush(self, timeout: float) -> bool:
        """Whether all rows put so far are durable."""
        ...


class Tells(Protocol):
    """Who tells people and programs."""

    def tell(self, event: Event) -> str | None:
        """Tell an event; never waits. The change of its host that was an alert."""
        ...


class Keeps(Protocol):
    """Who keeps packets."""

    def keep_host(self, host: str) -> None:
        """A host became a finding."""
        ...

    def sync(self, timeout: float = 5.0) -> bool:
        """Whether all that was kept so far is on the disk."""
        ...

    def problem(self) -> str:
        """Why packets are not written just now; empty: they are."""
        ...


@dataclass(slots=True)
class _Shown:
    """What a host's finding said when it was written last."""

    state: tuple[object, ...]
    at: float
    event: Event


class Collector(threading.Thread):
    """The one thread that knows all findings. `beat`: when it moved last."""

    def __init__(
        self,
        mailbox: Mailbox,
        writer: Writes,
        settings: ReportSettings,
        limits: Limits,
        open_sessions: int,
    ) -> None:
        super().__init__(name="collector", daemon=True)
        self.beat = time.monotonic()
        self.units: UnitTable | None = None
        self.estimator: Estimator | None = None
        self.ranker: Ranker | None = None
        self.findings = LiveFindings(limits, open_sessions)
        self.last_finding_ns = 0
        self.told_without_packets = 0
        self.told = self.sessions = self.rows_lost = self.flushes_failed = self.withdrawn = 0
        self.untold_dropped = 0  # events that waited too long to be durable, the oldest first
        self._mailbox = mailbox
        self._writer = writer
        self._settings = settings
        self._limits = limits
        self._canaries: tuple[Canary, ...] = ()
        self._heard: Callable[[int, int], None] | None = None
        self._keeps: Keeps | None = None
        self._tells: Tells | None = None
        self._due: dict[str, float] = {}  # hosts with higher counts: when they are written
        self._shown: dict[str, _Shown] = {}
        self._untold: list[Event] = []  # put to the writer, not durable yet
        self._stages: dict[int, tuple[object, ...]] = {}  # of open conversations that were told
        self._most_stages = 2 * open_sessions
        self._bit: dict[str, tuple[int, float]] = {}  # bounds: how often, and when last
        self._state_ns = 0
        self._ending = threading.Event()

    def hear(self, canaries: Iterable[Canary], heard: Callable[[int, int], None]) -> None:
        """Before `start`: the canaries, and whom to tell of one by number and its time."""
        self._canaries, self._heard = tuple(canaries), heard

    def tell_to(self, tells: Tells) -> None:
        """Before `start`: who is told."""
        self._tells = tells

    def keep_with(self, keeps: Keeps) -> None:
        """Before `start`: who keeps the packets that findings rest on."""
        self._keeps = keeps

    @property
    def waiting(self) -> int:
        """Events that are not told since they are not durable."""
        return len(self._untold)

    def warnings(self) -> list[str]:
        """Bounds that bit in the last minutes, and how often since the start."""
        now = time.monotonic()
        return [
            f"{_BOUNDS[name]}: {count}"
            for name, (count, at) in list(self._bit.items())
            if now - at < _WARN_SECONDS
        ]

    def stop(self) -> None:
        """Take what is there, and end. Call once the rings are done."""
        self._ending.set()

    def run(self) -> None:
        """Gather until `stop`."""
        while not self._ending.wait(self._settings.collect_seconds):
            self.turn()
        self.turn(last=True)

    def turn(self, *, last: bool = False) -> None:
        """One round; the `last` one writes everything that is not written."""
        self.beat = now = time.monotonic()
        changed: dict[str, None] = {}
        for state in self._mailbox.take():
            changed |= dict.fromkeys(self._take(state))
        for host in changed:
            self._look_at(host, now)
        for host in [host for host, due in self._due.items() if last or due <= now]:
            self._write_finding(host, self.findings.finding(host), now)
        self._note_bounds(now)
        self.beat = time.monotonic()
        self._tell(self._settings.flush_seconds)
        self.beat = time.monotonic()

    def _note_bounds(self, now: float) -> None:
        counts = self.findings.counts()
        for name in _BOUNDS:
            if counts[name] > self._bit.get(name, (0, now))[0]:
                self._bit[name] = counts[name], now

    def _take(self, state: State | Ended) -> Iterable[str]:
        """Take a state; the hosts it changed something of."""
        if isinstance(state, Ended):
            last = self.findings.last_of(state.flow_id)
            if last is None:
                return ()
            state = last
        if isinstance(state, Withdrawn):
            self.withdrawn += 1
            self._stages.pop(state.flow_id, None)
        else:
            if self._is_canary(state):
                return ()
            self._write_session(state)
            if self.ranker is not None:
                self.ranker.note(state)
        return self.findings.take(state)

    def _is_canary(self, session: Session) -> bool:
        """Whether a session is a canary: it went through all there is, and ends here."""
        for number, canary in enumerate(self._canaries):
            if not canary.is_own(session):
                continue
            alone = LiveFindings(self._limits, 1)
            alone.take(session)
            finding = alone.finding(session.host)
            whole = canary.is_whole(session) and finding is not None and finding_event(finding)
            if whole and self._heard is not None:
                self._heard(number, session.hit.first_ns)
            return True
        return False

    def _write_session(self, session: Session) -> None:
        """A row for every state; an event for those that say something new, and the last."""
        self.sessions += 1
        event = mining_event(session)
        hit = session.hit
        self._put(
            SessionRow.of(
                event,
                session.capture.id or "",
                state_ns=self._next_state(),
                host=session.host,
            )
        )
        key = session.flow_id or 0
        state = (session.grade, hit.stage, hit.refused, hit.login, session.pool)
        if hit.open:
            if self._stages.get(key) == state:
                return
            self._stages[key] = state
            if len(self._stages) > self._most_stages:
                del self._stages[next(iter(self._stages))]
        else:
            self._stages.pop(key, None)
        self._untold.append(event)

    def _look_at(self, host: str, now: float) -> None:
        """Write a host's finding: news at once, what only counts in its time."""
        finding, shown = self.findings.finding(host), self._shown.get(host)
        if finding is None or shown is None or _state_of(finding) != shown.state:
            self._write_finding(host, finding, now)
        else:
            self._due.setdefault(host, shown.at + self._settings.refresh_seconds)

    def _write_finding(self, host: str, finding: Finding | None, now: float) -> None:
        self._due.pop(host, None)
        if finding is None:
            self._withdraw(host)
            return
        if self.units is not None:
            attribute(finding, self.units)
        if self.estimator is not None:
            self.estimator.fill(finding)
        if self.ranker is not None:
            self.ranker.fill(finding)
        event = finding_event(finding)
        if self._keeps is not None and finding.inside and finding.grade > Grade.NOTED:
            self._keeps.keep_host(host)
        self.last_finding_ns = max(self.last_finding_ns, finding.last_ns)
        self._remember(host, _Shown(_state_of(finding), now, event))
        self._put(FindingRow.of(event, state_ns=self._next_state()))
        self._untold.append(event)

    def _withdraw(self, host: str) -> None:
        """Nothing is left of a finding that was written: it stays, merely noted.

        What had no room any more is no less true: then it stays as it was written.
        """
        shown, left = self._shown.get(host), self.findings.given_up(host)
        if shown is None:
            return
        grade = Grade.NOTED if left is None else left.grade
        if left is not None and Grade[shown.event["grade"].upper()] <= grade:
            return
        del self._shown[host]
        ground = NO_CONVERSATION if left is None else "not all were conversations"
        against: Event = {"id": "conversation", "cause": None, "rank": "strong", "text": ground}
        against |= {"fields": {}, "citations": []}
        event = shown.event | {"grade": grade.word, "counter_grounds": [against]}
        self._put(FindingRow.of(event, state_ns=self._next_state()))
        self._untold.append(event)

    def _remember(self, host: str, shown: _Shown) -> None:
        self._shown.pop(host, None)
        self._shown[host] = shown
        if len(self._shown) > self._limits.hosts:
            del self._shown[next(iter(self._shown))]

    def _tell(self, timeout: float) -> None:
        """Make durable what was written, then tell of it."""
        if not self._untold:
            return
        if not (self._are_packets_durable(timeout) and self._writer.flush(timeout)):
            self.flushes_failed += 1
            self._bound_untold()
            return
        events, self._untold = self._untold, []
        self.told += len(events)
        if self._tells is None:
            return
        for event in events:
            change = self._tells.tell(event)
            if event["event_type"] == "finding":
                self._put_sighting(event, _CHANGES.get(change or "", "again"))

    def _are_packets_durable(self, timeout: float) -> bool:
        """Whether kept packets are on the disk. One that takes none holds no finding back."""
        if self._keeps is None or self._keeps.sync(timeout):
            return True
        if not self._keeps.problem():
            return False
        self.told_without_packets += 1
        return True

    def _put_sighting(self, event: Event, change: str) -> None:
        self._put(
            SightingRow(
                sensor=event["sensor"],
                finding_id=event["finding_id"],
                at_ns=self._next_state(),
                change=change,
                host=event["host"],
                grade=event["grade"],
                stage=event["stage"],
                flow_id=event["flows"][-1] if event["flows"] else None,
            )
        )

    def _bound_untold(self) -> None:
        """Of what waits to be told, a later state takes the place of an earlier one."""
        latest: dict[tuple[str, object], Event] = {}
        for event in self._untold:
            key = event["event_type"], event.get("flow_id", event.get("finding_id"))
            latest.pop(key, None)
            latest[key] = event
        self._untold = list(latest.values())[-self._limits.hosts :]
        self.untold_dropped += len(latest) - len(self._untold)

    def _put(self, row: Row) -> None:
        try:
            taken = self._writer.put(row)
        except StoreRowError:  # no store would take it; the others are none the worse
            taken = False
        if not taken:
            self.rows_lost += 1

    def _next_state(self) -> int:
        """A number that grows from state to state."""
        self._state_ns = max(time.time_ns(), self._state_ns + 1)
        return self._state_ns


def _state_of(finding: Finding) -> tuple[object, ...]:
    """What of a finding is worth writing at once when it changes."""
    return (
        finding.grade,
        finding.stage,
        finding.role,
        finding.refused,
        len(finding.pools),
        len(finding.coins),
        len(finding.wallets),
        len(finding.accounts),
    )
