"""Over generated populations the range of machines holds the truth; its width is printed.

40 of them here, 200 with `make rigs`.
"""

from __future__ import annotations

import os
import sys
from collections import defaultdict
from dataclasses import dataclass
from statistics import mean, median

import pytest

from poolwatch.terms import Rigs
from tests import running
from tests.rig_populations import Population, draw

COUNT = int(os.environ.get("POOLWATCH_POPULATIONS", "40"))
FIRST = 5000  # seeds below were looked at while the methods were written
BAR = 0.95


@dataclass(frozen=True)
class Held:
    """A population and what was said of it."""

    population: Population
    rigs: Rigs

    @property
    def truth(self) -> int:
        return len(self.population.seen)

    @property
    def covers(self) -> bool:
        high = self.rigs.high
        return self.rigs.low <= self.truth and (high is None or self.truth <= high)


@pytest.fixture(scope="module")
def held(tmp_path_factory: pytest.TempPathFactory) -> list[Held]:
    path = tmp_path_factory.mktemp("rigs") / "capture.pcap"
    found: list[Held] = []
    for seed in range(FIRST, FIRST + COUNT):
        population = draw(seed, path)
        rigs = [one.rigs for one in running.scan([path]).findings if one.host == population.host]
        if population.seen and rigs:
            assert rigs[0] is not None
            found.append(Held(population, rigs[0]))
    assert len(found) >= 0.95 * COUNT, "hardly a population leaves no trace"
    return found


def test_the_range_holds_the_truth(held: list[Held], capsys: pytest.CaptureFixture[str]) -> None:
    with capsys.disabled():
        sys.stdout.write(f"\n{_table(held)}\n")
    covered = sum(one.covers for one in held)
    assert covered >= BAR * len(held)
    # A range that is open proves nothing: those with two ends have to hold as well.
    ends = [one for one in held if one.rigs.high is not None]
    assert len(ends) > len(held) / 2
    assert sum(one.covers for one in ends) >= (BAR - 0.02) * len(ends)


def test_ranges_are_narrow_enough_to_say_something(held: list[Held]) -> None:
    ends = [one for one in held if one.rigs.high is not None]
    assert median((one.rigs.high or 0) / one.rigs.low for one in ends) <= 2
    assert mean(one.rigs.low / one.truth for one in held) >= 0.5


def test_no_method_alone_says_too_many(held: list[Held]) -> None:
    for method in ("clocks", "counters", "workers", "sessions"):
        counts = [
            (c.low, one.truth) for one in held for c in one.rigs.methods if c.method == method
        ]
        assert counts
        assert sum(low <= truth for low, truth in counts) >= BAR * len(counts), method


def _lows(held: list[Held], method: str) -> list[tuple[int, int]]:
    """What one method says at least, beside the truth."""
    return [(c.low, one.truth) for one in held for c in one.rigs.methods if c.method == method]


def _table(held: list[Held]) -> str:
    covered = sum(one.covers for one in held)
    opened = sum(one.rigs.high is None for one in held)
    rows = [
        f"{covered} of {len(held)} ranges hold the truth; {opened} are open",
        "population        n  holds  open  low/truth  high/low (median)",
    ]
    groups: dict[str, list[Held]] = defaultdict(list)
    for one in held:
        for name in (one.population.topology, one.population.naming, *one.population.traits):
            groups[name].append(one)
    for name, of_it in sorted(groups.items()):
        widths = [one.rigs.high / one.rigs.low for one in of_it if one.rigs.high is not None]
        holds = mean(one.covers for one in of_it)
        low = mean(one.rigs.low / one.truth for one in of_it)
        width = f"{median(widths):.2f}" if widths else "–"
        rows.append(
            f"{name:14}{len(of_it):5}{holds:7.0%}{len(of_it) - len(widths):6}{low:11.2f}{width:>9}"
        )
    rows.append("method            n  low holds  low/truth")
    for method in sorted({count.method for one in held for count in one.rigs.methods}):
        lows = _lows(held, method)
        holds, part = mean(low <= truth for low, truth in lows), mean(a / b for a, b in lows)
        rows.append(f"{method:14}{len(lows):5}{holds:11.0%}{part:11.2f}")
    return "\n".join(rows)
