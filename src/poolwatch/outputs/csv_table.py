r"""CSV for spreadsheet programs: findings into a stream, or all tables into a folder.

The text in it comes from the wire. A cell that could be taken for a formula begins with `'`;
characters that steer a terminal, and line ends, are written `\u001b`; values of a list are
parted by "; ", and a semicolon within one is written `\u003b`.
"""

from __future__ import annotations

import csv
import json
import unicodedata
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Any

from poolwatch.inventory.text import spreadsheet_text
from poolwatch.outputs import Item, View
from poolwatch.outputs.columns import FINDINGS, TABLES, Kind, Table
from poolwatch.outputs.eve import Events
from poolwatch.outputs.rows import Row, rows_of, time_text

BOM = "\ufeff"
"""What tells spreadsheet programs that a file is UTF-8."""
_STEERING = frozenset(("Cc", "Cf", "Cs", "Zl", "Zp"))


class CsvWriter:
    """Rows of one table into one stream, under a header."""

    def __init__(self, table: Table, stream: IO[str], *, bom: bool = False) -> None:
        self._kinds = [column.kind for column in table.columns]
        stream.write(BOM if bom else "")
        self._writer = csv.writer(stream, lineterminator="\n")
        self._writer.writerow(column.name for column in table.columns)

    def write(self, row: Row) -> None:
        """Write one row."""
        self._writer.writerow(map(_cell_text, self._kinds, row))


class CsvFolder:
    """One file a table, in a folder."""

    def __init__(self, folder: Path, *, bom: bool = False) -> None:
        self._files = ExitStack()
        with ExitStack() as stack:  # nothing stays open if one cannot be made
            self._writers = {
                table.name: CsvWriter(table, self._open(folder, table, stack), bom=bom)
                for table in TABLES
            }
            self._files = stack.pop_all()

    def write(self, table: Table, row: Row) -> None:
        """Write one row of one table."""
        self._writers[table.name].write(row)

    def close(self) -> None:
        """Finish the files."""
        self._files.close()

    def _open(self, folder: Path, table: Table, stack: ExitStack) -> IO[str]:
        path = folder / f"{table.name}.csv"
        return stack.enter_context(path.open("w", encoding="utf-8", newline=""))


class CsvOutput:
    """The findings alone, as they come."""

    def __init__(self, stream: IO[str], view: View) -> None:
        self._events = Events(view.min_grade)
        self._writer = CsvWriter(FINDINGS, stream, bom=view.bom)

    def write(self, item: Item) -> None:
        """Write the row of a finding; other items have none here."""
        event = self._events.make(item)
        for table, row in rows_of(event) if event else ():
            if table is FINDINGS:
                self._writer.write(row)


def _cell_text(kind: Kind, cell: Any) -> str:
    return "" if cell is None else _TEXTS[kind](cell)


def safe_text(cell: str) -> str:
    """Text that spreadsheet programs and terminals show and do not obey."""
    return spreadsheet_text(_tame(cell))


def _list(cell: Iterable[object]) -> str:
    values = (_tame(str(value)).replace(";", "\\u003b") for value in cell)
    return spreadsheet_text("; ".join(values))


def _object(cell: Any) -> str:
    return _tame(json.dumps(cell, ensure_ascii=False)) if cell else ""


def _tame(text: str) -> str:
    """Text without characters that a terminal or a spreadsheet program obeys."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(_escape(c) if unicodedata.category(c) in _STEERING else c for c in text)


def _escape(character: str) -> str:
    """A character as JSON escapes it, so that objects stay JSON."""
    return json.dumps(character)[1:-1] if character != "\x7f" else "\\u007f"


_TEXTS: dict[Kind, Callable[[Any], str]] = {
    Kind.TEXT: safe_text,
    Kind.WORD: safe_text,
    Kind.INTEGER: str,
    Kind.REAL: repr,
    Kind.TRUTH: lambda cell: "true" if cell else "false",
    Kind.TIME: time_text,
    Kind.TEXTS: _list,
    Kind.INTEGERS: _list,
    Kind.COUNTS: _object,
    Kind.RECORDS: _object,
}


def open_output(stream: IO[str], view: View) -> CsvOutput:
    """The findings into `stream`."""
    return CsvOutput(stream, view)


def open_tables(folder: Path, *, bom: bool = False) -> CsvFolder:
    """All tables into `folder`."""
    return CsvFolder(folder, bom=bom)
