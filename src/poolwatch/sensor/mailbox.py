"""States of conversations on their way from the rings to whoever gathers them."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterable

from poolwatch.aggregate.live import Ended, Withdrawn
from poolwatch.aggregate.standing import Standing
from poolwatch.engine import State
from poolwatch.terms import Grade, Session


class Mailbox:
    """Never makes a ring wait: a later state takes the place of an earlier one, by flow.

    Beyond `most` states, the oldest of the least grade gives way, and is counted. One that goes
    on is told of again; that it is over is told once, so of a last state that is kept,
    of `most` flows.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._states: dict[int, Session] = {}
        self._standing = Standing[int]()
        self._ends: OrderedDict[int, Ended | Withdrawn] = OrderedDict()
        self.dropped = 0

    def __len__(self) -> int:
        return len(self._states) + len(self._ends)

    def put(self, states: Iterable[State]) -> None:
        """Take states, from any thread."""
        with self._lock:
            for state in states:
                if isinstance(state, Withdrawn):
                    self._forget(state.flow_id)
                    self._end(state)
                else:
                    self._put(state)

    def take(self) -> list[State | Ended]:
        """All that came since the last time."""
        with self._lock:
            states, ends = self._states, self._ends
            self._states, self._ends, self._standing = {}, OrderedDict(), Standing()
        return [*states.values(), *ends.values()]

    def _put(self, state: Session) -> None:
        key = state.flow_id
        assert key is not None, "live captures have an id"
        if key not in self._states and not self._has_room(state.grade):
            self._lose(state)
            return
        self._states[key] = state
        self._standing.note(key, state.grade)
        self._ends.pop(key, None)

    def _has_room(self, grade: Grade) -> bool:
        if len(self._states) < self._most:
            return True
        least = self._standing.least()
        if least is None or least[0] > grade:
            return False
        self._lose(self._forget(least[1]))
        return True

    def _forget(self, key: int) -> Session | None:
        self._standing.forget(key)
        return self._states.pop(key, None)

    def _lose(self, state: Session | None) -> None:
        """A state has no room; if it is the last of its flow, that one is over stays."""
        self.dropped += 1
        if state is not None and state.flow_id is not None and not state.hit.open:
            self._end(Ended(state.flow_id))

    def _end(self, end: Ended | Withdrawn) -> None:
        self._ends.pop(end.flow_id, None)
        self._ends[end.flow_id] = end
        if len(self._ends) > self._most:
            self._ends.popitem(last=False)
            self.dropped += 1
