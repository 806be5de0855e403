"""From accepted work to coins: the share of a block it is, times what a block pays.

    coins = accepted_work / work_per_block * (reward + fees) * (1 - pool_fee)

The work of a block is what the target on the wire says, day by day; where the wire does not say,
the mean of the month in `network.csv`. The range is that of the count (the Gamma interval of
`hashrates.py`), of the month's figure, of the reward, its fees and the pool's. Fees that nobody
told are left out. Where a day's block or reward is not known, there is no sum.
"""

from __future__ import annotations

import datetime
import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from poolwatch.aggregate.blocks import Block, BlockBook, date_of
from poolwatch.aggregate.hashrates import work_interval
from poolwatch.terms import CoinsMined, DayCoins, DayWorth, Factor, Figure, Worth

if TYPE_CHECKING:
    from poolwatch.catalog.figures import Figures

FORMULA = "accepted_work / work_per_block * (reward + fees) * (1 - pool_fee)"
FORMULA_OF_RATE = "hashrate * uptime * seconds / work_per_block * (reward + fees) * (1 - pool_fee)"
_EPOCH = datetime.date(1970, 1, 1)
_DAY = 86_400.0
_MOST_SOURCES = 4

Range = tuple[float, float]
Spread = tuple[float, float, float]  # low, estimate, high


class _Paid(NamedTuple):
    """A day's work, and the coins one hash of it brings."""

    work: Spread
    per_hash: Spread
    per_hash_fees: Range | None


@dataclass(slots=True)
class _Days:
    """Days as they are worked out."""

    told: list[DayCoins] = field(default_factory=list)
    paid: list[_Paid] = field(default_factory=list)
    missing: set[str] = field(default_factory=set)
    factors: dict[str, list[Factor]] = field(default_factory=dict)


class Yields:
    """Works out coins by the tables of figures. `pool_fee`: the pool's share, low and high."""

    def __init__(self, figures: Figures, pool_fee: Range | None = None) -> None:
        self._blocks = BlockBook(figures)
        self._fee = _fee_factor(figures, pool_fee)

    def of_shares(self, coin: str, worths: Iterable[DayWorth], unanswered: int = 0) -> CoinsMined:
        """The coins behind accepted shares.

        The upper bound holds shares of unknown worth, and `unanswered` ones whose answers are not
        in view, as if they were worth what others were.
        """
        days, total, unweighed = _Days(), Worth(), 0
        for worth in sorted(worths, key=lambda worth: worth.day):
            unweighed += worth.unweighed
            if worth.worth.shares and worth.worth.low > 0:
                total.join(worth.worth)
                self._add(days, coin, worth, work_interval(worth.worth))
        if not total.shares:
            return _unknown(coin, days, 0, unweighed)
        low, about, high = work_interval(total)
        high *= 1 + (unweighed + unanswered) / total.shares
        source = f"{total.shares} accepted shares"
        source += f", {unweighed} more of unknown worth" if unweighed else ""
        source += f", {unanswered} more without an answer in view" if unanswered else ""
        work = Factor("accepted_work", low, high, "hashes", source)
        # The whole count is surer than each day's.
        ratio = (low / about, 1.0, high / about)
        return self._sum(coin, days, FORMULA, (work,), ratio, total.shares, unweighed)

    def of_rate(
        self, coin: str, rate: Range, first: datetime.date, until: datetime.date, uptime: Range
    ) -> CoinsMined:
        """The coins a hashrate (H/s, low and high) brings from one day up to before another."""
        days = _Days()
        low, high = rate[0] * uptime[0] * _DAY, rate[1] * uptime[1] * _DAY
        work = (low, math.sqrt(low) * math.sqrt(high), high)
        for number in range((first - _EPOCH).days, (until - _EPOCH).days):
            self._add(days, coin, DayWorth(number, Worth()), work)
        seconds = len(days.told) * _DAY
        given = (
            Factor("hashrate", *rate, "H/s", "given"),
            Factor("uptime", *uptime, "1", "given"),
            Factor("seconds", seconds, seconds, "s", f"{first} to {until}"),
        )
        ratio = (low / work[1], 1.0, high / work[1]) if work[1] else (0.0, 1.0, 1.0)
        return self._sum(coin, days, FORMULA_OF_RATE, given, ratio, 0, 0)

    def _add(self, days: _Days, coin: str, worth: DayWorth, work: Spread) -> None:
        block = self._blocks.find(coin, worth)
        amount = None
        if block is None:
            days.missing.add(f"{date_of(worth.day):%Y-%m}")
        else:
            per_hash = self._per_hash(block)
            amount = _times(work, per_hash)
            fees = block.fees and (block.fees[0] / block.work[2], block.fees[1] / block.work[0])
            days.paid.append(_Paid(work, per_hash, fees))
            for factor in block.factors:
                days.factors.setdefault(factor.name, []).append(factor)
        ground = block.ground if block else None
        days.told.append(DayCoins(worth.day, amount, worth.worth.shares, ground, worth.height))

    def _per_hash(self, block: Block) -> Spread:
        """Coins a hash: of the hardest block that pays least to the easiest that pays most."""
        fees, fee = block.fees or (0.0, 0.0), self._fee
        return (
            (block.reward[0] + fees[0]) * (1 - fee.high) / block.work[2],
            (sum(block.reward) + sum(fees)) / 2 * (1 - (fee.low + fee.high) / 2) / block.work[1],
            (block.reward[1] + fees[1]) * (1 - fee.low) / block.work[0],
        )

    def _sum(
        self,
        coin: str,
        days: _Days,
        formula: str,
        given: tuple[Factor, ...],
        ratio: Spread,
        shares: int,
        unweighed: int,
    ) -> CoinsMined:
        """All days together; `ratio`: the bounds of all work, to the estimate."""
        if days.missing or not days.paid:
            return _unknown(coin, days, shares, unweighed)
        low, about, high = (
            sum(paid.work[1] * paid.per_hash[which] for paid in days.paid) * ratio[which]
            for which in range(3)
        )
        united = (_united(factors) for factors in days.factors.values())
        figure = Figure(low, high, coin, formula, (*given, *united, self._fee), about)
        fees = _fees_of(days.paid, ratio)
        return CoinsMined(coin, figure, fees, shares, unweighed, tuple(days.told))


