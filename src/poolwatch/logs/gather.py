"""Entries of many files gathered to one book."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from pathlib import PurePath
from typing import Any

import numpy as np

from poolwatch.layouts import LOG_BINDING, LogAct
from poolwatch.logs.book import LogBook
from poolwatch.logs.formats import Format
from poolwatch.logs.mapping import Mapping
from poolwatch.logs.notes import LogNote, Notes
from poolwatch.logs.ports import PortBook
from poolwatch.logs.records import Coverage, Origin
from poolwatch.logs.said import (
    UNKNOWN,
    AttachmentSaid,
    BindingSaid,
    ReadError,
    Reason,
    Said,
    Source,
    TranslationSaid,
    Unread,
    UplinkSaid,
)
from poolwatch.logs.settle import settle, settle_part
from poolwatch.logs.tables import FullError, Tables
from poolwatch.logs.template import LineReader
from poolwatch.settings import Limits

SECOND = 1_000_000_000
PART = 1 << 22  # translations after which complete ones are joined, so that memory lasts
_DATE = r"(?:19|20)\d\d[._-]?[01]\d(?:[._-]?[0-3]\d(?:[._T:-]?\d{2}){0,3}(?:[._-]?\d{1,3})?)?"
_PACKED = r"\.(?:gz|zst|xz|bak|old|completed|output)"
_ROTATED = re.compile(rf"(?:[._-]{_DATE}|-1\d{{9}}|\.\d{{1,5}}|{_PACKED})+$|~$")
_DAY = re.compile(rf"[._-](?:{_DATE}|Mon|Tue|Wed|Thu|Fri|Sat|Sun)(?=\.[A-Za-z]{{2,8}}$)")
_ADDRESS = re.compile(rf"(\d{{1,3}}(?:\.\d{{1,3}}){{3}})(?:{_PACKED})*$")


class Gathering:
    """What is read goes in here, file by file."""

    def __init__(self, limits: Limits) -> None:
        self.notes = Notes(limits.log_notes)
        self._limits = limits
        self._tables = Tables(limits.log_rows)
        self._ports = PortBook(limits)
        self._coverage: list[Coverage] = []
        self._settled = 0

    def begin(self, name: str, row: Format, source: Source) -> bool:
        """Start with a file; False where there is no room for one more."""
        try:
            self._file = self._tables.file(name)
        except FullError:
            self.notes.add(LogNote(name, 0, Reason.FILES))
            return False
        self._name, self._row, self._source = name, row, source
        self._scope = "" if source.device else stem_of(name)
        self._groups: dict[str | None, int] = {}
        self._first: int | None = None
        self._last: int | None = None
        self._records = self._unread = 0
        return True

    def add_all(self, entries: Iterable[Said]) -> None:
        """Everything a reader gives of the file."""
        for said in entries:
            if isinstance(said, Unread):
                self.unread(said.line, said.reason, said.text)
                continue
            try:
                self._add(said)
            except FullError:
                self.unread(said.line, Reason.ROWS)
        if self._tables.translations.count - self._settled > PART:
            self._settled = settle_part(self._tables, self._settled)

    def unread(self, line: int, reason: Reason, text: str = "") -> None:
        """An entry of the file that is not used."""
        self._unread += 1
        self.notes.add(LogNote(self._name, line, reason, text[: self._limits.text_chars]))

    def finish(self, damage: str | None) -> None:
        """The file ended; `damage` says why before its end."""
        if damage:
            self.unread(0, Reason.DAMAGED, damage)
        if self._source.clock.year_assumed:
            self.notes.add(LogNote(self._name, 0, Reason.YEAR))
        self._coverage.append(
            Coverage(
                file=self._name,
                source=self._row.name,
                kinds=self._row.kinds,
                device=self._source.device or self._only_device(),
                first_ns=self._first,
                last_ns=self._last,
                records=self._records,
                unread=self._unread,
            )
        )

    def book(
        self, mappings: tuple[Mapping, ...], read_line: Callable[[Origin], str | None]
    ) -> LogBook:
        """All of it."""
        tables = self._tables
        lost = settle(tables)
        left_out = tables.bindings.left_out + tables.translations.left_out
        for reason, count in ((Reason.ROWS, left_out), (Reason.UNMATCHED_END, lost)):
            if count:
                self.notes.counts[reason] += count
        return LogBook(
            tables, self._ports.attachments(), self._coverage, self.notes, mappings, read_line
        )

    def _only_device(self) -> str | None:
        devices = list(self._groups)
        return devices[0] if len(devices) == 1 else None

    def _add(self, said: BindingSaid | TranslationSaid | AttachmentSaid | UplinkSaid) -> None:
        device = self._source.device or said.device
        if isinstance(said, UplinkSaid):
            self._ports.uplink(device or self._scope, said.port)
            return
        self._records += 1
        if isinstance(said, AttachmentSaid):
            origin = Origin(self._row.name, self._name, said.line, device)
            self._ports.add(said, origin, device or self._scope, self._source.longest_ns)
            self._see(said.until_ns)
            return
        if isinstance(said, BindingSaid):
            self._tables.bindings.append(self._row_of(said))
        else:
            self._tables.translations.append(self._row_of(said))

    def slow_row(self, number: int, text: str, parse: LineReader) -> tuple[int, ...] | None:
        """The row of a line that fits no template, or None."""
        try:
            said = parse(number, text)
            if isinstance(said, BindingSaid | TranslationSaid):
                self._records += 1
                return self._row_of(said)
        except ReadError as error:
            self.unread(number, error.reason, error.text or text[:80])
        except FullError:
            self.unread(number, Reason.ROWS)
        return None

    def fast_rows(self, rows: Any, fast: Any) -> None:
        """Rows in the order of their lines, of which `fast` did not go through `slow_row`."""
        if len(fast):
            late = (fast["act"] == LogAct.END) | (fast["act"] == LogAct.ALIVE)
            at = np.where(late, fast["until_ns"], fast["from_ns"])
            self._see(int(at.min()))
            self._see(int(at.max()))
            self._records += len(fast)
        rows["file"] = self._file
        if rows.dtype == LOG_BINDING:
            self._tables.bindings.extend(rows)
            return
        self._tables.translations.extend(rows)
        if self._tables.translations.count - self._settled > PART:
            self._settled = settle_part(self._tables, self._settled)

    def group_of(self, device: str | None) -> int:
        """The number of a device of this file's format. Raises FullError."""
        device = self._source.device or device
        group = self._groups.get(device)
        if group is None:
            scope = "" if device else self._scope
            group = self._tables.group((self._row.name, device, scope, self._source.longest_ns))
            self._groups[device] = group
        return group

    def text_number(self, host_name: str | None) -> int:
        """The number of a host name."""
        return self._tables.text((host_name, None, None))

    def _row_of(self, said: BindingSaid | TranslationSaid) -> tuple[int, ...]:
        group = self.group_of(said.device)
        late = said.act in (LogAct.END, LogAct.ALIVE, LogAct.SEEN)
        at = said.until_ns if late else said.from_ns
        self._see(at)
        if said.act is LogAct.SPAN and said.until_ns != UNKNOWN:
            self._see(said.until_ns)
        whole = late and (at + self._source.clock.offset_ns) % SECOND == 0
        if isinstance(said, BindingSaid):
            return self._tables.binding_row(said, self._file, group, whole=whole)
        return self._tables.translation_row(said, self._file, group, whole=whole)

    def _see(self, at_ns: int) -> None:
        if self._first is None or at_ns < self._first:
            self._first = at_ns
        if self._last is None or at_ns > self._last:
            self._last = at_ns


def stem_of(path: str) -> str:
    """The file's path without what rotation adds: one log is one device's, unless told.

    A file named by an address is that device's, though it looks like a number of rotation.
    """
    pure = PurePath(path)
    device = _ADDRESS.match(pure.name)
    name = device[1] if device else _DAY.sub("", _ROTATED.sub("", pure.name))
    return str(pure.with_name(name or pure.name))
