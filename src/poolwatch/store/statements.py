"""SQL of the store: rows to statements, records to rows. Both databases understand ON CONFLICT."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Table, or_
from sqlalchemy.dialects import postgresql, sqlite

from poolwatch.store.rows import (
    CoverageRow,
    DecisionRow,
    FindingRow,
    Row,
    SensorRow,
    SessionRow,
    SightingRow,
)
from poolwatch.store.schema import COVERAGE, FINDINGS, SENSORS, SESSIONS, SIGHTINGS

Columns = Mapping[str, ColumnElement[Any]]
Insert = postgresql.Insert | sqlite.Insert
_JSON = ("drops", "not_understood", "counts")
"""Columns of counts by name, which are JSON text."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of row, its table, and which of two states of one row stays."""

    row: type[Row]
    table: Table
    newer: Callable[[Columns, Columns], ColumnElement[bool]]
    """Given the columns put and those there: whether the ones put replace them."""


def _by_state(put: Columns, there: Columns) -> ColumnElement[bool]:
    same = (put["state_ns"] == there["state_ns"]) & (put["event"] != there["event"])
    return or_(put["state_ns"] > there["state_ns"], same)


KINDS = (
    Kind(SensorRow, SENSORS, lambda put, there: put["state_ns"] > there["state_ns"]),
    Kind(SessionRow, SESSIONS, _by_state),
    Kind(FindingRow, FINDINGS, _by_state),
    Kind(SightingRow, SIGHTINGS, lambda put, there: put["count"] > there["count"]),
    Kind(CoverageRow, COVERAGE, lambda put, there: put["last_ns"] > there["last_ns"]),
)
"""In the order in which they are written."""


def upsert(kind: Kind, dialect: str) -> Insert:
    """Put a row, or replace an older state of it."""
    table = kind.table
    statement = _insert(table, dialect)
    put = statement.excluded
    keys = [column.name for column in table.primary_key]
    return statement.on_conflict_do_update(
        index_elements=keys,
        set_={c.name: put[c.name] for c in table.columns if c.name not in keys},
        where=kind.newer(dict(put.items()), dict(table.columns.items())),
    )


def insert_new(table: Table, dialect: str) -> Insert:
    """Put a row unless its key is there."""
    return _insert(table, dialect).on_conflict_do_nothing()


def _insert(table: Table, dialect: str) -> Insert:
    return postgresql.insert(table) if dialect == "postgresql" else sqlite.insert(table)


def values_of(row: Row, sensor: str) -> dict[str, Any]:
    """A row as the columns of its table; a row without a sensor is of `sensor`."""
    values = msgspec.structs.asdict(row)
    if isinstance(row, FindingRow):
        del values["flows"]  # they have a table of their own
    values["sensor"] = row.sensor or sensor
    for name, value in values.items():
        if name in _JSON:
            values[name] = msgspec.json.encode(value, order="sorted").decode()
        elif isinstance(value, str):
            values[name] = plain(value)
    return values


def row_of(
    kind: type[Row | DecisionRow], record: Mapping[str, Any], **more: object
) -> Row | DecisionRow:
    """The row of a table's record."""
    values = dict(record) | more
    for name in _JSON:
        if name in values:
            values[name] = msgspec.json.decode(values[name])
    return kind(**values)


def plain(text: str) -> str:
    """Text as a database takes it: no NUL, no half characters."""
    if text.isascii() and "\0" not in text:
        return text
    return text.replace("\0", "\ufffd").encode("utf-8", "replace").decode()
