"""Every scenario of pcaps/ against its own truth."""

from __future__ import annotations

import gzip
import ipaddress
import re
import zlib
from pathlib import Path
from typing import Any

import dpkt
import pytest

from poolwatch.terms import Grade, Hashrate, Session, Via
from tests import running
from tests.running import SCENARIOS, capture_of, scan_scenario, truth_of

CALLED_MINING = {Grade.PROBABLE, Grade.CONFIRMED}
CHECKS = "pool-health-check"
NEAR = [scenario for scenario in SCENARIOS if "near-" in scenario]
BY_COMMAND_LINE = (
    "cryptonote-clean",
    "listed-endpoint",
    "near-jsonrpc-app",
    "office",
    "pool-inside",
    "scanner-outside",
    "wire-ipv6",
)


def said_of(session: Session) -> dict[str, Any]:
    """What a session says, in the words of truth.json."""
    hit = session.hit
    return {
        "grade": session.grade.word,
        "stage": hit.stage.word,
        "dialect": hit.dialect,
        "role": session.role.value,
        "inside": session.inside,
        "refused": hit.refused,
        "midstream": not hit.opened,
        "submitted": hit.shares.submitted,
        "accepted": hit.shares.accepted,
        "rejected": hit.shares.rejected,
        "stale": hit.shares.stale,
        "duplicate": hit.shares.duplicate,
        "low_difficulty": hit.shares.low,
        "hashrate": three_digits(session.hashrate),
        "reported": hit.work.reported,
        "many_miners": list(session.crowd),
        "no_share_seconds": None if hit.idle_ns is None else round(hit.idle_ns / 1e9),
        "jobs": hit.jobs,
        "agent": hit.agent,
        "login": hit.login,
        "pool": session.pool,
        "coin": session.coin,
        "encrypted": hit.encrypted,
        "via": hit.tunnel.via if hit.tunnel else None,
        "via_target": f"{hit.tunnel.host}:{hit.tunnel.port}" if hit.tunnel else None,
    }


def three_digits(rate: Hashrate | None) -> float | None:
    return float(f"{rate.estimate:.3g}") if rate else None


def said_of_event(event: dict[str, Any]) -> dict[str, Any]:
    mining = event["mining"]
    return {**mining, **mining["shares"]}


def ends(flow: dict[str, Any]) -> tuple[tuple[str, int], tuple[str, int]]:
    (miner, miner_port), (pool, pool_port) = flow["miner"], flow["pool"]
    return (miner, miner_port), (pool, pool_port)


def wanted_by_ends(scenario: str) -> dict[Any, list[dict[str, Any] | None]]:
    """What is expected of each pair of ends, in the order of time."""
    wanted: dict[Any, list[dict[str, Any] | None]] = {}
    for flow in truth_of(scenario)["flows"]:
        wanted.setdefault(ends(flow), []).append(flow["expect"])
    return wanted


def compare(expect: dict[str, Any] | None, got: dict[str, Any] | None, where: str) -> list[str]:
    """How one flow differs from its truth."""
    if expect is None:
        above = got is not None and got["grade"] != Grade.NOTED.word
        return [f"{where}: above noted: {got}"] if above else []
    if got is None:
        return [f"{where}: not found"]
    unlike = {name: got[name] for name, value in expect.items() if got[name] != value}
    return [f"{where}: {unlike} instead of {expect}"] if unlike else []


def differences(scenario: str, found: dict[Any, list[dict[str, Any]]]) -> list[str]:
    said: list[str] = []
    wanted = wanted_by_ends(scenario)
    for pair, expects in wanted.items():
        got = found.get(pair, [])
        if not any(expects):  # whether silent or noted, there may be nothing or something
            said += [line for one in got for line in compare(None, one, str(pair))]
            continue
        assert None not in expects, "a scenario uses one pair of ends for two kinds of flow"
        said += [f"{pair}: {len(got)} flows"] if len(got) != len(expects) else []
        for expect, one in zip(expects, got, strict=False):
            said += compare(expect, one, str(pair))
    said += [f"{pair}: not in the truth" for pair in found if pair not in wanted]
    return said


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_each_flow_is_what_its_truth_says(scenario: str) -> None:
    found: dict[Any, list[dict[str, Any]]] = {}
    for session in sorted(scan_scenario(scenario).sessions, key=lambda s: s.hit.first_packet):
        pair = (tuple(session.miner), tuple(session.pool_end))
        found.setdefault(pair, []).append(said_of(session))
    assert differences(scenario, found) == []


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_each_host_is_what_its_truth_says(scenario: str) -> None:
    findings = {finding.host: finding for finding in scan_scenario(scenario).findings}
    for host, expect in truth_of(scenario)["hosts"].items():
        finding = findings[host]
        said = {
            "role": finding.role.value,
            "grade": finding.grade.word,
            "stage": finding.stage.word,
            "accepted": finding.shares.accepted,
            "active_seconds": round(finding.active_ns / 1e9),
            "hashrate": three_digits(finding.hashrate),
        }
        assert {name: said[name] for name in expect} == expect, host


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_no_host_is_accused_without_a_flow_that_is_mining(scenario: str) -> None:
    flows = truth_of(scenario)["flows"]
    mining = {w.word for w in CALLED_MINING}
    guilty = {
        end[0]
        for flow in flows
        if flow["expect"] and flow["expect"].get("grade") in mining
        for end in (flow["miner"], flow["pool"])
    }
    accused = {f.host for f in scan_scenario(scenario).findings if f.grade in CALLED_MINING}
    assert accused <= guilty


