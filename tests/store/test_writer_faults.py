"""Real faults: a server that goes and comes, a disk that fills, a process that is killed.

`POOLWATCH_TEST_OUTAGE_SECONDS` and `POOLWATCH_TEST_KILLS` make the tests as long as wished.
"""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from poolwatch.store import Writer, open_store
from tests.running import ROOT
from tests.store.building import SENSOR, coverage, finding, session, settings, sighting, wait_until
from tests.store.postgres import Postgres

OUTAGE_SECONDS = float(os.environ.get("POOLWATCH_TEST_OUTAGE_SECONDS", "2"))
KILLS = int(os.environ.get("POOLWATCH_TEST_KILLS", "10"))


@pytest.mark.parametrize("mode", ["fast", "immediate"])
def test_postgresql_stops_during_writes_and_comes_back(
    postgres: Postgres, tmp_path: Path, mode: str
) -> None:
    url = postgres.new_database()
    writer = Writer(settings(tmp_path, url, batch_rows=50), SENSOR)
    writer.start()
    number = 0
    with ExitStack() as stack:
        for phase, seconds in (("up", 0.3), ("down", OUTAGE_SECONDS), ("up again", 0.5)):
            if phase == "down":
                postgres.stop(mode)
                stack.callback(postgres.start)
            elif phase == "up again":
                stack.pop_all().close()
            end = time.monotonic() + seconds
            while time.monotonic() < end:
                for _ in range(10):
                    assert writer.put(sighting(number))
                    number += 1
                time.sleep(0.005)
            assert writer.flush(10)
            if phase == "down":
                counts = writer.counts()
                assert not counts.store_up
                assert counts.spool_rows > 100
                assert counts.lag_seconds > seconds / 2
            elif phase == "up again":
                check_order_while_it_drains(url, writer)
    assert writer.drain(60)
    counts = writer.counts()
    assert (counts.store_up, counts.last_error, counts.dropped) == (True, "", {})
    assert writer.close(10)
    with open_store(url, "reader") as store:
        times = [row.at_ns for row in store.sightings()]
    assert times == [sighting(n).at_ns for n in range(number)]


