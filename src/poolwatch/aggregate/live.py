"""Findings that are never finished: conversations are replaced by their later states."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from poolwatch.aggregate.findings import findings_within, roles_of
from poolwatch.aggregate.remains import GivenUp, Remains
from poolwatch.aggregate.standing import Standing
from poolwatch.terms import Finding, Grade, Role, Session, Stage

if TYPE_CHECKING:
    from poolwatch.settings import Limits


_GIVEN_UP = 4  # times as many hosts: a grade and a stage of each take next to nothing


NO_CONVERSATION = "no conversation after all"
"""What stands against a finding of which nothing is left."""


class Withdrawn(NamedTuple):
    """A conversation was told of, and turned out to be none: an echo, talk about mining."""

    flow_id: int


class Ended(NamedTuple):
    """A conversation is over, and what was last known of it had no room on its way."""

    flow_id: int


class LiveFindings:
    """States of conversations in, the finding of any host at any time out.

    One that goes on is kept apart and replaced by its next state; once it is over it is added
    for good. So nothing counts twice, and what is kept is bounded by hosts, not by time.

    What gives way to surer hosts leaves behind how sure it was: a finding goes down
    when a conversation says so, and never since there was no room.
    """

    def __init__(self, limits: Limits, open_sessions: int) -> None:
        self._settled = findings_within(limits)
        self._most = open_sessions
        self._open: dict[int, Session] = {}
        self._by_host: dict[str, dict[int, tuple[Session, Role]]] = {}
        self.left_out = 0  # open conversations beyond the bound: told only once they are over
        self._settled.gave_up = self._note_given_up
        self._standing = Standing[int]()  # which of those that go on gives way
        self._remains = Remains(_GIVEN_UP * limits.hosts + open_sessions)

    @property
    def vantage(self) -> str | None:
        """Side of address translation the conversations are seen from, if that is known."""
        return self._settled.vantage

    @vantage.setter
    def vantage(self, side: str | None) -> None:
        self._settled.vantage = side

    def __len__(self) -> int:
        """Conversations that go on."""
        return len(self._open)

    def take(self, state: Session | Withdrawn) -> set[str]:
        """Take a state; the hosts whose findings it changed."""
        key = state.flow_id
        assert key is not None, "live captures have an id"
        changed = self._drop(key)
        if isinstance(state, Withdrawn):
            return changed
        hosts = {host for host, _ in roles_of(state)}
        for host in hosts:
            self._settled.heard(host)
        changed |= self._settled.note_machines(state, self._by_host.keys())
        if not state.hit.open:
            self._settled.add(state)
        elif self._has_room(state.grade):
            self._open[key] = state
            self._standing.note(key, state.grade)
            for host, role in roles_of(state):
                self._by_host.setdefault(host, {})[key] = (state, role)
        else:
            self._put_aside(state)
        return changed | hosts

    def finding(self, host: str) -> Finding | None:
        """What is to be said of a host now; None: nothing, or nothing any more."""
        states = self._by_host.get(host, {})
        finding = self._settled.of_host(host, states.values())
        left = self.given_up(host)
        if finding is not None and left is not None:
            finding.grade = max(finding.grade, left.grade)
            finding.stage = max(finding.stage, left.stage)
        return finding

    def given_up(self, host: str) -> GivenUp | None:
        """What was known of a host beyond its finding, and had no room; None: nothing."""
        return self._remains.of_host(host)

    def last_of(self, flow_id: int) -> Session | None:
        """What is known of a conversation that is over though its last state is lost."""
        state = self._open.get(flow_id)
        return state and replace(state, hit=replace(state.hit, open=False))

    def counts(self) -> dict[str, int]:
        """How often a bound bit."""
        return self._settled.counts() | {"open_sessions_left_out": self.left_out}

    def _note_given_up(self, host: str, grade: Grade, stage: Stage) -> None:
        self._remains.put(host, [host], GivenUp(grade, stage))

    def _has_room(self, grade: Grade) -> bool:
        """Whether one more can be kept open: the longest silent of the least grade gives way."""
        if len(self._open) < self._most:
            return True
        self.left_out += 1
        least = self._standing.least()
        if least is None or least[0] > grade:
            return False
        state = self._open[least[1]]
        self._drop(least[1])
        self._put_aside(state)
        return True

    def _put_aside(self, state: Session) -> None:
        """One that goes on has no room: how sure it was stays until it is heard of again."""
        assert state.flow_id is not None
        hosts = [host for host, _ in roles_of(state)]
        self._remains.put(state.flow_id, hosts, GivenUp(state.grade, state.hit.stage))

    def _drop(self, key: int) -> set[str]:
        """Forget the last state of a conversation; the hosts it spoke of."""
        state = self._open.pop(key, None)
        if state is None:
            return self._remains.drop(key)
        self._standing.forget(key)
        hosts = {host for host, _ in roles_of(state)}
        for host in hosts:
            states = self._by_host[host]
            del states[key]
            if not states:
                del self._by_host[host]
        return hosts
