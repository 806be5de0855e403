"""A store: rows in, in one transaction, each once; rows out, for whoever reads them later."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from types import TracebackType
from typing import Any, Self, TypeVar, cast

import msgspec
from sqlalchemy import Connection, CursorResult, Engine, Select, func, select, tuple_
from sqlalchemy.exc import DatabaseError, DataError, DBAPIError, IntegrityError, SQLAlchemyError
from sqlalchemy.sql.dml import Delete

from poolwatch.errors import StoreDownError, StoreError, StoreRowError
from poolwatch.store import queries
from poolwatch.store.engines import READING, make_engine
from poolwatch.store.migrations import STEPS, check_version, migrate, version_of
from poolwatch.store.place import Place
from poolwatch.store.rows import (
    CoverageRow,
    DecisionRow,
    FindingRow,
    Row,
    SensorRow,
    SessionRow,
    SightingRow,
)
from poolwatch.store.schema import DECISIONS, FINDING_FLOWS, SENSORS
from poolwatch.store.settings import StoreSettings
from poolwatch.store.statements import KINDS, insert_new, plain, row_of, upsert, values_of
from poolwatch.store.urls import file_of, read_url, secrets_of, shown_url, without_secrets

_AT_A_TIME = 500
"""Records fetched at a time in reading."""
_Bare = dict[str, Any]
_R = TypeVar("_R", SensorRow, SessionRow, FindingRow, SightingRow, CoverageRow, DecisionRow)


class Store:
    """An open store. One thread at a time may put; others read through stores of their own."""

    def __init__(
        self, engine: Engine, sensor: str, shown: str, secrets: list[str], place: Place
    ) -> None:
        self.place = place
        self._engine = engine
        self._reading = engine.execution_options(**{READING: True})
        self._sensor = sensor
        self._shown = shown
        self._secrets = secrets
        self._dialect = engine.dialect.name
        self._upserts = {kind.row: upsert(kind, self._dialect) for kind in KINDS}
        self._named: set[str] = set()  # sensors known to have a row

    def prepare(self) -> None:
        """Bring the schema up to date. Raises StoreError, StoreDownError."""
        with self._failing():
            with self._reading.connect() as connection:
                version = version_of(connection)
                check_version(version)
            if version < len(STEPS):
                with self._engine.begin() as connection:
                    migrate(connection)

    def put(self, rows: Sequence[Row]) -> None:
        """Put rows in one transaction, in order: all are there afterwards, or none.

        Raises StoreRowError when the rows are at fault, StoreDownError when it is worth trying
        again, StoreError when it is not.
        """
        if not rows:
            return
        by_kind: dict[type[Row], list[Row]] = {}
        for row in rows:
            by_kind.setdefault(type(row), []).append(row)
        with self._failing(), self._engine.begin() as connection:
            names = self._name_sensors(connection, rows)
            for kind in KINDS:
                if kind.row in by_kind:
                    values = [values_of(row, self._sensor) for row in by_kind[kind.row]]
                    connection.execute(self._upserts[kind.row], values)
            for finding in by_kind.get(FindingRow, ()):
                self._refer(connection, cast("FindingRow", finding))
        self._named |= names

    def sensors(self) -> list[SensorRow]:
        """Every sensor that ever wrote, by name."""
        return list(self._rows(SensorRow, queries.select_sensors()))

    def findings(
        self,
        *,
        sensor: str | None = None,
        host: str | None = None,
        finding_id: int | None = None,
        since_ns: int | None = None,
        until_ns: int | None = None,
    ) -> Iterator[FindingRow]:
        """Findings active between two times, the newest activity first."""
        query = queries.select_findings(
            since_ns, until_ns, sensor=sensor, host=host, finding_id=finding_id
        )
        return self._rows(FindingRow, query, self._with_flows)

    def sessions(
        self,
        *,
        sensor: str | None = None,
        host: str | None = None,
        finding_id: int | None = None,
        flow_id: int | None = None,
        since_ns: int | None = None,
        until_ns: int | None = None,
    ) -> Iterator[SessionRow]:
        """Sessions active between two times, the oldest first; with `finding_id` its own."""
        query = queries.select_sessions(
            since_ns, until_ns, finding_id, sensor=sensor, host=host, flow_id=flow_id
        )
        return self._rows(SessionRow, query)

    def sightings(
        self,
        *,
        sensor: str | None = None,
        finding_id: int | None = None,
        since_ns: int | None = None,
        until_ns: int | None = None,
    ) -> Iterator[SightingRow]:
        """Sightings between two times, in order."""
        query = queries.select_sightings(since_ns, until_ns, sensor=sensor, finding_id=finding_id)
        return self._rows(SightingRow, query)

    def coverage(
        self,
        *,
        sensor: str | None = None,
        since_ns: int | None = None,
        until_ns: int | None = None,
    ) -> Iterator[CoverageRow]:
        """Coverage rows that reach into the time between two times, in order."""
        query = queries.select_coverage(since_ns, until_ns, sensor=sensor)
        return self._rows(CoverageRow, query)

    def decide(self, row: DecisionRow) -> DecisionRow:
        """Note down what a person decided, behind all that was decided before; the row as kept."""
        with self._failing(), self._engine.begin() as connection:
            own = DECISIONS.c
            last = connection.scalar(
                select(func.max(own.decided_ns)).where(
                    own.sensor == row.sensor, own.finding_id == row.finding_id
                )
            )
            kept = msgspec.structs.replace(row, decided_ns=max(row.decided_ns, (last or 0) + 1))
            values = msgspec.structs.asdict(kept)
            texts = {name: plain(value) for name, value in values.items() if type(value) is str}
            connection.execute(DECISIONS.insert(), values | texts)
        return kept

    def decisions(
        self, *, sensor: str | None = None, finding_id: int | None = None
    ) -> Iterator[DecisionRow]:
        """What persons decided, the oldest first."""
        query = queries.select_decisions(sensor=sensor, finding_id=finding_id)
        return self._rows(DecisionRow, query)

    def prune(
        self,
        *,
        findings_before_ns: int | None = None,
        sightings_before_ns: int | None = None,
        coverage_before_ns: int | None = None,
    ) -> dict[str, int]:
        """Delete this sensor's rows that ended before a time; says how many of each table.

        A session goes with the last finding that refers to it, or, where none does, like one.
        """
        wanted = queries.deletions(
            self._sensor, findings_before_ns, sightings_before_ns, coverage_before_ns
        )
        deleted: dict[str, int] = {}
        for name, statement in wanted:
            deleted[name] = 0
            while some := self._delete(statement):
                deleted[name] += some
        return deleted

    def leave(self) -> None:
        """Close a file that was moved away: what stands in its log goes into it first.

        SQLite does not do so by itself for a file that is elsewhere.
        """
        with suppress(SQLAlchemyError), self._reading.connect() as connection:
            driver = connection.connection.driver_connection
            if isinstance(driver, sqlite3.Connection):
                driver.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        self.close()

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    # -- inside ------------------------------------------------------------------------

    def _name_sensors(self, connection: Connection, rows: Sequence[Row]) -> set[str]:
        """See that each sensor has a row; its owner may say more of it later."""
        names = {row.sensor or self._sensor for row in rows} - self._named
        if names:
            bare = [values_of(SensorRow(sensor=name, state_ns=0), name) for name in sorted(names)]
            connection.execute(insert_new(SENSORS, self._dialect), bare)
        return names

    def _delete(self, statement: Delete) -> int:
        with self._failing(), self._engine.begin() as connection:
            return cast("CursorResult[Any]", connection.execute(statement)).rowcount

    def _refer(self, connection: Connection, finding: FindingRow) -> None:
        """Note which sessions a finding rests on; most of them are noted already."""
        sensor = values_of(finding, self._sensor)["sensor"]
        links = FINDING_FLOWS.c
        query = select(links.flow_id).where(
            links.sensor == sensor, links.finding_id == finding.finding_id
        )
        missing = set(finding.flows).difference(connection.scalars(query))
        if missing:
            flow = {"sensor": sensor, "finding_id": finding.finding_id}
            values = [flow | {"flow_id": flow_id} for flow_id in sorted(missing)]
            connection.execute(insert_new(FINDING_FLOWS, self._dialect), values)

    def _rows(
        self,
        kind: type[_R],
        query: Select[Any],
        complete: Callable[[Connection, Sequence[_Bare]], None] | None = None,
    ) -> Iterator[_R]:
        """The rows of a query, fetched as they are asked for."""
        with self._failing(), self._reading.connect() as connection:
            result = connection.execution_options(yield_per=_AT_A_TIME).execute(query)
            for part in result.mappings().partitions():
                records = [dict(record) for record in part]
                if complete is not None:
                    complete(connection, records)
                yield from (cast("_R", row_of(kind, record)) for record in records)

    def _with_flows(self, connection: Connection, findings: Sequence[_Bare]) -> None:
        """Add to findings the flows they rest on."""
        links = FINDING_FLOWS.c
        wanted = {(finding["sensor"], finding["finding_id"]): finding for finding in findings}
        query = select(links.sensor, links.finding_id, links.flow_id).where(
            tuple_(links.sensor, links.finding_id).in_(list(wanted))
        )
        flows: dict[tuple[str, int], list[int]] = {}
        for sensor, finding_id, flow_id in connection.execute(query):
            flows.setdefault((sensor, finding_id), []).append(flow_id)
        for key, finding in wanted.items():
            finding["flows"] = tuple(sorted(flows.get(key, ())))

    @contextmanager
    def _failing(self) -> Iterator[None]:
        """Say what a driver said as an error of ours, no password in it."""
        try:
            yield
        except (StoreDownError, StoreRowError):
            raise
        except StoreError as error:
            raise StoreError(f"{self._shown}: {error}", error.advice()) from None
        except (SQLAlchemyError, OverflowError, UnicodeError) as error:
            raise self._told(error) from None

    def _told(self, error: Exception) -> StoreError:
        reason = getattr(error, "orig", None) or error
        text = " ".join(without_secrets(str(reason), self._secrets).split())
        message = f"{self._shown}: {text}"
        if not isinstance(error, DBAPIError) or isinstance(error, DataError | IntegrityError):
            return StoreRowError(message)
        if type(error) is DatabaseError:  # SQLite cannot make sense of the file
            return StoreError(message, "move the file away, and a new store is made")
        return StoreDownError(message, "see that it runs, may be reached, and has room")


def open_store(url: str, sensor: str, settings: StoreSettings | None = None) -> Store:
    """Open a store, making it or bringing it up to date where needed.

    `sensor`: the name put into rows that have none. Raises UsageError for a URL that cannot be
    used, StoreError for a store that must not be (made by a newer poolwatch), StoreDownError for
    one that does not answer.
    """
    parsed = read_url(url)
    engine = make_engine(parsed, settings or StoreSettings())
    place = Place(file_of(url))  # made by now, and not opened yet
    store = Store(engine, sensor, shown_url(url), secrets_of(parsed), place)
    try:
        store.prepare()
    except StoreError:
        store.close()
        raise
    return store
