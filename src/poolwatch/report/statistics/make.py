"""Events to statistics."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from poolwatch.aggregate.counts import tonnes
from poolwatch.aggregate.energy import factor_of
from poolwatch.outputs.quantities import basis_value
from poolwatch.report.energy import FactorSets, section_of_set
from poolwatch.report.statistics import By, Range, Statistics, Table
from poolwatch.report.statistics.coverage import read_coverage
from poolwatch.report.statistics.groups import figures_of, parts_by, table_by, whole
from poolwatch.report.statistics.public import MASKED, masked_table, public_basis
from poolwatch.report.statistics.spans import Weeks
from poolwatch.report.statistics.spells import Spell, read_spells
from poolwatch.terms import Factor, Figure, Grade

if TYPE_CHECKING:
    from poolwatch.catalog.figure_rows import FactorRow
    from poolwatch.report.energy import Section
    from poolwatch.report.energy.rows import Events
    from poolwatch.settings import Limits

_QUANTITIES = {"coal_per_kwh": "coal", "co2_per_kwh": "co2"}
_TOLD = frozenset(("joules_per_hash", "coal_per_kwh", "co2_per_kwh"))
_MOST_SOURCES = 100


@dataclass(frozen=True, slots=True)
class Wishes:
    """What is wanted. `between`: microseconds UTC; `factors`: a set for coal and CO2, None: those
    of the findings.
    """

    by: tuple[By, ...] = tuple(By)
    min_grade: Grade = Grade.PROBABLE
    zone: str = "UTC"
    between: tuple[int | None, int | None] = (None, None)
    factors: str | None = None
    public: bool = False
    title: str | None = None
    issuer: str | None = None


def make_statistics(events: Events, wishes: Wishes, sets: FactorSets, limits: Limits) -> Statistics:
    """The statistics of some events. Raises UsageError for a set of factors not listed."""
    weeks = Weeks(wishes.zone)
    coverage = read_coverage(events.stats, events.coverage, limits.eve_line_bytes, wishes.between)
    found = read_spells(events.findings, events.flows, wishes.min_grade, wishes.between)
    spells = found.counted
    year = max((weeks.day(s.times[1]).year for s in spells if s.times), default=None)
    chosen = sets.chosen(year)
    name = wishes.factors
    if name is None and sets.region is not None and year is not None:
        name = sets.figures.official_set(year)
    factors = dict(chosen)[name] if name is not None else None
    if factors is not None:
        _apply(spells, factors)
    total = figures_of(map(whole, spells))
    basis = _basis(spells, factors)
    return Statistics(
        coverage=coverage,
        total=total,
        tables=[
            _table(by, spells, weeks, wishes, coverage, limits.statistics_rows) for by in wishes.by
        ],
        zone=wishes.zone,
        min_grade=wishes.min_grade,
        between=wishes.between,
        below=dict(sorted(found.below.items())),
        roles=dict(sorted(found.roles.items())),
        repeated=found.repeated,
        timeless=found.timeless,
        relays=sum(spell.serves for spell in spells),
        outside=len({spell.host for spell in spells if spell.outside}),
        factor_sets=(name,) if name is not None else _set_names(spells),
        sections=_sections(total.kwh, chosen),
        basis=public_basis(basis, _sources(chosen)) if wishes.public else basis,
        left_out=events.left_out,
        public=wishes.public,
        title=wishes.title,
        issuer=wishes.issuer,
    )


def _table(
    by: By, spells: Sequence[Spell], weeks: Weeks, wishes: Wishes, coverage: Any, most: int
) -> Table:
    if wishes.public and by in MASKED:
        return masked_table(by, parts_by(by, spells), most)
    return table_by(by, spells, weeks, coverage, most)


def _apply(spells: Iterable[Spell], factors: dict[str, FactorRow]) -> None:
    """Coal and CO2 anew, by another set of factors."""
    for spell in spells:
        if spell.kwh is not None:
            spell.coal_kg = _times(spell.kwh, factors.get("coal_per_kwh"))
            spell.co2_kg = _times(spell.kwh, factors.get("co2_per_kwh"))


def _times(kwh: Range, row: FactorRow | None) -> Range | None:
    return None if row is None else (kwh[0] * row.low, kwh[1] * row.high)


def _set_names(spells: Iterable[Spell]) -> tuple[str, ...]:
    return tuple(sorted({s.factor_set for s in spells if s.kwh is not None and s.factor_set}))


def _sections(kwh: Range | None, chosen: list[tuple[str, dict[str, FactorRow]]]) -> list[Section]:
    """The total of the energy by each set of factors."""
    if kwh is None:
        return []
    source = "sum of the energy of the findings"
    figure = Figure(*kwh, "kWh", "sum of kwh", (Factor("kwh", *kwh, "kWh", source),))
    sections = []
    for name, factors in chosen:
        rows = sorted((_QUANTITIES[quantity], row) for quantity, row in factors.items())
        figures = tuple((what, tonnes(figure, row, "t")) for what, row in rows)
        sections.append(section_of_set(name, factors, "findings", figures))
    return sections


def _sources(chosen: Iterable[tuple[str, dict[str, FactorRow]]]) -> frozenset[str]:
    """The documents of the factors of our own tables."""
    return frozenset(factor_of(row).source for _, rows in chosen for row in rows.values())


def _basis(spells: Iterable[Spell], applied: dict[str, FactorRow] | None) -> list[dict[str, Any]]:
    """Each formula once, and of factors the range over all findings, with their sources."""
    records = [record for spell in spells if spell.kwh is not None for record in spell.basis]
    if applied is not None:
        records = [r for r in records if r.get("figure") not in ("coal_kg", "co2_kg")]
        kwh = Figure(0.0, 0.0, "kWh", "kw * hours", ())
        records += [
            basis_value(_QUANTITIES[quantity], tonnes(kwh, row, "t"))
            for quantity, row in applied.items()
        ]
    merged: dict[tuple[str, str, str], dict[tuple[str, str], dict[str, Any]]] = {}
    for record in records:
        key = tuple(str(record.get(name)) for name in ("figure", "unit", "formula"))
        factors = record.get("factors")
        known = merged.setdefault((key[0], key[1], key[2]), {})
        for factor in factors if isinstance(factors, list) else ():
            _add_factor(known, factor)
    return [
        {"figure": key[0], "unit": key[1], "formula": key[2], "factors": list(factors.values())}
        for key, factors in list(merged.items())[:_MOST_SOURCES]
    ]


def _add_factor(known: dict[tuple[str, str], dict[str, Any]], factor: Any) -> None:
    """Take a factor that has a source into account; events may be anyone's."""
    if not isinstance(factor, dict) or factor.get("name") not in _TOLD:
        return
    low, high = factor.get("low"), factor.get("high")
    if not isinstance(low, int | float) or not isinstance(high, int | float):
        return
    key = (str(factor["name"]), str(factor.get("source")))
    if key not in known and len(known) >= _MOST_SOURCES:
        return
    told = known.setdefault(key, {**factor, "source": key[1]})
    told["low"], told["high"] = min(told["low"], low), max(told["high"], high)
