"""Puts rows into a store that may be down, and loses none that it said it has.

writer = Writer(settings, "sensor-1")
writer.start()
writer.put(row)
if writer.flush(5.0):
    ...  # every row put so far is on the disk or in the store
writer.close(10.0)
"""

from __future__ import annotations

import msgspec

from poolwatch.store.rows import Row
from poolwatch.store.settings import StoreSettings


class WriterCounts(msgspec.Struct, frozen=True, kw_only=True):
    """Where rows are and what became of them. Counts are since `start`."""

    put: int = 0
    stored: int = 0
    """Rows the store has taken."""
    waiting_rows: int = 0
    """Rows in memory that are not on the disk yet."""
    waiting_bytes: int = 0
    spool_rows: int = 0
    """Rows on the disk that are not in the store yet."""
    spool_bytes: int = 0
    lag_seconds: float = 0.0
    """Age of the oldest row that is not in the store."""
    store_up: bool = False
    store_failures: int = 0
    spool_full: bool = False
    """Rows stay in memory as the spool's disk takes none."""
    spool_failures: int = 0
    superseded: int = 0
    """Rows that went unwritten since a later state of theirs was waiting too: no loss."""
    dropped: dict[str, int] = {}
    """Detail that no finding refers to, given up for want of room, by kind of row."""
    refused: int = 0
    """Rows `put` turned away since there was no room and nothing that could be given up."""
    set_aside: int = 0
    """Rows the store will not take as they are; they are kept in the spool's folder."""
    damaged_bytes: int = 0
    """Bytes cut off the spool at start: a torn tail."""
    last_error: str = ""
    """The last failure, passwords masked; empty once everything works again."""


class Writer:
    """Takes rows from any thread, writes them from threads of its own.

    Every row goes into the spool first, within `sync_seconds`, and from there into the store, in
    order. So it makes no difference whether the store is up, and a `kill -9` costs nothing that
    `flush` said yes to.
    """

    def __init__(self, settings: StoreSettings, sensor: str) -> None:
        raise NotImplementedError

    def start(self) -> None:
        """Open the spool and begin. A store that does not answer is waited for.

        Raises UsageError for a URL that cannot be used, StoreError for a store of a newer
        poolwatch, and for a spool that cannot be used or is used by another program.
        """
        raise NotImplementedError

    def put(self, row: Row) -> bool:
        """Hand over a row; never waits. False: there was no room for it, and it is lost."""
        raise NotImplementedError

    def flush(self, timeout: float) -> bool:
        """Wait until every row put so far is durable: in the store, or fsynced in the spool."""
        raise NotImplementedError

    def drain(self, timeout: float) -> bool:
        """Wait until the store has every row put so far."""
        raise NotImplementedError

    def counts(self) -> WriterCounts:
        """How it stands; may be called from any thread."""
        raise NotImplementedError

    def close(self, timeout: float) -> bool:
        """Put to disk what waits, give the store what it takes within `timeout`, and end.

        True if the store has everything; what it has not waits in the spool for the next start.
        """
        raise NotImplementedError
