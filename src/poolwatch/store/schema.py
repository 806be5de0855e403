"""The tables as they are now; `migrations/` says how they came to be.

Events are kept as the JSON text that was reported, byte for byte (PostgreSQL's own JSON would
refuse a NUL in a login, and reorder); what is searched by stands beside it in columns of its own.
Every row names its sensor. Times are ns UTC, 0 where a capture has no clock.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, MetaData, Table, Text

METADATA = MetaData()


def _key(name: str, kind: type[Text | BigInteger]) -> Column[object]:
    return Column(name, kind, primary_key=True, autoincrement=False)


def _needed(name: str, kind: type[Text | BigInteger]) -> Column[object]:
    return Column(name, kind, nullable=False)


VERSIONS = Table(
    "schema_versions",
    METADATA,
    Column("version", Integer, primary_key=True, autoincrement=False),
    _needed("applied_ns", BigInteger),
    _needed("program", Text),
)
SENSORS = Table(
    "sensors",
    METADATA,
    _key("sensor", Text),
    _needed("state_ns", BigInteger),
    _needed("tap", Text),
    _needed("nat", Text),
    _needed("authority", Text),
    _needed("note", Text),
    _needed("version", Text),
)
SESSIONS = Table(
    "sessions",
    METADATA,
    _key("sensor", Text),
    _key("capture_id", Text),
    _key("flow_id", BigInteger),
    _needed("state_ns", BigInteger),
    _needed("host", Text),
    _needed("grade", Text),
    _needed("stage", Text),
    _needed("first_ns", BigInteger),
    _needed("last_ns", BigInteger),
    _needed("event", Text),
    Index("sessions_by_flow", "sensor", "flow_id"),
    Index("sessions_by_host", "host", "last_ns"),
    Index("sessions_by_time", "last_ns"),
)
FINDINGS = Table(
    "findings",
    METADATA,
    _key("sensor", Text),
    _key("finding_id", BigInteger),
    _needed("state_ns", BigInteger),
    _needed("host", Text),
    _needed("role", Text),
    _needed("grade", Text),
    _needed("stage", Text),
    Column("unit", Text),
    _needed("first_ns", BigInteger),
    _needed("last_ns", BigInteger),
    _needed("event", Text),
    Index("findings_by_host", "host"),
    Index("findings_by_time", "last_ns"),
)
FINDING_FLOWS = Table(
    "finding_flows",
    METADATA,
    _key("sensor", Text),
    _key("finding_id", BigInteger),
    _key("flow_id", BigInteger),
    Index("finding_flows_by_flow", "sensor", "flow_id"),
)
SIGHTINGS = Table(
    "sightings",
    METADATA,
    _key("sensor", Text),
    _key("finding_id", BigInteger),
    _key("at_ns", BigInteger),
    _key("change", Text),
    _needed("host", Text),
    _needed("grade", Text),
    _needed("stage", Text),
    _needed("count", BigInteger),
    Column("flow_id", BigInteger),
    Index("sightings_by_time", "at_ns"),
)
COVERAGE = Table(
    "coverage",
    METADATA,
    _key("sensor", Text),
    _key("capture_id", Text),
    _key("first_ns", BigInteger),
    _needed("last_ns", BigInteger),
    _needed("packets", BigInteger),
    _needed("bytes", BigInteger),
    _needed("drops", Text),
    _needed("not_understood", Text),
    _needed("flows", BigInteger),
    _needed("memory_bytes", BigInteger),
    _needed("catalogue", Text),
    _needed("counts", Text),
    Column("event", Text),
    Index("coverage_by_time", "first_ns"),
)
DECISIONS = Table(
    "decisions",
    METADATA,
    _key("sensor", Text),
    _key("finding_id", BigInteger),
    _key("decided_ns", BigInteger),
    _needed("host", Text),
    _needed("cause", Text),
    _needed("decided_by", Text),
    _needed("note", Text),
    Index("decisions_by_time", "decided_ns"),
)
