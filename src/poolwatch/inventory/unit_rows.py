"""From the values of a row to the rows of the table, and notes on what did not fit."""

from __future__ import annotations

import re
import zoneinfo
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TypeVar

from poolwatch.inventory import dates
from poolwatch.inventory.addresses import Span, Written
from poolwatch.inventory.headers import status_words
from poolwatch.inventory.notes import CellError, Note, NoteKind, Reason
from poolwatch.inventory.text import narrow
from poolwatch.settings import Limits
from poolwatch.terms import Unit

T = TypeVar("T")
Values = dict[str, str]
"""What a row says, by what the column holds."""

_PATH_PART = re.compile(r"(?:\\[/／>＞→\\]|[^/／>＞→])+")
_ESCAPED = re.compile(r"\\([/／>＞→\\])")
_TO_ESCAPE = re.compile(r"([/／>＞→\\])")
_WHOLE = re.compile(r"-?\d{1,9}(?:\.0+)?")


@dataclass(frozen=True, slots=True)
class UnitRow:
    """Addresses that belong to a unit from one moment until another (not included)."""

    span: Span
    unit: Unit
    from_ns: int
    to_ns: int
    priority: int
    container: bool  # holds others, and yields to an equal span that does not

    @property
    def is_dated(self) -> bool:
        """Whether it does not always hold."""
        return (self.from_ns, self.to_ns) != (dates.ALWAYS_FROM, dates.ALWAYS_TO)

    def holds_at(self, ts_ns: int) -> bool:
        """Whether it holds at that time."""
        return self.from_ns <= ts_ns < self.to_ns


@dataclass(frozen=True, slots=True)
class RowPlace:
    """Where a row stands, and the headers over what it says."""

    file: str
    row: int
    columns: dict[str, str]
    netbox: bool = False

    def __str__(self) -> str:
        return f"{self.file}:{self.row}"


@dataclass(slots=True)
class Gathering:
    """Rows and notes as they come in from all files, within the bounds."""

    limits: Limits
    zone: zoneinfo.ZoneInfo
    rows: list[UnitRow] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    rows_read: int = 0
    left_out: int = 0  # rows, or ranges of a row, beyond the bound
    notes_left_out: int = 0

    def note(
        self, kind: NoteKind, place: RowPlace, column: str, reason: Reason, **fields: object
    ) -> None:
        """Remember something about a row."""
        if len(self.notes) >= self.limits.unit_rows:
            self.notes_left_out += 1
            return
        header = place.columns.get(column, "")
        self.notes.append(Note(kind, place.file, place.row, header, reason, fields))

    def add(self, values: Values, spans: Iterable[Written], place: RowPlace) -> None:
        """Take the row of those values, which holds those addresses."""
        status = status_words().get(narrow(values.get("status", "")).casefold(), "")
        if status == "deprecated":
            text = values["status"]
            self.note(NoteKind.DEPRECATED, place, "status", Reason.DEPRECATED, text=text)
            return
        named = _names(values, netbox=place.netbox)
        if named is None:
            kind = NoteKind.SKIPPED if status == "container" else NoteKind.UNREADABLE
            self.note(kind, place, "name", Reason.NO_UNIT)
            return
        from_ns = self._read(values, "valid_from", place, self._from)
        to_ns = self._read(values, "valid_to", place, self._until)
        priority = self._read(values, "priority", place, _priority)
        if from_ns is None or to_ns is None or priority is None:
            return
        if from_ns >= to_ns:
            text = f"{values.get('valid_from', '')} … {values.get('valid_to', '')}"
            self.note(NoteKind.UNREADABLE, place, "valid_to", Reason.ENDS_FIRST, text=text)
            return
        name, path = named
        what, contact = values.get("kind") or None, values.get("contact") or None
        source = _source(values, netbox=place.netbox)
        for written in spans:
            if len(self.rows) >= self.limits.unit_rows:
                self.left_out += 1
                continue
            unit = Unit(name, path, what, contact, str(written.span), source, str(place))
            container = status == "container"
            self.rows.append(UnitRow(written.span, unit, from_ns, to_ns, priority, container))

    def _from(self, text: str) -> int:
        return dates.read_from(text, self.zone)

    def _until(self, text: str) -> int:
        return dates.read_until(text, self.zone)

    def _read(
        self, values: Values, name: str, place: RowPlace, read: Callable[[str], T]
    ) -> T | None:
        """A value of the row; None, and a note, when it cannot be read."""
        try:
            return read(values.get(name, ""))
        except CellError as error:
            self.note(NoteKind.UNREADABLE, place, name, error.reason, text=error.text)
            return None


def split_path(text: str) -> tuple[str, ...]:
    """A path in one cell; a slash within a name is written with a backslash before it."""
    parts = (_ESCAPED.sub(r"\1", part) for part in _PATH_PART.findall(text))
    return tuple(stripped for part in parts if (stripped := part.strip()))


def join_path(path: Iterable[str]) -> str:
    """A path as `split_path` takes it."""
    return "/".join(_TO_ESCAPE.sub(r"\\\1", part) for part in path)


def _names(values: Values, *, netbox: bool) -> tuple[str, tuple[str, ...]] | None:
    """The unit's name and its place in the tree; None when the row names nobody."""
    if netbox:
        tree = [values.get(part, "") for part in ("site_group", "site", "name")]
        name = values.get("name") or values.get("site") or values.get("description") or ""
    else:
        tree = [
            values.get(part, "") for part in ("province", "city", "county", "name", "department")
        ]
        name = values.get("name", "")
    path = split_path(values.get("path", "")) or tuple(part for part in tree if part)
    name = name or next(reversed(path), "")
    path = (*path, *(part for part in (name, values.get("department", "")) if part))
    return (name, tuple(dict.fromkeys(path))) if name else None


def _source(values: Values, *, netbox: bool) -> str | None:
    if not netbox:
        return values.get("source") or None
    vrf = values.get("vrf")
    return f"NetBox, VRF {vrf}" if vrf else "NetBox"


def _priority(text: str) -> int:
    plain = narrow(text)
    if not plain:
        return 0
    if not _WHOLE.fullmatch(plain):
        raise CellError(Reason.BAD_PRIORITY, text)
    return int(float(plain))
