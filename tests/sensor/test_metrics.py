"""What the sensor shows is what the guide explains."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest

from poolwatch.sensor.config import parse_config
from poolwatch.sensor.daemon import Sensor
from poolwatch.sensor.metrics import Metrics
from poolwatch.sensor.notify import Notifier
from poolwatch.sensor.status import status_lines
from poolwatch.store import open_store
from tests.match.test_conversation import SESSION
from tests.running import ROOT, Talk, make_batch
from tests.sensor.replaying import ReplayingSource
from tests.sensor.running import wait_for

GUIDE = (ROOT / "docs" / "operations.md").read_text("utf-8")


def started(folder: Path, source: ReplayingSource | None = None) -> Sensor:
    """A sensor in this process, on a source without packets, listening nowhere."""
    source = source or ReplayingSource([])
    document = {
        "sensor": {"state": str(folder / "state"), "interfaces": ["replay0"]},
        "store": {"url": f"sqlite:///{folder}/store.db", "spool": str(folder / "spool")},
        "limits": {"flows": 4096},
        "health": {"listen": "", "canary_seconds": 0.2},
    }
    config = parse_config(document, "test")
    sensor = Sensor(config, lambda: config, sources=lambda _: [source], notifier=Notifier(""))
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


def test_coverage_tells_quiet_from_down_and_says_each_loss_once(tmp_path: Path) -> None:
    source = ReplayingSource([])
    sensor = started(tmp_path, source)
    assert sensor.outlets.keeper is not None
    try:
        sensor.turn()
        sensor.mailbox.dropped = 5
        source.up = False
        begun = time.monotonic()
        while time.monotonic() - begun < 0.3:
            time.sleep(0.05)
            sensor.turn()
        assert any("replay0 is down" in text for text in sensor.verdict().warnings)
        sensor._cover()
        source.up = True
        sensor.turn()
        sensor._cover()
        sensor.mailbox.dropped = 7
    finally:
        assert sensor.stop() == 0
    with open_store(f"sqlite:///{tmp_path}/store.db", "reader") as store:
        counts = [row.counts for row in store.coverage()]
    assert 300 <= sum(each.get("down_ms.replay0", 0) for each in counts) < 2000
    assert counts[0]["down_ms.replay0"] >= 300
    assert "down_ms.replay0" not in counts[-1]
    assert [each.get("queue_dropped", 0) for each in counts] == [5, 0, 2]


def test_status_says_what_is_wrong() -> None:
    verdict = {"healthy": False, "problems": ["canary of ring-0 is missing"], "warnings": ["w"]}
    lines = status_lines(verdict, {"poolwatch_info": [({"sensor": "s", "version": "1"}, 1.0)]})
    assert lines[0].startswith("s: NOT HEALTHY, poolwatch 1")
    assert lines[1:3] == ["  problem: canary of ring-0 is missing", "  warning: w"]
    assert any("store: DOWN" in line for line in lines)


def test_whatever_goes_wrong_what_was_found_is_written_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = ReplayingSource([make_batch(Talk().greet().say(*SESSION).packets)])
    sensor = started(tmp_path, source)

    def fails() -> bool:
        raise RuntimeError("a fault")

    monkeypatch.setattr(sensor, "turn", fails)
    with pytest.raises(RuntimeError, match="a fault"):
        sensor.run()
    with open_store(f"sqlite:///{tmp_path}/store.db", "reader") as store:
        assert {row.grade for row in store.findings()} == {"confirmed"}
