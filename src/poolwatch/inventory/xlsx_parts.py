"""The parts of an XLSX file that matter: sheets by name, shared texts, date styles, cells."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator
from typing import Protocol
from xml.parsers import expat

from poolwatch.inventory.dates import SERIAL_ZERO
from poolwatch.inventory.grid import Row
from poolwatch.settings import Limits

_DAYS_1904 = 1462
_DATE_FORMATS = frozenset([*range(14, 18), 22, *range(27, 37), *range(50, 59)])
_QUOTED = re.compile(r'"[^"]*"|\\.|\[(?!h|m|s)[^\]]*\]', re.IGNORECASE)
_WHOLE = re.compile(r"[0-9]{1,9}")
_REFERENCE = re.compile(r"\$?([A-Z]{1,3})\$?([0-9]{1,7})")


Area = tuple[int, int, int, int]
"""A merged area: top, left, bottom, right, all included."""


class Broken(Exception):
    """A part that is not what it should be."""


class Handler(Protocol):
    """What takes the elements of a part; names come without namespace."""

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """An element begins."""
        ...

    def end(self, name: str, text: str) -> None:
        """An element ends; `text` is what stood in it since the last begin or end."""
        ...


def parse(chunks: Iterator[bytes], handler: Handler, part: str) -> None:
    """Feed a part to its handler. Raises Broken."""
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    texts: list[str] = []

    def start(name: str, attributes: dict[str, str]) -> None:
        texts.clear()
        handler.start(_local(name), {_local(key): value for key, value in attributes.items()})

    def end(name: str) -> None:
        handler.end(_local(name), "".join(texts))
        texts.clear()

    def refuse(*_: object) -> None:
        raise Broken(f"{part}: holds a document type declaration, which no workbook needs")

    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = texts.append
    parser.StartDoctypeDeclHandler = refuse
    try:
        for chunk in chunks:
            parser.Parse(chunk, False)
        parser.Parse(b"", True)
    except expat.ExpatError as error:
        raise Broken(f"{part}: {error}") from error


def _local(name: str) -> str:
    return name.rpartition(" ")[2]


class Workbook:
    """`workbook.xml`: the sheets, and from when days are counted."""

    def __init__(self) -> None:
        self.sheets: list[tuple[str, str]] = []
        self.days_from_1904 = False

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """Take an element."""
        if name == "sheet":
            self.sheets.append((attributes.get("name", ""), attributes.get("id", "")))
        elif name == "workbookPr":
            self.days_from_1904 = attributes.get("date1904") in ("1", "true")

    def end(self, name: str, text: str) -> None:
        """Nothing is in the texts."""


class Relations:
    """Where a sheet's id leads: its kind and part."""

    def __init__(self) -> None:
        self.targets: dict[str, tuple[str, str]] = {}

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """Take an element."""
        if name == "Relationship" and attributes.get("TargetMode") != "External":
            target = attributes.get("Type", ""), attributes.get("Target", "")
            self.targets[attributes.get("Id", "")] = target

    def end(self, name: str, text: str) -> None:
        """Nothing is in the texts."""


class Strings:
    """`sharedStrings.xml`; a text longer than a cell may be is cut just behind that."""

    def __init__(self, longest: int) -> None:
        self.texts: list[str] = []
        self._longest = longest
        self._runs: list[str] = []
        self._phonetic = 0

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """Take the beginning of an element."""
        if name == "si":
            self._runs = []
        elif name == "rPh":
            self._phonetic += 1

    def end(self, name: str, text: str) -> None:
        """Take the end of an element."""
        if name == "t" and not self._phonetic:
            self._runs.append(text)
        elif name == "rPh":
            self._phonetic -= 1
        elif name == "si":
            self.texts.append("".join(self._runs)[: self._longest + 1])


class Styles:
    """`styles.xml`: which styles show a number as a date."""

    def __init__(self) -> None:
        self._formats: dict[str, bool] = {}
        self._in_cells = False
        self._dates: list[bool] = []

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """Take the beginning of an element."""
        if name == "numFmt":
            code = _QUOTED.sub("", attributes.get("formatCode", ""))
            self._formats[attributes.get("numFmtId", "")] = bool(re.search("[yd年日]", code, re.I))
        elif name == "cellXfs":
            self._in_cells = True
        elif name == "xf" and self._in_cells:
            number = attributes.get("numFmtId", "0")
            self._dates.append(self._formats.get(number, _whole(number) in _DATE_FORMATS))

    def end(self, name: str, text: str) -> None:
        """Take the end of an element."""
        if name == "cellXfs":
            self._in_cells = False

    def is_date(self, style: str) -> bool:
        """Whether cells of that style are dates."""
        number = _whole(style)
        return number is not None and number < len(self._dates) and self._dates[number]


