"""Statistics as a workbook: a sheet to read first, a sheet a table, numbers as numbers.

Texts are written as texts whatever they begin with, so none becomes a formula or a link. The
same statistics give the same file, byte for byte.
"""

from __future__ import annotations

import datetime
import io
from collections.abc import Sequence
from typing import IO, TYPE_CHECKING, Any

import xlsxwriter
from rich.cells import cell_len

from poolwatch.messages import printable
from poolwatch.report.statistics import By, Figures, Statistics
from poolwatch.report.statistics.words import (
    coverage_lines,
    factor_lines,
    headline,
    label,
    note_lines,
    tonnes,
)

if TYPE_CHECKING:
    from poolwatch.messages import Messages

_NUMBERS = (
    "addresses",
    "mined",
    "units",
    "machines_low",
    "machines_high",
    "machines_unknown",
    "conversations",
    "accepted",
    "submitted",
    "hours",
    "kwh_low",
    "kwh_high",
    "coal_low",
    "coal_high",
    "co2_low",
    "co2_high",
    "energy_unknown",
)
_RATES = ("algorithm", "addresses", "rate_low", "rate_estimate", "rate_high")
_REALS = frozenset(_NUMBERS[9:16]) | {"watched", "rate_low", "rate_estimate", "rate_high"}
_MADE = datetime.datetime(2000, 1, 1)  # noqa: DTZ001  # XlsxWriter wants one without a zone
_OPTIONS = {
    "in_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
}
_WIDEST, _NARROWEST, _READ_ME = 60, 9, 110
_CELL_CHARACTERS = 32_767


class _Sheet:
    """One sheet, written row by row, whose columns get wide enough for what they hold."""

    def __init__(self, book: Any, name: str, formats: dict[str, Any]) -> None:
        self._sheet = book.add_worksheet(name)
        self._formats = formats
        self._row = 0
        self._widths: dict[int, int] = {}

    def head(self, heads: Sequence[str]) -> None:
        """The header row; it stays in view and is repeated on every page."""
        for at, text in enumerate(heads):
            self._sheet.write_string(0, at, text, self._formats["head"])
            longest = max(map(cell_len, text.split(" ")))
            self._widths[at] = max(_NARROWEST, min(longest + 2, _WIDEST))
        self._sheet.freeze_panes(1, 1)
        self._sheet.repeat_rows(0)
        self._sheet.set_landscape()
        self._sheet.set_paper(9)  # A4
        self._sheet.fit_to_pages(1, 0)
        self._row = 1

    def add(self, cells: Sequence[str | float | None], names: Sequence[str], style: str) -> None:
        """A row: texts as texts, numbers as numbers, None left empty."""
        for at, (cell, name) in enumerate(zip(cells, names, strict=True)):
            if cell is None:
                self._sheet.write_blank(self._row, at, None, self._formats[f"{style}text"])
            elif isinstance(cell, str):
                text = printable(cell)[:_CELL_CHARACTERS]
                self._sheet.write_string(self._row, at, text, self._formats[f"{style}text"])
                self._widths[at] = max(self._widths[at], min(cell_len(text) + 2, _WIDEST))
            else:
                kind = "real" if name in _REALS else "count"
                self._sheet.write_number(self._row, at, cell, self._formats[f"{style}{kind}"])
                self._widths[at] = max(self._widths[at], min(len(f"{cell:,.0f}") + 4, _WIDEST))
        self._row += 1

    def finish(self, *, totals: int) -> None:
        """Set the widths; there is a filter over all rows but the last, the totals."""
        for at, width in self._widths.items():
            self._sheet.set_column(at, at, width)
        last = self._row - 1 - totals
        if last > 0:
            self._sheet.autofilter(0, 0, last, len(self._widths) - 1)

    def lines(self, lines: Sequence[tuple[str, str]]) -> None:
        """Sentences, one below the other, each in a style."""
        self._sheet.set_column(0, 0, _READ_ME)
        self._sheet.set_paper(9)
        self._sheet.fit_to_pages(1, 0)
        for at, (text, style) in enumerate(lines):
            cut = printable(text)[:_CELL_CHARACTERS]
            self._sheet.write_string(at, 0, cut, self._formats[style])


