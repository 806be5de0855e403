"""Captures replayed over a real veth pair give the findings that scanning them gives."""

from __future__ import annotations

import os
import time
from contextlib import ExitStack

import pytest

from poolwatch.capture.live import RingSettings, open_live
from tests.live.netns import Wire, skip_without
from tests.running import SCENARIOS, capture_of, catalog_of, options_of, scan_scenario
from tests.sensor.comparing import of_rows, of_scan, replayable
from tests.sensor.running import Running, wait_for

EVERY = 1 if os.environ.get("POOLWATCH_SOAK") else 12
RING = RingSettings(tick_ms=5, ring_bytes=1 << 24, backend="ring")
CLOCKED = {
    "listed-endpoint": "its rows are good until a date that is past today",
    "pool-health-check": "its rows are good until a date that is past today",
    "names-learned-expired": "what was learned expires after hours that a replay does not take",
}
REPLAYED = [name for name in SCENARIOS if name not in CLOCKED and replayable(capture_of(name))]


@pytest.mark.parametrize("scenario", dict.fromkeys(["campus", *REPLAYED[::EVERY]]))
def test_live_says_what_a_scan_says(scenario: str, wire: Wire) -> None:
    skip_without("tcpreplay")
    scanned = scan_scenario(scenario)
    counts = scanned.counts
    internal = options_of(scenario, "--internal")
    with ExitStack() as stack:
        with wire.inside():  # the ring's thread stays there: it looks for its interface again
            source = open_live([wire.tap], RING)
            using = catalog_of(scenario)
            run = stack.enter_context(Running(ring=source, using=using, internal=internal))
        source.start()
        time.sleep(0.05)
        wire.replay(capture_of(scenario))
        wait_for(lambda: source.statistics().packets >= counts["packets"])
    assert source.statistics().drops == 0
    assert of_rows(run.sessions, run.findings) == of_scan(scanned)
