"""Memory stays flat: a million packets here, fifty million in `make soak`."""

from __future__ import annotations

import time
from pathlib import Path

from tests.live.netns import Wire, skip_without
from tests.running import capture_of
from tests.sensor.daemons import Daemon
from tests.sensor.running import wait_for
from tests.sensor.soaking import SOAK, say
from tests.sensor.traffic import keep_replaying, write_background

PACKETS = 50_000_000 if SOAK else 1_000_000
WARM = 0.4  # part of the packets
FLAT = 0.05
LIMITS = "[limits]\nmemory_bytes = 1073741824\nflows = 20000\nflow_idle_seconds = 20\n"
KEEP = "[keep]\nbeginnings_bytes = 4194304\ncandidates_bytes = 4194304\nqueue_bytes = 8388608\n"


def test_memory_stays_flat(wire: Wire, tmp_path: Path) -> None:
    skip_without("tcpreplay")
    background = tmp_path / "background.pcap"
    write_background(background, 100_000 if SOAK else 40_000)
    settings = f"canary_seconds = 1\ncoverage_seconds = 1\n{KEEP}{LIMITS}"
    daemon = Daemon(wire, tmp_path, settings=settings)
    speed = ("--topspeed",) if SOAK else ("--pps=150000",)
    sizes: list[tuple[float, float]] = []
    began = time.monotonic()
    try:
        daemon.start()
        began = time.monotonic()
        # Each round's addresses are others, so flows come and go as they do on a network.
        replays = [
            keep_replaying(wire, background, "--unique-ip", *speed),
            keep_replaying(wire, capture_of("campus"), "--pps=500"),
        ]
        try:
            while (seen := daemon.metric("packets_total")) < PACKETS:
                sizes.append((seen, daemon.metric("memory_bytes")))
                time.sleep(2 if SOAK else 0.3)
                assert time.monotonic() - began < 3600
        finally:
            for replay in replays:
                replay.terminate()
                replay.wait(10)
        wait_for(lambda: daemon.metric("healthy") == 1, 30)
        drops = daemon.metric("ring_drops_total")
        flows, told = daemon.metric("flows_total"), daemon.metric("told_total")
        seconds = time.monotonic() - began
        assert daemon.end()[0] == 0
    finally:
        daemon.close()
    warm = [size for seen, size in sizes if seen > WARM * PACKETS]
    spread = (max(warm) - min(warm)) / min(warm)
    say(
        f"soak: {seen:,.0f} packets in {seconds:.0f} s ({seen / seconds:,.0f}/s), {flows:,.0f} "
        f"flows, {drops:,.0f} dropped by the ring ({drops / (seen + drops):.2%}), {told:,.0f} "
        f"events told; memory after warm-up {min(warm) / 2**20:.1f} to {max(warm) / 2**20:.1f} "
        f"MiB ({spread:.1%})"
    )
    assert len(warm) >= 3
    assert spread <= FLAT
