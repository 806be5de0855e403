"""EVE lines: exactly the promised fields, raw values, the stats last."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path
from typing import Any

import pytest

from poolwatch.messages import Messages
from poolwatch.outputs import OUTPUTS, Item, View, open_output
from poolwatch.outputs.times import timestamp
from poolwatch.terms import Grade
from tests import running
from tests.match.test_conversation import SESSION
from tests.running import MINER, SCENARIOS, Scan, Talk, scan_scenario, write_pcap

TOP = {
    "v", "timestamp", "flow_id", "community_id", "event_type", "src_ip", "src_port", "dest_ip",
    "dest_port", "proto", "pcap_filename", "pcap_cnt", "sensor", "mining",
}  # fmt: skip
MINING = {
    "grade", "stage", "refused", "role", "inside", "dialect", "coin", "coin_basis", "algorithm",
    "pool", "login", "wallet", "worker", "agent", "encrypted", "midstream", "first_seen",
    "last_seen", "jobs", "shares", "difficulty", "hashrate", "dest_country", "dest_asn",
    "cross_border", "signatures", "evidence",
}  # fmt: skip
FINDING = {
    "v", "timestamp", "event_type", "sensor", "finding_id", "host", "role", "unit", "grade",
    "stage", "coins", "pools", "wallets", "workers", "agents", "first_seen", "last_seen",
    "active_seconds", "shares", "hashrate", "rigs", "energy", "equipment", "cause", "grounds",
    "counter_grounds", "decision", "unknown", "flows",
}  # fmt: skip
STATS = {
    "packets", "bytes", "not_understood", "truncated", "flows", "evicted", "one_way",
    "encrypted_long", "gaps", "drops", "catalogue", "version",
}  # fmt: skip
# Beside the promised ones; a new field has to be added here, so that none comes by accident.
MORE_TOP = {"vlan", "tunnel", "capture_id"}
SHARES = {"submitted", "accepted", "rejected", "stale", "duplicate", "low_difficulty"}
MORE_MINING = {
    "open", "payload", "hashrate_reported", "many_miners", "no_share_seconds",
    "logins", "wallets", "workers", "named_host", "extensions", "via", "via_target", "names", "tls",
    "wallet_check", "account", "mail", "options", "coins", "algorithm_basis", "pool_basis",
    "software", "software_version", "hardware_class", "height", "nbits", "coinbase",
}  # fmt: skip
MORE_FINDING = {
    "vantage", "chain", "companions", "first_greeting",
    "inside", "refused", "dialects", "jobs", "sessions", "logins", "pool_ends", "accounts", "mails",
    "open", "hashrate_reported", "many_miners", "identity", "coins_mined",
}  # fmt: skip
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+0000")


def eve(items: list[Item], min_grade: Grade = Grade.NOTED) -> list[dict[str, Any]]:
    stream = io.StringIO()
    output = open_output("eve", stream, View(Messages("en"), min_grade))
    for item in items:
        output.write(item)
    return running.events_of(stream.getvalue())


def items_of(scan: Scan) -> list[Item]:
    assert scan.stats is not None
    return [*scan.sessions, *scan.findings, scan.stats]


def kind(events: list[dict[str, Any]], name: str) -> list[dict[str, Any]]:
    return [event for event in events if event["event_type"] == name]


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_lines_have_the_promised_fields(scenario: str) -> None:
    events = eve(items_of(scan_scenario(scenario)))
    for event in kind(events, "mining"):
        assert event.keys() >= TOP
        assert event.keys() - TOP <= MORE_TOP
        assert event["mining"].keys() >= MINING
        assert event["mining"].keys() - MINING <= MORE_MINING
        assert event["mining"]["shares"].keys() == SHARES
        for row in event["mining"]["evidence"]:
            assert row.keys() == {"packet", "offset", "length", "side", "text", "shows"}
            assert row["side"] in ("miner", "pool")
    for event in kind(events, "finding"):
        assert event.keys() >= FINDING
        assert event.keys() - FINDING <= MORE_FINDING
        assert all(row.keys() == {"question", "needs"} for row in event["unknown"])
    assert [event["event_type"] for event in events].count("stats") == 1
    assert events[-1]["event_type"] == "stats"
    assert events[-1]["stats"].keys() >= STATS


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_times_and_identities(scenario: str) -> None:
    for event in eve(items_of(scan_scenario(scenario))):
        assert event["v"] == 1
        assert TIME.fullmatch(event["timestamp"])
        inner = event.get("mining", event.get("stats", event))
        for name in ("first_seen", "last_seen"):
            assert inner[name] is None or TIME.fullmatch(inner[name])
        for name in ("flow_id", "finding_id"):
            if name in event:
                assert 0 <= event[name] < 2**63
        for flow in event.get("flows", []):
            assert 0 <= flow < 2**63


def test_findings_name_their_flows() -> None:
    events = eve(items_of(scan_scenario("office")))
    flows = {event["flow_id"] for event in kind(events, "mining")}
    named = {flow for event in kind(events, "finding") for flow in event["flows"]}
    assert named == flows
    assert len(flows) == 8


@pytest.mark.parametrize(
    ("ns", "text"),
    [
        (0, "1970-01-01T00:00:00.000000+0000"),
        (1_768_219_200_123_456_789, "2026-01-12T12:00:00.123456+0000"),
        (-1, "1969-12-31T23:59:59.999999+0000"),
        (2**63 - 1, "2262-04-11T23:47:16.854775+0000"),
        (-(2**63), "1677-09-21T00:12:43.145224+0000"),
    ],
)
def test_timestamps(ns: int, text: str) -> None:
    assert timestamp(ns) == text


@pytest.mark.parametrize("grade", list(Grade))
def test_what_is_less_sure_is_left_out(grade: Grade) -> None:
    events = eve(items_of(scan_scenario("office")), grade)
    kept = [event for event in events if event["event_type"] != "stats"]
    words = {one.word for one in Grade if one >= grade}
    assert {event.get("mining", event)["grade"] for event in kept} <= words
    assert events[-1]["event_type"] == "stats"
    whole = [s for s in scan_scenario("office").sessions if s.grade >= grade]
    assert len(kind(events, "mining")) == len(whole)


def scan_saying(folder: Path, agent: str, login: str, name: str = "test.pcap") -> Scan:
    subscribe = json.dumps({"id": 1, "method": "mining.subscribe", "params": [agent]})
    authorize = json.dumps({"id": 2, "method": "mining.authorize", "params": [login, "x"]})
    talk = Talk().greet().say((MINER, subscribe), (MINER, authorize), *SESSION[4:])
    return running.scan([write_pcap(folder / name, talk.packets)])


@pytest.mark.parametrize("text", ["\x1b[31m", "a\nb", "\u202eabc", '"\\', "矿机", "\x00x"])
def test_raw_values_are_kept(text: str, tmp_path: Path) -> None:
    event = eve(items_of(scan_saying(tmp_path, text, text)))[0]
    assert (event["mining"]["agent"], event["mining"]["login"]) == (text, text)


def test_a_line_is_a_line(tmp_path: Path) -> None:
    stream = io.StringIO()
    output = open_output("eve", stream, View(Messages("en")))
    items = items_of(scan_saying(tmp_path, "a\nb\u2028c\x85d", "\r\n"))
    for item in items:
        output.write(item)
    assert stream.getvalue().count("\n") == len(items)


def test_a_file_name_that_is_no_text_is_written_all_the_same(tmp_path: Path) -> None:
    scan = scan_saying(tmp_path, "m/1", "a.b", "d\udcff.pcap")
    event = eve(items_of(scan))[0]
    assert event["pcap_filename"].endswith("/d\\xff.pcap")
    assert event["mining"]["agent"] == "m/1"


def test_wallets_are_not_masked_for_machines() -> None:
    events = eve(items_of(scan_scenario("cryptonote-clean")))
    login = kind(events, "mining")[0]["mining"]["login"]
    assert len(login) > 90
    assert any(login in row["text"] for row in kind(events, "mining")[0]["mining"]["evidence"])


def test_there_is_a_row_for_every_format() -> None:
    assert [row.name for row in OUTPUTS] == ["table", "eve", "csv", "parquet"]
    with pytest.raises(KeyError):
        open_output("xml", io.StringIO(), View(Messages("en")))
