"""Where a writer stands, for gauges and for `status`."""

from __future__ import annotations

import msgspec


class WriterCounts(msgspec.Struct, frozen=True, kw_only=True):
    """Where rows are and what became of them. Counts are since `start`."""

    put: int = 0
    stored: int = 0
    """Rows the store has taken; one that was put twice, or replayed, counts again."""
    waiting_rows: int = 0
    """Rows in memory that are not on the disk yet."""
    waiting_bytes: int = 0
    spool_rows: int = 0
    """Rows on the disk that are not in the store yet."""
    spool_bytes: int = 0
    spool_over: bool = False
    """The spool is past its quota, as what is in it is never dropped."""
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
    moved: int = 0
    """Times the store's file was moved away or deleted, and a new one made."""
    referred_forgotten: int = 0
    """Flows of findings past `referred_flows`, of the least grade: their sessions may go too."""
    damaged_bytes: int = 0
    """Bytes of the spool that could not be read back: a torn tail."""
    last_error: str = ""
    """What keeps rows from where they go, passwords masked; else why the last row
    was set aside; else empty."""
