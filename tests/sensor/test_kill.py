"""kill -9 at any instant: nothing that was reported is missing, nothing is corrupt."""

from __future__ import annotations

import json
import os
import random
import shutil
import sqlite3
import subprocess
import time
from pathlib import Path
from typing import Any

from tests.live.netns import Wire, skip_without
from tests.running import capture_of
from tests.sensor.daemons import Daemon
from tests.sensor.soaking import SOAK, say
from tests.sensor.traffic import keep_replaying

KILLS = 200 if SOAK else 10
CAMPUS = capture_of("campus")


def test_kill_9_at_random_instants(wire: Wire, tmp_path: Path) -> None:
    skip_without("tcpreplay", "capinfos")
    seed = int(os.environ.get("POOLWATCH_SEED", time.time_ns() & 0xFFFF))
    rng = random.Random(seed)
    daemon = Daemon(wire, tmp_path, settings="canary_seconds = 5\ncoverage_seconds = 1")
    replay = keep_replaying(wire, CAMPUS, "--pps=4000")
    read = 0
    try:
        for number in range(KILLS):
            daemon.start()
            time.sleep(rng.uniform(0, 1.2))
            daemon.kill()
            if number % 20 == 0 or not SOAK:
                read = check_files(daemon)
        daemon.start()
        assert daemon.end()[0] == 0
        read = check_files(daemon)
    finally:
        replay.terminate()
        replay.wait(10)
        daemon.close()
    told = reported(daemon)
    stored = {row.finding_id: row for row in daemon.stored()[1]}
    missing = [event for event in told if event["finding_id"] not in stored]
    flows = {row.flow_id for row in daemon.stored()[0]}
    lost = [flow for event in told for flow in event["flows"] if flow not in flows]
    say(
        f"kill -9 {KILLS} times (seed {seed}): {len(told)} findings reported, {len(missing)} "
        f"missing, {len(lost)} of their sessions missing, stores whole, {read} segments readable"
    )
    assert told
    assert (missing, lost) == ([], [])


def reported(daemon: Daemon) -> list[dict[str, Any]]:
    """Findings in the EVE file; a kill may have cut a line, and the next one stands behind."""
    found = []
    for line in daemon.eve.read_bytes().splitlines():
        start = line.rfind(b'{"v":1,"timestamp"')
        try:
            event = json.loads(line[max(start, 0) :])
        except json.JSONDecodeError:
            continue
        if event["event_type"] == "finding":
            found.append(event)
    return found


def check_files(daemon: Daemon) -> int:
    """The store opens clean and every segment can be read; how many there are.

    A segment is repaired when the sensor starts again, so a copy is looked at as it will be.
    """
    path = Path(daemon.url.removeprefix("sqlite:///"))
    with sqlite3.connect(path) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    connection.close()
    segments = daemon.segments()
    if not segments or daemon.process is None:
        return 0
    run = subprocess.run(
        ["capinfos", "-c", "-M", *map(str, whole(segments))],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert run.returncode == 0, run.stderr
    return len(segments)


def whole(segments: list[Path]) -> list[Path]:
    """All but the newest, which the next start repairs, unless a clean end came after."""
    assert shutil.which("capinfos")
    return segments
