"""Statistics as one page of HTML: nothing in it is fetched, and no script runs.

Texts come from the wire and from strangers' files: every one is escaped, and the page itself
forbids everything but its own style (Content-Security-Policy).
"""

from __future__ import annotations

import base64
import hashlib
import html
from collections.abc import Callable, Iterable, Iterator
from importlib import resources
from typing import IO, TYPE_CHECKING

from poolwatch.messages import printable
from poolwatch.report.energy.text import range_text
from poolwatch.report.statistics import By, Group, Range, Sort, Statistics, Table
from poolwatch.report.statistics.charts import Bar, bar_chart, week_chart
from poolwatch.report.statistics.words import (
    algorithms_of,
    cells,
    columns_of,
    count_text,
    coverage_lines,
    factor_lines,
    headline,
    label,
    machines_text,
    note_lines,
    rate_cells,
    rate_lines,
    tonnes,
)

if TYPE_CHECKING:
    from poolwatch.messages import Messages

_BARS, _WEEKS = 12, 106  # of one chart: two years of weeks
_LANGUAGES = {"en": "en", "zh": "zh-CN"}
_ALGORITHMS = 6


def write_page(statistics: Statistics, messages: Messages, most: int, stream: IO[str]) -> None:
    """The page into a stream; `most` rows of a table are shown, the rest are counted."""
    style = resources.files(__package__).joinpath("page.css").read_text("utf-8")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    title = statistics.title or messages.say("statistics.title")
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    stream.write(
        f'<!DOCTYPE html>\n<html lang="{_LANGUAGES[messages.language]}">\n<head>\n'
        '<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="referrer" content="no-referrer">\n'
        f"<title>{_escape(title)}</title>\n<style>{style}</style>\n</head>\n<body>\n"
    )
    stream.writelines(f"{part}\n" for part in _body(title, statistics, messages, most))
    stream.write("</body>\n</html>\n")


def _body(title: str, statistics: Statistics, messages: Messages, most: int) -> Iterator[str]:
    say = messages.say
    yield f"<header>\n<h1>{_escape(title)}</h1>"
    if statistics.issuer:
        yield f"<p>{_escape(say('statistics.issued_by', issuer=statistics.issuer))}</p>"
    yield f'<p class="lead">{_escape(headline(statistics, messages))}</p>'
    yield from _paragraphs(coverage_lines(statistics, messages), "coverage")
    yield "</header>\n<main>"
    if statistics.total.addresses:
        yield _tiles(statistics, messages)
        yield _contents(statistics, messages)
    for table in statistics.tables if statistics.total.addresses else ():
        yield from _section(table, statistics, messages, most)
    yield f'<section id="notes">\n<h2>{_escape(say("statistics.notes"))}</h2>\n<ul>'
    yield from (f"<li>{_escape(line)}</li>" for line in note_lines(statistics, messages))
    yield "</ul>\n</section>"
    if statistics.total.kwh is not None:
        heading = _escape(say("statistics.factors"))
        yield f'<section id="factors" class="factors">\n<h2>{heading}</h2>'
        yield from _paragraphs(factor_lines(statistics, messages), "factor")
        yield "</section>"
    yield "</main>"


def _tiles(statistics: Statistics, messages: Messages) -> str:
    """The figures of all, large."""
    figures = statistics.total
    unknown = messages.say("statistics.not_known")

    def ends(energy: Range | None) -> str:
        return range_text(*energy) if energy else unknown

    told = {
        "addresses": count_text(figures.addresses),
        "mined": count_text(figures.mined),
        "machines": machines_text(figures, messages),
        "kwh": ends(figures.kwh),
        "coal": ends(tonnes(figures.coal_kg)),
        "co2": ends(tonnes(figures.co2_kg)),
    }
    items = [
        f"<div><dt>{_escape(messages.say(f'statistics.column.{name}'))}</dt>"
        f"<dd>{_escape(text)}</dd></div>"
        for name, text in told.items()
    ]
    rates = "<br>".join(map(_escape, rate_lines(figures, messages)))
    if rates:
        heading = _escape(messages.say("statistics.rates"))
        items.append(f'<div class="wide"><dt>{heading}</dt><dd>{rates}</dd></div>')
    return f'<dl class="tiles">\n{"".join(items)}\n</dl>'


def _contents(statistics: Statistics, messages: Messages) -> str:
    links = [
        f'<li><a href="#{table.by}">{_escape(messages.say(f"statistics.heading.{table.by}"))}</a>'
        for table in statistics.tables
    ]
    links.append(f'<li><a href="#notes">{_escape(messages.say("statistics.notes"))}</a>')
    name = _escape(messages.say("statistics.contents"))
    return f'<nav aria-label="{name}"><ul>{"".join(links)}</ul></nav>'


