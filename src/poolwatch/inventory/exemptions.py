"""The exemption register: which hosts may mine, for research or a filed project, and when.

Tables as people keep them (CSV or XLSX): a network, address, MAC address or unit, the kind, first
and last day, number of the document, a note.
"""

from __future__ import annotations

import ipaddress
import zoneinfo
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from pathlib import Path

from poolwatch.errors import UnitsError
from poolwatch.inventory import dates
from poolwatch.inventory.addresses import Span, position, read_piece, split_cell
from poolwatch.inventory.grid import Sheet, read_bounded
from poolwatch.inventory.headers import WITHIN_ROWS, exemption_field_of, exemption_kinds
from poolwatch.inventory.macs import mac_text, read_mac, split_macs
from poolwatch.inventory.notes import CellError, Note, NoteKind, Reason
from poolwatch.inventory.text import narrow
from poolwatch.inventory.unit_files import open_sheets
from poolwatch.settings import Limits

_WANTED = (
    "a column of addresses, MAC addresses or units (address, 网段, mac, 单位 ...) "
    "and one of the kind (kind, 类型 ...)"
)
_SUBJECTS = ("prefix", "mac", "unit")
_NOTHING = frozenset(["", "-", "--", "—", "——", "/", "无", "n/a", "none", "null"])
_SEEN = 20
_NOTES_MOST = 10_000


@dataclass(frozen=True, slots=True)
class Exemption:
    """A row of the register. `kind`: research or filed_project."""

    kind: str
    spans: tuple[Span, ...]
    macs: tuple[str, ...]
    unit: str | None
    from_ns: int
    to_ns: int  # not included
    document: str | None
    note: str | None
    place: str  # file:row

    @property
    def what(self) -> str:
        """Whom it names, as text."""
        named = (*map(str, self.spans), *self.macs, *((self.unit,) if self.unit else ()))
        return ", ".join(named)

    @property
    def times(self) -> str:
        """From when to when, as text."""
        return f"{dates.write(self.from_ns)} … {dates.write(self.to_ns)}".strip()

    def holds(self, first_ns: int, last_ns: int) -> bool:
        """Whether it holds for all of a time. Without a clock only what always holds does."""
        if not first_ns or not last_ns:
            return (self.from_ns, self.to_ns) == (dates.ALWAYS_FROM, dates.ALWAYS_TO)
        return self.from_ns <= first_ns and last_ns < self.to_ns


class Exemptions:
    """All rows of all registers given."""

    def __init__(self, rows: Sequence[Exemption] = (), notes: Sequence[Note] = ()) -> None:
        self.rows = tuple(rows)
        self.notes = list(notes)
        spans = [(span, row) for row in rows for span in row.spans]
        self._spans = sorted(spans, key=lambda pair: (pair[0].low, pair[0].high))
        self._lows = [span.low for span, _ in self._spans]
        self._reach = list(accumulate((span.high for span, _ in self._spans), max))
        self._by_mac: dict[str, list[Exemption]] = {}
        self._by_unit: dict[str, list[Exemption]] = {}
        for row in rows:
            for mac in row.macs:
                self._by_mac.setdefault(mac, []).append(row)
            if row.unit and not row.spans and not row.macs:
                self._by_unit.setdefault(_key(row.unit), []).append(row)

    @property
    def unreadable(self) -> list[Note]:
        """The notes on what could not be read, or is beyond a bound."""
        return self.notes

    def naming(self, host: str, mac: str | None, units: Iterable[str]) -> list[Exemption]:
        """The rows that name a host: by address, and its MAC address where both are known.

        A unit names all its hosts only in rows that have neither.
        """
        address = ipaddress.ip_address(host)
        found: dict[int, Exemption] = {}
        for row in self._holding(position(address.version, int(address))):
            if not (mac and row.macs and mac not in row.macs):
                found[id(row)] = row
        for row in self._by_mac.get(mac or "", ()):
            if not row.spans:
                found[id(row)] = row
        for unit in units:
            for row in self._by_unit.get(_key(unit), ()):
                found[id(row)] = row
        return [row for row in self.rows if id(row) in found] if found else []

    def _holding(self, where: int) -> Iterator[Exemption]:
        at = bisect_right(self._lows, where) - 1
        while at >= 0 and self._reach[at] >= where:
            span, row = self._spans[at]
            if span.high >= where:
                yield row
            at -= 1


@dataclass(slots=True)
class _Gathering:
    limits: Limits
    zone: zoneinfo.ZoneInfo
    rows: list[Exemption] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    read: int = 0
    left_out: int = 0

    def note(self, place: tuple[str, int], column: str, reason: Reason, **more: object) -> None:
        """Remember why a row, or a file's rest, is not used."""
        kind = NoteKind.UNREADABLE if place[1] else NoteKind.LEFT_OUT
        if len(self.notes) < _NOTES_MOST:
            self.notes.append(Note(kind, *place, column, reason, more))


def load_exemptions(
    paths: tuple[Path, ...], limits: Limits | None = None, zone: str = "UTC"
) -> Exemptions:
    """All rows of the files (CSV or XLSX, as unit tables). Raises UnitsError.

    A date without a time is a day in `zone`; the last day is included.
    """
    gathering = _Gathering(limits or Limits(), zoneinfo.ZoneInfo(zone))
    for path in paths:
        _read_file(path, gathering)
    return Exemptions(gathering.rows, gathering.notes)


