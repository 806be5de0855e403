"""Connections to SQLite and PostgreSQL, set up so that a stuck store is noticed in bounded time."""

from __future__ import annotations

import errno
import os
import sqlite3
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event

from poolwatch.errors import StoreDownError, UsageError
from poolwatch.store.schema import VERSIONS
from poolwatch.store.settings import StoreSettings

READING = "poolwatch_reading"
"""Execution option of connections that only read."""


def make_engine(url: URL, settings: StoreSettings) -> Engine:
    """The engine of a URL made by `read_url`. Raises UsageError, StoreDownError."""
    if url.get_backend_name() == "sqlite":
        return _sqlite_engine(url, settings)
    return _postgres_engine(url, settings)


def _sqlite_engine(url: URL, settings: StoreSettings) -> Engine:
    assert url.database is not None
    _make_file(Path(url.database))
    engine = create_engine(url, connect_args={"timeout": settings.lock_seconds})
    event.listen(engine, "connect", _set_up_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _make_file(path: Path) -> None:
    """Make the file, for its owner alone; SQLite gives its WAL the same mode."""
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    try:
        os.close(os.open(path, flags, 0o600))
    except FileExistsError:
        if not path.is_file():
            raise UsageError(f"{path}: not a file", "name a file for the store") from None
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise StoreDownError(f"{path}: {error.strerror}", "make room on the disk") from error
        raise UsageError(f"{path}: {error.strerror}", "its folder must be there") from error


def _set_up_sqlite(connection: sqlite3.Connection, _: object) -> None:
    connection.isolation_level = None  # transactions begin where we say, not where Python guesses
    tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
    if tables and VERSIONS.name not in tables:
        return  # of another program: it will be refused, and is not to be changed
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")  # a commit is on the disk
    connection.execute("PRAGMA journal_size_limit = 16777216")


def _begin_sqlite(connection: Connection) -> None:
    # A writer takes the lock at once: one that reads first could not wait for it later.
    reading = connection.get_execution_options().get(READING, False)
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")


def _postgres_engine(url: URL, settings: StoreSettings) -> Engine:
    milliseconds = round(settings.statement_seconds * 1000)
    arguments: dict[str, Any] = {
        "application_name": "poolwatch",
        "connect_timeout": settings.connect_seconds,
        "keepalives_idle": 10,
        "keepalives_interval": 5,
        "keepalives_count": 3,
        "tcp_user_timeout": milliseconds,
        "options": f"-c statement_timeout={milliseconds} "
        f"-c lock_timeout={round(settings.lock_seconds * 1000)}",
    }
    for name in url.query:  # what the URL says goes before
        arguments.pop(name, None)
    try:
        return create_engine(url, connect_args=arguments, pool_size=2)
    except ModuleNotFoundError as error:
        raise UsageError(
            "a PostgreSQL store needs the package psycopg",
            "install it with: pip install 'poolwatch[postgres]'",
        ) from error
