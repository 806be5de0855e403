"""Which rows go when there is no room: those that lose nothing first, findings never.

First every row of which a later state waits too. Then, while that is not enough, the oldest detail:
sightings, coverage, and sessions no finding refers to. Findings, and where sensors stand, stay.
"""

from __future__ import annotations

from collections.abc import Container

from poolwatch.store.records import NAMES, SESSION, Record

_KEYS = 200_000
"""Rows whose states are compared; of more, earlier states are merely kept."""


class LaterStates:
    """Finds rows that a later state replaces, when asked from the newest row to the oldest."""

    def __init__(self, keys: int = _KEYS) -> None:
        self._most = keys
        self._states: dict[bytes, int] = {}

    def replace(self, record: Record) -> bool:
        """Whether a row asked for before, which is newer, replaces this one."""
        state = self._states.get(record.key)
        if state is not None and record.state <= state:
            return True
        if state is not None or len(self._states) < self._most:
            self._states[record.key] = record.state
        return False


def is_detail(record: Record, referred: Container[int] | None) -> bool:
    """Whether a row may go at all. `referred`: flows of findings; None: any flow may be."""
    if record.kind == SESSION:
        return referred is not None and record.flow_id not in referred
    return record.kind in NAMES
