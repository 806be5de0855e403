"""States of conversations on their way from the rings to whoever gathers them."""

from __future__ import annotations

import threading
from collections.abc import Iterable

from poolwatch.aggregate.live import Withdrawn
from poolwatch.engine import State
from poolwatch.terms import Grade


class Mailbox:
    """Never makes a ring wait: a later state takes the place of an earlier one, by flow.

    Beyond `most`, states of conversations that are merely noted give way, then new ones are
    dropped; both are counted. A conversation that goes on is told of again anyway.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._states: dict[int, State] = {}
        self._noted: dict[int, None] = {}
        self.dropped = 0

    def __len__(self) -> int:
        return len(self._states)

    def put(self, states: Iterable[State]) -> None:
        """Take states, from any thread."""
        with self._lock:
            for state in states:
                key = state.flow_id
                assert key is not None, "live captures have an id"
                noted = not isinstance(state, Withdrawn) and state.grade is Grade.NOTED
                if key not in self._states and not self._has_room(noted=noted):
                    self.dropped += 1
                    continue
                self._states[key] = state
                if noted:
                    self._noted[key] = None
                else:
                    self._noted.pop(key, None)

    def take(self) -> list[State]:
        """All that came since the last time."""
        with self._lock:
            states, self._states, self._noted = self._states, {}, {}
        return list(states.values())

    def _has_room(self, *, noted: bool) -> bool:
        if len(self._states) < self._most:
            return True
        if noted or not self._noted:
            return False
        key = next(iter(self._noted))
        del self._noted[key], self._states[key]
        self.dropped += 1
        return True
