"""Exports of campus accounting as CSV: which column holds what, the configuration says.

`start` with `end` or `seconds` makes a login a row; `time` with `event` makes a row an event,
whose words the configuration translates to start, stop, alive.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator

from poolwatch.layouts import LogAct
from poolwatch.logs.clock import SECOND, Clock
from poolwatch.logs.fields import clean, mac_or_none, read_address, read_number
from poolwatch.logs.records import Kind
from poolwatch.logs.said import UNKNOWN, BindingSaid, Line, ReadError, Reason, Said, Source, Unread

FIELDS = frozenset(
    (
        "address",
        "account",
        "mac",
        "host_name",
        "device",
        "port",
        "session",
        "start",
        "end",
        "seconds",
        "time",
        "event",
    )
)
_WITHIN = 30  # rows of titles that may stand above the headers
_DELIMITERS = ",;\t|"
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})")
_ACTS = {"start": LogAct.BEGIN, "stop": LogAct.END, "alive": LogAct.ALIVE}
_OPEN = frozenset(("", "-", "--", "null", "NULL", "0000-00-00 00:00:00"))


def read(lines: Iterable[Line], source: Source) -> Iterator[Said]:
    """Each row below the headers is one entry."""
    wrong = sorted(set(source.columns) - FIELDS)
    if wrong or "address" not in source.columns:
        yield Unread(0, Reason.COLUMN, ", ".join(wrong) or "address")
        return
    counted = _Counted(lines)
    head = _headers(counted, source.columns)
    if head is None:
        yield Unread(0, Reason.COLUMN, ", ".join(source.columns.values()))
        return
    places, delimiter = head
    rows = csv.reader(counted, delimiter=delimiter)
    while True:
        line = counted.number + 1
        try:
            cells = next(rows)
        except StopIteration:
            return
        except csv.Error as error:
            yield Unread(counted.number, Reason.FORM, str(error))
            continue
        if not any(cell.strip() for cell in cells):
            continue
        try:
            yield _row(line, cells, places, source)
        except ReadError as error:
            yield Unread(line, error.reason, error.text)


class _Counted:
    """Lines as the CSV reader takes them, with the number of the last one."""

    def __init__(self, lines: Iterable[Line]) -> None:
        self.number = 0
        self._lines = iter(lines)

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        self.number, text = next(self._lines)
        return text.replace("\0", "") + "\n"


def _headers(lines: _Counted, columns: dict[str, str]) -> tuple[dict[str, int], str] | None:
    """Where each field stands, and what divides the cells."""
    for line, _ in zip(lines, range(_WITHIN), strict=False):
        for delimiter in _DELIMITERS:
            try:
                cells = [
                    cell.strip().lstrip("\ufeff")
                    for cell in next(csv.reader([line], delimiter=delimiter), [])
                ]
            except csv.Error:
                continue
            if all(header in cells for header in columns.values()):
                return {field: cells.index(header) for field, header in columns.items()}, delimiter
    return None


def _row(line: int, cells: list[str], places: dict[str, int], source: Source) -> BindingSaid:
    def cell(name: str) -> str:
        place = places.get(name, -1)
        return cells[place].strip() if 0 <= place < len(cells) else ""

    said = BindingSaid(line, Kind.LOGIN, LogAct.BEGIN, read_address(cell("address")), UNKNOWN)
    said.account, said.host_name = clean(cell("account")), clean(cell("host_name"))
    said.mac, said.device_port = mac_or_none(cell("mac")), clean(cell("port"))
    said.device, said.session = clean(cell("device")), clean(cell("session"))
    if "event" in places:
        return _event(said, cell("time"), cell("event"), cell("seconds"), source)
    said.from_ns = _moment(cell("start"), source.clock)
    if cell("end") not in _OPEN:
        said.until_ns = _moment(cell("end"), source.clock)
    elif cell("seconds"):
        said.until_ns = said.from_ns + read_number(cell("seconds"), 1 << 32) * SECOND
    if said.until_ns != UNKNOWN:
        if said.until_ns < said.from_ns:
            raise ReadError(Reason.ENDS_FIRST, cell("end"))
        said.act = LogAct.SPAN
        said.until_ns = max(said.until_ns, said.from_ns + SECOND)
    return said


def _event(said: BindingSaid, time: str, event: str, seconds: str, source: Source) -> BindingSaid:
    at = _moment(time, source.clock)
    word = source.values.get("event", {}).get(event, event).lower()
    act = _ACTS.get(word)
    if act is None:
        raise ReadError(Reason.FORM, event)
    said.act, said.from_ns = act, at
    if act is not LogAct.BEGIN:
        begun = at - read_number(seconds, 1 << 32) * SECOND if seconds else UNKNOWN
        said.from_ns, said.until_ns = begun, at
    return said


def _moment(text: str, clock: Clock) -> int:
    if not text:
        raise ReadError(Reason.NO_TIME)
    found = _COMPACT.fullmatch(text)
    if found:
        return clock.at([int(part) for part in found.groups()], 0, None)
    return clock.epoch(text) if text.isdecimal() else clock.iso(text)
