"""Reads unit tables of any format: what a file is, its content tells."""

from __future__ import annotations

import importlib
import zoneinfo
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from poolwatch.errors import UnitsError
from poolwatch.inventory import headers
from poolwatch.inventory.grid import Sheet, read_bounded
from poolwatch.inventory.mmdb_file import MARKER, MARKER_WITHIN, read_mmdb
from poolwatch.inventory.notes import Note, NoteKind, Reason
from poolwatch.inventory.sheet_rows import Unread, read_sheet
from poolwatch.inventory.unit_rows import Gathering
from poolwatch.inventory.units import UnitTable
from poolwatch.settings import Limits

UNIT_FIELD = "unit"
"""The field of an MMDB record that names the unit, unless another is given."""
_SEEN = 20


@dataclass(frozen=True, slots=True)
class FormatRow:
    """A format of sheets: how it is told, and the module whose `read_sheets` reads it."""

    name: str
    fits: Callable[[bytes], bool]
    module: str


def _is_zip(data: bytes) -> bool:
    return data.startswith(b"PK\x03\x04")


def _is_other(data: bytes) -> bool:
    return bool(data)


FORMATS = (
    FormatRow("xlsx", _is_zip, "xlsx_file"),
    FormatRow("csv", _is_other, "csv_file"),
)
_OLD_OFFICE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


def load_units(
    paths: tuple[Path, ...],
    limits: Limits | None = None,
    zone: str = "UTC",
    unit_field: str = UNIT_FIELD,
) -> UnitTable:
    """All rows of the files, as one table. Raises UnitsError.

    A date without a time is a day in `zone`. What could not be read stands in the notes.
    """
    gathering = Gathering(limits or Limits(), zoneinfo.ZoneInfo(zone))
    for path in paths:
        _read_file(path, unit_field, gathering)
    return UnitTable(gathering.rows, gathering.notes, gathering.limits, gathering.notes_left_out)


def _read_file(path: Path, unit_field: str, gathering: Gathering) -> None:
    data = read_bounded(path, gathering.limits.unit_file_bytes)
    if not data.strip():
        raise UnitsError(f"{path}: empty")
    before = gathering.left_out
    if MARKER in data[-MARKER_WITHIN:]:
        read_mmdb(path, unit_field, gathering)
    else:
        _read_sheets(path, data, gathering)
    left_out = gathering.left_out - before
    if left_out:
        fields = {"count": left_out, "limit": gathering.limits.unit_rows}
        note = Note(NoteKind.LEFT_OUT, path.name, 0, "", Reason.ROWS, dict(fields))
        gathering.notes.append(note)


def _read_sheets(path: Path, data: bytes, gathering: Gathering) -> None:
    unread: list[Unread] = []
    understood = 0
    for number, sheet in enumerate(open_sheets(path, data, gathering.limits)):
        if number == gathering.limits.unit_sheets:
            fields: dict[str, object] = {"limit": number}
            note = Note(NoteKind.LEFT_OUT, path.name, 0, "", Reason.SHEETS, fields)
            gathering.notes.append(note)
            break
        failure = read_sheet(sheet, gathering)
        if failure is None:
            understood += 1
        else:
            unread.append(failure)
    if not understood:
        seen = next((failure.seen for failure in unread if failure.seen), [])
        raise UnitsError(
            f"{path}: no row of headers is understood; seen: {', '.join(seen[:_SEEN]) or 'none'}",
            f"wanted: {headers.wanted()}",
        )
    for failure in unread:
        words = ", ".join(failure.seen[:_SEEN])
        gathering.notes.append(
            Note(NoteKind.SKIPPED, failure.label, 0, "", Reason.NO_HEADER, {"seen": words})
        )


def open_sheets(
    path: Path, data: bytes, limits: Limits, understand: headers.Understand = headers.field_of
) -> Iterator[Sheet]:
    """The sheets of a table, whichever format it is in. Raises UnitsError.

    `understand`: what a column of that header holds, None for an unknown one.
    """
    if data.startswith(_OLD_OFFICE):
        raise UnitsError(
            f"{path}: an .xls file, or an .xlsx with a password", "save it as .xlsx or CSV"
        )
    for row in FORMATS:
        if row.fits(data):
            module = importlib.import_module(f"poolwatch.inventory.{row.module}")
            sheets: Iterator[Sheet] = module.read_sheets(path, data, limits, understand)
            return sheets
    raise UnitsError(f"{path}: no known format")
