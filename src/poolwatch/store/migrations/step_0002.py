"""What persons decided of findings: rows are only ever added."""

from __future__ import annotations

from sqlalchemy import Connection, text

_TABLE = """CREATE TABLE decisions (
    sensor TEXT NOT NULL, finding_id BIGINT NOT NULL, decided_ns BIGINT NOT NULL,
    host TEXT NOT NULL, cause TEXT NOT NULL, decided_by TEXT NOT NULL, note TEXT NOT NULL,
    PRIMARY KEY (sensor, finding_id, decided_ns))"""
_INDEX = "CREATE INDEX decisions_by_time ON decisions (decided_ns)"


def apply(connection: Connection) -> None:
    """Make the table."""
    for statement in (_TABLE, _INDEX):
        connection.execute(text(statement))
