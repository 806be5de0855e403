"""Explaining out of a store, with captures or with what a sensor kept."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from poolwatch.capture import open_source
from poolwatch.capture.bytestream import ByteStream
from poolwatch.match.matcher import Matcher
from poolwatch.outputs import Item
from poolwatch.recording import Recorder
from poolwatch.sensor.keep import KeptFlow
from poolwatch.store import open_store
from tests.explain.explaining import events_of, explain_scenario, kind, run
from tests.running import LIMITS, capture_of, catalog_of, part_of, scan_scenario
from tests.sensor.keeping import make_keeper
from tests.test_scenarios import captured

ROWS = 50
KEPT = [
    "office",
    "stratum-v1-clean",
    "wire-small-segments",
    "wire-pipelined",
    "wire-twice",
    "cryptonote-midstream",
    "stratum-v2-clean",
    "websocket-cryptonote",
    "ethereum-stratum-2-gzip",
    "getwork-http-clean",
]


@pytest.fixture
def store(tmp_path: Path) -> str:
    url = f"sqlite:///{tmp_path}/found.db"
    with closing(open_store(url, "test-sensor")) as store:
        recorder = Recorder(store)
        for scenario in ("office", "stratum-v1-clean"):
            scan = scan_scenario(scenario)
            assert scan.stats is not None
            items: list[Item] = [*scan.sessions, *scan.findings, scan.stats]
            for item in items:
                recorder.add(item)
    return url


def test_the_store_says_what_the_events_say(store: str, tmp_path: Path) -> None:
    events = events_of("office")
    for finding in kind(events, "finding"):
        arguments = ("--captures", capture_of("office"), finding["finding_id"])
        of_store = run(tmp_path, "--store", store, *arguments)
        of_events = explain_scenario(tmp_path, "office", "--captures", capture_of("office"))
        (same,) = [a for a in of_events.accounts if a["host"] == finding["host"]]
        assert of_store.status == 0
        # Coverage is that of a sensor's time: of two scans of the same hour it is added up.
        assert of_store.account.pop("unseen")
        assert of_store.account == {name: v for name, v in same.items() if name != "unseen"}


def test_a_flow_a_host_and_a_choice(store: str, tmp_path: Path) -> None:
    flow = kind(events_of("office"), "mining")[0]
    said = run(tmp_path, "--store", store, flow["flow_id"], "10.20.0.15")
    assert [account["host"] for account in said.accounts] == [flow["src_ip"], "10.20.0.15"]
    listed = run(tmp_path, "--store", store, "--format", "text")
    assert (listed.status, "10.20.0.15" in listed.text) == (0, True)
    assert run(tmp_path, "--store", store, str(1 << 63), "77", "10.9.9.9").status == 2


def keep(scenario: str, directory: Path) -> None:
    """Keep the packets of a scenario's flows, as a sensor does, under their flow ids."""
    ids = {s.hit.first_packet: s.flow_id or 0 for s in scan_scenario(scenario).sessions}
    matcher = Matcher(catalog_of(scenario), LIMITS, seed=1)
    keeper = make_keeper(directory)
    keeper.start()
    lane = keeper.lane(matcher.table)

    def take(first_packet: int, last_ns: int) -> None:
        if first_packet in ids:
            number = ids[first_packet]
            lane.take(
                KeptFlow(
                    flow_id=number, first_packet=first_packet, host="10.0.0.1", last_ns=last_ns
                )
            )

    with closing(ByteStream(str(capture_of(scenario)), 200)) as stream:
        for batch in open_source(stream, LIMITS).batches():
            for begin in range(0, batch.count, ROWS):
                part = part_of(batch, begin, min(begin + ROWS, batch.count))
                hits = matcher.feed(part)
                lane.see(part, matcher.table.records)
                for hit in hits:
                    take(hit.first_packet, hit.last_ns)
    for hit in matcher.finish():
        take(hit.first_packet, hit.last_ns)
    lane.close()
    assert keeper.close()


@pytest.mark.parametrize("scenario", KEPT)
def test_kept_packets_hold_the_quotes(scenario: str, tmp_path: Path) -> None:
    keep(scenario, tmp_path / "kept")
    frames = captured(capture_of(scenario))
    of_capture = explain_scenario(tmp_path, scenario, "--reveal")
    said = explain_scenario(tmp_path, scenario, "--reveal", "--kept", tmp_path / "kept")
    assert (said.status, said.complaints) == (0, "")
    compared = 0
    for account, wanted in zip(said.accounts, of_capture.accounts, strict=True):
        for quote, original in zip(account["quotes"], wanted["quotes"], strict=True):
            for part, place in zip(quote["parts"], original["parts"], strict=True):
                assert part["state"] in ("read", "packed"), (quote, part)
                assert part["file"].startswith("packets-")
                start = place["offset"]
                data = frames[place["packet"] - 1][start : start + part["shown"]]
                hidden = {at for a, b in part["masked"] for at in range(a, b)}
                pairs = [part["hex"][i : i + 2] for i in range(0, 2 * part["shown"], 2)]
                for at, byte in enumerate(data):
                    assert pairs[at] == ("██" if at in hidden else f"{byte:02x}")
                compared += 1
    assert compared >= 2


def test_packets_that_were_not_kept(tmp_path: Path) -> None:
    keep("stratum-v1-clean", tmp_path / "kept")
    said = explain_scenario(tmp_path, "cryptonote-clean", "--kept", tmp_path / "kept")
    states = {part["state"] for quote in said.account["quotes"] for part in quote["parts"]}
    assert (said.status, states) == (0, {"not_kept"})


def test_what_no_capture_holds_is_looked_for_among_kept_packets(tmp_path: Path) -> None:
    keep("stratum-v1-clean", tmp_path / "kept")
    places = ("--captures", capture_of("office"), "--kept", tmp_path / "kept")
    said = explain_scenario(tmp_path, "stratum-v1-clean", *places)
    states = {part["state"] for quote in said.account["quotes"] for part in quote["parts"]}
    assert (said.status, states) == (3, {"changed"})  # a capture of that name, and another one
    (tmp_path / "empty").mkdir()
    places = ("--captures", tmp_path / "empty", "--kept", tmp_path / "kept")
    said = explain_scenario(tmp_path, "stratum-v1-clean", *places)
    assert said.status == 0
    assert {part["state"] for quote in said.account["quotes"] for part in quote["parts"]} == {
        "read"
    }


def test_a_torn_segment_gives_what_is_whole(tmp_path: Path) -> None:
    keep("stratum-v1-clean", tmp_path / "kept")
    (segment,) = (tmp_path / "kept" / "packets").glob("*.pcapng")
    data = segment.read_bytes()
    segment.write_bytes(data[: len(data) // 2])
    said = explain_scenario(tmp_path, "stratum-v1-clean", "--kept", tmp_path / "kept")
    states = [part["state"] for quote in said.account["quotes"] for part in quote["parts"]]
    assert {"read", "not_kept"} == set(states)
