"""A store: rows in, in one transaction, each once; rows out, for whoever reads them later."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from types import TracebackType
from typing import Self

from poolwatch.store.rows import CoverageRow, FindingRow, Row, SensorRow, SessionRow, SightingRow
from poolwatch.store.settings import StoreSettings


class Store:
    """An open store. One thread at a time may put; others read through stores of their own."""

    def put(self, rows: Sequence[Row]) -> None:
        """Put rows in one transaction, in order: all are there afterwards, or none.

        Raises StoreDownError when it is worth trying again, StoreError when it is not.
        """
        raise NotImplementedError

    def sensors(self) -> list[SensorRow]:
        """Every sensor that ever wrote, by name."""
        raise NotImplementedError

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
        raise NotImplementedError

    def sessions(
        self,
        *,
        sensor: str | None = None,
        host: str | None = None,
        finding_id: int | None = None,
        since_ns: int | None = None,
        until_ns: int | None = None,
    ) -> Iterator[SessionRow]:
        """Sessions active between two times, the oldest first; with `finding_id` its own."""
        raise NotImplementedError

    def sightings(
        self,
        *,
        sensor: str | None = None,
        finding_id: int | None = None,
        since_ns: int | None = None,
        until_ns: int | None = None,
    ) -> Iterator[SightingRow]:
        """Sightings between two times, in order."""
        raise NotImplementedError

    def coverage(
        self,
        *,
        sensor: str | None = None,
        since_ns: int | None = None,
        until_ns: int | None = None,
    ) -> Iterator[CoverageRow]:
        """Coverage rows that reach into the time between two times, in order."""
        raise NotImplementedError

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
        raise NotImplementedError

    def close(self) -> None:
        """Close all connections."""
        raise NotImplementedError

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


def open_store(url: str, sensor: str, settings: StoreSettings | None = None) -> Store:
    """Open a store, making it or bringing it up to date where needed.

    `sensor`: the name put into rows that have none. Raises UsageError for a URL that cannot be
    used, StoreError for a store that must not be (made by a newer poolwatch), StoreDownError for
    one that does not answer.
    """
    raise NotImplementedError
