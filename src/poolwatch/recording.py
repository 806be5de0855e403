"""What a scan says, put into a store: the rows a sensor would put.

The keys are sensor, capture and flow, so a second scan of the same captures adds nothing.
"""

from __future__ import annotations

import hashlib

from poolwatch.outputs import Item
from poolwatch.outputs.eve import finding_event, mining_event, stats_event
from poolwatch.store import CoverageRow, FindingRow, Row, SessionRow, Store
from poolwatch.store.rows import to_json
from poolwatch.terms import Session, Stats

_ROWS = 500
"""Rows of one transaction."""


class Recorder:
    """Puts the items of one scan; the stats, which come last, end it."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._rows: list[Row] = []

    def add(self, item: Item) -> None:
        """Take the next item. Raises StoreError; what was put before it stays."""
        self._rows.append(_row_of(item))
        if len(self._rows) >= _ROWS or isinstance(item, Stats):
            self._store.put(self._rows)
            self._rows = []


def _row_of(item: Item) -> Row:
    if isinstance(item, Stats):
        return _coverage(item)
    if isinstance(item, Session):
        assert item.capture.id is not None  # the engine was told to identify
        return SessionRow.of(mining_event(item), item.capture.id, host=item.host)
    return FindingRow.of(finding_event(item))


def _coverage(stats: Stats) -> CoverageRow:
    counts = dict(stats.counts)
    return CoverageRow(
        sensor=stats.sensor,
        capture_id=_scan_id(stats),
        first_ns=stats.first_ns,
        last_ns=stats.last_ns,
        packets=counts.pop("packets", 0),
        bytes=counts.pop("bytes", 0),
        drops={"capturing_program": stats.drops} if stats.drops else {},
        not_understood=stats.not_understood,
        flows=counts.pop("flows", 0),
        memory_bytes=0,
        catalogue=stats.catalogue,
        counts=dict(counts),
        event=to_json(stats_event(stats)),
    )


def _scan_id(stats: Stats) -> str:
    """What was read, and by which rules: the same scan again has the same."""
    identity = (
        stats.version,
        stats.catalogue,
        stats.files,
        sorted(stats.counts.items()),
        sorted(stats.not_understood.items()),
        [(problem.path, problem.offset) for problem in stats.problems],
    )
    return hashlib.sha256(repr(identity).encode("utf-8", "replace")).hexdigest()
