"""Statistics that may be published: nobody is named, and nobody can be told apart.

Addresses, wallets, accounts and workers stand in no table anyway. Units lose their names, and
groups of few addresses are put together, so that a figure is of nobody alone.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any

from poolwatch.aggregate.energy import CARBON, COAL, ENERGY, POWER
from poolwatch.report.statistics import By, Group, Sort, Table
from poolwatch.report.statistics.groups import Part, figures_of, merged, size_order

FEWEST = 3
"""Addresses of the smallest group that is shown apart."""
MASKED = frozenset((By.REGION, By.UNIT, By.KIND, By.CAUSE))
"""Tables that say something of whose the addresses are."""
_FIGURES = frozenset(("kw", "kwh", "coal_kg", "co2_kg", "coal", "co2"))
_FORMULAS = frozenset(
    (POWER, ENERGY, COAL, CARBON, "kwh * coal_per_kwh / 1000", "kwh * co2_per_kwh / 1000")
)
_UNITS = frozenset(("kW", "kWh", "kg", "t", "J", "kgce/kWh", "kgCO2/kWh", "kgCO2e/kWh"))


def public_basis(basis: list[dict[str, Any]], sources: Collection[str]) -> list[dict[str, Any]]:
    """Formulas that are ours, and factors with the sources that are: events may be anyone's, and
    their texts may hold any name.
    """
    return [
        {
            "figure": record["figure"],
            "unit": record["unit"] if record["unit"] in _UNITS else "",
            "formula": record["formula"],
            "factors": [_public_factor(factor, sources) for factor in record["factors"]],
        }
        for record in basis
        if record["formula"] in _FORMULAS and record["figure"] in _FIGURES
    ]


def _public_factor(factor: dict[str, Any], sources: Collection[str]) -> dict[str, Any]:
    return {
        "name": factor["name"],
        "low": factor["low"],
        "high": factor["high"],
        "unit": factor["unit"] if factor.get("unit") in _UNITS else "",
        "source": factor["source"] if factor["source"] in sources else "",
    }


def masked_table(by: By, parts: dict[str, list[Part]], most: int) -> Table:
    """The table of some groups, without names of units, and with small groups put together.

    Together they have `FEWEST` addresses too, or the few could be told by subtraction.
    """
    groups = [
        Group(name, Sort.VALUE if name else Sort.UNKNOWN, figures_of(some))
        for name, some in parts.items()
    ]
    groups.sort(key=size_order)
    large = [group for group in groups if group.figures.addresses >= FEWEST]
    small = [group for group in groups if group.figures.addresses < FEWEST] + large[most:]
    large = large[:most]
    while small and large and _addresses(small, parts) < FEWEST:
        small.append(min(large, key=lambda group: (group.figures.addresses, group.name)))
        large.remove(small[-1])
    rest = [merged(Sort.OTHERS, [parts[group.name] for group in small])] if small else []
    if by is By.UNIT:
        large = [
            replace(group, name=str(at)) if group.sort is Sort.VALUE else group
            for at, group in enumerate(large, 1)
        ]
    return Table(by, (*large, *rest))


def _addresses(groups: Sequence[Group], parts: dict[str, list[Part]]) -> int:
    return len({part.spell.host for group in groups for part in parts[group.name]})
