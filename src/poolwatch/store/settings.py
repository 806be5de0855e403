"""What can be set about the store and the writing to it: the `[store]` table of a config."""

from __future__ import annotations

from typing import Annotated

import msgspec

Count = Annotated[int, msgspec.Meta(ge=1, le=1 << 40)]
Seconds = Annotated[float, msgspec.Meta(gt=0, le=86_400)]


class StoreSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Where rows go, and every bound of the way there. Sizes are bytes, times seconds."""

    url: str = "sqlite:////var/lib/poolwatch/store.db"
    """`sqlite:///FILE`, or `postgresql://USER:PASSWORD@HOST/DATABASE`; never shown with its
    password. Without one, PostgreSQL's own `PGPASSFILE` serves."""
    spool: str = "/var/lib/poolwatch/spool"
    """A folder of this program alone, in which rows wait until the store has them."""
    spool_bytes: Count = 1 << 28
    """Quota of the spool. Past it what a later row replaces goes first, then the oldest detail
    that no finding refers to."""
    segment_bytes: Count = 1 << 20
    """Size at which a file of the spool is closed and the next begun."""
    memory_bytes: Count = 1 << 25
    """Rows waiting in memory: a moment's worth, or more when the spool's disk is full."""
    referred_flows: Count = 200_000
    """Flows of findings that are remembered while rows wait, so that their sessions are kept;
    beyond, those of the least grade are forgotten first, and their sessions may go."""
    sync_seconds: Seconds = 0.5
    """Longest that a row waits for the disk: what a power cut can cost."""
    batch_rows: Count = 500
    """Rows of one transaction."""
    lock_seconds: Seconds = 2.0
    """How long to wait for a lock of another program on the store, before trying again later."""
    connect_seconds: Count = 5
    """How long to wait for PostgreSQL to answer."""
    statement_seconds: Seconds = 30.0
    """How long one statement may take in PostgreSQL."""
    retry_seconds: Seconds = 0.25
    """Pause after a failure; it doubles with each further one."""
    retry_longest_seconds: Seconds = 5.0
    """Longest such pause."""

    def __repr__(self) -> str:
        """All settings, the password masked."""
        from poolwatch.store.urls import shown_url

        parts = (
            f"{name}={shown_url(self.url) if name == 'url' else getattr(self, name)!r}"
            for name in self.__struct_fields__
        )
        return f"StoreSettings({', '.join(parts)})"
