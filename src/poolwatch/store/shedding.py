"""Which rows go when there is no room: those that lose nothing first, findings never."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import NamedTuple

from poolwatch.store.records import NAMES, SESSION, Record


class Mark(NamedTuple):
    """What is to be known of a waiting row to choose; marks stand in the order of their rows."""

    kind: int
    state: int
    flow_id: int
    key: bytes
    size: int
    fixed: bool = False
    """It cannot be taken out, only replace others."""


class Shed(NamedTuple):
    """Places of the marks that go."""

    superseded: set[int]
    dropped: set[int]
    freed_bytes: int


def mark(record: Record, *, fixed: bool = False) -> Mark:
    """The mark of a record."""
    return Mark(record.kind, record.state, record.flow_id, record.key, record.size, fixed)


def choose(marks: Iterable[Mark], wanted_bytes: int, referred: Collection[int] | None) -> Shed:
    """What goes to free `wanted_bytes`.

    First every row of which a later state waits too, which is no loss. Then, while that is not
    enough, the oldest detail: sightings, coverage, and sessions whose flow is not `referred` to
    by a finding (None: any may be). Findings, and where sensors stand, never.
    """
    marks = list(marks)
    latest: dict[bytes, int] = {}
    for place, one in enumerate(marks):
        other = latest.get(one.key)
        if other is None or one.state >= marks[other].state:
            latest[one.key] = place
    superseded: set[int] = set()
    dropped: set[int] = set()
    freed = 0
    for place, one in enumerate(marks):
        if latest[one.key] != place and not one.fixed:
            superseded.add(place)
            freed += one.size
    for place, one in enumerate(marks):
        if freed >= wanted_bytes:
            break
        if place not in superseded and not one.fixed and _is_detail(one, referred):
            dropped.add(place)
            freed += one.size
    return Shed(superseded, dropped, freed)


def _is_detail(one: Mark, referred: Collection[int] | None) -> bool:
    if one.kind == SESSION:
        return referred is not None and one.flow_id not in referred
    return one.kind in NAMES
