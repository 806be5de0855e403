"""The first tables."""

from __future__ import annotations

from sqlalchemy import Connection, text

_TABLES = (
    """CREATE TABLE schema_versions (
        version INTEGER NOT NULL PRIMARY KEY, applied_ns BIGINT NOT NULL, program TEXT NOT NULL)""",
    """CREATE TABLE sensors (
        sensor TEXT NOT NULL PRIMARY KEY, state_ns BIGINT NOT NULL, tap TEXT NOT NULL,
        nat TEXT NOT NULL, authority TEXT NOT NULL, note TEXT NOT NULL, version TEXT NOT NULL)""",
    """CREATE TABLE sessions (
        sensor TEXT NOT NULL, capture_id TEXT NOT NULL, flow_id BIGINT NOT NULL,
        state_ns BIGINT NOT NULL, host TEXT NOT NULL, grade TEXT NOT NULL, stage TEXT NOT NULL,
        first_ns BIGINT NOT NULL, last_ns BIGINT NOT NULL, event TEXT NOT NULL,
        PRIMARY KEY (sensor, capture_id, flow_id))""",
    """CREATE TABLE findings (
        sensor TEXT NOT NULL, finding_id BIGINT NOT NULL, state_ns BIGINT NOT NULL,
        host TEXT NOT NULL, role TEXT NOT NULL, grade TEXT NOT NULL, stage TEXT NOT NULL,
        unit TEXT, first_ns BIGINT NOT NULL, last_ns BIGINT NOT NULL, event TEXT NOT NULL,
        PRIMARY KEY (sensor, finding_id))""",
    """CREATE TABLE finding_flows (
        sensor TEXT NOT NULL, finding_id BIGINT NOT NULL, flow_id BIGINT NOT NULL,
        PRIMARY KEY (sensor, finding_id, flow_id))""",
    """CREATE TABLE sightings (
        sensor TEXT NOT NULL, finding_id BIGINT NOT NULL, at_ns BIGINT NOT NULL,
        change TEXT NOT NULL, host TEXT NOT NULL, grade TEXT NOT NULL, stage TEXT NOT NULL,
        count BIGINT NOT NULL, flow_id BIGINT,
        PRIMARY KEY (sensor, finding_id, at_ns, change))""",
    """CREATE TABLE coverage (
        sensor TEXT NOT NULL, capture_id TEXT NOT NULL, first_ns BIGINT NOT NULL,
        last_ns BIGINT NOT NULL, packets BIGINT NOT NULL, bytes BIGINT NOT NULL,
        drops TEXT NOT NULL, not_understood TEXT NOT NULL, flows BIGINT NOT NULL,
        memory_bytes BIGINT NOT NULL, catalogue TEXT NOT NULL, counts TEXT NOT NULL, event TEXT,
        PRIMARY KEY (sensor, capture_id, first_ns))""",
)
_INDEXES = (
    "CREATE INDEX sessions_by_flow ON sessions (sensor, flow_id)",
    "CREATE INDEX sessions_by_host ON sessions (host, last_ns)",
    "CREATE INDEX sessions_by_time ON sessions (last_ns)",
    "CREATE INDEX findings_by_host ON findings (host)",
    "CREATE INDEX findings_by_time ON findings (last_ns)",
    "CREATE INDEX finding_flows_by_flow ON finding_flows (sensor, flow_id)",
    "CREATE INDEX sightings_by_time ON sightings (at_ns)",
    "CREATE INDEX coverage_by_time ON coverage (first_ns)",
)


def apply(connection: Connection) -> None:
    """Make them."""
    for statement in (*_TABLES, *_INDEXES):
        connection.execute(text(statement))
