"""The ceiling of memory holds on a real wire, whoever floods it: 10 M flows in `make soak`."""

from __future__ import annotations

import subprocess
import threading
from pathlib import Path

from poolwatch.terms import Grade
from tests.live.netns import Wire, skip_without
from tests.running import MINER, NOON_NS, Talk, capture_of, scan_scenario, write_pcap
from tests.sensor.daemons import Daemon
from tests.sensor.flood_traffic import write_flood
from tests.sensor.running import wait_for
from tests.sensor.soaking import SOAK, say

CEILING = 1 << 30
FLOWS = 1_000_000 if SOAK else 50_000  # distinct in each round, and in each round others
ROUNDS = 10 if SOAK else 4
CANDIDATES = 100_000 if SOAK else 20_000
LINES = 64  # that never end
LINE_PARTS = 2000 if SOAK else 200
RATE = "--pps=150000"


def test_the_ceiling_holds_in_floods(wire: Wire, tmp_path: Path) -> None:
    skip_without("tcpreplay")
    flows, candidates, lines = (tmp_path / f"{which}.pcap" for which in "fcl")
    write_flood(flows, FLOWS)
    write_flood(candidates, CANDIDATES, b'{"id":1,"method":"mining.subscr')
    write_endless(lines)
    campus = scan_scenario("campus")
    miners = {f.host for f in campus.findings if f.grade >= Grade.PROBABLE}
    daemon = Daemon(
        wire,
        tmp_path,
        settings=f"canary_seconds = 2\n[limits]\nmemory_bytes = {CEILING}\n",
    )
    try:
        daemon.start()
        peak = Peak(daemon)
        peak.start()
        replay(wire, capture_of("campus"))
        replay(wire, flows, "--unique-ip", f"--loop={ROUNDS}")
        replay(wire, candidates)
        replay(wire, lines)
        replay(wire, capture_of("campus"))
        metric = daemon.metric
        sent = 2 * campus.counts["packets"] + FLOWS * ROUNDS + CANDIDATES + LINES * LINE_PARTS
        wait_for(lambda: metric("packets_total") + metric("ring_drops_total") >= sent, 120)
        wait_for(lambda: metric("healthy") == 1, 60)
        seen, made = metric("packets_total"), metric("flows_total")
        evicted, drops = metric("counts_total", name="evicted"), metric("ring_drops_total")
        read, sheds = metric("candidates_total"), metric("memory_sheds_total")
        most = peak.stop()
        assert daemon.end()[0] == 0
    finally:
        daemon.close()
    say(
        f"floods: {seen:,.0f} packets, {made:,.0f} flows, {evicted:,.0f} evicted, {read:,.0f} "
        f"candidates, {drops:,.0f} dropped by the ring; memory freed {sheds:,.0f} times, at most "
        f"{most / 2**20:.0f} MiB held under a ceiling of {CEILING / 2**20:.0f} MiB"
    )
    assert made > 0.9 * FLOWS * ROUNDS
    assert read > 0.9 * CANDIDATES
    assert most <= CEILING
    assert miners <= {row.host for row in daemon.stored()[1]}


class Peak(threading.Thread):
    """Watches what the sensor's process holds, by the kernel's own account of its peak."""

    def __init__(self, daemon: Daemon) -> None:
        super().__init__(daemon=True)
        self._path = Path(f"/proc/{pid_of(daemon)}/status")
        self._ended = threading.Event()
        self._most = 0

    def run(self) -> None:
        while not self._ended.wait(0.2):
            self._look()

    def stop(self) -> int:
        """The most it held at once, in bytes."""
        self._look()
        self._ended.set()
        self.join()
        return self._most

    def _look(self) -> None:
        for line in self._path.read_text().splitlines():
            if line.startswith("VmHWM:"):
                self._most = max(self._most, int(line.split()[1]) << 10)


def pid_of(daemon: Daemon) -> int:
    assert daemon.process is not None
    return daemon.process.pid


def write_endless(path: Path) -> None:
    """Flows whose line never ends, side by side."""
    talks = [Talk(miner=("10.80.0.1", 2000 + n), ts_ns=NOON_NS).greet() for n in range(LINES)]
    for step in range(LINE_PARTS):
        for talk in talks:
            talk.send(MINER, b"x" * 1400 if step else b'{"id":1,"params":["')
    write_pcap(
        path, [packet for row in zip(*(t.packets for t in talks), strict=True) for packet in row]
    )


def replay(wire: Wire, capture: Path, *options: str) -> None:
    """Send a capture at a speed that the ring follows: what is dropped takes no memory."""
    command = wire.command(
        "tcpreplay",
        "-q",
        "--no-flow-stats",
        "--preload-pcap",
        RATE,
        *options,
        "-i",
        wire.feed,
        str(capture),
    )
    subprocess.run(command, check=True, capture_output=True, timeout=1800)
