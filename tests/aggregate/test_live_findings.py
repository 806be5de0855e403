"""Findings from states of conversations that go on are those of a scan, at any time."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from poolwatch.aggregate.cause import Ranker
from poolwatch.aggregate.estimate import Estimator
from poolwatch.aggregate.live import LiveFindings, Withdrawn
from poolwatch.aggregate.places import Inside
from poolwatch.engine import LiveEngine
from poolwatch.match.live import LiveSettings
from poolwatch.outputs.eve import finding_event
from poolwatch.settings import Limits
from poolwatch.tables import Tables
from poolwatch.terms import Capture, Grade, Session, Stage
from tests.match.test_conversation import SESSION
from tests.running import (
    LIMITS,
    MINER,
    POOL,
    SCENARIOS,
    Sent,
    Talk,
    capture_of,
    catalog,
    catalog_of,
    make_batch,
    options_of,
    part_of,
    read_batch,
    scan,
    scan_scenario,
    write_pcap,
)
from tests.sensor.comparing import OF_COMPANIONS

AT_ONCE = LiveSettings(settle_seconds=0, refresh_seconds=0, sweep_seconds=0, lookup_seconds=0)
CAPTURE = Capture("live", "1" * 64)


def engine(limits: Limits = LIMITS) -> LiveEngine:
    tables = Tables(catalog(), Inside())
    return LiveEngine(tables, limits, AT_ONCE, "test-sensor", CAPTURE, seed=1)


def gathered(sessions: list[Session], limits: Limits = LIMITS) -> LiveFindings:
    findings = LiveFindings(limits, 100)
    for session in sessions:
        findings.take(session)
    return findings


def talked(*lines: tuple[int, str], port: int = 50001) -> list[Sent]:
    return Talk(miner=("10.0.0.5", port)).greet().say(*lines).packets


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_findings_are_those_of_a_scan(scenario: str) -> None:
    batch = read_batch(capture_of(scenario))
    scanned = scan_scenario(scenario)
    ids = {session.capture.id for session in scanned.sessions}
    capture = Capture("live", ids.pop() if ids else "0")
    tables = Tables(catalog_of(scenario), Inside(options_of(scenario, "--internal")))
    live = LiveEngine(tables, LIMITS, AT_ONCE, "test-sensor", capture, seed=1)
    findings = LiveFindings(LIMITS, 10_000)
    ranker = Ranker(catalog_of(scenario))
    hosts: set[str] = set()
    step = max(batch.count // 10, 1)
    for start in range(0, batch.count, step):
        states = live.feed(part_of(batch, start, min(start + step, batch.count))) + live.tick()
        for state in states:
            hosts |= noted(ranker, findings, state)
        for host in hosts:
            findings.finding(host)
    for state in live.finish():
        hosts |= noted(ranker, findings, state)
    assert len(findings) == 0
    found = [finding for host in hosts if (finding := findings.finding(host))]
    estimator = Estimator(catalog_of(scenario))
    stats = scanned.stats
    assert stats is not None
    for finding in found:
        estimator.fill(finding)
        ranker.fill(finding, (stats.first_ns, stats.last_ns) if stats.first_ns else None)
    got = {finding.host: comparable(finding_event(finding)) for finding in found}
    wanted = {f.host: comparable(finding_event(f)) for f in scanned.findings}
    for host, event in wanted.items():
        if "cause" not in event:
            got[host].pop("cause", None)
    assert got == wanted


def noted(ranker: Ranker, findings: LiveFindings, state: Session | Withdrawn) -> set[str]:
    if isinstance(state, Session):
        ranker.note(state)
    return findings.take(state)


def comparable(event: dict[str, Any]) -> dict[str, Any]:
    """Without the order of what came at once, what scans alone look at, and who asks for others:
    live that shows late.
    """
    grounds: dict[str, list[str]] = {}
    for side in ("grounds", "counter_grounds"):
        grounds[side] = [ground["id"] for ground in event[side]]
    if OF_COMPANIONS & {*grounds["grounds"], *grounds["counter_grounds"]}:
        grounds = {
            side: [i for i in ids if i not in OF_COMPANIONS] for side, ids in grounds.items()
        }
        event = {k: v for k, v in event.items() if k != "cause"}
    event = {k: v for k, v in event.items() if k != "companions"} | grounds
    event = {k: sorted(v, key=str) if isinstance(v, list) else v for k, v in event.items()}
    return event | {"role": "miner" if event["role"] == "resolver" else event["role"]}


def test_a_conversation_counts_once_however_often_it_is_told(tmp_path: Path) -> None:
    packets = talked(*SESSION)
    live = engine()
    findings = LiveFindings(LIMITS, 10)
    for index in range(len(packets)):
        states = live.feed(make_batch(packets[index : index + 1])) + live.tick()
        for state in states:
            assert findings.take(state) == {"10.0.0.5"}
        assert len(findings) <= 1
    during = findings.finding("10.0.0.5")
    for state in live.finish():
        findings.take(state)
    after = findings.finding("10.0.0.5")
    assert during is not None
    assert after is not None
    (wanted,) = scan([write_pcap(tmp_path / "a.pcap", packets)]).findings
    for finding in (during, after):
        assert (finding.sessions, finding.shares) == (1, wanted.shares)
        assert finding.hashrate == wanted.hashrate
    assert findings.finding("10.0.0.6") is None


def test_what_turns_out_to_be_none_is_withdrawn() -> None:
    """A server that sends everything back: the first line alone looks like a miner's."""
    live = engine()
    talk = Talk().greet().say(*SESSION[:1])
    live.feed(make_batch(talk.packets))
    findings = LiveFindings(LIMITS, 10)
    (state,) = live.tick()
    assert isinstance(state, Session)
    findings.take(state)
    assert findings.finding("10.0.0.5") is not None
    before = len(talk.packets)
    for _ in range(3):
        talk.say((POOL, SESSION[0][1]), (MINER, SESSION[1][1]), (POOL, SESSION[1][1]))
    live.feed(make_batch(talk.packets[before:]))
    states = live.tick() + live.finish()
    assert Withdrawn(state.flow_id or 0) in states
    for later in states:
        findings.take(later)
    assert findings.finding("10.0.0.5") is None
    assert len(findings) == 0


