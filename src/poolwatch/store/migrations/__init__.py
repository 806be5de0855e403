"""How a store is brought to the newest schema: numbered steps, each in a file, never edited later.

A step is taken in the same transaction that notes it, under a lock, so that of several programs
that start at once one does it and the others find it done.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from sqlalchemy import Connection, func, inspect, select, text

from poolwatch import __version__
from poolwatch.errors import StoreError
from poolwatch.store.migrations import step_0001, step_0002
from poolwatch.store.schema import VERSIONS

STEPS: tuple[Callable[[Connection], None], ...] = (step_0001.apply, step_0002.apply)
"""Step n makes version n out of version n - 1."""
_LOCK = 0x706F6F6C  # any number, the same in every program of this name


def version_of(connection: Connection) -> int:
    """The version of a store's schema, 0 where there is none yet. Raises StoreError."""
    inspector = inspect(connection)
    if not inspector.has_table(VERSIONS.name):
        if connection.dialect.name == "sqlite" and inspector.get_table_names():
            raise StoreError(
                "the file holds tables of another program", "name another file for the store"
            )
        return 0
    version: int | None = connection.scalar(select(func.max(VERSIONS.c.version)))
    return version or 0


def check_version(version: int) -> None:
    """Refuse what a newer poolwatch made. Raises StoreError."""
    if version > len(STEPS):
        raise StoreError(
            f"made by a newer poolwatch: its schema is {version}, this one knows up to "
            f"{len(STEPS)}",
            f"use the newer poolwatch (this is {__version__}), or name another store",
        )


def migrate(connection: Connection) -> None:
    """Take all steps that are missing, in the transaction of `connection`. Raises StoreError."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
    version = version_of(connection)
    check_version(version)
    for number, step in enumerate(STEPS[version:], version + 1):
        step(connection)
        noted = {"version": number, "applied_ns": time.time_ns(), "program": __version__}
        connection.execute(VERSIONS.insert(), noted)
