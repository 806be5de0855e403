"""The kernels that put entries of logs together, against the same written plainly."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from poolwatch.kernels.logs import settle_leases, settle_logins, settle_translations
from poolwatch.layouts import LOG_BINDING, LOG_TRANSLATION, LogAct, LogBit, LogEnd
from poolwatch.logs.settle import sorted_order
from tests import naive_settle as naive
from tests.naive_settle import SECOND, UNKNOWN, Entry

HOLD = 600 * SECOND
TIMES = st.integers(1, 40).map(lambda step: step * 50 * SECOND)
SOME = st.integers(0, 2)


@st.composite
def session_entries(draw: st.DrawFn) -> Entry:
    """An entry of a session."""
    act = draw(st.sampled_from((LogAct.BEGIN, LogAct.ALIVE, LogAct.END)))
    at = draw(TIMES)
    entry = Entry(draw(st.integers(0, 1)), act, at, UNKNOWN, draw(SOME), draw(SOME), draw(SOME))
    if act is LogAct.BEGIN:
        entry.whose = entry.whose or 1
        return entry
    lasted = draw(st.none() | TIMES)
    entry.from_ns, entry.until_ns = UNKNOWN if lasted is None else at - lasted, at
    return entry


@st.composite
def lease_entries(draw: st.DrawFn) -> Entry:
    """An entry of a lease."""
    act = draw(st.sampled_from((LogAct.GRANT, LogAct.GRANT, LogAct.ALIVE, LogAct.END)))
    at = draw(TIMES)
    entry = Entry(draw(st.integers(0, 1)), act, at, at, 0, draw(SOME), draw(SOME))
    if act is LogAct.GRANT:
        entry.until_ns = at + draw(TIMES)
        entry.end = draw(st.sampled_from((LogEnd.EXPIRY, LogEnd.ASSUMED)))
    elif act is LogAct.END:
        lasted = draw(st.none() | TIMES)
        entry.from_ns = UNKNOWN if lasted is None else at - lasted
    return entry


def rows_of(entries: list[Entry], dtype: Any, whose: str) -> tuple[Any, Any, Any]:
    """The rows of entries, their keys, and their order. The line of a row is its place."""
    rows = np.zeros(len(entries), dtype)
    for line, (row, entry) in enumerate(zip(rows, entries, strict=True)):
        row["from_ns"], row["until_ns"], row["act"] = entry.from_ns, entry.until_ns, entry.act
        row[whose], row["end"], row["line"] = entry.whose, entry.end, line
        row["bits"] = LogBit.WHOLE_SECOND
        if dtype == LOG_BINDING:
            row["mac"], row["text"] = entry.mac, entry.account
        else:
            row["outside"] = entry.whose
    keys = np.array([entry.key for entry in entries], np.uint64)
    turns = np.array([entry.turn for entry in entries], np.int64)
    return rows, keys, sorted_order(keys, turns, np.arange(len(entries), dtype=np.uint32))


Seen = list[tuple[int, ...]]


def seen(rows: Any, whose: str, more: tuple[str, ...] = ()) -> Seen:
    """Records in rows, in an order of their own."""
    kept = rows[rows["act"] != LogAct.DEAD]
    columns = ("from_ns", "until_ns", "end", whose, *more)
    begun = [not bits & LogBit.NO_START for bits in kept["bits"]]
    return sorted(
        (*(int(row[name]) for name in columns), int(said))
        for row, said in zip(kept, begun, strict=True)
    )


def told(records: list[Entry], more: Callable[[Entry], tuple[int, ...]]) -> Seen:
    """The same of entries."""
    return sorted(
        (one.from_ns, one.until_ns, one.end, *more(one), int(one.begin_said)) for one in records
    )


@settings(deadline=None, max_examples=300)
@given(st.lists(session_entries(), max_size=12))
def test_translations(entries: list[Entry]) -> None:
    rows, keys, order = rows_of(entries, LOG_TRANSLATION, "inside")
    lost = settle_translations(rows, keys, order, np.array([HOLD]), 1)
    expected = naive.settle_sessions(entries, HOLD, naive.one_translation, logins=False)
    assert seen(rows, "inside") == told(expected.records, lambda one: (one.whose,))
    assert lost == expected.lost


@settings(deadline=None, max_examples=300)
@given(st.lists(session_entries(), max_size=12))
def test_logins(entries: list[Entry]) -> None:
    rows, keys, order = rows_of(entries, LOG_BINDING, "address")
    names = np.array([0, 1, 2])
    lost = settle_logins(rows, keys, order, np.array([HOLD]), names)
    expected = naive.settle_sessions(entries, HOLD, naive.one_login, logins=True)
    assert seen(rows, "address", ("mac", "text")) == told(
        expected.records, lambda one: (one.whose, one.mac, one.account)
    )
    assert lost == expected.lost


@settings(deadline=None, max_examples=300)
@given(st.lists(lease_entries(), max_size=12))
def test_leases(entries: list[Entry]) -> None:
    rows, keys, order = rows_of(entries, LOG_BINDING, "address")
    rows["bits"] = 0
    rows["bits"][[entry.act is LogAct.END for entry in entries]] = LogBit.WHOLE_SECOND
    settle_leases(rows, keys, order, np.array([HOLD]))
    expected = naive.settle_leases(entries, HOLD)
    assert seen(rows, "mac", ("text",)) == told(expected, lambda one: (one.mac, one.account))
