"""The energy report in words: every figure, then each formula and every factor with its source."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from poolwatch.aggregate.counts import GIVEN
from poolwatch.outputs.quantities import basis_value
from poolwatch.report.energy.prices import NEAR_DAYS

if TYPE_CHECKING:
    from poolwatch.messages import Messages
    from poolwatch.report.energy import EnergyReport, Section
    from poolwatch.report.energy.hosts import HostEnergy
    from poolwatch.report.energy.meter import Following

_DIGITS = 4
_MOST_PLACES = 15


def report_lines(report: EnergyReport, messages: Messages, most: int) -> Iterator[str]:
    """The report, line by line; `most` hosts are named, the rest are counted."""
    if not report.sections and not report.coins:
        yield messages.say("energy.no_figure", count=len(report.hosts))
    for section in report.sections:
        yield _title(section, report, messages)
        for name, figure in section.figures:
            word = messages.say(f"energy.figure.{name}")
            yield f"  {word}: {range_text(figure.low, figure.high)} {figure.unit}"
    for host in report.hosts[:most]:
        yield f"  {_host(host, messages)}"
    if len(report.hosts) > most:
        yield f"  {messages.say('energy.more_hosts', count=len(report.hosts) - most)}"
    yield from _coins(report, messages)
    if report.meter is not None:
        yield from _meter(report.meter, messages)
    yield from basis_lines(basis_of(report), messages)


def basis_of(report: EnergyReport) -> list[dict[str, Any]]:
    """Of every figure its formula and factors, as events have them."""
    records = [
        basis_value(name, figure) for section in report.sections for name, figure in section.figures
    ]
    records += [record for host in report.hosts for record in host.basis]
    return records + [record for coin in report.coins for record in coin.basis]


def number(value: float) -> str:
    """Four digits that count, with marks between thousands and no exponent."""
    if value == 0 or not math.isfinite(value):
        return "0" if value == 0 else "?"
    rounded = float(f"{value:.{_DIGITS}g}")
    places = _DIGITS - 1 - math.floor(math.log10(abs(rounded)))
    text = f"{rounded:,.{min(max(places, 0), _MOST_PLACES)}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def range_text(low: float, high: float) -> str:
    """Both bounds, or the one number they are."""
    return number(low) if number(low) == number(high) else f"{number(low)}–{number(high)}"


def _title(section: Section, report: EnergyReport, messages: Messages) -> str:
    if section.name == "findings":
        known = len(report.hosts) - report.without
        return messages.say("energy.findings", hosts=known, without=report.without)
    if section.name != "factors":
        return messages.say(f"energy.{section.name}")
    return set_line(section, messages)


def set_line(section: Section, messages: Messages) -> str:
    """A set of factors: its name, whose it is, and its document."""
    key = "energy.set_reconstruction" if section.reconstruction else "energy.set"
    region = section.region[0 if messages.language == "zh" else 1]
    return messages.say(
        key,
        name=section.about,
        region=region,
        year=section.year or "",
        document=section.document,
    )


def _host(host: HostEnergy, messages: Messages) -> str:
    unit = messages.say("energy.unit", unit=host.unit) if host.unit else ""
    if host.kw is None or host.kwh is None:
        return messages.say("energy.host_unknown", host=host.host, unit=unit)
    uptime = ""
    if host.uptime is not None:
        uptime = messages.say("energy.uptime", percent=f"{host.uptime * 100:.0f}")
    return messages.say(
        "energy.host",
        host=host.host,
        unit=unit,
        kw=range_text(*host.kw),
        kwh=range_text(*host.kwh),
        hours=number(host.hours or 0.0),
        uptime=uptime,
    )


def _coins(report: EnergyReport, messages: Messages) -> Iterator[str]:
    if report.coins:
        yield messages.say("energy.coins_given" if report.given_rate else "energy.coins")
    for coin in report.coins:
        of = messages.say("energy.of_hosts", count=coin.hosts) if not report.given_rate else ""
        if coin.amount is None:
            missing = ", ".join(coin.missing) or messages.say("energy.given_months")
            said = {"coin": coin.coin, "of": of, "missing": missing}
            yield f"  {messages.say('energy.coin_unknown', **said)}"
            continue
        low, about, high = map(number, coin.amount)
        text = messages.say("energy.coin", coin=coin.coin, of=of, low=low, about=about, high=high)
        yield f"  {text}"
        value = coin.value
        if value is None and coin.priced:
            yield f"  {messages.say('energy.value_unknown', coin=coin.coin, days=NEAR_DAYS)}"
        if value is not None:
            text = messages.say(
                "energy.value",
                coin=coin.coin,
                low=number(value.low),
                about=number(value.estimate),
                high=number(value.high),
                currency=value.currency,
                first=value.first.isoformat(),
                last=value.last.isoformat(),
            )
            yield f"  {text}"


def _meter(found: Following, messages: Messages) -> Iterator[str]:
    yield messages.say("meter.title")
    values = {
        name: f"{value:.2f}"
        for name, value in (("r", found.correlation), ("low", found.low), ("high", found.high))
        if value is not None
    }
    reason = messages.say(f"meter.{found.reason}", **values) if found.reason else ""
    lag = f"{(found.lag_seconds or 0.0) / 60:.0f}"
    yield f"  {messages.say(f'meter.{found.verdict}', reason=reason, lag=lag, **values)}"
    meter = found.meter
    text = messages.say(
        "meter.steps",
        steps=found.steps,
        step=number(meter.step_ns / 1e9),
        free="?" if found.independent is None else f"{found.independent:.0f}",
        lags=found.lags,
        empty=meter.empty,
        ambiguous=meter.ambiguous,
    )
    yield f"  {text}"
    if meter.left_out:
        line, why = meter.unreadable[0]
        text = messages.say(
            "meter.bad", count=meter.left_out, rows=meter.rows, line=line, reason=why
        )
        yield f"  {text}"


def basis_lines(records: Iterable[dict[str, Any]], messages: Messages) -> Iterator[str]:
    """Each formula once; each factor of a source once, with its range over all figures."""
    formulas: dict[tuple[str, str, str], None] = {}
    ranges: dict[tuple[str, str, str, str], tuple[float, float]] = {}
    for record in records:
        figure, unit, formula = (str(record.get(n)) for n in ("figure", "unit", "formula"))
        formulas[figure, unit, formula] = None
        factors = record.get("factors")
        for factor in factors if isinstance(factors, list) else ():
            low, high = (
                factor.get(end) if isinstance(factor, dict) else None for end in ("low", "high")
            )
            if not isinstance(low, int | float) or not isinstance(high, int | float):
                continue
            name, unit, source = (str(factor.get(n)) for n in ("name", "unit", "source"))
            key = (name, unit, source, str(factor.get("date") or ""))
            known = ranges.get(key, (low, high))
            ranges[key] = min(known[0], low), max(known[1], high)
    derived = {formula for _, _, formula in formulas}
    if formulas:
        yield messages.say("energy.basis")
    for figure, unit, formula in formulas:
        text = messages.say("energy.formula", figure=figure, unit=unit, formula=formula)
        yield f"  {text}"
    for (name, unit, source, date), (low, high) in ranges.items():
        if source in derived:
            continue  # a figure above
        text = messages.say(
            "energy.factor",
            name=name,
            value=range_text(low, high),
            unit="" if unit == "1" else f" {unit}",
            source=messages.say("energy.given") if source == GIVEN else source,
            date=f", {date}" if date else "",
        )
        yield f"  {text}"
