"""Dates in a cell, in the ways people write them.

A date without a time is a whole day in the zone of the table: "until" it means to its end.
"""

from __future__ import annotations

import datetime
import re
import zoneinfo

from poolwatch.inventory.notes import CellError, Reason
from poolwatch.inventory.text import narrow

ALWAYS_FROM = -(1 << 63)
ALWAYS_TO = (1 << 63) - 1

_OPEN = frozenset(
    [
        "-",
        "--",
        "—",
        "——",
        "–",
        ".",
        "/",
        "无",
        "空",
        "长期",
        "长期有效",
        "永久",
        "永久有效",
        "至今",
        "今",
        "现在",
        "不限",
        "未定",
        "none",
        "null",
        "n/a",
        "na",
        "nil",
        "now",
        "never",
        "present",
        "open",
        "permanent",
        "forever",
        "unlimited",
    ]
)
_DAY = re.compile(r"(\d{4})(?:[-/.年])(\d{1,2})(?:[-/.月])(\d{1,2})日?")
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})")
_SERIAL = re.compile(r"\d{5}(?:\.0*)?")
_TIME = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2})(?:\.(\d{1,6})\d*)?)?\s*(Z|[+-]\d{2}:?\d{2})?")
_EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
# Day 0 of spreadsheets, so that days from March 1900 on come out right.
SERIAL_ZERO = datetime.date(1899, 12, 30)
_FIRST_YEAR, _LAST_YEAR = 1678, 2261
_SERIALS = range(18264, 91313)  # 1950 to 2149: any other number is hardly a date


def read_from(cell: str, zone: zoneinfo.ZoneInfo) -> int:
    """The first moment a row holds, in ns UTC. Raises CellError."""
    moment = _read(cell, zone)
    return ALWAYS_FROM if moment is None else _ns(moment[0])


def read_until(cell: str, zone: zoneinfo.ZoneInfo) -> int:
    """The first moment a row no longer holds, in ns UTC. Raises CellError."""
    moment = _read(cell, zone)
    if moment is None:
        return ALWAYS_TO
    start, whole_day = moment
    if whole_day and start.year < _LAST_YEAR:
        day = start.date() + datetime.timedelta(days=1)
        start = datetime.datetime.combine(day, datetime.time(), zone)
    return _ns(start)


def write(ns: int) -> str:
    """A moment as `read_from` and `read_until` take it; nothing where there is no bound."""
    if ns in (ALWAYS_FROM, ALWAYS_TO):
        return ""
    return (_EPOCH + datetime.timedelta(microseconds=ns // 1000)).isoformat()


def _read(cell: str, zone: zoneinfo.ZoneInfo) -> tuple[datetime.datetime, bool] | None:
    """The moment a cell begins with, and whether it stands for a whole day; None: no bound."""
    text = narrow(cell)
    if not text or text.lower() in _OPEN:
        return None
    try:
        return _read_text(text, zone)
    except (ValueError, OverflowError) as error:
        raise CellError(Reason.BAD_DATE, cell) from error


def _read_text(text: str, zone: zoneinfo.ZoneInfo) -> tuple[datetime.datetime, bool]:
    if _SERIAL.fullmatch(text) and int(float(text)) in _SERIALS:
        day = SERIAL_ZERO + datetime.timedelta(days=int(float(text)))
        return datetime.datetime.combine(day, datetime.time(), zone), True
    found = _DAY.match(text) or _COMPACT.match(text)
    if found is None:
        raise ValueError(text)
    day = datetime.date(*map(int, found.groups()))
    rest = text[found.end() :].lstrip("T ").strip()
    if not rest:
        return datetime.datetime.combine(day, datetime.time(), zone), True
    clock = _TIME.fullmatch(rest)
    if clock is None:
        raise ValueError(text)
    hour, minute, second, fraction, offset = clock.groups()
    micro = int((fraction or "0").ljust(6, "0"))
    time = datetime.time(int(hour), int(minute), int(second or 0), micro)
    return datetime.datetime.combine(day, time, _offset(offset) or zone), False


def _offset(text: str | None) -> datetime.tzinfo | None:
    if not text:
        return None
    return datetime.datetime.strptime(text.replace(":", ""), "%z").tzinfo


def _ns(moment: datetime.datetime) -> int:
    """Nanoseconds; years beyond what int64 can count stand for no bound."""
    if moment.year >= _LAST_YEAR:
        return ALWAYS_TO
    if moment.year <= _FIRST_YEAR:
        return ALWAYS_FROM
    return (moment - _EPOCH) // datetime.timedelta(microseconds=1) * 1000