class SheetPart:
    """A worksheet: its cells as text, and its merged areas."""

    def __init__(
        self, strings: list[str], styles: Styles, days_from_1904: bool, limits: Limits
    ) -> None:
        self._strings = strings
        self._styles = styles
        self._days = _DAYS_1904 if days_from_1904 else 0
        self._limits = limits
        self._cells: dict[int, dict[int, str]] = {}
        self._merged: list[Area] = []
        self._row = self._column = 0
        self._type = self._style = self._value = ""
        self._phonetic = 0

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """Take the beginning of an element."""
        if name == "row":
            number = _whole(attributes.get("r", ""))
            self._row = self._row + 1 if number is None else number
            self._column = 0
        elif name == "c":
            self._start_cell(attributes)
        elif name == "rPh":
            self._phonetic += 1
        elif name == "mergeCell":
            self._merge(attributes.get("ref", ""))

    def end(self, name: str, text: str) -> None:
        """Take the end of an element."""
        if name == "v":
            self._value = text
        elif name == "t" and not self._phonetic:
            self._value += text
        elif name == "rPh":
            self._phonetic -= 1
        elif name == "c" and self._value and self._column <= self._limits.unit_columns + 1:
            self._cells.setdefault(self._row, {})[self._column] = self._text()

    def rows(self) -> Iterator[Row]:
        """The rows that hold something, merged areas filled with the value of their corner."""
        covering: list[Area] = []
        waiting = sorted(self._merged, reverse=True)
        for number in sorted(self._cells):
            covering = [area for area in covering if area[2] >= number]
            while waiting and waiting[-1][0] <= number:
                self._cover(covering, waiting.pop())
            cells = dict(self._cells[number])
            for top, left, bottom, right in covering:
                corner = self._cells.get(top, {}).get(left)
                if corner is not None and number <= bottom:
                    cells |= dict.fromkeys(range(left, right + 1), corner)
            width = max(cells, default=0)
            yield number, [cells.get(column, "") for column in range(1, width + 1)]

    def _cover(self, covering: list[Area], area: Area) -> None:
        """Add an area, unless those there are leave no room: honest areas do not overlap."""
        width = sum(right - left + 1 for _, left, _, right in covering)
        if width + area[3] - area[1] < self._limits.unit_columns:
            covering.append(area)

    def _start_cell(self, attributes: dict[str, str]) -> None:
        found = _REFERENCE.fullmatch(attributes.get("r", ""))
        self._column = _column_number(found[1]) if found else self._column + 1
        if found:
            self._row = int(found[2])
        self._type = attributes.get("t", "n")
        self._style = attributes.get("s", "0")
        self._value = ""

    def _merge(self, reference: str) -> None:
        first, _, last = reference.partition(":")
        start, stop = _REFERENCE.fullmatch(first), _REFERENCE.fullmatch(last or first)
        if start is None or stop is None:
            return
        right = min(_column_number(stop[1]), self._limits.unit_columns)
        self._merged.append((int(start[2]), _column_number(start[1]), int(stop[2]), right))

    def _text(self) -> str:
        value = self._value
        if self._type == "s":
            index = _whole(value)
            if index is None or index >= len(self._strings):
                return ""
            return self._strings[index]
        if self._type == "n":
            return _number_text(value, self._days if self._styles.is_date(self._style) else None)
        return "" if self._type == "e" else value[: self._limits.unit_cell_chars + 1]


def _whole(text: str) -> int | None:
    return int(text) if _WHOLE.fullmatch(text) else None


def _column_number(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number


def _number_text(value: str, days: int | None) -> str:
    """A number as people see it; with `days`, the date it stands for."""
    try:
        number = float(value)
        if days is not None:
            return _date_text(number + days)
        return str(int(number)) if number == int(number) else value
    except (ValueError, OverflowError):
        return value


def _date_text(serial: float) -> str:
    moment = datetime.datetime.combine(SERIAL_ZERO, datetime.time()) + datetime.timedelta(
        seconds=round(serial * 86_400)
    )
    return f"{moment:%Y-%m-%d}" if not moment.time() else f"{moment:%Y-%m-%d %H:%M:%S}"
