"""The asset register: which machines are known, by MAC address, whose they are and where.

A register says what was bought or noted down, nothing more: a machine that is not on it is
`not on the register`, which is no word on whose it is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from poolwatch.errors import UnitsError
from poolwatch.inventory.grid import Sheet, read_bounded
from poolwatch.inventory.headers import WITHIN_ROWS, register_field_of
from poolwatch.inventory.macs import read_mac, split_macs
from poolwatch.inventory.notes import CellError, Note, NoteKind, Reason
from poolwatch.inventory.unit_files import open_sheets
from poolwatch.settings import Limits

_WANTED = "a column of MAC addresses (mac, MAC地址, 物理地址 ...)"
_SEEN = 20
_NOTES_MOST = 10_000
_NOTHING = frozenset(["", "-", "--", "—", "——", "/", "无", "n/a", "none", "null"])


class Standing(StrEnum):
    """How a machine stands to the register; the value is what findings say."""

    REGISTERED = "registered"
    NOT_LISTED = "not on the register"
    UNKNOWN = "unknown"  # no register, or no MAC address


@dataclass(frozen=True, slots=True)
class Equipment:
    """A machine as a row of the register has it; what the row leaves out is None."""

    mac: int
    host_name: str | None
    asset: str | None
    owner: str | None
    room: str | None
    place: str  # file:row


@dataclass(slots=True)
class Register:
    """All rows of all registers given. A machine with two rows has two: none is preferred."""

    notes: list[Note] = field(default_factory=list)
    notes_left_out: int = 0
    rows: int = 0
    left_out: int = 0
    _by_mac: dict[int, list[Equipment]] = field(default_factory=dict)

    def find(self, mac: int) -> Sequence[Equipment]:
        """The rows of a machine."""
        return self._by_mac.get(mac, ())

    def add(self, equipment: Equipment) -> None:
        """Take a row."""
        self._by_mac.setdefault(equipment.mac, []).append(equipment)

    def note(
        self, kind: NoteKind, place: tuple[str, int], column: str, reason: Reason, **more: object
    ) -> None:
        """Remember something about a row, up to a bound."""
        if len(self.notes) >= _NOTES_MOST:
            self.notes_left_out += 1
            return
        self.notes.append(Note(kind, *place, column, reason, more))

    @property
    def unreadable(self) -> list[Note]:
        """The notes on what could not be read, or is beyond a bound."""
        kinds = (NoteKind.UNREADABLE, NoteKind.LEFT_OUT)
        return [note for note in self.notes if note.kind in kinds]

    def counts(self) -> dict[str, int]:
        """What was read and what was not, for the stats."""
        unreadable = sum(note.kind is NoteKind.UNREADABLE for note in self.notes)
        return {
            "register_rows": self.rows,
            "register_rows_unreadable": unreadable + self.notes_left_out,
            "register_rows_left_out": self.left_out,
        }


def load_register(paths: tuple[Path, ...], limits: Limits | None = None) -> Register:
    """All rows of the files (CSV or XLSX, as unit tables). Raises UnitsError."""
    register = Register()
    for path in paths:
        _read_file(path, limits or Limits(), register)
    return register


def _read_file(path: Path, limits: Limits, register: Register) -> None:
    data = read_bounded(path, limits.unit_file_bytes)
    if not data.strip():
        raise UnitsError(f"{path}: empty")
    before, understood = register.left_out, 0
    seen: list[str] = []
    for number, sheet in enumerate(open_sheets(path, data, limits, register_field_of)):
        if number == limits.unit_sheets:
            register.note(
                NoteKind.LEFT_OUT, (path.name, 0), "", Reason.SHEETS, limit=limits.unit_sheets
            )
            break
        likeliest = _read_sheet(sheet, limits, register)
        understood += likeliest is None
        seen = max(seen, likeliest or [], key=len)
    if not understood:
        raise UnitsError(
            f"{path}: no row of headers of an asset register is understood; "
            f"seen: {', '.join(seen[:_SEEN]) or 'none'}",
            f"wanted: {_WANTED}",
        )
    if register.left_out > before:
        register.note(
            NoteKind.LEFT_OUT,
            (path.name, 0),
            "",
            Reason.REGISTER_ROWS,
            count=register.left_out - before,
            limit=limits.register_rows,
        )


def _read_sheet(sheet: Sheet, limits: Limits, register: Register) -> list[str] | None:
    """Take the rows of a sheet; where its headers are not understood, the likeliest ones."""
    rows = iter(sheet.rows)
    likeliest: list[str] = []
    for _, (_number, raw) in zip(range(WITHIN_ROWS), rows, strict=False):
        cells = [_clean(cell) for cell in raw[: limits.unit_columns]]
        columns = _columns(cells)
        if "mac" in columns:
            _read_rows(sheet.label, columns, rows, limits, register)
            return None
        likeliest = max(likeliest, [cell for cell in cells if cell], key=len)
    return likeliest


def _columns(cells: list[str]) -> dict[str, list[tuple[int, str]]]:
    columns: dict[str, list[tuple[int, str]]] = {}
    for number, cell in enumerate(cells):
        field_name = register_field_of(cell) if cell else None
        if field_name:
            columns.setdefault(field_name, []).append((number, cell))
    return columns


def _read_rows(
    label: str,
    columns: dict[str, list[tuple[int, str]]],
    rows: Iterator[tuple[int, list[str]]],
    limits: Limits,
    register: Register,
) -> None:
    header = ", ".join(text for _, text in columns["mac"])
    for number, raw in rows:
        if not any(cell.strip() for cell in raw):
            continue
        if register.rows >= limits.register_rows:
            register.left_out += 1
            continue
        register.rows += 1
        cells = [_clean(cell) for cell in raw[: limits.unit_columns]]
        place = (label, number)
        if any(len(cell) > limits.unit_cell_chars for cell in cells):
            longest = limits.unit_cell_chars
            register.note(NoteKind.UNREADABLE, place, "", Reason.LONG_CELL, limit=longest)
            continue
        if all(n < len(cells) and cells[n] == text for n, text in columns["mac"]):
            continue  # the headers again, as tables made for printing repeat them
        _read_row(place, header, cells, columns, register)


def _read_row(
    place: tuple[str, int],
    header: str,
    cells: list[str],
    columns: dict[str, list[tuple[int, str]]],
    register: Register,
) -> None:
    values = {name: _value(cells, numbers) for name, numbers in columns.items()}
    written = [
        piece
        for number, _ in columns["mac"]
        if number < len(cells) and cells[number].casefold() not in _NOTHING
        for piece in split_macs(cells[number])
    ]
    if not written:
        register.note(NoteKind.UNREADABLE, place, header, Reason.NO_MAC)
    for text in written:
        try:
            mac = read_mac(text)
        except CellError as error:
            register.note(NoteKind.UNREADABLE, place, header, error.reason, text=error.text)
            continue
        register.add(
            Equipment(
                mac,
                values.get("host_name"),
                values.get("asset"),
                values.get("owner"),
                values.get("room"),
                f"{place[0]}:{place[1]}",
            )
        )


def _value(cells: list[str], numbers: list[tuple[int, str]]) -> str | None:
    """What the columns of one kind say in a row, joined; None where that is nothing."""
    said = dict.fromkeys(cells[number] for number, _ in numbers if number < len(cells))
    return " ".join(" ".join(text for text in said if text.casefold() not in _NOTHING).split()) or (
        None
    )


def _clean(cell: str) -> str:
    text = cell.strip().strip("\ufeff\u200b").strip()
    return text[1:] if text[:1] == "'" else text
