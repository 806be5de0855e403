"""Old rows leave the store, what was told is remembered, and signals wait."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

from poolwatch.sensor.keep import RetentionSettings
from poolwatch.sensor.keep.deletions import DeletionLog
from poolwatch.sensor.log import Log
from poolwatch.sensor.retention import StoreRetention
from poolwatch.sensor.tell import HostState
from poolwatch.sensor.told import ToldFile
from poolwatch.store import CoverageRow, StoreSettings, open_store

_DAY = 86_400 * 10**9


def coverage(days_ago: int) -> CoverageRow:
    at = time.time_ns() - days_ago * _DAY
    return CoverageRow(
        capture_id="1",
        first_ns=at,
        last_ns=at + 1,
        packets=1,
        bytes=1,
        drops={},
        not_understood={},
        flows=0,
        memory_bytes=0,
        catalogue="c",
    )


def test_rows_past_their_time_go_and_that_is_said(tmp_path: Path) -> None:
    settings = StoreSettings(url=f"sqlite:///{tmp_path / 'store.db'}", spool=str(tmp_path / "s"))
    with open_store(settings.url, "a", settings) as store:
        store.put([coverage(1), coverage(40), coverage(50)])
    wanted = RetentionSettings(coverage_days=30)
    deletions = DeletionLog(tmp_path / "deletions.jsonl")
    retention = StoreRetention(wanted, settings, "a", Log(), deletions)
    assert retention.wanted
    gone = retention.run()
    assert sum(gone.values()) == 2
    with open_store(settings.url, "a", settings) as store:
        assert len(list(store.coverage())) == 1
    assert not StoreRetention(
        RetentionSettings(coverage_days=0, findings_days=0), settings, "a", Log(), deletions
    ).wanted
    lines = [json.loads(line) for line in (tmp_path / "deletions.jsonl").read_text().splitlines()]
    assert [(line["class"], line["what"], line["why"], line.get("rows")) for line in lines] == [
        ("rows", "coverage", "age: begins", None),
        ("rows", "coverage", "age", 2),
    ]


def test_a_store_that_does_not_answer_loses_nothing(tmp_path: Path) -> None:
    settings = StoreSettings(url="postgresql://nobody@127.0.0.1:1/none", connect_seconds=1)
    log = DeletionLog(tmp_path / "deletions.jsonl")
    assert StoreRetention(RetentionSettings(), settings, "a", Log(), log).run() == {}
    assert not (tmp_path / "deletions.jsonl").exists()


def state(last_ns: int) -> HostState:
    return HostState(finding_id=1, grade="confirmed", stage="mining", role="miner", last_ns=last_ns)


def test_what_was_told_survives_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "told.json"
    told = ToldFile(path, 2)
    assert told.read() == {}
    assert told.write({})
    assert not path.exists()
    assert told.write({"a": state(1), "b": state(2)})
    assert told.write({"c": state(3)})
    assert path.stat().st_mode & 0o777 == 0o600
    assert ToldFile(path, 2).read() == {"b": state(2), "c": state(3)}
    path.write_bytes(b'{"a":')
    assert ToldFile(path, 2).read() == {}
    assert not ToldFile(tmp_path / "nowhere" / "told.json", 2).write({"a": state(1)})


def test_signals_wait_until_somebody_asks() -> None:
    program = (
        "import os, signal, threading; from poolwatch.sensor import signals; signals.hold();"
        "thread = threading.Thread(target=lambda: None); thread.start(); thread.join();"
        "os.kill(os.getpid(), signal.SIGTERM);"
        "print(signals.wait(5) == signal.SIGTERM, signals.wait(0.01))"
    )
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60
    )
    assert run.stdout.split() == ["True", "0"]
    assert signal.SIGTERM not in signal.pthread_sigmask(signal.SIG_BLOCK, ())
