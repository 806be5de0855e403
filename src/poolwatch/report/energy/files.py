"""The energy report for programs: one JSON document, or CSV with a row a figure."""

from __future__ import annotations

import csv
import dataclasses
import json
from typing import IO, TYPE_CHECKING, Any

from poolwatch.outputs.csv_table import safe_text
from poolwatch.outputs.quantities import basis_value, rounded

if TYPE_CHECKING:
    from poolwatch.report.energy import EnergyReport, Section
    from poolwatch.report.energy.hosts import CoinSum, HostEnergy
    from poolwatch.report.energy.meter import Following

VERSION = 1
LABEL = "reconstruction, back-solved per address"
COLUMNS = (
    "section",
    "of",
    "factors",
    "label",
    "figure",
    "low",
    "estimate",
    "high",
    "unit",
    "formula",
    "basis",
)


def write_json(report: EnergyReport, stream: IO[str]) -> None:
    """One document; numbers have six digits."""
    document = {
        "v": VERSION,
        "report": "energy" if report.sections or report.hosts else "coins",
        "sections": [_section(section) for section in report.sections],
        "hosts": [_host(host) for host in report.hosts],
        "hosts_without": report.without,
        "coins": [_coin(coin) for coin in report.coins],
        "meter": _meter(report.meter),
    }
    json.dump(document, stream, ensure_ascii=False, indent=1)
    stream.write("\n")


def write_csv(report: EnergyReport, stream: IO[str]) -> None:
    """A row a figure, with its formula and factors."""
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(COLUMNS)
    for section in report.sections:
        label = LABEL if section.reconstruction else ""
        for name, figure in section.figures:
            basis = basis_value(name, figure)["factors"]
            ends = (figure.low, None, figure.high)
            place = (section.name, section.of, section.about, label, name)
            writer.writerow(_row(place, ends, figure.unit, figure.formula, basis))
    for host in report.hosts:
        for name, both in (("kw", host.kw), ("kwh", host.kwh)):
            low, high = both or (None, None)
            record = next((r for r in host.basis if r.get("figure") == name), {})
            unit, formula = str(record.get("unit", "")), str(record.get("formula", ""))
            factors = record.get("factors")
            host_place = ("host", host.host, host.unit, "", name)
            writer.writerow(_row(host_place, (low, None, high), unit, formula, factors))
    for coin in report.coins:
        _write_coin(coin, writer)


def _write_coin(coin: CoinSum, writer: Any) -> None:
    formula = str(coin.basis[0].get("formula", "")) if coin.basis else ""
    amount = coin.amount or (None, None, None)
    told: Any = coin.basis or coin.missing
    writer.writerow(_row(("coins", "", "", "", coin.coin), amount, coin.coin, formula, told))
    value = coin.value
    if value is not None:
        about = f"{value.source}, {value.first} to {value.last}"
        amounts = (value.low, value.estimate, value.high)
        place = ("value", "", "", "", coin.coin)
        writer.writerow(_row(place, amounts, value.currency, "coins * price", about))


def _row(
    place: tuple[str | None, ...],
    ends: tuple[float | None, float | None, float | None],
    unit: str,
    formula: str,
    basis: Any,
) -> list[Any]:
    texts = [safe_text(text or "") for text in place]
    numbers = ["" if value is None else rounded(value) for value in ends]
    told = json.dumps(basis, ensure_ascii=False) if basis else ""
    return [*texts, *numbers, safe_text(unit), safe_text(formula), safe_text(told)]


def _section(section: Section) -> dict[str, Any]:
    return {
        "name": section.name,
        "of": section.of,
        "factors": section.about,
        "document": section.document,
        "region": section.region[1] or None,
        "region_zh": section.region[0] or None,
        "year": section.year,
        "label": LABEL if section.reconstruction else None,
        "figures": [
            basis_value(name, figure) | {"low": rounded(figure.low), "high": rounded(figure.high)}
            for name, figure in section.figures
        ],
    }


def _host(host: HostEnergy) -> dict[str, Any]:
    return {
        "host": host.host,
        "unit": host.unit,
        "kw": _ends(host.kw),
        "kwh": _ends(host.kwh),
        "hours": host.hours,
        "uptime": rounded(host.uptime),
        "coins": host.coins,
        "basis": host.basis,
        "unknown": list(host.questions),
    }


def _coin(coin: CoinSum) -> dict[str, Any]:
    low, about, high = coin.amount or (None, None, None)
    value = coin.value
    return {
        "coin": coin.coin,
        "hosts": coin.hosts,
        "low": rounded(low),
        "estimate": rounded(about),
        "high": rounded(high),
        "missing": list(coin.missing),
        "basis": coin.basis,
        "value": value
        and {
            "low": rounded(value.low),
            "estimate": rounded(value.estimate),
            "high": rounded(value.high),
            "currency": value.currency,
            "prices_from": value.first.isoformat(),
            "prices_to": value.last.isoformat(),
            "source": value.source,
        },
    }


def _meter(found: Following | None) -> dict[str, Any] | None:
    if found is None:
        return None
    told = {
        field.name: getattr(found, field.name)
        for field in dataclasses.fields(found)
        if field.name != "meter"
    }
    meter = found.meter
    return told | {
        "step_seconds": meter.step_ns / 1e9,
        "rows": meter.rows,
        "rows_left_out": meter.left_out,
        "times_ambiguous": meter.ambiguous,
        "steps_empty": meter.empty,
    }


def _ends(ends: tuple[float, float] | None) -> dict[str, float] | None:
    return None if ends is None else {"low": ends[0], "high": ends[1]}
