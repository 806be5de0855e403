"""Events to rows of cells, by the declaration of columns; events may come from strangers.

A cell is a str, int, float, bool, list, dict or None; a time is microseconds since 1970 UTC.
"""

from __future__ import annotations

import datetime
import math
from collections.abc import Callable, Iterator
from typing import Any

from poolwatch.outputs.columns import TABLES, Column, Kind, Table

Row = list[Any]
_EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
_MICROSECOND = datetime.timedelta(microseconds=1)
_LATEST = (datetime.datetime.max.replace(tzinfo=datetime.UTC) - _EPOCH) // _MICROSECOND
_EARLIEST = (datetime.datetime.min.replace(tzinfo=datetime.UTC) - _EPOCH) // _MICROSECOND
_DEEPEST = 8
_INT64 = range(-(1 << 63), 1 << 63)


class UnfitError(ValueError):
    """An event of which no row can be made; the message says which field, and why."""


def rows_of(event: dict[str, Any]) -> Iterator[tuple[Table, Row]]:
    """The rows of all tables that an event makes. Raises UnfitError."""
    for table in TABLES:
        if event.get("event_type") == table.event:
            for part in _parts(table, event):
                yield table, _row(table, part)


def time_text(cell: int) -> str:
    """A time as event lines have it."""
    moment = _EPOCH + cell * _MICROSECOND
    return f"{moment.year:04}-{moment:%m-%dT%H:%M:%S.%f}+0000"


def _parts(table: Table, event: dict[str, Any]) -> list[dict[str, Any]]:
    if not table.rows:
        return [event]
    parts = _find(event, table.rows)
    if parts is None:
        return []
    return _list_of(parts, dict, table.rows)


def _row(table: Table, event: dict[str, Any]) -> Row:
    return [_cell(column, _find(event, column.path)) for column in table.columns]


def _find(event: dict[str, Any], path: str) -> Any:
    value: Any = event
    for name in path.split("."):
        if value is None:
            return None
        if not isinstance(value, dict):
            raise UnfitError(f"{path}: there is no object around {name}")
        value = value.get(name)
    return value


def _cell(column: Column, value: Any) -> Any:
    if value is None:
        if column.needed:
            raise UnfitError(f"{column.path} is missing")
        return None
    cell = _CELLS[column.kind](value, column.path)
    if column.ladder and cell not in column.words:
        raise UnfitError(f"{column.path}: {_shown(value)} is none of {', '.join(column.words)}")
    return cell


def _text(value: Any, path: str) -> str:
    if not isinstance(value, str):
        raise UnfitError(f"{path}: {_shown(value)} is no text")
    return value if value.isascii() else _whole(value)


def _whole(text: str) -> str:
    """Text as it can be written: half a character, as JSON escapes allow, becomes `?`."""
    return text.encode("utf-8", "replace").decode()


def _integer(value: Any, path: str) -> int:
    if type(value) is not int or value not in _INT64:
        raise UnfitError(f"{path}: {_shown(value)} is no integer of 64 bits")
    return value


def _real(value: Any, path: str) -> float:
    try:
        number = math.nan if isinstance(value, bool | str) else float(value)
    except (TypeError, OverflowError):
        number = math.nan
    if not math.isfinite(number):
        raise UnfitError(f"{path}: {_shown(value)} is no number")
    return number


def _truth(value: Any, path: str) -> bool:
    if not isinstance(value, bool):
        raise UnfitError(f"{path}: {_shown(value)} is neither true nor false")
    return value


def _time(value: Any, path: str) -> int:
    try:
        moment = datetime.datetime.fromisoformat(value)
        cell = (moment - _EPOCH) // _MICROSECOND
    except (TypeError, ValueError):  # a TypeError too where the zone is missing
        raise UnfitError(f"{path}: {_shown(value)} is no time with a zone") from None
    if not _EARLIEST <= cell <= _LATEST:  # beyond the calendar, by the zone
        raise UnfitError(f"{path}: {_shown(value)} is no time with a zone")
    return cell


def _texts(value: Any, path: str) -> list[str]:
    return [_text(item, path) for item in _list_of(value, str, path)]


def _integers(value: Any, path: str) -> list[int]:
    return [_integer(item, path) for item in _list_of(value, int, path)]


def _counts(value: Any, path: str) -> dict[str, int]:
    if not isinstance(value, dict):
        raise UnfitError(f"{path}: {_shown(value)} is no object")
    return {_text(name, path): _integer(count, path) for name, count in value.items()}


def _records(value: Any, path: str) -> list[dict[str, Any]]:
    return [_record(item, path, _DEEPEST) for item in _list_of(value, dict, path)]


def _record(value: Any, path: str, depth: int) -> Any:
    """Nested values, with every text whole."""
    if not depth:
        raise UnfitError(f"{path}: too deep")
    if isinstance(value, str):
        return _text(value, path)
    if isinstance(value, list):
        return [_record(item, path, depth - 1) for item in value]
    if isinstance(value, dict):
        return {_text(k, path): _record(v, path, depth - 1) for k, v in value.items()}
    return value


def _list_of(value: Any, kind: type, path: str) -> list[Any]:
    if not isinstance(value, list) or not all(isinstance(item, kind) for item in value):
        raise UnfitError(f"{path}: {_shown(value)} is not a list of {_NAMES[kind]}")
    return value


def _shown(value: Any) -> str:
    text = repr(value) if not isinstance(value, dict | list) else type(value).__name__
    return text if len(text) <= 40 else f"{text[:39]}…"


_NAMES: dict[type, str] = {str: "texts", int: "integers", dict: "objects"}
_CELLS: dict[Kind, Callable[[Any, str], Any]] = {
    Kind.TEXT: _text,
    Kind.WORD: _text,
    Kind.INTEGER: _integer,
    Kind.REAL: _real,
    Kind.TRUTH: _truth,
    Kind.TIME: _time,
    Kind.TEXTS: _texts,
    Kind.INTEGERS: _integers,
    Kind.COUNTS: _counts,
    Kind.RECORDS: _records,
}
