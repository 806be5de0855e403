"""What DNS taught at one ring, carried to the matchers of the others.

Rings share packets by their addresses. So a resolver's answer and the connection that follows it,
which have only the client in common, come through different rings.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from poolwatch.layouts import DEAD
from poolwatch.match.names import Lesson

if TYPE_CHECKING:
    from poolwatch.match.matcher import Matcher
    from poolwatch.match.prefilter import FlowTable

MOST = 64
"""Lessons handed on at a time; a client asks for a listed name now and then."""
_TCP = 1  # of a flow's kind


class Taught(NamedTuple):
    """A lesson, and its LEARNED rows: one an address."""

    lesson: Lesson
    rows: Any


def taught_by(matcher: Matcher) -> list[Taught]:
    """What was learned since the last call; the matcher's names note it from the first one on."""
    names = matcher.names
    packets, names.taught = names.taught or [], []
    if len(packets) > MOST:
        matcher.tally["lessons_missed"] += len(packets) - MOST
    learned = names.tables.arrays["learned"]
    return [
        Taught(names.lessons[packet], learned[learned["packet"] == packet].copy())
        for packet in packets[:MOST]
        if packet in names.lessons
    ]


def learn(matcher: Matcher, taught: Taught) -> None:
    """Learn what another matcher learned; flows that began meanwhile are looked at again.

    The lesson takes a number of its own among the packets.
    """
    table = matcher.table
    number = table.packets + 1
    table.table["packets"] = number
    rows = taught.rows.copy()
    rows["packet"] = number
    table.names.learn_rows(rows)
    matcher.names.lessons[number] = taught.lesson
    _name_open_flows(table, rows, number)


def _name_open_flows(table: FlowTable, rows: Any, number: int) -> None:
    """Say of open flows that began after the answer that it taught their address."""
    if not len(rows):
        return
    used = int(table.table["used"][0])
    flows, starts = table.flows[:used], table.starts[:used]
    young = np.flatnonzero(starts["first_ns"] >= rows["learned_ns"].min())
    flows, first_ns = flows[young], starts["first_ns"][young]
    open_tcp = (flows["kind"] < DEAD) & (flows["kind"] & _TCP != 0) & (starts["named"][young] == 0)
    for row in rows:
        holds = (first_ns >= row["learned_ns"]) & (first_ns <= row["expires_ns"])
        between = _is_between(flows, row, "a", "b") | _is_between(flows, row, "b", "a")
        starts["named"][young[open_tcp & holds & between]] = number


def _is_between(flows: Any, row: Any, client: str, server: str) -> Any:
    """Of each flow whether its ends, so named, are the client and the address of a row."""
    ends = ((client, "client"), (server, "server"))
    parts = [
        flows[f"{end}_{half}"] == row[f"{which}_{half}"]
        for end, which in ends
        for half in ("hi", "lo")
    ]
    return np.logical_and.reduce(parts)
