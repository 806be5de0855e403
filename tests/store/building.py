"""Rows for tests, and what all of them share."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from poolwatch.store import (
    CoverageRow,
    FindingRow,
    Row,
    SessionRow,
    SightingRow,
    Store,
    StoreSettings,
)

NOON_NS = 1_768_219_200 * 10**9
SECOND_NS = 10**9
SENSOR = "lab"


def moment(seconds: int) -> str:
    return f"2026-01-12T12:{seconds // 60:02d}:{seconds % 60:02d}.000000+0000"


def mining(flow_id: int, last: int = 1, **more: Any) -> dict[str, Any]:
    fields = {"grade": "confirmed", "stage": "mining", "login": "wallet.rig"} | more
    seen = {"first_seen": moment(0), "last_seen": moment(last)}
    return {
        "v": 1,
        "event_type": "mining",
        "sensor": SENSOR,
        "flow_id": flow_id,
        "src_ip": f"10.0.0.{flow_id % 250}",
        "mining": fields | seen,
    }


def session(flow_id: int, last: int = 1, capture: str = "run", **more: Any) -> SessionRow:
    return SessionRow.of(mining(flow_id, last, **more), capture)


def finding(
    finding_id: int, flows: list[int], last: int = 1, sensor: str = SENSOR, **more: Any
) -> FindingRow:
    event = {
        "v": 1,
        "event_type": "finding",
        "sensor": sensor,
        "finding_id": finding_id,
        "host": f"10.0.0.{finding_id % 250}",
        "role": "miner",
        "grade": "confirmed",
        "stage": "mining",
        "unit": None,
        "first_seen": moment(0),
        "last_seen": moment(last),
        "flows": flows,
    }
    return FindingRow.of(event | more)


def sighting(number: int, finding_id: int = 1, count: int = 1) -> SightingRow:
    return SightingRow(
        finding_id=finding_id,
        at_ns=NOON_NS + number,
        change="again",
        host="10.0.0.1",
        grade="confirmed",
        stage="mining",
        count=count,
    )


def coverage(minute: int, packets: int = 1000, last: int = 60) -> CoverageRow:
    first_ns = NOON_NS + minute * 60 * SECOND_NS
    return CoverageRow(
        capture_id="run",
        first_ns=first_ns,
        last_ns=first_ns + last * SECOND_NS,
        packets=packets,
        bytes=packets * 100,
        drops={"ring": 3},
        not_understood={"truncated": 1},
        flows=10,
        memory_bytes=1 << 20,
        catalogue="c" * 64,
        counts={"evicted": 2},
    )


def settings(folder: Path, url: str | None = None, **more: Any) -> StoreSettings:
    """Settings of a store and a spool in a folder; everything is tried again soon."""
    quick: dict[str, Any] = {
        "url": url or f"sqlite:///{folder}/store.db",
        "spool": str(folder / "spool"),
        "sync_seconds": 0.02,
        "lock_seconds": 0.1,
        "retry_seconds": 0.02,
        "retry_longest_seconds": 0.2,
    }
    return StoreSettings(**quick | more)


def everything(store: Store) -> list[Row]:
    return [
        *store.sensors(),
        *store.sessions(),
        *store.findings(),
        *store.sightings(),
        *store.coverage(),
    ]


def wait_until(true: Callable[[], bool], seconds: float = 10.0) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not come to pass"
        time.sleep(0.01)