def check_order_while_it_drains(url: str, writer: Writer) -> None:
    """At any time the store has all rows up to one, and none after it."""
    with open_store(url, "reader") as store:
        end = time.monotonic() + 60
        while writer.counts().spool_rows and time.monotonic() < end:
            times = [row.at_ns for row in store.sightings()]
            assert times == [sighting(n).at_ns for n in range(len(times))]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 20 MB."""
    if os.geteuid() != 0:
        pytest.skip("mounting a disk needs root")
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=20m,mode=0700", "tmpfs", str(disk)]
    if subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("a tmpfs cannot be mounted here")
    yield disk
    subprocess.run(["umount", "-l", str(disk)], check=True)


@pytest.mark.parametrize("where", ["spool and store", "spool", "store"])
def test_a_disk_of_20_mb_is_filled_and_made_free(
    small_disk: Path, tmp_path: Path, where: str
) -> None:
    spool = small_disk if where != "store" else tmp_path
    store = small_disk if where != "spool" else tmp_path
    writer = Writer(
        settings(
            tmp_path,
            f"sqlite:///{store}/store.db",
            spool=str(spool / "spool"),
            memory_bytes=1 << 21,
        ),
        SENSOR,
    )
    writer.start()
    writer.put(finding(1, [1]))
    assert writer.drain(10)
    fill(small_disk)
    padding = "x" * 2000
    for number in range(2000):  # more than memory holds
        writer.put(session(number, note=padding))
        writer.put(coverage(number))
        if where != "spool and store" and number % 100 == 0:
            assert writer.flush(10)
    if where == "store":
        assert writer.flush(10)
    if where != "spool":
        wait_until(lambda: writer.counts().store_failures > 0)
    if where != "store":
        wait_until(lambda: writer.counts().spool_failures > 0)
    wanted = {
        "spool and store": (True, False),
        "spool": (True, True),  # what the store takes makes room in the spool for a moment
        "store": (False, False),
    }[where]
    wait_until(lambda: (writer.counts().spool_full, writer.counts().store_up) == wanted)
    counts = writer.counts()
    assert any(
        words in counts.last_error for words in ("No space left", "disk is full", "disk I/O")
    )
    assert counts.waiting_bytes <= 1 << 21
    if where == "spool and store":
        assert counts.dropped["coverage"] > 0
        assert counts.dropped["sessions"] > 0
        assert writer.put(finding(2, [1999]))  # detail goes for it
        assert not writer.flush(0.3)  # it is not durable, and nobody says so
    elif where == "spool":
        assert writer.put(finding(2, [1999]))
        assert writer.flush(10)  # the store has it
    (small_disk / "filler").unlink()
    writer.put(finding(3, [3]))
    assert writer.flush(10)
    assert writer.drain(30)
    wait_until(lambda: not writer.counts().spool_full)
    counts = writer.counts()
    assert (counts.spool_full, counts.store_up, counts.last_error) == (False, True, "")
    assert writer.close(10)
    with open_store(f"sqlite:///{store}/store.db", "reader") as reading:
        sessions = sum(1 for _ in reading.sessions())
        minutes = sum(1 for _ in reading.coverage())
        findings = {row.finding_id for row in reading.findings()}
    assert findings >= {1, 3} | (set() if where == "store" else {2})
    assert sessions == 2000 - counts.dropped.get("sessions", 0)
    assert minutes == 2000 - counts.dropped.get("coverage", 0)
    assert check_integrity(store / "store.db") == "ok"


def fill(disk: Path) -> None:
    with (disk / "filler").open("wb", buffering=0) as file:
        for size in (1 << 16, 1 << 12, 1):
            try:
                while True:
                    file.write(b"\0" * size)
            except OSError:
                continue


def check_integrity(path: Path) -> str:
    with closing(sqlite3.connect(path)) as connection:
        (answer,) = connection.execute("PRAGMA integrity_check").fetchone()
    return str(answer)


# -- kill -9 -----------------------------------------------------------------------------

_CHILD = """
import sys
from pathlib import Path
from poolwatch.store import Writer
from tests.store.building import SENSOR, finding, session, settings, sighting
folder, first = Path(sys.argv[1]), int(sys.argv[2])
writer = Writer(settings(folder, segment_bytes=5000, batch_rows=20), SENSOR)
writer.start()
print("begun", flush=True)
number = first
while True:
    for _ in range(7):
        writer.put(session(number))
        writer.put(sighting(number))
        writer.put(finding(number, [number]))
        number += 1
    if writer.flush(10):
        print(number, flush=True)
"""


def test_whatever_was_acknowledged_is_there_after_kill_9(tmp_path: Path) -> None:
    choice = random.Random()
    acknowledged: set[int] = set()
    first = 0
    for _ in range(KILLS):
        upto = kill_one(tmp_path, first, choice.uniform(0.0, 0.3))
        acknowledged |= set(range(first, upto))
        first = upto + 1_000_000
        assert check_integrity(tmp_path / "store.db") == "ok"
    writer = Writer(settings(tmp_path), SENSOR)
    writer.start()
    assert writer.drain(30)
    assert writer.close(10)
    assert check_integrity(tmp_path / "store.db") == "ok"
    with open_store(settings(tmp_path).url, "reader") as store:
        findings = {row.finding_id: row for row in store.findings()}
        sessions = {row.flow_id for row in store.sessions()}
        sightings = {row.at_ns for row in store.sightings()}
    assert len(acknowledged) > KILLS
    assert acknowledged <= findings.keys()
    assert acknowledged <= sessions
    assert {sighting(n).at_ns for n in acknowledged} <= sightings
    assert all(row.flows == (number,) for number, row in findings.items())


def kill_one(folder: Path, first: int, seconds: float) -> int:
    """Run a writing process for a moment, kill it; up to which number it said it has rows."""
    child = subprocess.Popen(
        [sys.executable, "-c", _CHILD, str(folder), str(first)],
        stdout=subprocess.PIPE,
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )
    assert child.stdout is not None
    with child.stdout:
        assert child.stdout.readline() == b"begun\n"
        time.sleep(seconds)
        child.send_signal(signal.SIGKILL)
        lines = [line for line in child.stdout.read().splitlines(keepends=True) if b"\n" in line]
    assert child.wait() == -signal.SIGKILL
    return int(lines[-1]) if lines else first
