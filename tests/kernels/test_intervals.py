"""The interval kernel against its plain twin."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from poolwatch.kernels.intervals import BLOCK, find_intervals
from poolwatch.layouts import ADDRESS, CANDIDATE, INTERVAL
from tests import naive_intervals as naive

HALF = 2**64 - 1
# Both halves of an address must count, and both ends of what 64 bits hold.
PLACES = st.one_of(
    st.integers(0, 5),
    st.integers(HALF - 3, HALF + 4),
    st.integers(2**128 - 4, 2**128 - 1),
    st.integers(0, 2**128 - 1),
)
TIMES = st.one_of(st.integers(-5, 5), st.sampled_from([-(2**63), 2**63 - 1]))
CANDIDATES = st.lists(st.tuples(TIMES, TIMES, st.integers(0, 2**31 - 1)), max_size=4)


@settings(deadline=None)  # the first call loads the kernel
@given(
    st.dictionaries(PLACES, CANDIDATES, max_size=40),
    st.lists(st.tuples(PLACES, TIMES), max_size=2 * BLOCK + 3),
)
def test_found_as_by_the_twin(
    intervals: dict[int, list[tuple[int, int, int]]], asked: list[tuple[int, int]]
) -> None:
    model = sorted(intervals.items())
    rows = np.zeros(len(model), INTERVAL)
    flat: list[tuple[int, int, int, int]] = []
    for row, (start, candidates) in zip(rows, model, strict=True):
        row["hi"], row["lo"] = start >> 64, start & HALF
        row["first"], row["count"] = len(flat), len(candidates)
        flat += [(*candidate, 0) for candidate in candidates]
    addresses = np.array([(where >> 64, where & HALF, ts) for where, ts in asked], ADDRESS)
    out = np.full(len(asked), 7, np.int32)
    find_intervals(rows, np.array(flat, CANDIDATE), addresses, out)
    assert out.tolist() == [naive.find_interval(model, where, ts) for where, ts in asked]


def test_arrays_may_be_read_only() -> None:
    rows, candidates = np.zeros(1, INTERVAL), np.zeros(1, CANDIDATE)
    rows["count"], candidates["to_ns"], candidates["row"] = 1, 5, 3
    addresses = np.zeros(1, ADDRESS)
    for array in (rows, candidates, addresses):
        array.flags.writeable = False
    out = np.empty(1, np.int32)
    find_intervals(rows, candidates, addresses, out)
    assert out.tolist() == [3]
