"""What one ring learned from DNS, the others know: also of connections that began meanwhile."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from poolwatch.aggregate.places import Inside
from poolwatch.engine import LiveEngine
from poolwatch.tables import Tables
from poolwatch.terms import Grade, Session
from tests.live.netns import Wire, skip_without
from tests.name_traffic import Traffic
from tests.running import LIMITS, ROOT, Sent, catalog, make_batch, scan, write_pcap
from tests.sensor.comparing import of_rows, of_scan
from tests.sensor.daemons import Daemon
from tests.sensor.running import CAPTURE, SOON, wait_for

NAMES = ROOT / "tests" / "data" / "names"
NAME, SERVER = "stratum.mill.example", "203.0.113.9"
CLIENT, OTHER = "10.40.1.5", "10.40.1.6"
SECRET = bytes.fromhex("00112233445566778899")


def engine() -> LiveEngine:
    tables = Tables(catalog(NAMES), Inside(()))
    made = LiveEngine(tables, LIMITS, SOON, "test-sensor", CAPTURE, seed=1)
    made.live.lessons()
    return made


def traffic(client: str = CLIENT) -> tuple[Sequence[Sent], Sequence[Sent]]:
    """A lookup, and a connection behind it by `client`."""
    made = Traffic()
    made.look_up(CLIENT, NAME, SERVER)
    asked = len(made.packets)
    made.connect((client, SERVER, 3333), SECRET)
    return made.packets[:asked], made.packets[asked:]


def hand_on(teller: LiveEngine, hearer: LiveEngine) -> None:
    for taught in teller.live.lessons():
        hearer.live.learn(taught)


def grades(hearer: LiveEngine) -> list[tuple[Grade, str | None]]:
    states = [state for state in hearer.finish() if isinstance(state, Session)]
    return [(state.grade, state.pool) for state in states]


def test_a_lesson_in_time() -> None:
    lookup, connection = traffic()
    one, other = engine(), engine()
    one.feed(make_batch(lookup))
    hand_on(one, other)
    other.feed(make_batch(connection))
    assert grades(other) == [(Grade.SUSPECTED, "Mill Pool")]
    assert other.counts()["packets"] == len(connection)


def test_a_lesson_that_comes_behind_the_first_packets() -> None:
    lookup, connection = traffic()
    one, other = engine(), engine()
    other.feed(make_batch(connection[:1]))
    one.feed(make_batch(lookup))
    hand_on(one, other)
    other.feed(make_batch(connection[1:]))
    assert grades(other) == [(Grade.SUSPECTED, "Mill Pool")]


def test_a_lesson_is_for_who_asked() -> None:
    lookup, connection = traffic(OTHER)
    one, other = engine(), engine()
    one.feed(make_batch(lookup))
    hand_on(one, other)
    other.feed(make_batch(connection))
    assert grades(other) == []


def test_a_lesson_says_nothing_of_what_began_before_it() -> None:
    lookup, connection = traffic()
    early = [Sent(packet.ts_ns - 10**9, packet.data) for packet in connection]
    one, other = engine(), engine()
    other.feed(make_batch(early[:1]))
    one.feed(make_batch(lookup))
    hand_on(one, other)
    other.feed(make_batch(early[1:]))
    assert grades(other) == []


@pytest.mark.parametrize("rings", [1, 2])
def test_many_clients_behind_two_rings(wire: Wire, tmp_path: Path, rings: int) -> None:
    """Lookups and connections fall to rings by chance, and each connection is known."""
    skip_without("tcpreplay")
    made = Traffic()
    for number in range(32):
        client = f"10.40.{number}.5"
        made.look_up(client, NAME, SERVER)
        made.connect((client, SERVER, 3333), SECRET)
    capture = tmp_path / "clients.pcap"
    write_pcap(capture, made.packets)
    scanned = scan([capture], using=catalog(NAMES))
    assert {finding.grade for finding in scanned.findings} == {Grade.SUSPECTED}
    daemon = Daemon(wire, tmp_path, arguments=("--threads", str(rings)))
    daemon.write_config(f'signatures = ["{NAMES}"]')
    try:
        daemon.start()
        wire.replay(capture, "--pps=500")
        wait_for(lambda: daemon.metric("packets_total") >= len(made.packets))
        assert daemon.end()[0] == 0
        sessions, findings, _ = daemon.stored()
        assert of_rows(sessions, findings) == of_scan(scanned, vantage="inside")
    finally:
        daemon.close()
