"""What is kept of a scenario's mining flows shows what the whole capture shows."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from poolwatch.capture import open_source
from poolwatch.capture.bytestream import ByteStream
from poolwatch.match.matcher import Matcher
from poolwatch.sensor.keep import KeptFlow
from poolwatch.terms import Finding, Stage
from tests.running import LIMITS, capture_of, catalog_of, part_of, scan
from tests.sensor.keeping import make_keeper
from tests.sensor.test_keep import segments

SCENARIOS = [
    "campus",
    "aeternity-stratum-midstream",
    "aion-stratum-oneway",
    "carrier-gtp-overlap",
    "carrier-vxlan",
    "carrier-pppoe",
]
ROWS = 50  # packets a batch


def keep_mining(scenario: str, directory: Path) -> int:
    """Read a capture as a sensor does, keeping the flows of every hit; how many there were."""
    matcher = Matcher(catalog_of(scenario), LIMITS, seed=1)
    keeper = make_keeper(directory)
    keeper.start()
    lane = keeper.lane(matcher.table)
    kept = 0
    with closing(ByteStream(str(capture_of(scenario)), 200)) as stream:
        for batch in open_source(stream, LIMITS).batches():
            for begin in range(0, batch.count, ROWS):
                part = part_of(batch, begin, min(begin + ROWS, batch.count))
                hits = matcher.feed(part)
                lane.see(part, matcher.table.records)
                for hit in hits:
                    kept += lane.take(kept_flow(hit.first_packet, hit.last_ns))
    for hit in matcher.finish():
        kept += lane.take(kept_flow(hit.first_packet, hit.last_ns))
    lane.close()
    assert keeper.close()
    counts = keeper.counts()
    assert counts["keep_beginnings_missing"] == counts["keep_flows_unknown"] == 0
    return kept


def kept_flow(first_packet: int, last_ns: int) -> KeptFlow:
    return KeptFlow(
        flow_id=first_packet, first_packet=first_packet, host="10.0.0.1", last_ns=last_ns
    )


def judged(findings: list[Finding]) -> list[tuple[object, ...]]:
    return [
        (f.host, f.role, f.grade, f.stage, f.refused, f.jobs, f.shares, f.sessions, f.pools)
        for f in findings
        if f.stage > Stage.LOOKED_UP
    ]


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_kept_packets_show_what_the_capture_shows(scenario: str, tmp_path: Path) -> None:
    assert keep_mining(scenario, tmp_path / "kept") > 0
    whole = scan([capture_of(scenario)], using=catalog_of(scenario))
    (path,) = segments(tmp_path / "kept")
    again = scan([path], using=catalog_of(scenario))
    assert judged(again.findings) == judged(whole.findings) != []