def write_xlsx(statistics: Statistics, messages: Messages, stream: IO[bytes]) -> None:
    """The workbook into a stream of bytes."""
    content = io.BytesIO()
    with xlsxwriter.Workbook(content, _OPTIONS) as book:
        book.set_properties({"created": _MADE, "title": _title(statistics, messages)})
        formats = _formats(book)
        read_me = _Sheet(book, messages.say("statistics.read_me"), formats)
        read_me.lines(_read_me(statistics, messages))
        for table in statistics.tables:
            _write_table(book, table.by, statistics, messages, formats)
        _write_rates(book, statistics, messages, formats)
    stream.write(content.getvalue())


def _write_table(
    book: Any, by: By, statistics: Statistics, messages: Messages, formats: dict[str, Any]
) -> None:
    sheet = _Sheet(book, messages.say(f"statistics.by.{by}"), formats)
    names = (*_NUMBERS, "watched") if by is By.WEEK else _NUMBERS
    heads = [messages.say(f"statistics.column.{name}") for name in names]
    sheet.head([messages.say(f"statistics.by.{by}"), *heads])
    [table] = [table for table in statistics.tables if table.by is by]
    for group in table.groups:
        row = _numbers(group.figures, group.watched, by)
        sheet.add([label(group, by, statistics, messages), *row], ("group", *names), "")
    watched = statistics.coverage.hours if by is By.WEEK else None
    total = _numbers(statistics.total, watched, by)
    sheet.add([messages.say("statistics.total"), *total], ("group", *names), "total_")
    sheet.finish(totals=1)


def _write_rates(
    book: Any, statistics: Statistics, messages: Messages, formats: dict[str, Any]
) -> None:
    """The hashrates of all tables: an algorithm a row, as they cannot be added up."""
    sheet = _Sheet(book, messages.say("statistics.rates"), formats)
    names = ("table", "group", *_RATES)
    sheet.head([messages.say(f"statistics.column.{name}") for name in names])
    rows = [
        (messages.say(f"statistics.by.{table.by}"), label(group, table.by, statistics, messages), g)
        for table in statistics.tables
        for group in table.groups
        for g in [group.figures]
    ]
    rows.append((messages.say("statistics.total"), "", statistics.total))
    for of, name, figures in rows:
        for rate in figures.rates:
            ends = (rate.low, rate.estimate, rate.high)
            sheet.add([of, name, rate.algorithm, rate.addresses, *ends], names, "")
    sheet.finish(totals=0)


def _numbers(figures: Figures, watched: float | None, by: By) -> list[float | None]:
    machines = figures.machines
    energies = [
        end
        for ends in (figures.kwh, tonnes(figures.coal_kg), tonnes(figures.co2_kg))
        for end in (ends or (None, None))
    ]
    row = [
        figures.addresses,
        figures.mined,
        figures.units,
        machines.low,
        machines.high,
        machines.unknown,
        figures.conversations,
        figures.accepted,
        figures.submitted,
        figures.hours,
        *energies,
        figures.energy_unknown,
    ]
    return [*row, watched] if by is By.WEEK else row


def _read_me(statistics: Statistics, messages: Messages) -> list[tuple[str, str]]:
    lines = [(_title(statistics, messages), "title")]
    if statistics.issuer:
        lines.append((messages.say("statistics.issued_by", issuer=statistics.issuer), "line"))
    lines += [(headline(statistics, messages), "line")]
    lines += [(line, "line") for line in coverage_lines(statistics, messages)]
    lines += [("", "line"), (messages.say("statistics.notes"), "heading")]
    lines += [(line, "line") for line in note_lines(statistics, messages)]
    if statistics.total.kwh is not None:
        lines += [("", "line"), (messages.say("statistics.factors"), "heading")]
        lines += [(line, "line") for line in factor_lines(statistics, messages)]
    return lines


def _title(statistics: Statistics, messages: Messages) -> str:
    return printable(statistics.title or messages.say("statistics.title"))


def _formats(book: Any) -> dict[str, Any]:
    line: dict[str, Any] = {"valign": "top", "text_wrap": True}
    formats = {
        "title": line | {"bold": True, "font_size": 16},
        "heading": line | {"bold": True, "font_size": 12},
        "line": line,
        "head": line | {"bold": True, "bottom": 1, "bg_color": "#E8EEF4"},
    }
    styles: dict[str, dict[str, Any]] = {"": {}, "total_": {"bold": True, "top": 1}}
    for style, more in styles.items():
        formats |= {
            f"{style}text": line | more,
            f"{style}count": {"num_format": "#,##0", "valign": "top"} | more,
            f"{style}real": {"num_format": "#,##0.00####", "valign": "top"} | more,
        }
    return {name: book.add_format(properties) for name, properties in formats.items()}
