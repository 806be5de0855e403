"""What was found, kept: SQLite or PostgreSQL, and the way there that survives its absence."""

from __future__ import annotations

from poolwatch.store.counts import WriterCounts
from poolwatch.store.decisions import with_decisions
from poolwatch.store.rows import (
    CoverageRow,
    DecisionRow,
    FindingRow,
    Row,
    SensorRow,
    SessionRow,
    SightingRow,
)
from poolwatch.store.settings import StoreSettings
from poolwatch.store.store import Store, open_store
from poolwatch.store.urls import shown_url
from poolwatch.store.writer import Writer

__all__ = [
    "CoverageRow",
    "DecisionRow",
    "FindingRow",
    "Row",
    "SensorRow",
    "SessionRow",
    "SightingRow",
    "Store",
    "StoreSettings",
    "Writer",
    "WriterCounts",
    "open_store",
    "shown_url",
    "with_decisions",
]
