"""For every scenario the quoted bytes stand where they are said to stand.

An independent reader (dpkt) has the frames, another (tshark) the conversations.
"""

from __future__ import annotations

import json
import shutil
import struct
import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from poolwatch.explain.innocent import EXPLANATIONS
from poolwatch.terms import Stage
from tests.explain.explaining import FOLDERS, Event, events_of, kind, run, write_events
from tests.running import PCAPS, SCENARIOS, capture_of
from tests.test_carrier_scenarios import UNLIKE_TSHARK
from tests.test_scenarios import as_read, captured

TSHARK = shutil.which("tshark")
HIDDEN = "██"
WHOLE = ("--limit", "explain_bytes=1000000")
OF_OTHER_FLOWS = {"lookup", "answer", "address"}


class All(NamedTuple):
    """Every finding of every scenario, explained."""

    events: dict[str, list[Event]]
    scenario_of: dict[int, str]
    flows: dict[int, Event]
    shown: list[Event]
    masked: list[Event]


@pytest.fixture(scope="module")
def explained(tmp_path_factory: pytest.TempPathFactory) -> All:
    tmp = tmp_path_factory.mktemp("explained")
    events = {scenario: events_of(scenario) for scenario in SCENARIOS}
    findings = {
        event["finding_id"]: scenario
        for scenario in SCENARIOS
        for event in kind(events[scenario], "finding")
    }
    flows = {
        event["flow_id"]: event
        for scenario in SCENARIOS
        for event in kind(events[scenario], "mining")
    }
    path = write_events(tmp / "all.json", (one for of_one in events.values() for one in of_one))
    arguments: tuple[str | Path, ...] = (
        "--eve",
        path,
        "--captures",
        PCAPS,
        *FOLDERS,
        *WHOLE,
        *map(str, findings),
    )
    shown, masked = run(tmp, "--reveal", *arguments), run(tmp, *arguments)
    assert (shown.status, masked.status) == (0, 0)
    return All(events, findings, flows, shown.accounts, masked.accounts)


def parts_of(account: Event) -> Iterator[tuple[Event, Event]]:
    for quote in account["quotes"]:
        for part in quote["parts"]:
            yield quote, part


def test_every_finding_is_explained(explained: All) -> None:
    assert len(explained.shown) == len(explained.scenario_of) > 400
    assert {a["finding_id"] for a in explained.shown} == explained.scenario_of.keys()


def test_every_quote_is_read_and_proven(explained: All) -> None:
    states = Counter(part["state"] for a in explained.shown for _, part in parts_of(a))
    assert states.keys() == {"read", "packed"}
    assert states["read"] > 1500
    assert all(part["proven"] for a in explained.shown for _, part in parts_of(a))


@pytest.mark.parametrize("masked", [False, True])
def test_quoted_bytes_stand_at_that_packet_and_offset(explained: All, masked: bool) -> None:
    frames: dict[str, list[bytes]] = {}
    compared = 0
    for account in explained.masked if masked else explained.shown:
        scenario = explained.scenario_of[account["finding_id"]]
        if scenario not in frames:
            frames[scenario] = captured(capture_of(scenario))
        for _, part in parts_of(account):
            assert part["file"] == "capture.pcap"
            frame = frames[scenario][part["packet"] - 1]
            bytes_there = frame[part["offset"] : part["offset"] + part["length"]]
            assert part["shown"] == part["length"] == len(bytes_there) > 0
            pairs = [part["hex"][at : at + 2] for at in range(0, 2 * part["length"], 2)]
            hidden = {at for start, end in part["masked"] for at in range(start, end)}
            for at, (pair, byte) in enumerate(zip(pairs, bytes_there, strict=True)):
                assert pair == (HIDDEN if at in hidden else f"{byte:02x}")
            compared += len(pairs) - len(hidden)
    assert compared > 50_000


def test_what_a_quote_reads_is_what_its_bytes_say(explained: All) -> None:
    compared = 0
    for account in explained.shown:
        for quote in account["quotes"]:
            if any(part["masked"] for part in quote["parts"]) or "…" in quote["reads"]:
                continue
            data = bytes.fromhex("".join(part["hex"] for part in quote["parts"]))
            shows = " ".join(quote["shows"])
            assert as_read(data, shows, quote["reads"]).startswith(quote["reads"])
            compared += 1
    assert compared > 1000


def test_no_wallet_or_account_is_shown_unasked(explained: All) -> None:
    looked = 0
    for account in explained.masked:
        scenario = explained.scenario_of[account["finding_id"]]
        finding = next(
            event
            for event in kind(explained.events[scenario], "finding")
            if event["finding_id"] == account["finding_id"]
        )
        secrets = [*finding["wallets"], *finding["accounts"], *finding["mails"]]
        said = json.dumps(account, ensure_ascii=False)
        for secret in secrets:
            if len(secret) > 11:  # shorter ones may stand in other words
                assert secret not in said
                assert secret.encode().hex() not in said
                looked += 1
    assert looked > 100


