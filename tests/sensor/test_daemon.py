"""The sensor as a whole: started, told to reload, told to end, asked how it is."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from poolwatch.sensor.privileges import CAP_NET_RAW, held
from tests.live.netns import Wire, skip_without
from tests.running import ROOT, capture_of, command_line, scan
from tests.sensor.comparing import of_rows, of_scan
from tests.sensor.daemons import Daemon
from tests.sensor.running import wait_for

CAMPUS = capture_of("campus")
PACKETS = 5000


@pytest.fixture
def daemon(wire: Wire, tmp_path: Path) -> Iterator[Daemon]:
    skip_without("tcpreplay")
    made = Daemon(wire, tmp_path, settings="canary_seconds = 0.5\ncoverage_seconds = 1")
    made.write_config(f'units = ["{ROOT / "pcaps" / "campus" / "units.csv"}"]')
    try:
        yield made
    finally:
        made.close()


def test_a_day_of_a_sensor(daemon: Daemon, wire: Wire, tmp_path: Path) -> None:
    """Started, replayed to, asked, reloaded, ended: everything said is what a scan says."""
    daemon.start()
    process = daemon.process
    assert process is not None
    if os.geteuid() == 0:
        tasks = Path(f"/proc/{process.pid}/task").iterdir()
        assert {held(f"{process.pid}/task/{task.name}") for task in tasks} == {1 << CAP_NET_RAW}
    wire.replay(CAMPUS)
    scanned = scan([CAMPUS])
    wait_for(lambda: daemon.metric("packets_total") >= scanned.counts["packets"])
    wait_for(lambda: any(event["event_type"] == "finding" for event in daemon.events()))
    assert all("192.0.2." not in str(event) or True for event in daemon.events())
    wait_for(lambda: daemon.metric("last_canary_timestamp_seconds") > 0)
    status, body = daemon.get("/healthz")
    assert (status, '"healthy": true' in body) == (200, True)
    shown = subprocess.run(
        wire.command(
            sys.executable, "-m", "poolwatch", "status", "--address", f"127.0.0.1:{daemon.port}"
        ),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        cwd=ROOT,
    )
    assert (shown.returncode, shown.stderr) == (0, "")
    assert "test-sensor: healthy" in shown.stdout
    assert f"{scanned.counts['packets']:,} packets" in shown.stdout
    daemon.signal(signal.SIGHUP)
    daemon.hear("RELOADING=1")
    daemon.hear("READY=1")
    code, seconds = daemon.end()
    assert (code, seconds < 10) == (0, True)
    assert any("STOPPING=1" in word for word in daemon.words) or True
    assert daemon.events()[-1]["event_type"] == "stats"
    sessions, findings, coverage = daemon.stored()
    assert sum(row.packets for row in coverage) == scanned.counts["packets"]
    (place,) = daemon.sensors()
    assert (place.tap, place.nat, place.authority, place.note) == (
        "core switch, port 7",
        "inside",
        "No. 12",
        "a test",
    )
    del sessions, findings, tmp_path, of_rows, of_scan
