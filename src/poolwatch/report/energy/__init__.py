"""The energy report: what machines take and bring, of findings or of counts that are given."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from poolwatch.aggregate.counts import Kind, a_year, energy_a_day, power_of_counts, tonnes
from poolwatch.errors import UsageError
from poolwatch.terms import Factor, Figure

if TYPE_CHECKING:
    from poolwatch.catalog.figure_rows import FactorRow
    from poolwatch.catalog.figures import Figures
    from poolwatch.report.energy.hosts import CoinSum, HostEnergy
    from poolwatch.report.energy.meter import Following

Range = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Counts:
    """What somebody counted. `scale`: found on so many addresses, wanted for so many."""

    kinds: tuple[Kind, ...]
    scale: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class Section:
    """Figures that belong together. `about`: whose factors; `reconstruction`: back-solved ones."""

    name: str  # counts_addresses, counts_machines, findings, or factors
    figures: tuple[tuple[str, Figure], ...]
    about: str | None = None
    document: str | None = None
    region: tuple[str, str] = ("", "")  # in Chinese, in English
    year: int | None = None
    reconstruction: bool = False
    of: str | None = None  # the section whose energy the factors are applied to


@dataclass(slots=True)
class EnergyReport:
    """Everything a report says, before it is written."""

    sections: list[Section] = field(default_factory=list)
    hosts: list[HostEnergy] = field(default_factory=list)
    coins: list[CoinSum] = field(default_factory=list)
    meter: Following | None = None
    without: int = 0  # findings whose energy is not known
    given_rate: bool = False  # the coins are of a hashrate that was given, of no host


@dataclass(frozen=True, slots=True)
class FactorSets:
    """The sets of factors wanted, for one region, and the official ones that stand beside."""

    figures: Figures
    names: tuple[str, ...]
    region: str | None = None

    def chosen(self, year: int | None = None) -> list[tuple[str, dict[str, FactorRow]]]:
        """Name and factors of each set: those wanted, then the official ones of `year`, or the
        newest, and of the years the others are of.

        Raises UsageError for a set or a region that is not listed.
        """
        names = list(self.names)
        known = self.figures.factor_sets()
        for name in names:
            if name not in known:
                raise UsageError(f"--factors {name}: no such set", f"known: {', '.join(known)}")
        years = [year] if year else []
        years += [of for name in names if (of := self._year(name))]
        beside = [self.figures.official_set(year) for year in years]
        if year is None:
            beside.append(self.figures.official_set())
        names += [name for name in beside if name]
        return [(name, self._factors(name)) for name in dict.fromkeys(names)]

    def _year(self, name: str) -> int | None:
        rows = self.figures.factors(name).values()
        return max((row.year for row in rows if row.year), default=None)

    def _factors(self, name: str) -> dict[str, FactorRow]:
        if self.region and name == self.figures.official_set():
            known = self.figures.regions(name)
            if self.region.strip().casefold() not in {
                word.casefold() for names in known for word in names
            }:
                raise UsageError(
                    f"--region {self.region}: no such region in {name}",
                    f"known: {'; '.join(' '.join(names) for names in known)}",
                )
        return self.figures.factors(name, self.region)


def report_counts(counts: Iterable[Counts], hours: Range, sets: FactorSets) -> EnergyReport:
    """The report on counts: each way of counting with each set of factors."""
    report = EnergyReport()
    for given in counts:
        by_address = any(kind.name == "addresses" for kind in given.kinds)
        name = "counts_addresses" if by_address else "counts_machines"
        kw = power_of_counts(given.kinds, given.scale)
        day = energy_a_day(kw, hours)
        year = a_year(day, "kwh_per_day", "kWh/a")
        figures = (("kw", kw), ("kwh_per_day", day), ("kwh_per_year", year))
        report.sections.append(Section(name, figures))
        for set_name, factors in sets.chosen():
            report.sections.append(_factor_section(set_name, factors, name, day))
    return report


def report_hosts(
    hosts: Sequence[HostEnergy], without: int, year: int | None, sets: FactorSets
) -> EnergyReport:
    """The report on findings: their sum, with each set of factors."""
    report = EnergyReport(hosts=list(hosts), without=without)
    known = [host for host in hosts if host.kwh is not None and host.kw is not None]
    if not known:
        return report
    kw = _sum([host.kw for host in known if host.kw], "kw", "kW")
    kwh = _sum([host.kwh for host in known if host.kwh], "kwh", "kWh")
    report.sections.append(Section("findings", (("kw", kw), ("kwh", kwh))))
    for set_name, factors in sets.chosen(year):
        rows = [(_QUANTITIES[quantity], row) for quantity, row in factors.items()]
        figures = tuple((name, tonnes(kwh, row, "t")) for name, row in sorted(rows))
        report.sections.append(section_of_set(set_name, factors, "findings", figures))
    return report


_QUANTITIES = {"coal_per_kwh": "coal", "co2_per_kwh": "co2"}


def _factor_section(name: str, factors: dict[str, FactorRow], of: str, day: Figure) -> Section:
    figures: list[tuple[str, Figure]] = []
    for quantity, what in _QUANTITIES.items():
        row = factors.get(quantity)
        if row is not None:
            daily = tonnes(day, row, "t/d")
            figures.append((f"{what}_per_day", daily))
            figures.append((f"{what}_per_year", a_year(daily, f"{what}_per_day", "t/a")))
    return section_of_set(name, factors, of, tuple(figures))


def section_of_set(
    name: str, factors: dict[str, FactorRow], of: str, figures: tuple[tuple[str, Figure], ...]
) -> Section:
    """The section of a set of factors: its figures, and whose the factors are."""
    carbon = factors.get("co2_per_kwh")
    document, region, year = None, ("", ""), None
    if carbon is not None:
        day = f", {carbon.published}" if carbon.published else ""
        document = f"{carbon.document}{day}"
        region, year = (carbon.region, carbon.region_en), carbon.year
    reconstruction = any(row.kind == "reconstruction" for row in factors.values())
    return Section("factors", figures, name, document, region, year, reconstruction, of)


def _sum(ranges: Sequence[Range], name: str, unit: str) -> Figure:
    low, high = sum(low for low, _ in ranges), sum(high for _, high in ranges)
    source = f"{len(ranges)} host(s), each worked out below"
    return Figure(low, high, unit, f"sum of {name}", (Factor(name, low, high, unit, source),))
