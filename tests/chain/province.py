"""The province of pcaps/ for tests: its truth, its chains, and its logs with one left out."""

from __future__ import annotations

import datetime
import ipaddress
import shutil
from functools import cache
from pathlib import Path
from typing import Any

from poolwatch.chain.hops import Query, Step, Trace
from poolwatch.chain.trace import Tracer
from poolwatch.plan import Plan, load_tracer
from tests.running import PCAPS, truth_of

FOLDER = PCAPS / "province"
LOGS = FOLDER / "logs"
UNITS = FOLDER / "units.csv"
REGISTER = FOLDER / "register.csv"
DAY_NS = int(datetime.datetime(2026, 1, 12, 8, tzinfo=datetime.UTC).timestamp()) * 10**9
SECOND = 10**9


def chains() -> dict[str, dict[str, Any]]:
    return {row["name"]: row for row in truth_of("province")["chains"]}


def tracer_of(logs: Path, config: Path | None = None) -> Tracer:
    plan = Plan(units=(UNITS,), register=(REGISTER,), logs=(logs,), logs_config=config)
    tracer = load_tracer(plan, lambda _: None, lambda _: None)
    assert tracer is not None
    return tracer


@cache
def tracer() -> Tracer:
    return tracer_of(LOGS)


def without(file: str, folder: Path) -> Path:
    """The logs without one file, as a folder of its own."""
    copy = folder / "logs"
    shutil.copytree(LOGS, copy)
    (folder / file).unlink()
    return copy


def notice(row: dict[str, Any]) -> Query:
    """What a notice about a chain says: public address, port, protocol, time."""
    address, port = row["public"].rsplit(":", 1)
    return _query(row, address, int(port))


def inside(row: dict[str, Any]) -> Query:
    """The conversation as its tap sees it."""
    return _query(row, row["host"], row["port"])


def _query(row: dict[str, Any], address: str, port: int) -> Query:
    first = DAY_NS + row["at"] * SECOND
    last = DAY_NS + row.get("until", row["at"]) * SECOND
    return Query(ipaddress.ip_address(address), first, last + 1, port, 6)


def said(trace: Trace) -> dict[str, Any]:
    """What a chain says, in the words of the truth."""
    hops = list(trace.root.walk())
    equipment = {hop.value for hop in hops if hop.step is Step.EQUIPMENT}
    units = trace.of(Step.UNIT)
    inner = [hop for hop in hops if any(h.step is Step.MACHINE for h in hop.next)] or [trace.root]
    unit = next((h for h in inner[0].next if h.step is Step.UNIT), units[0] if units else None)
    return {
        "machines": [hop.value for hop in trace.of(Step.MACHINE)],
        "ports": [hop.value for hop in trace.of(Step.PORT)],
        "accounts": [hop.value for hop in trace.of(Step.ACCOUNT)],
        "equipment": equipment.pop() if len(equipment) == 1 else "unknown",
        "unit": unit.value.split(" / ")[-1] if unit else None,
        "clashes": [clash.value for hop in hops for clash in hop.clashes],
        "breaks": [[b.missing.value, b.device] for b in trace.breaks()],
    }
