"""From counted shares to a hashrate: estimate, interval, and when there is none."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from poolwatch.aggregate.hashrates import FEWEST_SHARES, estimate_hashrate
from poolwatch.terms import Hashrate, Worth


def worth_of(*shares: float | tuple[float, float]) -> Worth:
    worth = Worth()
    for share in shares:
        worth.add(*(share if isinstance(share, tuple) else (share, share)))
    return worth


def rate_of(worth: Worth, seconds: float = 1.0, algorithm: str | None = None) -> Hashrate:
    rate = estimate_hashrate(worth, seconds, algorithm)
    assert rate is not None
    return rate


# The exact 95 % limits of a Poisson count: F. Garwood, Biometrika 28 (1936), 437-442.
GARWOOD = [(5, 1.62, 11.67), (10, 4.80, 18.39), (20, 12.22, 30.89), (50, 37.11, 65.92)]


@pytest.mark.parametrize(("count", "low", "high"), GARWOOD)
def test_equal_shares_have_the_limits_of_a_count(count: int, low: float, high: float) -> None:
    rate = rate_of(worth_of(*[1000.0] * count), 10.0)
    assert rate.estimate == pytest.approx(100 * count)
    assert (rate.low, rate.high) == pytest.approx((100 * low, 100 * high), rel=4e-3)


def test_too_few_shares_say_nothing() -> None:
    assert estimate_hashrate(worth_of(*[1e9] * (FEWEST_SHARES - 1)), 60, None) is None
    assert estimate_hashrate(worth_of(*[1e9] * FEWEST_SHARES), 60, None) is not None


@pytest.mark.parametrize("seconds", [0.0, -1.0])
def test_no_time_has_no_rate(seconds: float) -> None:
    assert estimate_hashrate(worth_of(*[1e9] * 50), seconds, None) is None


def test_where_pools_disagree_the_range_holds_both() -> None:
    rate = rate_of(worth_of(*[(2.0**20, 2.0**24)] * 100), 1.0, "X16Rv2")
    assert rate.disputed
    assert rate.low < 100 * 2**20 < 100 * 2**24 < rate.high
    assert rate.estimate == pytest.approx(100 * 2**22)
    assert rate.basis == (
        "100 accepted shares in 1 s by X16Rv2 difficulties, of which implementations disagree"
    )


def test_it_says_what_it_rests_on() -> None:
    assert rate_of(worth_of(*[1.0] * 57), 600.4).basis == "57 accepted shares in 600 s by targets"


SHARES = st.lists(st.floats(1, 1e20), min_size=5, max_size=60)


@given(SHARES, st.floats(0.1, 1e6))
def test_the_estimate_lies_in_its_interval(shares: list[float], seconds: float) -> None:
    rate = rate_of(worth_of(*shares), seconds)
    assert 0 < rate.low < rate.estimate < rate.high
    assert rate.estimate == pytest.approx(sum(shares) / seconds)


@given(SHARES, st.data())
def test_it_does_not_matter_how_shares_were_gathered(
    shares: list[float], data: st.DataObject
) -> None:
    cut = data.draw(st.integers(0, len(shares)))
    joined = worth_of(*shares[cut:])
    joined.join(worth_of(*shares[:cut]))
    whole = rate_of(worth_of(*shares))
    again = rate_of(joined)
    assert (again.low, again.estimate, again.high) == pytest.approx(
        (whole.low, whole.estimate, whole.high), rel=1e-9
    )


def test_nineteen_intervals_in_twenty_hold_the_truth() -> None:
    """Miners simulated with a pool that changes the difficulty now and then."""
    chance = random.Random(7)
    held = 0
    for _ in range(400):
        worth, rate, seconds = Worth(), 5000.0, 600.0
        for difficulty, part in ((100_000.0, 0.3), (400_000.0, 0.7)):
            now = chance.expovariate(rate / difficulty)
            while now < part * seconds:
                worth.add(difficulty, difficulty)
                now += chance.expovariate(rate / difficulty)
        found = estimate_hashrate(worth, seconds, None)
        held += found is not None and found.low <= rate <= found.high
    assert held >= 0.93 * 400
