"""What can be asked of a store, as SELECTs."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Select, Table, delete, exists, select, tuple_
from sqlalchemy.sql.dml import Delete

from poolwatch.store.schema import (
    COVERAGE,
    DECISIONS,
    FINDING_FLOWS,
    FINDINGS,
    SENSORS,
    SESSIONS,
    SIGHTINGS,
)

_DELETED_AT_ONCE = 2000


def select_sensors() -> Select[Any]:
    """All sensors."""
    return select(SENSORS).order_by(SENSORS.c.sensor)


def select_findings(since_ns: int | None, until_ns: int | None, **equal: object) -> Select[Any]:
    """Findings active between two times, the newest first."""
    table = FINDINGS
    query = _between(_where(table, equal), table.c.first_ns, table.c.last_ns, since_ns, until_ns)
    return query.order_by(table.c.last_ns.desc(), table.c.sensor, table.c.finding_id)


def select_sessions(
    since_ns: int | None, until_ns: int | None, finding_id: int | None, **equal: object
) -> Select[Any]:
    """Sessions active between two times, the oldest first."""
    table = SESSIONS
    query = _between(_where(table, equal), table.c.first_ns, table.c.last_ns, since_ns, until_ns)
    if finding_id is not None:
        query = query.where(_referred(FINDING_FLOWS.c.finding_id == finding_id))
    return query.order_by(table.c.first_ns, table.c.sensor, table.c.capture_id, table.c.flow_id)


def select_sightings(since_ns: int | None, until_ns: int | None, **equal: object) -> Select[Any]:
    """Sightings between two times, in order."""
    table = SIGHTINGS
    query = _between(_where(table, equal), table.c.at_ns, table.c.at_ns, since_ns, until_ns)
    return query.order_by(table.c.at_ns, table.c.sensor, table.c.finding_id, table.c.change)


def select_decisions(**equal: object) -> Select[Any]:
    """Decisions, the oldest first."""
    table = DECISIONS
    return _where(table, equal).order_by(table.c.decided_ns, table.c.sensor, table.c.finding_id)


def select_coverage(since_ns: int | None, until_ns: int | None, **equal: object) -> Select[Any]:
    """Coverage that reaches into the time between two times, in order."""
    table = COVERAGE
    query = _between(_where(table, equal), table.c.first_ns, table.c.last_ns, since_ns, until_ns)
    return query.order_by(table.c.first_ns, table.c.sensor, table.c.capture_id)


def deletions(
    sensor: str,
    findings_before_ns: int | None,
    sightings_before_ns: int | None,
    coverage_before_ns: int | None,
) -> list[tuple[str, Delete]]:
    """What deletes a sensor's rows that ended before a time, by table, in order.

    Each statement deletes so many rows at most, and is to be repeated until it deletes none.
    Rows without a time have no age and stay.
    """
    wanted: list[tuple[Table, ColumnElement[bool]]] = []
    if findings_before_ns is not None:
        old = _old(SESSIONS, SESSIONS.c.last_ns, sensor, findings_before_ns)
        wanted += [
            (FINDINGS, _old(FINDINGS, FINDINGS.c.last_ns, sensor, findings_before_ns)),
            (FINDING_FLOWS, _orphaned(sensor)),
            (SESSIONS, old & ~_referred()),
        ]
    if sightings_before_ns is not None:
        wanted.append((SIGHTINGS, _old(SIGHTINGS, SIGHTINGS.c.at_ns, sensor, sightings_before_ns)))
    if coverage_before_ns is not None:
        wanted.append((COVERAGE, _old(COVERAGE, COVERAGE.c.last_ns, sensor, coverage_before_ns)))
    return [(table.name, _delete_some(table, condition)) for table, condition in wanted]


def _where(table: Table, equal: dict[str, object]) -> Select[Any]:
    query = select(table)
    for name, value in equal.items():
        if value is not None:
            query = query.where(table.c[name] == value)
    return query


def _between(
    query: Select[Any],
    first: ColumnElement[Any],
    last: ColumnElement[Any],
    since_ns: int | None,
    until_ns: int | None,
) -> Select[Any]:
    """Only what reaches into [since, until)."""
    if since_ns is not None:
        query = query.where(last >= since_ns)
    if until_ns is not None:
        query = query.where(first < until_ns)
    return query


def _referred(*more: ColumnElement[bool]) -> ColumnElement[bool]:
    """Whether a finding refers to a session."""
    links = FINDING_FLOWS.c
    return exists().where(
        links.sensor == SESSIONS.c.sensor, links.flow_id == SESSIONS.c.flow_id, *more
    )


def _orphaned(sensor: str) -> ColumnElement[bool]:
    links, findings = FINDING_FLOWS.c, FINDINGS.c
    kept = exists().where(findings.sensor == links.sensor, findings.finding_id == links.finding_id)
    return (links.sensor == sensor) & ~kept


def _old(
    table: Table, time: ColumnElement[Any], sensor: str, before_ns: int
) -> ColumnElement[bool]:
    return (table.c.sensor == sensor) & (time < before_ns) & (time > 0)


def _delete_some(table: Table, condition: ColumnElement[bool]) -> Delete:
    """Few enough that nobody waits for long, and no bound on statements bites."""
    keys = list(table.primary_key)
    some = select(*keys).where(condition).limit(_DELETED_AT_ONCE)
    return delete(table).where(tuple_(*keys).in_(some))
