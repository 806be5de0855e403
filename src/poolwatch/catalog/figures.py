"""Figures of networks, rewards, hardware and factors: read when first asked, not by every scan."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterable
from functools import cached_property
from typing import Any

from poolwatch.catalog.difficulties import algorithm_key
from poolwatch.catalog.figure_rows import FactorRow, HardwareRow, NetworkMonthRow, RewardRow
from poolwatch.catalog.load import Placed, RawTable

_OFFICIAL = re.compile(r"official-\d{4}")


class Figures:
    """The tables of figures; a row of a folder of one's own takes the place of a shipped one."""

    def __init__(self, tables: Iterable[RawTable] = ()) -> None:
        self._tables = tuple(tables)

    def placed(self, name: str) -> list[Placed[Any]]:
        """All rows of a file, with their places. Raises CatalogError for one that does not fit."""
        return [row for table in self._tables if table.path.name == name for row in table.read()]

    def network(self, coin: str, day: datetime.date) -> NetworkMonthRow | None:
        """What a coin's network computed in the month of a day."""
        return self._networks.get((coin, f"{day:%Y-%m}"))

    def reward(self, coin: str, day: datetime.date, height: int | None) -> RewardRow | None:
        """What a block of that height pays; without a height, one of that day."""
        fitting = [
            row
            for row in self._rewards.get(coin, ())
            if (row.from_day <= day if height is None else row.from_height <= height)
        ]
        return fitting[-1] if fitting else None

    def hardware(self, algorithm: str, year: int, devices: tuple[str, ...]) -> list[HardwareRow]:
        """What there was in a year for an algorithm. `devices`: only these; empty: all."""
        key = algorithm_key(algorithm)
        return [
            row
            for row in self._hardware
            if row.since <= year
            and (not devices or row.device in devices)
            and key in map(algorithm_key, row.algorithms.split("|"))
        ]

    def factor_sets(self) -> list[str]:
        """The names of all sets of factors, the newest official ones first."""
        return [name for name in self._factors if name != "pool-fee"]

    def factors(self, name: str, region: str | None = None) -> dict[str, FactorRow]:
        """The factors of a set by quantity, of a region where it has one; empty for no such set.

        `region`: in either language; factors that no region has apart are the country's.
        """
        rows = self._factors.get(name, ())
        found: dict[str, FactorRow] = {}
        for row in rows:
            if row.region_en in ("", "China"):
                found[row.quantity] = row
        for row in rows:
            if _is_region(row, region):
                found[row.quantity] = row
        return found

    def regions(self, name: str) -> list[tuple[str, str]]:
        """The regions a set has factors of, in Chinese and English."""
        rows = self._factors.get(name, ())
        return list(dict.fromkeys((row.region, row.region_en) for row in rows))

    def official_set(self, year: int | None = None) -> str | None:
        """The official set of a year, or the next older one; without a year the newest."""
        names = sorted(name for name in self._factors if _OFFICIAL.fullmatch(name))
        until = [name for name in names if year is None or int(name[-4:]) <= year]
        return until[-1] if until else (names[0] if names else None)

    def pool_fee(self) -> FactorRow | None:
        """The share of the reward that pools keep."""
        return self.factors("pool-fee").get("pool_fee")

    @cached_property
    def _networks(self) -> dict[tuple[str, str], NetworkMonthRow]:
        rows = (placed.row for placed in self.placed("network.csv"))
        return {(row.coin, row.month): row for row in rows}

    @cached_property
    def _rewards(self) -> dict[str, list[RewardRow]]:
        known = {
            (placed.row.coin, placed.row.from_height): placed.row
            for placed in self.placed("rewards.csv")
        }
        rewards: dict[str, list[RewardRow]] = {}
        for (coin, _), row in sorted(known.items()):
            rewards.setdefault(coin, []).append(row)
        return rewards

    @cached_property
    def _hardware(self) -> list[HardwareRow]:
        return [placed.row for placed in self.placed("hardware.csv")]

    @cached_property
    def _factors(self) -> dict[str, list[FactorRow]]:
        sets: dict[str, list[FactorRow]] = {}
        for placed in self.placed("factors.csv"):
            sets.setdefault(placed.row.set, []).append(placed.row)
        return sets


def _is_region(row: FactorRow, region: str | None) -> bool:
    wanted = (region or "").strip().casefold()
    return bool(wanted) and wanted in (row.region, row.region_en.casefold())
