"""The sensor as a whole: started, told to reload, told to end, asked how it is."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from poolwatch.sensor.privileges import CAP_NET_RAW, held
from tests.live.netns import Wire, skip_without
from tests.running import ROOT, Scan, capture_of, catalog, command_line, scan
from tests.sensor.comparing import of_rows, of_scan
from tests.sensor.daemons import Daemon
from tests.sensor.running import wait_for
from tests.sensor.traffic import keep_replaying, write_background

CAMPUS = capture_of("campus")
UNITS = ROOT / "pcaps" / "campus" / "units.csv"
OFTEN = "canary_seconds = 0.5\ncoverage_seconds = 1"


@pytest.fixture
def daemon(wire: Wire, tmp_path: Path) -> Iterator[Daemon]:
    skip_without("tcpreplay")
    made = Daemon(wire, tmp_path, settings=OFTEN)
    try:
        yield made
    finally:
        made.close()


@pytest.fixture(scope="module")
def scanned() -> Scan:
    return scan([CAMPUS])


def status_of(daemon: Daemon) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        daemon.wire.command(
            *(sys.executable, "-m", "poolwatch", "status"),
            *("--address", f"127.0.0.1:{daemon.port}"),
        ),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        cwd=ROOT,
    )


@pytest.mark.parametrize("rings", [1, 2])
def test_a_day_of_a_sensor(daemon: Daemon, wire: Wire, scanned: Scan, rings: int) -> None:
    """Started, replayed to, asked, ended: all that is stored is what a scan says."""
    daemon.arguments = ("--threads", str(rings))
    daemon.start()
    process = daemon.process
    assert process is not None
    tasks = Path(f"/proc/{process.pid}/task").iterdir()
    assert {held(f"{process.pid}/task/{task.name}") for task in tasks} == {1 << CAP_NET_RAW}
    wire.replay(CAMPUS)
    packets = scanned.counts["packets"]
    wait_for(lambda: daemon.metric("packets_total") >= packets)
    wait_for(lambda: any(event["event_type"] == "finding" for event in daemon.events()))
    for ring in range(rings):
        wait_for(partial(daemon.metric, "last_canary_timestamp_seconds", ring=f"ring-{ring}"))
    status, body = daemon.get("/healthz")
    assert (status, '"healthy": true' in body) == (200, True)
    assert daemon.get("/elsewhere")[0] == 404
    assert daemon.metric("limit", name="flows") > 0
    shown = status_of(daemon)
    assert (shown.returncode, shown.stderr) == (0, "")
    assert "test-sensor: healthy" in shown.stdout
    assert "tap0 (ring-0): up, " in shown.stdout
    code, seconds = daemon.end()
    assert (code, seconds < 10) == (0, True)
    events = daemon.events()
    assert events[-1]["event_type"] == "stats"
    assert events[-1]["stats"]["packets"] == packets
    sessions, findings, coverage = daemon.stored()
    assert of_rows(sessions, findings) == of_scan(scanned, "inside")
    assert sum(row.packets for row in coverage) == packets
    assert {row.catalogue for row in coverage} == {catalog().digest}
    (place,) = daemon.sensors()
    assert (place.tap, place.nat) == ("core switch, port 7", "inside")
    assert (place.authority, place.note) == ("No. 12", "a test")
    assert daemon.segments()
    after = status_of(daemon)
    assert after.returncode == 2
    assert "no sensor answers" in after.stderr


def test_it_ends_in_time_under_load(daemon: Daemon, wire: Wire, tmp_path: Path) -> None:
    background = tmp_path / "background.pcap"
    write_background(background, 20_000)
    daemon.start()
    replays = [
        keep_replaying(wire, background, "--pps=50000"),
        keep_replaying(wire, CAMPUS, "--pps=5000"),
    ]
    try:
        wait_for(lambda: daemon.metric("packets_total") > 50_000, 30)
        code, seconds = daemon.end()
    finally:
        for replay in replays:
            replay.terminate()
            replay.wait(10)
    assert code == 0
    assert seconds < 10
    assert daemon.events()[-1]["event_type"] == "stats"


@contextlib.contextmanager
def never_answering(wire: Wire) -> Iterator[int]:
    """A port that takes connections and says nothing."""
    with wire.inside():
        listener = socket.create_server(("127.0.0.1", 0), backlog=64)
    with listener:
        yield listener.getsockname()[1]


def test_it_ends_in_time_when_nobody_answers(daemon: Daemon, wire: Wire, tmp_path: Path) -> None:
    """What was found is then in the spool."""
    secret = tmp_path / "secret"
    secret.write_text("a secret of the webhook", "utf-8")
    secret.chmod(0o600)
    with never_answering(wire) as store, never_answering(wire) as hook:
        daemon.url = f"postgresql://watcher@127.0.0.1:{store}/poolwatch"
        daemon.settings += (
            f'\n[tell.webhook]\nurl = "http://127.0.0.1:{hook}/"\nsecret_file = "{secret}"'
        )
        daemon.sensor = "stop_seconds = 5"
        daemon.write_config()
        daemon.start()
        wire.replay(CAMPUS)
        wait_for(lambda: daemon.metric("tell", name="tell_alerts") > 0, 30)
        code, seconds = daemon.end()
    assert code == 0
    assert seconds < 5
    assert any((tmp_path / "spool").iterdir())


def test_reloaded_a_hundred_times_under_load(daemon: Daemon, wire: Wire) -> None:
    """No packet and no flow is lost, and what is bad is told and left."""
    shutil.copy(UNITS, daemon.units)
    daemon.write_config(f'units = ["{daemon.units}"]')
    daemon.start()
    moved = daemon.eve.with_suffix(".1")
    replay = keep_replaying(wire, CAMPUS, "--pps=2000")
    try:
        wait_for(daemon.eve.exists)
        daemon.eve.rename(moved)
        for _ in range(100):
            daemon.signal(signal.SIGHUP)
            daemon.hear("RELOADING=1")
            daemon.hear("READY=1")
        wait_for(daemon.eve.exists)
        daemon.write_config('units = ["nowhere.csv"]')
        daemon.signal(signal.SIGHUP)
        daemon.hear("READY=1")
        daemon.config.write_text("[sensor]\nurk = 1\n", "utf-8")
        daemon.signal(signal.SIGHUP)
        daemon.hear("READY=1")
    finally:
        replay.terminate()
        replay.wait(10)
    assert daemon.metric("reloads_total") == 100
    assert daemon.metric("reload_failures_total") == 2
    assert daemon.metric("ring_drops_total") == 0
    assert daemon.metric("healthy") == 1
    log = daemon.log.read_text("utf-8")
    assert "the old tables stay: nowhere.csv" in log
    assert "sensor.urk: no such setting" in log
    assert daemon.end()[0] == 0
    findings = daemon.stored()[1]
    assert any(row.unit for row in findings)


def test_an_interface_that_vanishes_is_opened_anew(daemon: Daemon, wire: Wire) -> None:
    daemon.start()
    wire.cut()
    try:
        wait_for(lambda: daemon.metric("interface_up") == 0)
        status, body = daemon.get("/healthz")
        assert (status, "tap0 is down or gone" in body) == (200, True)
    finally:
        wire.lay()
    wait_for(lambda: daemon.metric("interface_up") == 1)
    wire.replay(CAMPUS)
    wait_for(lambda: any(event["event_type"] == "finding" for event in daemon.events()))
    assert daemon.metric("interface_gone_total") == 1
    assert daemon.end()[0] == 0


def test_what_is_wrong_is_said_before_it_starts(tmp_path: Path) -> None:
    good = tmp_path / "good.toml"
    good.write_text('[sensor]\ninterfaces = ["lo"]\n', "utf-8")
    run = command_line("watch", "-T", "--config", good)
    assert (run.returncode, b"good; catalogue" in run.stdout, run.stderr) == (0, True, b"")
    run = command_line("watch", "-T", "-i", "nosuch0", "--config", good)
    assert (run.returncode, b"nosuch0: no such interface now" in run.stderr) == (0, True)
    bad = tmp_path / "bad.toml"
    bad.write_text("[store]\nurk = 1\n", "utf-8")
    run = command_line("watch", "-T", "--config", bad)
    assert (run.returncode, b"store.urk: no such setting" in run.stderr) == (2, True)
    bad.write_text('[tables]\nsignatures = ["/nowhere"]\n', "utf-8")
    assert command_line("watch", "-T", "--config", bad).returncode == 2
    run = command_line("watch", "--dump-config", "--config", good)
    assert (run.returncode, b'interfaces = ["lo"]' in run.stdout) == (0, True)
    run = command_line("watch")
    assert (run.returncode, b"no interface to watch" in run.stderr) == (2, True)


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to watch")
def test_an_interface_that_is_not_there_ends_it_at_once(tmp_path: Path) -> None:
    config = tmp_path / "sensor.toml"
    config.write_text(
        f'[sensor]\nstate = "{tmp_path}/state"\n[store]\nurl = "sqlite:///{tmp_path}/s.db"\n'
        f'spool = "{tmp_path}/spool"\n[health]\nlisten = ""\n',
        "utf-8",
    )
    began = time.monotonic()
    run = command_line("watch", "-i", "nosuch0", "--config", config)
    assert (run.returncode, b"nosuch0" in run.stderr) == (2, True)
    assert time.monotonic() - began < 60


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 20 MB."""
    skip_without("mount", "umount")
    folder = tmp_path / "disk"
    folder.mkdir()
    run = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=20m", "tmpfs", str(folder)],
        capture_output=True,
        check=False,
    )
    if run.returncode:
        pytest.skip("no file system can be mounted here")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def test_a_full_disk_is_said_and_survived(wire: Wire, small_disk: Path, scanned: Scan) -> None:
    """It goes on capturing; what it found is told and stored once there is room again."""
    skip_without("tcpreplay")
    daemon = Daemon(wire, small_disk, settings=OFTEN)
    filler = small_disk / "filler"
    try:
        daemon.start()
        with filler.open("wb") as file, contextlib.suppress(OSError):
            while True:
                file.write(b"\0" * 65_536)
                file.flush()
        wire.replay(CAMPUS)
        packets = scanned.counts["packets"]
        wait_for(lambda: daemon.metric("packets_total") >= packets)
        wait_for(lambda: daemon.verdict()["warnings"])
        assert daemon.verdict()["healthy"]
        filler.unlink()
        wait_for(lambda: any(event["event_type"] == "finding" for event in daemon.events()), 30)
        wait_for(lambda: not daemon.verdict()["warnings"], 30)
        assert daemon.end()[0] == 0
        sessions, findings, _ = daemon.stored()
        assert of_rows(sessions, findings) == of_scan(scanned, "inside")
    finally:
        daemon.close()
