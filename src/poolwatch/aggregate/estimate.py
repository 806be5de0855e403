"""Fills in what a finding's work brought and took: coins, energy. Nothing is read for others."""

from __future__ import annotations

from typing import TYPE_CHECKING

from poolwatch.aggregate.energy import burdens, energy_of_power, power_of_rate
from poolwatch.aggregate.fields import day_of
from poolwatch.aggregate.yields import Yields
from poolwatch.terms import DayWorth, Energy, Factor, Finding, Role

if TYPE_CHECKING:
    from poolwatch.catalog import Catalog

_MACHINES = ("asic", "gpu", "cpu")
_HOUR_NS = 3_600_000_000_000


class Estimator:
    """Works out the figures of findings by one catalogue."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._yields: Yields | None = None

    def fill(self, finding: Finding) -> None:
        """Add coins and energy to a finding, and what would settle what cannot be told.

        Those of a relay or a pool are its clients', who have findings of their own.
        """
        if finding.role is not Role.MINER:
            return
        if finding.days:
            self._fill_coins(finding)
        if finding.hashrate is not None:
            self._fill_energy(finding)

    def _fill_coins(self, finding: Finding) -> None:
        self._yields = self._yields or Yields(self._catalog.figures)
        by_coin: dict[str, list[DayWorth]] = {}
        for coin, day in finding.days:
            if coin is not None:
                by_coin.setdefault(coin, []).append(day)
        shares = finding.shares
        unanswered = max(shares.submitted - shares.accepted - shares.rejected, 0)
        for coin, days in sorted(by_coin.items()):
            mined = self._yields.of_shares(coin, days, unanswered if len(by_coin) == 1 else 0)
            if mined.shares:
                finding.coins_mined.append(mined)
        if any(mined.mined is None for mined in finding.coins_mined):
            finding.unknown = [*finding.unknown, ("coins_mined", "network_figures")]

    def _fill_energy(self, finding: Finding) -> None:
        rate, algorithms = finding.hashrate, self._algorithms(finding)
        assert rate is not None
        day = day_of(finding.last_ns)
        named = finding.best.hardware_class
        devices = (named,) if named in _MACHINES else ()
        given = Factor("hashrate", rate.low, rate.high, "H/s", rate.basis)
        kw = power_of_rate(given, algorithms, day.year, devices, self._catalog.figures)
        if kw is None:
            finding.unknown = [*finding.unknown, ("energy", "hardware")]
            return
        hours = finding.active_ns / _HOUR_NS
        kwh = energy_of_power(kw, Factor("hours", hours, hours, "h", "active in view"))
        official = self._catalog.figures.official_set(day.year)
        factors = self._catalog.figures.factors(official) if official else {}
        coal, co2 = burdens(kwh, factors)
        finding.energy = Energy(kw, kwh, hours, coal, co2, official, algorithms, devices)

    def _algorithms(self, finding: Finding) -> tuple[str, ...]:
        """The algorithms, as the tables call them, of which one it is; empty: not known."""
        best, coins = finding.best, self._catalog.coins
        names = set(finding.coins) or set(best.coins)
        if not names and best.algorithm is not None:
            names = set(coins.of_wire(best.algorithm))
            if not names:
                return (best.algorithm,)
        return tuple(sorted({coins.rows[name].algorithm for name in names if name in coins.rows}))