def test_near_misses_give_nothing_above_noted() -> None:
    assert len(NEAR) >= 10
    run = running.command_line("scan", "--format", "eve", *map(capture_of, NEAR))
    assert (run.returncode, run.stderr) == (0, b"")
    *events, last = running.events_of(run.stdout)
    assert last["stats"]["files"] == len(NEAR)
    grades = [event.get("mining", event)["grade"] for event in events]
    assert set(grades) <= {Grade.NOTED.word}


@pytest.mark.parametrize("scenario", NEAR)
def test_near_misses_give_no_finding_above_noted(scenario: str) -> None:
    assert [f for f in scan_scenario(scenario).findings if f.grade > Grade.NOTED] == []


def test_who_only_checks_pools_is_not_said_to_mine() -> None:
    run = running.command_line("scan", *truth_of(CHECKS)["options"], capture_of(CHECKS))
    text = run.stdout.decode()
    assert text.count("spoke to a pool") >= 2
    assert "mines" not in text


@pytest.mark.parametrize("scenario", BY_COMMAND_LINE)
def test_the_command_line_says_the_same(scenario: str) -> None:
    options = truth_of(scenario)["options"]
    run = running.command_line("scan", "--format", "eve", *options, capture_of(scenario))
    assert (run.returncode, run.stderr) == (0, b"")
    events = running.events_of(run.stdout)
    assert events[-1]["event_type"] == "stats"
    found: dict[Any, list[dict[str, Any]]] = {}
    for event in events:
        if event["event_type"] == "mining":
            pair = ((event["src_ip"], event["src_port"]), (event["dest_ip"], event["dest_port"]))
            found.setdefault(pair, []).append(said_of_event(event))
    assert differences(scenario, found) == []
    findings = {event["host"]: event for event in events if event["event_type"] == "finding"}
    for host, expect in truth_of(scenario)["hosts"].items():
        assert {name: findings[host][name] for name in expect} == expect


def captured(path: Path) -> list[bytes]:
    """The frames of a capture as an independent reader has them."""
    with path.open("rb") as file:
        return [bytes(data) for _, data in dpkt.pcap.Reader(file)]


def without_controls(data: bytes) -> str:
    return re.sub(r"[\x00-\x1f\x7f]", " ", data.decode("utf-8", "replace")).strip()


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_quotes_point_at_the_bytes_they_quote(scenario: str) -> None:
    frames = captured(capture_of(scenario))
    for session in scan_scenario(scenario).sessions:
        hit = session.hit
        if session.grade >= Grade.PROBABLE:
            assert hit.quotes, "a grade without evidence"
        texts: list[tuple[str, bytes, str]] = []
        for quote in hit.quotes:
            frame = frames[quote.packet - 1]
            data = frame[quote.offset : quote.offset + quote.length]
            assert len(data) == quote.length > 0
            if quote.text:
                texts.append((quote.text, data, quote.shows))
            else:  # the message goes on
                texts[-1] = (texts[-1][0], texts[-1][1] + data, quote.shows)
        for text, data, shows in texts:
            spelled = as_read(data, shows, text)
            assert spelled.startswith(text)
            assert len(text) == min(len(spelled), running.LIMITS.quote_chars)


def as_read(data: bytes, shows: str, text: str) -> str:
    """Quoted bytes as people read them: those of DNS are a name's labels, or an address.

    Those of binary frames are digits, those of WebSockets and of gzip what is in them.
    """
    if shows == "address":
        return str(ipaddress.ip_address(data))
    if data.hex().startswith(text):
        return data.hex()
    if data[:2] == b"\x1f\x8b":
        return without_controls(gzip.decompress(data))
    if data[0] in (0x01, 0x81, 0xC1, 0x41):
        return without_controls(in_frames(data))
    if shows not in ("lookup", "answer"):
        return without_controls(data)
    labels: list[bytes] = []
    while data and data[0] and data[0] < 64:
        labels.append(data[1 : 1 + data[0]])
        data = data[1 + data[0] :]
    return b".".join(labels).decode()


def in_frames(data: bytes) -> bytes:
    """What the frames of one WebSocket message hold; packed by itself, if it is packed."""
    packed, text = bool(data[0] & 0x40), b""
    while data:
        size, at = data[1] & 0x7F, 2
        if size == 126:
            size, at = int.from_bytes(data[2:4], "big"), 4
        key = data[at : at + 4] if data[1] & 0x80 else b"\0\0\0\0"
        at += 4 * (data[1] >> 7)
        text += bytes(byte ^ key[i % 4] for i, byte in enumerate(data[at : at + size]))
        data = data[at + size :]
    return zlib.decompressobj(-15).decompress(text) if packed else text


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_the_first_packet_of_evidence_is_one_of_the_flow(scenario: str) -> None:
    frames = captured(capture_of(scenario))
    for session in scan_scenario(scenario).sessions:
        hit = session.hit
        assert 1 <= hit.first_packet <= (hit.seen_first_packet or len(frames)) <= len(frames)
        # What taught a flow's address stands in another one.
        learned = {quote for seen in hit.names if seen.via is Via.ADDRESS for quote in seen.quotes}
        own = set(hit.quotes) - learned
        if own:
            assert hit.seen_first_packet <= min(quote.packet for quote in own)
            assert hit.first_ns <= hit.seen_first_ns <= hit.seen_last_ns <= hit.last_ns


def test_the_scan_is_the_same_twice() -> None:
    paths = [capture_of(scenario) for scenario in SCENARIOS]
    one, two = running.scan(paths), running.scan(paths)
    assert one == two
    assert len(one.sessions) > 80