def test_open_conversations_beyond_the_bound_give_way_by_worth() -> None:
    live = engine()
    live.feed(make_batch(talked(*SESSION)))
    (state,) = live.tick()
    assert isinstance(state, Session)
    findings = LiveFindings(LIMITS, 2)
    for number, grade in enumerate((Grade.NOTED, Grade.CONFIRMED, Grade.PROBABLE, Grade.NOTED)):
        findings.take(replace(state, flow_id=number, grade=grade, host=f"10.0.1.{number}"))
    assert [findings.finding(f"10.0.1.{n}") is not None for n in range(4)] == [
        False,
        True,
        True,
        False,
    ]
    assert findings.counts()["open_sessions_left_out"] == 2


def test_a_flood_that_fills_the_hosts_hides_nobody_surer() -> None:
    state = closed_state()
    findings = LiveFindings(replace(LIMITS, hosts=3), 10)
    for number in range(9):
        fake = replace(state, flow_id=number, grade=Grade.SUSPECTED, host=f"10.0.1.{number}")
        findings.take(fake)
    findings.take(replace(state, flow_id=100))
    left = [n for n in range(9) if findings.finding(f"10.0.1.{n}") is not None]
    assert left == [7, 8]  # of those as sure as each other the longest silent went
    assert findings.finding("10.0.0.5") is not None
    assert findings.counts()["hosts_left_out"] == 7


