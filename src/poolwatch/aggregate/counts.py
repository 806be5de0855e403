"""From counts of addresses and machines that somebody gives to energy a day and a year.

Top down: addresses times a power each. Bottom up: rigs and PCs times a power each, on so many
addresses, scaled to more of them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from poolwatch.aggregate.energy import factor_of
from poolwatch.terms import Factor, Figure

if TYPE_CHECKING:
    from poolwatch.catalog.figure_rows import FactorRow

DAYS = 365
GIVEN = "given"
_KG = 1000.0

Range = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Kind:
    """So many things of one kind, and the power of each in kW."""

    name: str  # addresses, rigs, pcs
    each: str  # how the power of one is called
    count: int
    kw_each: Range


def power_of_counts(kinds: Iterable[Kind], scale: tuple[int, int] | None = None) -> Figure:
    """The power (kW) of all kinds. `scale`: found on so many addresses, wanted for so many."""
    low, high, terms, factors = 0.0, 0.0, [], []
    for kind in kinds:
        low += kind.count * kind.kw_each[0]
        high += kind.count * kind.kw_each[1]
        terms.append(f"{kind.name} * {kind.each}")
        factors.append(Factor(kind.name, kind.count, kind.count, "1", GIVEN))
        factors.append(Factor(kind.each, *kind.kw_each, "kW", GIVEN))
    formula = " + ".join(terms)
    if scale is not None:
        ratio = scale[1] / scale[0]
        low, high = low * ratio, high * ratio
        formula = f"({formula}) / on_addresses * scale_to"
        factors.append(Factor("on_addresses", scale[0], scale[0], "1", GIVEN))
        factors.append(Factor("scale_to", scale[1], scale[1], "1", GIVEN))
    return Figure(low, high, "kW", formula, tuple(factors))


def energy_a_day(kw: Figure, hours: Range) -> Figure:
    """The energy of a day of so many hours, in kWh."""
    given = (Factor("kw", kw.low, kw.high, "kW", kw.formula), Factor("hours", *hours, "h/d", GIVEN))
    return Figure(kw.low * hours[0], kw.high * hours[1], "kWh/d", "kw * hours", given)


def a_year(figure: Figure, name: str, unit: str) -> Figure:
    """What a daily figure makes in 365 days."""
    day = Factor(name, figure.low, figure.high, figure.unit, figure.formula)
    days = Factor("days", DAYS, DAYS, "d", "days of a year")
    low, high = figure.low * DAYS, figure.high * DAYS
    return Figure(low, high, unit, f"{name} * days", (day, days))


def tonnes(kwh: Figure, row: FactorRow, unit: str) -> Figure:
    """Coal or carbon dioxide of an energy, in tonnes."""
    given = Factor("kwh", kwh.low, kwh.high, kwh.unit, kwh.formula)
    low, high = kwh.low * row.low / _KG, kwh.high * row.high / _KG
    return Figure(low, high, unit, f"kwh * {row.quantity} / 1000", (given, factor_of(row)))
