"""What a block of a coin takes and pays on a day, with the rows that say so."""

from __future__ import annotations

import datetime
import math
from typing import TYPE_CHECKING, NamedTuple

from poolwatch.terms import DayWorth, Factor

if TYPE_CHECKING:
    from poolwatch.catalog.figure_rows import NetworkMonthRow, RewardRow
    from poolwatch.catalog.figures import Figures

_EPOCH = datetime.date(1970, 1, 1)
_DAY = 86_400.0
_BLOCKS_PER_DAY = 720.0  # of the coins whose reward falls with each block, by their two minutes

Range = tuple[float, float]


class Block(NamedTuple):
    """What a block of a day takes (hashes: low, estimate, high) and pays (coins)."""

    work: tuple[float, float, float]
    ground: str  # "target" on the wire, or "table" of the months
    reward: Range
    fees: Range | None  # None: not known
    factors: tuple[Factor, ...]


class BlockBook:
    """Blocks by coin and day."""

    def __init__(self, figures: Figures) -> None:
        self._figures = figures

    def find(self, coin: str, day: DayWorth) -> Block | None:
        """The block of a day; None where its work or its reward is not known.

        The target on the wire counts before the month's figure, and a height before the day.
        """
        date = date_of(day.day)
        row = self._figures.reward(coin, date, day.height)
        month = self._figures.network(coin, date)
        work = _work_on_wire(day) or (_work_of_month(month) if month is not None else None)
        if row is None or not 0 < row.low <= row.high < math.inf or work is None:
            return None
        reward = _reward(row, day, month)
        factors = [
            Factor("work_per_block", work[0], work[2], "hashes", "targets on the wire")
            if day.blocks or month is None
            else _factor("work_per_block", (work[0], work[2]), "hashes", month),
            _factor("reward", reward, coin, row),
        ]
        fees = None
        for source in (month, row):
            if source is not None and fees is None:
                fees = _fees(source)
                if fees is not None:
                    factors.append(_factor("fees", fees, coin, source, source.fees_sources))
        ground = "target" if day.blocks else "table"
        return Block(work, ground, reward, fees, tuple(factors))


def date_of(day: int) -> datetime.date:
    """The date of a day since 1970."""
    return _EPOCH + datetime.timedelta(days=day)


def _work_on_wire(day: DayWorth) -> tuple[float, float, float] | None:
    """Of several targets the mean that the shares were found under."""
    if day.blocks <= 0:
        return None
    work = day.worth.high / day.blocks
    return work, work, work


def _work_of_month(month: NetworkMonthRow) -> tuple[float, float, float] | None:
    seconds = _DAY / month.blocks_per_day if month.blocks_per_day > 0 else 0.0
    low, about, high = month.hashrate_low, month.hashrate, month.hashrate_high
    if not 0 < low <= about <= high < math.inf or not 0 < seconds < math.inf:
        return None
    return low * seconds, about * seconds, high * seconds


def _reward(row: RewardRow, day: DayWorth, month: NetworkMonthRow | None) -> Range:
    """The reward of a row at a height; one that falls by the block is told by its height."""
    if row.decay_blocks <= 0:
        return row.low, row.high
    blocks_per_day = month.blocks_per_day if month is not None else _BLOCKS_PER_DAY
    behind = (date_of(day.day) - row.from_day).days * blocks_per_day
    if day.height is not None:
        behind = day.height - row.from_height
    part = math.exp(-max(behind, 0) / row.decay_blocks)
    return row.low * part, row.high * part


def _fees(source: NetworkMonthRow | RewardRow) -> Range | None:
    low, high = source.fees_low, source.fees_high
    return (low, high) if low is not None and high is not None and 0 <= low <= high else None


def _factor(
    name: str, value: Range, unit: str, row: NetworkMonthRow | RewardRow, source: str = ""
) -> Factor:
    return Factor(name, *value, unit, source or row.sources, row.date.isoformat())
