"""The shape of each row of the tables of figures: networks, rewards, hardware, factors."""

from __future__ import annotations

import datetime
from typing import Literal

import msgspec


class NetworkMonthRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a network computed in a month, in H/s: `network.csv`.

    `hashrate_low` and `hashrate_high` hold what a day of the month may have been. `span_days`: how
    far apart the blocks are whose work the mean was taken from. Fees are in coins a block, and
    empty where not known.
    """

    coin: str
    month: str  # YYYY-MM
    hashrate: float
    hashrate_low: float
    hashrate_high: float
    blocks_per_day: float
    span_days: int
    sources: str
    date: datetime.date
    fees_low: float | None = None
    fees_high: float | None = None
    fees_sources: str = ""


class RewardRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a miner is paid for a block, in coins, from a height on: `rewards.csv`.

    `from_day` is the day of that block. `decay_blocks`: blocks in which the reward falls by a
    factor of e, 0 for none. Fees are in coins a block, and empty where not known.
    """

    coin: str
    from_height: int
    from_day: datetime.date
    low: float
    high: float
    decay_blocks: int
    sources: str
    date: datetime.date
    fees_low: float | None = None
    fees_high: float | None = None
    fees_sources: str = ""


class HardwareRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A machine or chip that mines: `hardware.csv`.

    `algorithms` are separated by `|`; `hashrate` is in H/s, `watts` as the maker or the benchmark
    says, which is `wall_low` to `wall_high` times as much at the wall. `since`: the year it came.
    """

    device: Literal["asic", "gpu", "cpu"]
    model: str
    algorithms: str  # as in `coins.csv`
    hashrate: float
    watts: float
    wall_low: float
    wall_high: float
    since: int
    sources: str
    date: datetime.date


class FactorRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A factor between energy, coal and carbon dioxide: `factors.csv`.

    `year` is the year the figure is of, `published` the day of its `document`.
    """

    set: str
    kind: Literal["official", "reconstruction", "assumption"]
    quantity: Literal["co2_per_kwh", "coal_per_kwh", "pool_fee"]
    low: float
    high: float
    unit: Literal["kgCO2/kWh", "kgce/kWh", "share of the reward"]
    document: str
    sources: str
    date: datetime.date
    region: str = ""
    region_en: str = ""
    year: int | None = None
    published: datetime.date | None = None
