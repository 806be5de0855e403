"""Statistics for programs: one JSON document, or CSV with a row a figure."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from typing import IO, Any, NamedTuple

from poolwatch.outputs.csv_table import BOM, safe_text
from poolwatch.outputs.quantities import rounded
from poolwatch.outputs.rows import time_text
from poolwatch.report.statistics import By, Figures, Group, Range, Sort, Statistics

VERSION = 1
COLUMNS = (
    "table",
    "group",
    "sort",
    "figure",
    "of",
    "low",
    "estimate",
    "high",
    "unit",
    "not_known",
)
_COUNTS = (("addresses", "addresses"), ("mined", "addresses"), ("units", "units"))
_TRAFFIC = (("conversations", "flows"), ("submitted", "shares"), ("accepted", "shares"))


class _Told(NamedTuple):
    """One figure. `not_known`: the addresses it is not known of."""

    name: str
    of: str
    low: float | None
    estimate: float | None
    high: float | None
    unit: str
    not_known: int | None = None


def write_csv(statistics: Statistics, stream: IO[str], *, bom: bool = False) -> None:
    """A row a figure and group; first what was looked at, then all, then the tables."""
    stream.write(BOM if bom else "")
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(COLUMNS)
    for name, value, unit in _coverage(statistics):
        number = None if value is None else float(value)
        told = _Told(name, "", number, None, number, unit)
        writer.writerow(_row("coverage", "", "", told))
    for told in _figures(statistics.total, None):
        writer.writerow(_row("all", "", "", told))
    for section in statistics.sections:
        for name, figure in section.figures:
            told = _Told(name, section.about or "", figure.low, None, figure.high, figure.unit)
            writer.writerow(_row("factors", "", "", told))
    for table in statistics.tables:
        for group in table.groups:
            for told in _figures(group.figures, group.watched):
                writer.writerow(_row(table.by, group.name, group.sort, told))


def write_json(statistics: Statistics, stream: IO[str]) -> None:
    """One document; numbers have six digits."""
    coverage = statistics.coverage
    first, until = statistics.between
    document = {
        "v": VERSION,
        "report": "statistics",
        "title": statistics.title,
        "issuer": statistics.issuer,
        "public": statistics.public,
        "time_zone": statistics.zone,
        "min_grade": statistics.min_grade.word,
        "from": None if first is None else time_text(first),
        "until": None if until is None else time_text(until),
        "coverage": {name: value for name, value, _ in _coverage(statistics)}
        | {
            "first_seen": time_text(coverage.spans[0][0]) if coverage.spans else None,
            "last_seen": time_text(coverage.spans[-1][1]) if coverage.spans else None,
        },
        "below": statistics.below,
        "roles": statistics.roles,
        "left_out": {
            name: getattr(statistics, name)
            for name in ("repeated", "timeless", "relays", "outside", "left_out")
        },
        "factor_sets": list(statistics.factor_sets),
        "factors": [
            {
                "set": section.about,
                "document": section.document,
                "year": section.year,
                "reconstruction": section.reconstruction,
                "figures": {
                    name: {"low": rounded(f.low), "high": rounded(f.high), "unit": f.unit}
                    for name, f in section.figures
                },
            }
            for section in statistics.sections
        ],
        "basis": statistics.basis,
        "all": _object(statistics.total),
        "tables": {
            table.by.value: [_group(group, table.by) for group in table.groups]
            for table in statistics.tables
        },
    }
    json.dump(document, stream, ensure_ascii=False, indent=1)
    stream.write("\n")


def _coverage(statistics: Statistics) -> Iterator[tuple[str, float | None, str]]:
    coverage = statistics.coverage
    known = bool(coverage.parts)
    yield "parts", coverage.parts, "scans or minutes"
    yield "hours", rounded(coverage.hours) if known else None, "h"
    for name, count in coverage.counts.items():
        yield name, count if known else None, name if name in ("files", "bytes") else ""
    yield "not_understood", coverage.not_understood if known else None, "packets"
    yield "problems", coverage.problems if known else None, "files"
    told = coverage.parts > coverage.drops_untold
    yield "drops", coverage.drops if told else None, "packets"
    yield "drops_untold", coverage.drops_untold, "scans or minutes"


def _figures(figures: Figures, watched: float | None) -> Iterator[_Told]:
    for name, unit in (*_COUNTS, *_TRAFFIC):
        count = getattr(figures, name)
        yield _Told(name, "", count, None, count, unit)
    machines = figures.machines
    ends = (machines.low, None, machines.high)
    yield _Told("machines", "", *ends, "machines", machines.unknown)
    yield _Told("hours", "", figures.hours, None, figures.hours, "h")
    if watched is not None:
        yield _Told("watched", "", watched, None, watched, "h")
    for rate in figures.rates:
        spread = (rate.low, rate.estimate, rate.high)
        yield _Told("hashrate", rate.algorithm, *spread, "H/s", figures.rates_unknown)
    if not figures.rates:
        yield _Told("hashrate", "", None, None, None, "H/s", figures.rates_unknown)
    for name, energy, unit in (
        ("kwh", figures.kwh, "kWh"),
        ("coal_kg", figures.coal_kg, "kg"),
        ("co2_kg", figures.co2_kg, "kg"),
    ):
        low, high = energy or (None, None)
        yield _Told(name, "", low, None, high, unit, figures.energy_unknown)


def _row(table: str, group: str, sort: str, told: _Told) -> list[Any]:
    numbers = [_number(value) for value in (told.low, told.estimate, told.high)]
    unknown = "" if told.not_known is None else told.not_known
    names = (table, safe_text(group), str(sort), told.name, safe_text(told.of))
    return [*names, *numbers, told.unit, unknown]


def _number(value: float | None) -> Any:
    if value is None or isinstance(value, int):
        return "" if value is None else value
    return int(value) if value == int(value) and abs(value) < 1 << 53 else rounded(value)


def _group(group: Group, by: By) -> dict[str, Any]:
    told = {
        "name": group.name if group.sort is Sort.VALUE else None,
        "sort": group.sort.value,
        "merged": group.merged,
    }
    week = {"watched_hours": rounded(group.watched)} if by is By.WEEK else {}
    return told | _object(group.figures) | week


def _object(figures: Figures) -> dict[str, Any]:
    machines = figures.machines
    return {
        "addresses": figures.addresses,
        "mined": figures.mined,
        "units": figures.units,
        "machines": {
            "low": machines.low,
            "high": machines.high,
            "not_known": machines.unknown,
        },
        "conversations": figures.conversations,
        "shares": {"submitted": figures.submitted, "accepted": figures.accepted},
        "hours": rounded(figures.hours),
        "hashrates": [
            {
                "algorithm": rate.algorithm,
                "low": rounded(rate.low),
                "estimate": rounded(rate.estimate),
                "high": rounded(rate.high),
                "unit": "H/s",
                "addresses": rate.addresses,
            }
            for rate in figures.rates
        ],
        "hashrates_not_known": figures.rates_unknown,
        "kwh": _ends(figures.kwh),
        "coal_kg": _ends(figures.coal_kg),
        "co2_kg": _ends(figures.co2_kg),
        "energy_not_known": figures.energy_unknown,
    }


def _ends(ends: Range | None) -> dict[str, Any] | None:
    return ends and {"low": rounded(ends[0]), "high": rounded(ends[1])}