def _fees_of(paid: list[_Paid], ratio: Spread) -> Range | None:
    """The fees of blocks that are part of the sum; None where those of a day are not known."""
    known = [(day.work[1], day.per_hash_fees) for day in paid if day.per_hash_fees is not None]
    if len(known) < len(paid):
        return None
    return (
        sum(work * fees[0] for work, fees in known) * ratio[0],
        sum(work * fees[1] for work, fees in known) * ratio[2],
    )


def _unknown(coin: str, days: _Days, shares: int, unweighed: int) -> CoinsMined:
    missing = tuple(sorted(days.missing))
    return CoinsMined(coin, None, None, shares, unweighed, tuple(days.told), missing)


def _times(work: Spread, per_hash: Spread) -> Spread:
    return work[0] * per_hash[0], work[1] * per_hash[1], work[2] * per_hash[2]


def _united(factors: list[Factor]) -> Factor:
    """The range of a factor over all days, and where it is from."""
    sources = list(dict.fromkeys(factor.source for factor in factors))
    more = f"; and {len(sources) - _MOST_SOURCES} more" if len(sources) > _MOST_SOURCES else ""
    return Factor(
        factors[0].name,
        min(factor.low for factor in factors),
        max(factor.high for factor in factors),
        factors[0].unit,
        "; ".join(sources[:_MOST_SOURCES]) + more,
        max((factor.date for factor in factors if factor.date), default=None),
    )


def _fee_factor(figures: Figures, given: Range | None) -> Factor:
    if given is not None:
        return Factor("pool_fee", *given, "1", "given")
    row = figures.pool_fee()
    if row is None:
        return Factor("pool_fee", 0.0, 0.0, "1", "no row of factors.csv")
    return Factor("pool_fee", row.low, row.high, "1", row.sources, row.date.isoformat())
