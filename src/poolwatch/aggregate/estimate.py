"""Fills in what a finding's work brought and took: coins, energy. Nothing is read for others."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from poolwatch.aggregate.energy import burdens, energy_of_power, power_of_rate
from poolwatch.aggregate.fields import day_of
from poolwatch.aggregate.yields import Yields
from poolwatch.terms import DayWorth, Energy, Factor, Finding, Role, WorkKind

if TYPE_CHECKING:
    from poolwatch.catalog import Catalog

_MACHINES = frozenset(("asic", "gpu", "cpu"))
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
        rate = finding.hashrate
        assert rate is not None
        of_kinds = [self._algorithms(kind) for kind in finding.kinds]
        common = set[str]().union(*of_kinds).intersection(*of_kinds)
        if any(of_kinds) and not common:  # hashes of two algorithms add up to no measure of power
            finding.unknown = [*finding.unknown, ("energy", "sessions_by_algorithm")]
            return
        algorithms = tuple(sorted(common))
        classes = {kind.hardware_class or "" for kind in finding.kinds}
        devices = tuple(sorted(classes)) if classes and classes <= _MACHINES else ()
        day = day_of(finding.last_ns)
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

    def _algorithms(self, kind: WorkKind) -> tuple[str, ...]:
        """The algorithms, as the tables call them, of which one it is; empty: not known."""
        coins = self._catalog.coins
        names: Iterable[str] = kind.coins
        if not names and kind.algorithm is not None:
            names = coins.of_wire(kind.algorithm)
            if not names:
                return (kind.algorithm,)
        return tuple(sorted({coins.rows[name].algorithm for name in names if name in coins.rows}))
