"""Spans of time within a bound, and the role of a host that does several things."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from poolwatch.aggregate.findings import Findings
from poolwatch.aggregate.runs import RECONNECT_NS
from poolwatch.aggregate.spans import join_nearest, united
from poolwatch.terms import Finding, Grade, Role, Session, Stage
from tests.aggregate.test_findings import session
from tests.running import NOON_NS

SPAN = st.tuples(st.integers(0, 200), st.integers(0, 9)).map(lambda s: (s[0], s[0] + s[1]))


# -- spans -----------------------------------------------------------------------------


@given(st.lists(SPAN, max_size=40))
def test_united_spans_are_in_order_apart_and_cover_the_same(spans: list[tuple[int, int]]) -> None:
    result = united(spans)
    assert all(before[1] < after[0] for before, after in pairwise(result))
    covered = {tick for start, end in spans for tick in range(start, end)}
    assert {tick for start, end in result for tick in range(start, end)} == covered


@given(st.lists(SPAN, max_size=40), st.integers(0, 30))
def test_short_pauses_are_closed(spans: list[tuple[int, int]], pause: int) -> None:
    result = united(spans, pause)
    assert all(after[0] - before[1] >= max(pause, 1) for before, after in pairwise(result))
    assert {start for start, _ in result} <= {start for start, _ in spans}


def test_the_smallest_gaps_are_closed_first() -> None:
    spans = [(0, 1), (2, 3), (10, 11), (13, 14), (100, 101)]
    assert join_nearest(spans, 3) == [(0, 3), (10, 14), (100, 101)]
    assert join_nearest(spans, 1) == [(0, 101)]
    assert join_nearest(spans, 9) == spans


def test_spans_that_were_joined_are_counted() -> None:
    findings = Findings(100, spans=4)
    base = session()
    for n in range(20):
        start = NOON_NS + 2 * n * RECONNECT_NS
        hit = replace(base.hit, seen_first_ns=start, seen_last_ns=start + 10)
        findings.add(replace(base, hit=hit))
    (finding,) = findings.all()
    assert findings.counts()["finding_spans_joined"] > 0
    assert 20 * 10 <= finding.active_ns <= 40 * RECONNECT_NS


# -- roles -----------------------------------------------------------------------------


def parts(miner: Grade | None, pool: Grade | None, target: bool = False) -> list[Session]:
    """Sessions of 10.0.0.90 as a miner, as a pool, as a target."""
    upstream = session("10.0.0.90", "198.51.100.7", port=50900, lines=4)
    downstream = session("203.0.113.9", "10.0.0.90")
    found: list[Session] = []
    if miner is not None:
        found.append(replace(upstream, grade=miner))
    if pool is not None:
        found.append(replace(downstream, grade=pool))
    if target:
        found.append(replace(downstream, grade=Grade.NOTED, role=Role.TARGET))
    return found


def judged(sessions: list[Session]) -> Finding:
    findings = Findings(100)
    for one in sessions:
        findings.add(one)
    (finding,) = (finding for finding in findings.all() if finding.host == "10.0.0.90")
    return finding


N, S, P, C = Grade.NOTED, Grade.SUSPECTED, Grade.PROBABLE, Grade.CONFIRMED


@pytest.mark.parametrize(
    ("miner", "pool", "role", "grade"),
    [
        (N, C, Role.POOL, C),  # one SYN to a listed address must not hide a pool
        (S, C, Role.POOL, C),
        (C, S, Role.MINER, C),
        (C, N, Role.MINER, C),
        (S, S, Role.POOL, S),  # it got further as a pool
        (P, P, Role.RELAY, P),
        (P, C, Role.RELAY, C),
        (C, P, Role.RELAY, C),
        (C, None, Role.MINER, C),
        (None, P, Role.POOL, P),
    ],
)
@pytest.mark.parametrize("target", [False, True])
@pytest.mark.parametrize("turned", [False, True])
def test_the_role_is_what_weighs_most(
    miner: Grade | None, pool: Grade | None, role: Role, grade: Grade, target: bool, turned: bool
) -> None:
    sessions = parts(miner, pool, target)
    finding = judged(sessions[::-1] if turned else sessions)
    assert (finding.role, finding.grade) == (role, grade)
    assert finding.sessions == len(sessions)


def test_a_target_is_one_only_if_it_is_nothing_else() -> None:
    assert judged(parts(None, None, target=True)).role is Role.TARGET
    assert judged(parts(N, None, target=True)).role is Role.MINER


def test_a_relay_speaks_of_the_pool_above_it() -> None:
    finding = judged(parts(P, C))
    assert finding.best.pool_end.address == "198.51.100.7"
    assert finding.stage is finding.best.hit.stage is Stage.AUTHORIZED


# -- times -----------------------------------------------------------------------------


def test_a_capture_without_a_clock_does_not_move_a_finding_to_1970() -> None:
    timed = session()
    hit = replace(timed.hit, first_ns=0, last_ns=0, seen_first_ns=0, seen_last_ns=0)
    clockless = replace(timed, hit=hit)
    findings = Findings(100)
    findings.add(clockless)
    (alone,) = findings.all()
    assert (alone.first_ns, alone.last_ns, alone.active_ns) == (0, 0, 0)
    findings.add(timed)
    findings.add(clockless)
    (both,) = findings.all()
    assert (both.first_ns, both.last_ns) == (timed.hit.seen_first_ns, timed.hit.seen_last_ns)
