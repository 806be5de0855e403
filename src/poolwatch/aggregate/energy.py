"""From a hashrate to power, from power to energy, coal and carbon dioxide.

    kW = hashrate * joules_per_hash / 1000        kWh = kW * hours
    coal = kWh * coal_per_kwh                     CO2 = kWh * co2_per_kwh

A miner's model is not on the wire, so power is a range: from the best to the worst machine that
there was for the algorithm in that year, of the class the agent names, if it names one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from poolwatch.terms import Factor, Figure

if TYPE_CHECKING:
    from poolwatch.catalog.figure_rows import FactorRow, HardwareRow
    from poolwatch.catalog.figures import Figures

POWER = "hashrate * joules_per_hash / 1000"
ENERGY = "kw * hours"
COAL = "kwh * coal_per_kwh"
CARBON = "kwh * co2_per_kwh"
_WATTS = 1000.0

Range = tuple[float, float]


def power_of_rate(
    rate: Factor,
    algorithms: tuple[str, ...],
    year: int,
    devices: tuple[str, ...],
    figures: Figures,
) -> Figure | None:
    """The power (kW, at the wall) behind a hashrate (H/s) of one of some algorithms.

    None where no machine is listed.
    """
    found = {name: figures.hardware(name, year, devices) for name in algorithms}
    rows = [row for rows in found.values() for row in rows if row.hashrate > 0]
    if not rows:
        return None
    best = min(rows, key=lambda row: row.watts * row.wall_low / row.hashrate)
    worst = max(rows, key=lambda row: row.watts * row.wall_high / row.hashrate)
    low = best.watts * best.wall_low / best.hashrate
    high = worst.watts * worst.wall_high / worst.hashrate
    source = f"{_named(best)} to {_named(worst)}; {best.sources}; {worst.sources}"
    others = ", ".join(name for name, rows in found.items() if not rows)
    source += f"; no machine is listed for {others}" if others else ""
    date = max(best.date, worst.date).isoformat()
    joules = Factor("joules_per_hash", low, high, "J", source, date)
    kw = (rate.low * low / _WATTS, rate.high * high / _WATTS)
    return Figure(*kw, "kW", POWER, (rate, joules))


def energy_of_power(kw: Figure, hours: Factor) -> Figure:
    """The energy (kWh) that a power takes over some hours."""
    given = Factor("kw", kw.low, kw.high, "kW", kw.formula)
    return Figure(kw.low * hours.low, kw.high * hours.high, "kWh", ENERGY, (given, hours))


def burdens(kwh: Figure, factors: dict[str, FactorRow]) -> tuple[Figure | None, Figure | None]:
    """Standard coal and carbon dioxide (kg each) of an energy; None where a set has no factor."""
    return _burden(kwh, factors.get("coal_per_kwh"), "kg", COAL), _burden(
        kwh, factors.get("co2_per_kwh"), "kg", CARBON
    )


def factor_of(row: FactorRow) -> Factor:
    """A row of the table as a factor: its document and the day of that are its source."""
    of = " ".join(filter(None, (row.region_en, str(row.year or ""))))
    day = row.published or row.date
    source = f"{row.set}: {row.document}{f' ({of})' if of else ''}; {row.sources}"
    return Factor(row.quantity, row.low, row.high, row.unit, source, day.isoformat())


def _burden(kwh: Figure, row: FactorRow | None, unit: str, formula: str) -> Figure | None:
    if row is None:
        return None
    given = Factor("kwh", kwh.low, kwh.high, "kWh", kwh.formula)
    low, high = kwh.low * row.low, kwh.high * row.high
    return Figure(low, high, unit, formula, (given, factor_of(row)))


def _named(row: HardwareRow) -> str:
    return f"{row.model} ({row.since})"
