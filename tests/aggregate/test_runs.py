"""Conversations joined across reconnects, within bounds."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from poolwatch.aggregate.runs import RECONNECT_NS, Runs
from poolwatch.aggregate.spans import united

SECOND = 10**9
SPAN = st.tuples(st.sampled_from("abc"), st.integers(0, 9000), st.integers(0, 400)).map(
    lambda s: (s[0], s[1] * SECOND, (s[1] + s[2]) * SECOND)
)
Spans = list[tuple[str, int, int]]


def total(spans: Spans, most_spans: int = 1000, most_keys: int = 100) -> int:
    runs = Runs(most_spans, most_keys)
    for span in spans:
        runs.add(*span)
    return runs.total()


@pytest.mark.parametrize(
    ("spans", "seconds"),
    [
        ([("a", 0, 10), ("a", 100, 110)], 110),  # it reconnected
        ([("a", 0, 10), ("b", 100, 110)], 20),  # another one came
        ([("a", 0, 10), ("a", 909, 919)], 919),
        ([("a", 0, 10), ("a", 910, 920)], 20),  # a quarter of an hour is no reconnect
        ([("a", 0, 100), ("b", 50, 150)], 150),  # time counts once
        ([("a", 100, 110), ("a", 0, 10), ("a", 50, 60)], 110),
        ([], 0),
    ],
)
def test_pauses(spans: Spans, seconds: int) -> None:
    in_ns = [(key, start * SECOND, end * SECOND) for key, start, end in spans]
    assert total(in_ns) == seconds * SECOND


@given(st.lists(SPAN, max_size=30), st.randoms())
def test_the_order_does_not_matter(spans: Spans, chance: object) -> None:
    shuffled = sorted(spans, key=lambda span: hash((span, id(chance))))
    assert total(shuffled) == total(spans)


@given(st.lists(SPAN, max_size=60), st.integers(2, 12))
def test_the_bound_holds_and_the_total_is_never_too_low(spans: Spans, most: int) -> None:
    runs = Runs(most, max(most // 2, 1))
    for span in spans:
        runs.add(*span)
        assert sum(map(len, runs._spans.values())) <= most
    assert runs.total() >= sum(b - a for a, b in united([span[1:] for span in spans]))
    if not runs.spans_joined and not runs.keys_joined:
        assert runs.total() == total(spans)


def test_a_day_of_short_connections_costs_no_more_than_it_should() -> None:
    """86,400 spans that never touch: uniting them all again for each took hours."""
    runs = Runs(1000, 100)
    begun = time.process_time()
    for number in range(86_400):
        runs.add(None, number * 2 * RECONNECT_NS, number * 2 * RECONNECT_NS + SECOND)
    assert time.process_time() - begun < 5
    assert runs.spans_joined > 80_000


def test_a_flood_of_logins_is_one_miner_beyond_the_bound() -> None:
    runs = Runs(1000, 10)
    for number in range(500):
        runs.add(number, number * SECOND, number * SECOND)
    assert runs.keys_joined == 490
    assert len(runs._spans) == 11
