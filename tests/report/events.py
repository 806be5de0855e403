"""Events for the tests of reports: real ones, to be changed as wanted."""

from __future__ import annotations

import copy
import io
import itertools
import json
from functools import cache
from typing import Any

from poolwatch import Report, read_eve
from poolwatch.outputs import Item
from poolwatch.outputs.eve import Events
from tests.running import scan_scenario

_ids = itertools.count(1)


@cache
def _office() -> tuple[dict[str, Any], ...]:
    scan = scan_scenario("office")
    assert scan.stats is not None
    events = Events()
    items: list[Item] = [*scan.sessions, *scan.findings, scan.stats]
    made = [events.make(item) for item in items]
    return tuple(event for event in made if event)


def office_events() -> list[dict[str, Any]]:
    return copy.deepcopy(list(_office()))


def event_of(kind: str) -> dict[str, Any]:
    """One of each kind."""
    return next(event for event in office_events() if event["event_type"] == kind)


def changed(event: dict[str, Any], **values: Any) -> dict[str, Any]:
    """Another event with some of its values replaced; `a__b` is `b` within `a`."""
    for name in ("flow_id", "finding_id"):
        if name in event:
            event[name] = next(_ids)
    for path, value in values.items():
        *outer, name = path.split("__")
        place = event
        for step in outer:
            place = place[step]
        place[name] = value
    return event


def report_of(*events: dict[str, Any]) -> Report:
    """A report of these events and a line of stats."""
    lines = [json.dumps(event) for event in (*events, event_of("stats"))]
    return read_eve(io.StringIO("\n".join(lines) + "\n"))
