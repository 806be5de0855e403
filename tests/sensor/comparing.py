"""What "the same findings" means for live capture: all but file names, packet numbers, times."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from poolwatch.aggregate.cause.checkers import CHECKERS
from poolwatch.outputs.eve import finding_event, mining_event
from poolwatch.store import FindingRow, SessionRow
from tests.running import Scan, catalog

_PLACES = (
    "flow_id",
    "finding_id",
    "flows",
    "pcap_filename",
    "pcap_cnt",
    "capture_id",
    "sensor",
    "timestamp",
)
_TIMES = (
    "first_seen",
    "first_greeting",
    "last_seen",
    "active_seconds",
    "no_share_seconds",
    "hashrate",  # shares by time
)


_FIGURES = ("coins_mined", "energy")
_RELATIVE = frozenset(
    (
        "short-runs",
        "asic-rate",
        "workers-in-series",
        "rigs-in-series",
        "wallet-at-units",
        "wallet-at-units-unlike",
        "wallet-on-unlike-hosts",
        "office-hours",
        "off-hours",
        "account-day-and-night",
    )
)
"""Grounds that rest on how long was looked, when, or on what other hosts did until then."""
OF_COMPANIONS = frozenset(
    rule.row.id
    for rule in catalog().grounds.rules
    if CHECKERS[rule.row.checker].__module__.endswith(".companions")
)
"""Grounds that rest on what else a host did, which scans alone look at."""


def comparable(event: dict[str, Any]) -> dict[str, Any]:
    """An event without what may differ; lists of a finding have the order of time."""
    left = {k: v for k, v in event.items() if k not in (*_PLACES, *_TIMES)}
    if event["event_type"] == "finding":
        # A replay is of today: its days have other blocks, and other tables.
        left["unknown"] = [row for row in left["unknown"] if row["question"] not in _FIGURES]
        left = {k: v for k, v in left.items() if k not in (*_FIGURES, "cause", "companions")}
        for side in ("grounds", "counter_grounds"):
            left[side] = grounds_of(left[side])
        return {k: sorted(v, key=str) if isinstance(v, list) else v for k, v in left.items()}
    mining = {k: v for k, v in event["mining"].items() if k not in _TIMES}
    mining["evidence"] = [
        {k: v for k, v in quote.items() if k != "packet"} for quote in mining["evidence"]
    ]
    return left | {"mining": mining}


def grounds_of(grounds: Iterable[dict[str, Any]]) -> list[str]:
    """Which grounds there are, without places; those left out that live cannot have alike."""
    left_out = _RELATIVE | OF_COMPANIONS
    return [f"{one['rank']} {one['id']}" for one in grounds if one["id"] not in left_out]


def _sorted(events: Iterable[dict[str, Any]]) -> list[str]:
    return sorted(json.dumps(comparable(event), sort_keys=True) for event in events)


def of_scan(scan: Scan, vantage: str | None = None) -> tuple[list[str], list[str]]:
    """Sessions and findings of a scan, comparable; `vantage` as the sensor is told it."""
    findings = [finding_event(replace(finding, vantage=vantage)) for finding in scan.findings]
    return _sorted(map(mining_event, scan.sessions)), _sorted(findings)


def of_rows(
    sessions: Iterable[SessionRow], findings: Iterable[FindingRow]
) -> tuple[list[str], list[str]]:
    """The same of rows of a store; of each the last state counts."""
    latest_sessions = {row.key: json.loads(row.event) for row in sessions}
    latest_findings = {row.key: json.loads(row.event) for row in findings}
    return _sorted(latest_sessions.values()), _sorted(latest_findings.values())


def replayable(path: Path) -> bool:
    """Whether a capture can be sent into a veth pair: plain Ethernet."""
    data = path.read_bytes()[:24]
    magic = int.from_bytes(data[:4], "little")
    order: Any = "little" if magic in (0xA1B2C3D4, 0xA1B23C4D) else "big"
    return len(data) == 24 and int.from_bytes(data[20:24], order) & 0xFFFF == 1
