"""A sheet of text cells read as a unit table."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from poolwatch.inventory.addresses import Written, read_piece, split_cell, with_mask
from poolwatch.inventory.grid import Row, Sheet
from poolwatch.inventory.headers import WITHIN_ROWS, Headers, field_of, read_headers
from poolwatch.inventory.notes import CellError, NoteKind, Reason
from poolwatch.inventory.unit_rows import Gathering, RowPlace, Values

_NOTHING = frozenset(["", "-", "--", "—", "——", "/", "无", "n/a", "N/A", "none", "null"])


@dataclass(frozen=True, slots=True)
class Unread:
    """A sheet without headers that are understood, and those of the likeliest row."""

    label: str
    seen: list[str]


def read_sheet(sheet: Sheet, gathering: Gathering) -> Unread | None:
    """Add the rows of a sheet; when its headers are not understood, say what was seen."""
    rows = iter(sheet.rows)
    seen: list[str] = []
    for _, row in zip(range(WITHIN_ROWS), rows, strict=False):
        cells = [_clean(cell) for cell in row[1][: gathering.limits.unit_columns]]
        headers = read_headers(cells)
        if headers is not None:
            _note_width(sheet.label, row, gathering)
            _SheetReader(sheet.label, headers, gathering).read(rows)
            return None
        seen = max(seen, [cell for cell in cells if cell], key=_likeness)
    return Unread(sheet.label, seen)


def _note_width(label: str, row: Row, gathering: Gathering) -> None:
    limit = gathering.limits.unit_columns
    if len(row[1]) > limit:
        place = RowPlace(label, row[0], {})
        gathering.note(NoteKind.LEFT_OUT, place, "", Reason.COLUMNS, limit=limit)


def _likeness(cells: list[str]) -> tuple[int, int]:
    """How much a row looks like headers."""
    return sum(field_of(cell) is not None for cell in cells), len(cells)


class _SheetReader:
    """Reads the rows below the headers of one sheet."""

    def __init__(self, label: str, headers: Headers, gathering: Gathering) -> None:
        self._label = label
        self._headers = headers
        self._gathering = gathering
        self._columns = {
            name: ", ".join(dict.fromkeys(header for _, header in columns))
            for name, columns in headers.columns.items()
        }
        self._columns.setdefault("name", self._columns.get("path", ""))

    def read(self, rows: Iterator[Row]) -> None:
        for number, raw in rows:
            cells = [_clean(cell) for cell in raw]
            if not any(cells):
                continue
            if self._gathering.rows_read >= self._gathering.limits.unit_rows:
                self._gathering.left_out += 1
                continue
            self._gathering.rows_read += 1
            self._read_row(number, cells)

    def _read_row(self, number: int, cells: list[str]) -> None:
        gathering = self._gathering
        place = RowPlace(self._label, number, self._columns, self._headers.netbox)
        longest = gathering.limits.unit_cell_chars
        for name, columns in self._headers.columns.items():
            if any(len(cells[column]) > longest for column, _ in columns if column < len(cells)):
                gathering.note(NoteKind.UNREADABLE, place, name, Reason.LONG_CELL, limit=longest)
                return
        if self._is_header_again(cells):
            return
        spans = self._spans(cells, place)
        if spans:
            gathering.add(self._values(cells), spans, place)

    def _is_header_again(self, cells: list[str]) -> bool:
        """Whether the headers are repeated, as tables made for printing do."""
        columns = [column for columns in self._headers.columns.values() for column in columns]
        return all(number < len(cells) and cells[number] == header for number, header in columns)

    def _values(self, cells: list[str]) -> Values:
        return {
            name: " ".join(" ".join(dict.fromkeys(_cell(cells, n) for n, _ in columns)).split())
            for name, columns in self._headers.columns.items()
        }

    def _spans(self, cells: list[str], place: RowPlace) -> list[Written]:
        """The addresses of a row; what cannot be read of them is noted."""
        spans: list[Written] = []
        failed = len(self._gathering.notes)
        for name, pieces in self._pieces(cells):
            for piece in pieces:
                try:
                    written = read_piece(piece)
                except CellError as error:
                    self._gathering.note(
                        NoteKind.UNREADABLE, place, name, error.reason, text=error.text
                    )
                    continue
                spans.append(written)
                if written.host_bits:
                    self._gathering.note(
                        NoteKind.HOST_BITS,
                        place,
                        name,
                        Reason.HOST_BITS,
                        text=written.text,
                        used=str(written.span),
                    )
        if not spans and len(self._gathering.notes) == failed:
            name = "prefix" if self._headers.has("prefix") else "first"
            self._gathering.note(NoteKind.UNREADABLE, place, name, Reason.NO_ADDRESS)
        return spans

    def _pieces(self, cells: list[str]) -> Iterator[tuple[str, list[str]]]:
        """What stands for addresses in a row: of its prefixes, else of first and last."""
        columns = self._headers.columns
        mask = " ".join(filter(None, (_cell(cells, n) for n, _ in columns.get("mask", []))))
        texts = [_cell(cells, number) for number, _ in columns.get("prefix", [])]
        texts = [text for text in texts if text not in _NOTHING]
        for text in texts:
            yield "prefix", with_mask(text, mask)
        if texts or not (self._headers.has("first") and self._headers.has("last")):
            return
        first, last = (_cell(cells, columns[name][0][0]) for name in ("first", "last"))
        if first not in _NOTHING:
            joined = f"{first}-{last}" if last not in _NOTHING else first
            yield "first", split_cell(joined)


def _cell(cells: list[str], number: int) -> str:
    return cells[number] if number < len(cells) else ""


def _clean(cell: str) -> str:
    """A cell without blanks around it, and without the mark that keeps a cell a text."""
    text = cell.strip().strip("\ufeff\u200b").strip()
    return text[1:] if text[:1] == "'" else text
