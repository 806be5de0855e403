"""What makes a row of the tables of figures unfit although it can be read."""

from __future__ import annotations

import datetime
import math
import re
from collections.abc import Hashable, Iterator
from typing import Any

from poolwatch.catalog.difficulties import algorithm_key
from poolwatch.catalog.figures import Figures
from poolwatch.catalog.load import Placed, Rows

_MONTH = re.compile(r"20\d\d-(0[1-9]|1[0-2])")
_FIRST_YEAR = 2009
_MOST_WALL = 3.0
_UNITS = {
    "co2_per_kwh": ("kgCO2/kWh", 1.5),
    "coal_per_kwh": ("kgce/kWh", 0.6),
    "pool_fee": ("share of the reward", 1.0),
}
"""The unit of each quantity, and what it is never above."""


def figure_rows(rows: Rows) -> Iterator[Placed[Any]]:
    """All rows of all tables of figures."""
    for table in rows.figures:
        yield from table.read()


def network_months(rows: Rows) -> Iterator[str]:
    """A month of a coin stands once, and is a range of hashrates."""
    today = datetime.datetime.now(datetime.UTC).date()
    for placed in Figures(rows.figures).placed("network.csv"):
        row = placed.row
        if not _MONTH.fullmatch(row.month) or row.month > f"{today:%Y-%m}":
            yield f"{placed.place}: {row.month!r} is no month up to now, as 2021-05"
        if not _is_range(row.hashrate_low, row.hashrate, row.hashrate_high):
            yield f"{placed.place}: no hashrates from low over mean to high"
        if not 0 < row.blocks_per_day < math.inf or row.span_days < 1:
            yield f"{placed.place}: blocks_per_day and span_days are above 0"
        yield from _fees(placed)
    yield from _repeated(rows, "network.csv", lambda row: (row.coin, row.month))


def rewards(rows: Rows) -> Iterator[str]:
    """Rewards follow each other by height and by day."""
    last: dict[tuple[str, str], Placed[Any]] = {}
    for placed in Figures(rows.figures).placed("rewards.csv"):
        row = placed.row
        if not 0 <= row.low <= row.high < math.inf or row.decay_blocks < 0:
            yield f"{placed.place}: {row.low} to {row.high} is no reward"
        before = last.get((placed.file, row.coin))
        if before is not None and not (
            before.row.from_height < row.from_height and before.row.from_day < row.from_day
        ):
            yield f"{placed.place}: comes before that of {before.place}, by height or day"
        last[placed.file, row.coin] = placed
        yield from _fees(placed)


def figure_coins(rows: Rows) -> Iterator[str]:
    """Coins of networks and rewards stand in the coin table."""
    known = {placed.row.symbol for placed in rows.coins}
    figures = Figures(rows.figures)
    for placed in (*figures.placed("network.csv"), *figures.placed("rewards.csv")):
        if placed.row.coin not in known:
            yield f"{placed.place}: coin {placed.row.coin!r} is not in coins.csv"


def hardware(rows: Rows) -> Iterator[str]:
    """A machine computes something known, takes power, and came in some year."""
    algorithms = {algorithm_key(placed.row.algorithm) for placed in rows.coins}
    year = datetime.datetime.now(datetime.UTC).year
    for placed in Figures(rows.figures).placed("hardware.csv"):
        row = placed.row
        if not (0 < row.hashrate < math.inf and 0 < row.watts < math.inf):
            yield f"{placed.place}: hashrate and watts are above 0"
        if not 1 <= row.wall_low <= row.wall_high <= _MOST_WALL:
            yield f"{placed.place}: {row.wall_low} to {row.wall_high} times is no power at the wall"
        if not _FIRST_YEAR <= row.since <= year:
            yield f"{placed.place}: {row.since} is no year in which machines for mining came"
        for name in row.algorithms.split("|"):
            if algorithm_key(name) not in algorithms:
                yield f"{placed.place}: algorithm {name!r} is of no coin in coins.csv"
    yield from _repeated(rows, "hardware.csv", lambda row: (row.model, row.algorithms, row.sources))


def factors(rows: Rows) -> Iterator[str]:
    """A factor has the unit of its quantity; an official one its year, document and day."""
    for placed in Figures(rows.figures).placed("factors.csv"):
        row = placed.row
        unit, most = _UNITS[row.quantity]
        if row.unit != unit:
            yield f"{placed.place}: {row.quantity} is in {unit}, not {row.unit}"
        if not 0 <= row.low <= row.high <= most:
            yield f"{placed.place}: {row.low} to {row.high} is no {row.quantity}"
        if not row.document.strip():
            yield f"{placed.place}: no document"
        if row.kind == "official" and (row.year is None or row.published is None):
            yield f"{placed.place}: an official factor has a year, and a day it was published"
    yield from _repeated(
        rows, "factors.csv", lambda row: (row.set, row.quantity, row.region, row.region_en)
    )


def _fees(placed: Placed[Any]) -> Iterator[str]:
    low, high = placed.row.fees_low, placed.row.fees_high
    if (low is None) != (high is None):
        yield f"{placed.place}: fees_low and fees_high belong together"
    elif low is not None and not 0 <= low <= high < math.inf:
        yield f"{placed.place}: {low} to {high} is no range of fees"
    elif low is not None and not placed.row.fees_sources.strip():
        yield f"{placed.place}: no source of the fees"


def _repeated(rows: Rows, name: str, key_of: Any) -> Iterator[str]:
    """Two rows of one file about the same; that of one's own folder takes a shipped one's place."""
    seen: dict[Hashable, str] = {}
    for placed in Figures(rows.figures).placed(name):
        key = (placed.file, key_of(placed.row))
        if key in seen:
            yield f"{placed.place}: stands at {seen[key]} already"
        seen.setdefault(key, placed.place)


def _is_range(low: float, about: float, high: float) -> bool:
    return 0 < low <= about <= high < math.inf