def test_wording_keeps_to_the_stage(explained: All) -> None:
    for account in explained.shown:
        said = account["conclusion"]["sentence"]
        stage = Stage[account["stage"].upper()]
        if " mines" in said:
            assert stage >= Stage.SUBMITTING
            assert account["grade"] in ("probable", "confirmed")
        sentences = [one["sentence"] for part in ("for", "against") for one in account[part]]
        assert not [sentence for sentence in sentences if " mines" in sentence]


def test_each_explanation_is_tested_once_with_a_ground(explained: All) -> None:
    for account in explained.shown:
        assert [one["explanation"] for one in account["innocent"]] == [e.id for e in EXPLANATIONS]
        for one in account["innocent"]:
            assert one["outcome"] in ("excluded", "possible", "cannot_tell")
            assert one["sentence"]
    every = {(o["explanation"], o["outcome"]) for a in explained.shown for o in a["innocent"]}
    assert {explanation for explanation, outcome in every if outcome == "possible"} == {
        explanation.id for explanation in EXPLANATIONS if explanation.id != "p2p_node"
    }
    assert ("p2p_node", "cannot_tell") in every


def test_a_share_that_was_accepted_is_quoted(explained: All) -> None:
    for account in explained.shown:
        if account["stage"] == "mining" and account["role"] == "miner":
            assert [q for q in account["quotes"] if "accept" in q["shows"]]


# -- tshark ------------------------------------------------------------------------------

APART_BY_TUNNEL = {"carrier-gtp-overlap"}  # tshark's streams know ends, and no tunnels
FIELDS = ("frame.number", "ip.src", "ipv6.src", "tcp.srcport", "udp.srcport", "tcp.stream")


def groups() -> list[list[str]]:
    """Scenarios whose conversations have other ends, so that one call can take many of them."""
    found: list[tuple[int, set[str], list[str]]] = []
    for scenario in SCENARIOS:
        truth = json.loads((capture_of(scenario).parent / "truth.json").read_text("utf-8"))
        ends = {f"{flow['miner']} {flow['pool']}" for flow in truth["flows"]}
        link = struct.unpack("<I", capture_of(scenario).read_bytes()[20:24])[0]
        for kind_of, taken, members in found:
            if kind_of == link and taken.isdisjoint(ends):
                taken |= ends
                members.append(scenario)
                break
        else:
            found.append((link, ends, [scenario]))
    return [members for _, _, members in found]


def dissected(path: Path) -> dict[int, dict[str, str]]:
    """What tshark says of each packet; of packets in packets the innermost."""
    assert TSHARK is not None
    options = [option for field in FIELDS for option in ("-e", field)]
    done = subprocess.run(
        [TSHARK, "-n", "-r", path, "-T", "fields", "-E", "occurrence=l", *options],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    rows = [dict(zip(FIELDS, line.split("\t"), strict=True)) for line in done.stdout.splitlines()]
    return {int(row["frame.number"]): row for row in rows}


def merged(scenarios: list[str], path: Path) -> dict[str, int]:
    """One capture of several, frame by frame; how many packets stand before each."""
    before: dict[str, int] = {}
    count = 0
    head = capture_of(scenarios[0]).read_bytes()[:24]
    records = [
        struct.pack("<IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, 1 << 18, struct.unpack("<I", head[20:])[0])
    ]
    for scenario in scenarios:
        before[scenario] = count
        for number, data in enumerate(captured(capture_of(scenario))):
            records += (
                struct.pack("<IIII", 1_768_000_000 + count, number, len(data), len(data)),
                data,
            )
            count += 1
    path.write_bytes(b"".join(records))
    return before


@pytest.mark.skipif(TSHARK is None, reason="tshark is not installed")
def test_tshark_agrees_on_the_stream(explained: All, tmp_path: Path) -> None:
    seen: dict[str, dict[int, dict[str, str]]] = {}
    for members in groups():
        before = merged(members, tmp_path / "merged.pcap")
        packets = dissected(tmp_path / "merged.pcap")
        for scenario in members:
            seen[scenario] = {n - before[scenario]: row for n, row in packets.items()}
    streams: dict[Any, set[str]] = {}
    agreed = 0
    for account in explained.shown:
        scenario = explained.scenario_of[account["finding_id"]]
        for quote, part in parts_of(account):
            if scenario in UNLIKE_TSHARK:
                continue
            flow = explained.flows[quote["flow_id"]]
            row = seen[scenario][part["packet"]]
            if OF_OTHER_FLOWS & set(quote["shows"]):
                continue
            end = "src" if quote["side"] == "miner" else "dest"
            assert flow[f"{end}_ip"] in (row["ip.src"], row["ipv6.src"]), (scenario, part)
            assert str(flow[f"{end}_port"]) in (row["tcp.srcport"], row["udp.srcport"])
            streams.setdefault((scenario, quote["flow_id"]), set()).add(row["tcp.stream"])
            agreed += 1
    assert agreed > 1400
    torn = {scenario for (scenario, _), found in streams.items() if len(found) != 1}
    assert torn <= APART_BY_TUNNEL