def _read_file(path: Path, gathering: _Gathering) -> None:
    limits = gathering.limits
    data = read_bounded(path, limits.unit_file_bytes)
    if not data.strip():
        raise UnitsError(f"{path}: empty")
    before, understood = gathering.left_out, 0
    seen: list[str] = []
    for number, sheet in enumerate(open_sheets(path, data, limits, exemption_field_of)):
        if number == limits.unit_sheets:
            gathering.note((path.name, 0), "", Reason.SHEETS, limit=number)
            break
        likeliest = _read_sheet(sheet, gathering)
        understood += likeliest is None
        seen = max(seen, likeliest or [], key=len)
    if not understood:
        raise UnitsError(
            f"{path}: no row of headers of an exemption register is understood; "
            f"seen: {', '.join(seen[:_SEEN]) or 'none'}",
            f"wanted: {_WANTED}",
        )
    left_out = gathering.left_out - before
    if left_out:
        fields = {"count": left_out, "limit": limits.exemption_rows}
        gathering.note((path.name, 0), "", Reason.EXEMPTION_ROWS, **fields)


def _read_sheet(sheet: Sheet, gathering: _Gathering) -> list[str] | None:
    """Take the rows of a sheet; where its headers are not understood, the likeliest ones."""
    rows = iter(sheet.rows)
    likeliest: list[str] = []
    for _, (_number, raw) in zip(range(WITHIN_ROWS), rows, strict=False):
        cells = [_clean(cell) for cell in raw[: gathering.limits.unit_columns]]
        columns = _columns(cells)
        if "kind" in columns and any(name in columns for name in _SUBJECTS):
            _read_rows(sheet.label, columns, cells, rows, gathering)
            return None
        likeliest = max(likeliest, [cell for cell in cells if cell], key=len)
    return likeliest


def _columns(cells: list[str]) -> dict[str, list[int]]:
    columns: dict[str, list[int]] = {}
    for number, cell in enumerate(cells):
        name = exemption_field_of(cell) if cell else None
        if name:
            columns.setdefault(name, []).append(number)
    return columns


def _read_rows(
    label: str,
    columns: dict[str, list[int]],
    headers: list[str],
    rows: Iterator[tuple[int, list[str]]],
    gathering: _Gathering,
) -> None:
    limits = gathering.limits
    for number, raw in rows:
        cells = [_clean(cell) for cell in raw[: limits.unit_columns]]
        if not any(cells) or cells == headers[: len(cells)]:
            continue
        if gathering.read >= limits.exemption_rows:
            gathering.left_out += 1
            continue
        gathering.read += 1
        place = (label, number)
        if any(len(cell) > limits.unit_cell_chars for cell in cells):
            gathering.note(place, "", Reason.LONG_CELL, limit=limits.unit_cell_chars)
            continue
        values = {name: _value(cells, numbers) for name, numbers in columns.items()}
        named = {name: headers[numbers[0]] for name, numbers in columns.items()}
        _RowReader(place, values, named, gathering).read()


class _RowReader:
    """Reads one row: all of it fits, or it is not used, and why is said."""

    def __init__(
        self,
        place: tuple[str, int],
        values: dict[str, str],
        headers: dict[str, str],
        gathering: _Gathering,
    ) -> None:
        self._place, self._values, self._headers = place, values, headers
        self._gathering = gathering
        self._column = ""

    def read(self) -> None:
        try:
            row = self._row()
        except CellError as error:
            self._gathering.note(self._place, self._column, error.reason, text=error.text)
            return
        self._gathering.rows.append(row)

    def _row(self) -> Exemption:
        zone = self._gathering.zone
        kind = exemption_kinds().get(_key(self._cell("kind")))
        if kind is None:
            raise CellError(Reason.BAD_KIND, self._values.get("kind", ""))
        spans = tuple(read_piece(piece).span for piece in split_cell(self._cell("prefix")))
        macs = tuple(mac_text(read_mac(piece)) for piece in split_macs(self._cell("mac")))
        unit = self._cell("unit") or None
        if not (spans or macs or unit):
            raise CellError(Reason.NO_SUBJECT, "")
        from_ns = dates.read_from(self._cell("valid_from"), zone)
        to_ns = dates.read_until(self._cell("valid_to"), zone)
        if to_ns <= from_ns:
            text = f"{self._values.get('valid_from', '')} … {self._values.get('valid_to', '')}"
            raise CellError(Reason.ENDS_FIRST, text)
        return Exemption(
            kind,
            spans,
            macs,
            unit,
            from_ns,
            to_ns,
            self._cell("document") or None,
            self._cell("note") or None,
            f"{self._place[0]}:{self._place[1]}",
        )

    def _cell(self, name: str) -> str:
        self._column = self._headers.get(name, "")
        return self._values.get(name, "")


def _value(cells: list[str], numbers: list[int]) -> str:
    said = dict.fromkeys(cells[number] for number in numbers if number < len(cells))
    return " ".join(text for text in said if text.casefold() not in _NOTHING)


def _clean(cell: str) -> str:
    text = cell.strip().strip("\ufeff\u200b").strip()
    return text[1:] if text[:1] == "'" else text


def _key(text: str) -> str:
    return narrow(text).casefold().replace("_", " ")