def test_a_host_that_was_given_up_is_as_sure_as_before() -> None:
    state = closed_state()
    findings = LiveFindings(replace(LIMITS, hosts=2), 10)
    for number, host in enumerate(("10.0.0.5", "10.0.1.1", "10.0.1.2")):
        findings.take(replace(state, flow_id=number, host=host))
    assert findings.finding("10.0.0.5") is None
    assert findings.given_up("10.0.0.5") == (Grade.CONFIRMED, Stage.MINING)
    for number in range(9):  # turned away, and no reason to forget what was surer
        findings.take(replace(state, flow_id=10 + number, host=f"10.0.2.{number}", grade=Grade(0)))
    hit = replace(state.hit, open=True, stage=Stage.CONTACTED)
    findings.take(replace(state, flow_id=100, grade=Grade.NOTED, hit=hit))
    finding = findings.finding("10.0.0.5")
    assert finding is not None
    assert (finding.grade, finding.stage) == (Grade.CONFIRMED, Stage.MINING)


def test_a_host_whose_conversation_goes_on_is_not_silent() -> None:
    state = closed_state()
    findings = LiveFindings(replace(LIMITS, hosts=2), 10)
    findings.take(replace(state, flow_id=1, host="10.0.1.1"))
    findings.take(replace(state, flow_id=2, host="10.0.1.2"))
    findings.take(replace(state, flow_id=3, host="10.0.1.1", hit=replace(state.hit, open=True)))
    findings.take(replace(state, flow_id=4, host="10.0.1.3"))
    sessions = [f.sessions if (f := findings.finding(f"10.0.1.{n}")) else 0 for n in (1, 2, 3)]
    assert sessions == [2, 0, 1]


def closed_state() -> Session:
    live = engine()
    live.feed(make_batch(talked(*SESSION)))
    (state,) = live.finish()
    assert isinstance(state, Session)
    return state


def test_of_open_conversations_as_sure_as_each_other_the_longest_silent_gives_way() -> None:
    state = closed_state()
    going_on = replace(state.hit, open=True)
    findings = LiveFindings(LIMITS, 2)
    for number in (1, 2, 1, 3):
        one = replace(state, flow_id=number, host=f"10.0.1.{number}", grade=Grade.SUSPECTED)
        findings.take(replace(one, hit=going_on))
    assert [findings.finding(f"10.0.1.{n}") is not None for n in (1, 2, 3)] == [True, False, True]
    assert findings.take(replace(state, flow_id=9, hit=going_on)) == {"10.0.0.5"}
    assert findings.finding("10.0.0.5") is not None
    assert findings.counts()["open_sessions_left_out"] == 2


def test_an_open_conversation_without_room_can_still_be_withdrawn() -> None:
    state = closed_state()
    going_on = replace(state.hit, open=True)
    findings = LiveFindings(LIMITS, 1)
    findings.take(replace(state, flow_id=1, host="10.0.1.1", hit=going_on))
    findings.take(replace(state, flow_id=2, hit=going_on))
    assert findings.finding("10.0.1.1") is None
    assert findings.given_up("10.0.1.1") == (Grade.CONFIRMED, Stage.MINING)
    assert findings.take(Withdrawn(1)) == {"10.0.1.1"}
    assert findings.given_up("10.0.1.1") is None


def test_months_of_reconnecting_take_bounded_room() -> None:
    limits = Limits(flows=64, finding_entries=20, finding_spans=40, finding_miners=8)
    live = engine()
    live.feed(make_batch(talked(*SESSION)))
    (state,) = live.tick()
    assert isinstance(state, Session)
    findings = LiveFindings(limits, 2)
    day = 86_400 * 10**9
    for number in range(400):
        hit = replace(
            state.hit,
            open=False,
            seen_first_ns=state.hit.seen_first_ns + number * day,
            seen_last_ns=state.hit.seen_last_ns + number * day,
            first_ns=state.hit.first_ns + number * day,
            last_ns=state.hit.last_ns + number * day,
        )
        findings.take(replace(state, flow_id=number, hit=hit))
    finding = findings.finding("10.0.0.5")
    assert finding is not None
    assert finding.sessions == 400
    assert len(finding.flow_ids) == 20
    assert finding.shares.submitted == 400 * state.hit.shares.submitted
    assert findings.counts()["finding_entries_left_out"] > 0
