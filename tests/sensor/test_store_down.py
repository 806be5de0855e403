"""The store goes away during a replay and comes back: nothing is lost, order is kept."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from poolwatch.capture.live import RingSettings, open_live
from poolwatch.store import FindingRow, Row, SessionRow, StoreSettings, Writer, open_store
from tests.live.netns import Wire, skip_without
from tests.running import capture_of, scan_scenario
from tests.sensor.comparing import of_rows
from tests.sensor.running import Running, wait_for
from tests.sensor.soaking import SOAK, say
from tests.sensor.traffic import keep_replaying
from tests.store.postgres import Postgres, find_binaries

DOWN_SECONDS = 60.0 if SOAK else 4.0
# A block is handed over each tick, however little is in it: this ring lasts 6.4 s of standstill.
RING = RingSettings(tick_ms=50, ring_bytes=1 << 27, backend="ring")


@pytest.fixture
def postgres() -> Iterator[Postgres]:
    binaries = find_binaries()
    if binaries is None:
        pytest.skip("PostgreSQL is not installed")
    server = Postgres(binaries)
    yield server
    server.remove()


class Listening:
    """A writer that remembers what was put into it."""

    def __init__(self, writer: Writer) -> None:
        self.writer = writer
        self.rows: list[SessionRow | FindingRow] = []

    def put(self, row: Row) -> bool:
        if isinstance(row, SessionRow | FindingRow):
            self.rows.append(row)
        return self.writer.put(row)

    def flush(self, timeout: float) -> bool:
        return self.writer.flush(timeout)


def test_postgresql_stops_and_starts(wire: Wire, postgres: Postgres, tmp_path: Path) -> None:
    skip_without("tcpreplay")
    url = postgres.new_database()
    settings = StoreSettings(
        url=url, spool=str(tmp_path / "spool"), sync_seconds=0.05, connect_seconds=1
    )
    writer = Writer(settings, "test-sensor")
    writer.start()
    heard = Listening(writer)
    with ExitStack() as stack:
        with wire.inside():  # the ring's thread stays there: it looks for its interface again
            source = open_live([wire.tap], RING)
            run = stack.enter_context(Running(ring=source, writer=heard))
        source.start()
        replay = keep_replaying(wire, capture_of("campus"), "--pps=1000")
        try:
            wait_for(lambda: writer.counts().stored > 50)
            postgres.stop("immediate")
            before = len(run.told.events)
            time.sleep(DOWN_SECONDS)
            assert not writer.counts().store_up
            assert writer.counts().spool_rows > 0
            assert len(run.told.events) > before  # what is in the spool may be told
            postgres.start()
            once = scan_scenario("campus").counts["packets"]
            wait_for(lambda: source.statistics().packets > 2 * once, 60)
        finally:
            replay.terminate()
            replay.wait(10)
    assert source.statistics().interfaces[0].times_gone == 0
    assert writer.drain(60)
    counts = writer.counts()
    assert (counts.refused, counts.dropped, counts.set_aside) == (0, {}, 0)
    assert writer.close(10)
    assert source.statistics().drops == 0
    latest = {row.key: row.state_ns for row in heard.rows}
    with open_store(url, "reader") as store:
        sessions, findings = list(store.sessions()), list(store.findings())
    stored: list[SessionRow | FindingRow] = [*sessions, *findings]
    assert {row.key: row.state_ns for row in stored} == latest
    assert {row.host for row in findings} == {f.host for f in scan_scenario("campus").findings}
    assert of_rows(sessions, [])[0]
    say(
        f"PostgreSQL down for {DOWN_SECONDS:.0f} s: {len(heard.rows)} states of "
        f"{len(sessions)} sessions and {len(findings)} findings written, none lost, "
        "the last of each is stored"
    )