def _section(table: Table, statistics: Statistics, messages: Messages, most: int) -> Iterator[str]:
    heading = messages.say(f"statistics.heading.{table.by}")
    yield f'<section id="{table.by}">\n<h2>{_escape(heading)}</h2>'
    yield '<div class="charts">'
    yield from _charts(table, heading, statistics, messages)
    yield "</div>"
    yield _box(heading, _table(table, statistics, messages, most))
    if statistics.total.rates:
        name = messages.say("statistics.rates_by", table=heading)
        yield f"<h3>{_escape(name)}</h3>"
        yield _box(name, _rates(table, statistics, messages, most))
        others = len(statistics.total.rates) - _ALGORITHMS
        if others > 0:
            yield f"<p>{_escape(messages.say('statistics.rates_more', count=others))}</p>"
    if len(table.groups) > most:
        more = messages.say("statistics.more_rows", count=len(table.groups) - most)
        yield f"<p>{_escape(more)}</p>"
    yield "</section>"


def _box(name: str, table: str) -> str:
    """What is wider than the page is moved to and fro in its place, by keys too."""
    return (
        f'<div class="box" tabindex="0" role="region" aria-label="{_escape(name)}">\n{table}</div>'
    )


def _charts(
    table: Table, heading: str, statistics: Statistics, messages: Messages
) -> Iterator[str]:
    """One of addresses, one of energy."""
    addresses, energies = [], []
    for group in table.groups:
        figures = group.figures
        name = label(group, table.by, statistics, messages)
        low, high = figures.kwh or (None, None)
        lacks = messages.say("statistics.not_known") if figures.energy_unknown else "–"
        text = range_text(*figures.kwh) if figures.kwh else lacks
        dark = group.watched == 0.0 and not figures.addresses
        count = figures.addresses
        addresses.append(Bar(name, count_text(count), count, None, dark))
        energies.append(Bar(name, text, low, high, dark))
    shown = [("addresses", addresses)]
    if any(bar.low is not None for bar in energies):
        shown.append(("energy", energies))
    weeks = [g.sort is Sort.VALUE for g in table.groups] if table.by is By.WEEK else None
    for name, bars in shown:
        title = messages.say(f"statistics.chart_{name}", table=heading)
        yield f"<figure>\n<figcaption>{_escape(title)}</figcaption>"
        yield from _chart(title, bars, weeks, messages)
        yield "</figure>"


def _chart(
    title: str, bars: list[Bar], weeks: list[bool] | None, messages: Messages
) -> Iterator[str]:
    if weeks is not None:
        series = [bar for bar, is_week in zip(bars, weeks, strict=True) if is_week]
        dark = messages.say("statistics.week_dark", name="{name}")
        yield week_chart(title, series[-_WEEKS:], dark)
        if any(bar.dark for bar in series[-_WEEKS:]):
            yield f'<p class="more">{_escape(messages.say("statistics.chart_week"))}</p>'
        return
    yield bar_chart(title, bars[:_BARS])
    if len(bars) > _BARS:
        more = messages.say("statistics.chart_more", shown=_BARS, count=len(bars))
        yield f'<p class="more">{_escape(more)}</p>'


def _table(table: Table, statistics: Statistics, messages: Messages, most: int) -> str:
    heads = [messages.say(f"statistics.by.{table.by}")]
    heads += [messages.say(f"statistics.column.{name}") for name in columns_of(table.by)]

    def row(group: Group) -> list[str]:
        texts = cells(group.figures, group.watched, table.by, messages)
        return [f"<td>{_escape(text)}</td>" for text in texts]

    return _filled(heads, table, statistics, messages, most, row)


def _rates(table: Table, statistics: Statistics, messages: Messages, most: int) -> str:
    """The hashrates of a table's groups, a column an algorithm."""
    algorithms = algorithms_of(statistics, _ALGORITHMS)
    heads = [messages.say(f"statistics.by.{table.by}"), *algorithms]
    heads.append(messages.say("statistics.column.rates_unknown"))

    def row(group: Group) -> list[str]:
        told = rate_cells(group.figures, algorithms)
        return [
            f"<td>{_escape(text)}{f'<small>{_escape(spread)}</small>' if spread else ''}</td>"
            for text, spread in told
        ]

    return _filled(heads, table, statistics, messages, most, row)


def _filled(
    heads: list[str],
    table: Table,
    statistics: Statistics,
    messages: Messages,
    most: int,
    row: Callable[[Group], list[str]],
) -> str:
    """A table with a row a group, and the total below."""
    head = "".join(f'<th scope="col">{_escape(text)}</th>' for text in heads)
    rows = [
        (label(group, table.by, statistics, messages), row(group)) for group in table.groups[:most]
    ]
    watched = statistics.coverage.hours if table.by is By.WEEK else None
    total = Group("", Sort.VALUE, statistics.total, watched=watched)
    rows.append((messages.say("statistics.total"), row(total)))
    told = [
        f'<tr><th scope="row">{_escape(name)}</th>{"".join(cells)}</tr>' for name, cells in rows
    ]
    body = "\n".join(told[:-1])
    return (
        f"<table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n</tbody>\n"
        f"<tfoot>{told[-1]}</tfoot>\n</table>"
    )


def _paragraphs(lines: Iterable[str], kind: str) -> Iterator[str]:
    return (f'<p class="{kind}">{_escape(line)}</p>' for line in lines)


def _escape(text: str) -> str:
    return html.escape(printable(text))
