"""`scan --store`: the rows of a scan, once, on either database."""

from __future__ import annotations

import json
import re
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from poolwatch.store import open_store
from tests.running import ROOT, capture_of, command_line, events_of
from tests.store.building import SENSOR, everything, finding, session
from tests.store.postgres import PASSWORD

OFFICE = capture_of("office")


def test_a_second_scan_adds_nothing(url: str) -> None:
    env = {"POOLWATCH_SCAN_STORE": url}
    first = command_line("scan", "--format", "eve", "--sensor", "lab", OFFICE, env=env)
    assert (first.returncode, first.stderr) == (0, b"")
    with open_store(url, "reader") as store:
        before = everything(store)
    again = command_line("scan", "--sensor", "lab", "--min-grade", "confirmed", OFFICE, env=env)
    assert (again.returncode, again.stderr) == (0, b"")
    with open_store(url, "reader") as store:
        assert everything(store) == before
        events = events_of(first.stdout)
        mining = [event for event in events if event["event_type"] == "mining"]
        findings = [event for event in events if event["event_type"] == "finding"]
        by_flow = {event["flow_id"]: event for event in mining}
        assert {row.flow_id: json.loads(row.event) for row in store.sessions()} == by_flow
        rows = {row.finding_id: row for row in store.findings()}
        assert {i: json.loads(row.event) for i, row in rows.items()} == {
            event["finding_id"]: event for event in findings
        }
        for event in findings:
            own = store.sessions(finding_id=event["finding_id"])
            assert {row.flow_id for row in own} == set(event["flows"])
        (coverage,) = store.coverage()
        stats = events[-1]["stats"]
        assert (coverage.packets, coverage.catalogue) == (stats["packets"], stats["catalogue"])
        assert coverage.event is not None
        assert json.loads(coverage.event) == events[-1]
        assert [row.sensor for row in store.sensors()] == ["lab"]
        assert coverage.first_ns < coverage.last_ns


def test_scans_of_other_captures_and_other_sensors_are_added(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    url = f"sqlite:///{path}"
    for sensor, capture in (("a", OFFICE), ("b", OFFICE), ("a", capture_of("near-chat"))):
        run = command_line("scan", "--store", url, "--sensor", sensor, capture)
        assert (run.returncode, run.stderr) == (0, b"")
    with closing(sqlite3.connect(path)) as connection:
        count = "SELECT sensor, COUNT(*) FROM {} GROUP BY sensor ORDER BY sensor"
        coverage = connection.execute(count.format("coverage")).fetchall()
        findings = dict(connection.execute(count.format("findings")).fetchall())
    assert coverage == [("a", 2), ("b", 1)]
    assert findings["a"] == findings["b"] > 0


def test_a_store_that_cannot_be_used_ends_the_scan_before_it_begins(tmp_path: Path) -> None:
    run = command_line("scan", "--store", f"sqlite:///{tmp_path}/no/folder.db", OFFICE)
    assert run.returncode == 2
    assert b"its folder must be there" in run.stderr
    assert run.stdout == b""
    gone = f"postgresql://owner:{PASSWORD}@127.0.0.1:1/gone"
    run = command_line("scan", OFFICE, env={"POOLWATCH_SCAN_STORE": gone})
    assert run.returncode == 2
    assert b"postgresql://owner:***@127.0.0.1:1/gone" in run.stderr
    assert PASSWORD.encode() not in run.stderr + run.stdout


def test_the_python_of_the_guide_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = (ROOT / "docs" / "store.md").read_text("utf-8")
    (block,) = re.findall(r"^```python\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    monkeypatch.chdir(tmp_path)
    with open_store("sqlite:///found.db", SENSOR) as store:
        store.put([session(5), finding(1, [5])])
    names: dict[str, Any] = {}
    exec(compile(block, "store.md", "exec"), names)
    assert [row.flow_id for row in names["sessions"]] == [5]
