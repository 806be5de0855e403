"""What the sensor shows is what the guide explains."""

from __future__ import annotations

import re
from pathlib import Path

from poolwatch.sensor.config import parse_config
from poolwatch.sensor.daemon import Sensor
from poolwatch.sensor.metrics import Metrics
from poolwatch.sensor.notify import Notifier
from poolwatch.sensor.status import status_lines
from tests.running import ROOT
from tests.sensor.replaying import ReplayingSource
from tests.sensor.running import wait_for

GUIDE = (ROOT / "docs" / "operations.md").read_text("utf-8")


def started(folder: Path) -> Sensor:
    """A sensor in this process, on a source without packets, listening nowhere."""
    document = {
        "sensor": {"state": str(folder / "state"), "interfaces": ["replay0"]},
        "store": {"url": f"sqlite:///{folder}/store.db", "spool": str(folder / "spool")},
        "limits": {"flows": 4096},
        "health": {"listen": "", "canary_seconds": 0.2},
    }
    config = parse_config(document, "test")
    sensor = Sensor(
        config, lambda: config, sources=lambda _: [ReplayingSource([])], notifier=Notifier("")
    )
    sensor.start()
    return sensor


def test_every_metric_is_explained_and_every_one_explained_is_there(tmp_path: Path) -> None:
    sensor = started(tmp_path)
    try:
        sensor.turn()
        wait_for(lambda: sensor.health.last_heard_ns(0))
        families = list(Metrics(sensor).collect())
        assert sensor.verdict().healthy
    finally:
        assert sensor.stop() == 0
    endings = {"counter": "_total", "info": "_info"}
    shown = {family.name + endings.get(family.type, "") for family in families}
    explained = set(re.findall(r"`(poolwatch_[a-z_]+)", GUIDE.split("## Metrics")[1]))
    assert shown == explained


def test_status_says_what_is_wrong() -> None:
    verdict = {"healthy": False, "problems": ["canary of ring-0 is missing"], "warnings": ["w"]}
    lines = status_lines(verdict, {"poolwatch_info": [({"sensor": "s", "version": "1"}, 1.0)]})
    assert lines[0].startswith("s: NOT HEALTHY, poolwatch 1")
    assert lines[1:3] == ["  problem: canary of ring-0 is missing", "  warning: w"]
    assert any("store: DOWN" in line for line in lines)
