"""From sessions to one finding per host."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from poolwatch.aggregate.findings import Findings, finding_id
from poolwatch.terms import Capture, Endpoint, Finding, Grade, Hit, Role, Session, Shares, Stage
from tests.match.test_conversation import SESSION
from tests.running import NOON_NS, Talk, judged, match

SECOND = 10**9


def session(
    miner: str = "10.0.0.5",
    pool: str = "198.51.100.7",
    *,
    port: int = 50001,
    lines: int = len(SESSION),
    start: int = 0,
) -> Session:
    talk = Talk(miner=(miner, port), pool=(pool, 3333), ts_ns=NOON_NS + start * SECOND)
    (hit,), _ = match(talk.greet().say(*SESSION[:lines]).packets)
    judged_session = judged(hit)
    assert judged_session is not None
    return judged_session


def findings_of(*sessions: Session, entries: int = 100) -> list[Finding]:
    findings = Findings(entries)
    for one in sessions:
        findings.add(one)
    return list(findings.all())


def at(one: Session, start: int, stop: int) -> Session:
    """A session seen from one second to another."""
    hit = replace(
        one.hit, seen_first_ns=NOON_NS + start * SECOND, seen_last_ns=NOON_NS + stop * SECOND
    )
    return replace(one, hit=hit)


def test_sessions_of_a_host_become_one_finding() -> None:
    one, two = session(), session(pool="203.0.113.8", port=50002, lines=1, start=60)
    (finding,) = findings_of(one, two)
    assert (finding.host, finding.role, finding.grade) == ("10.0.0.5", Role.MINER, Grade.CONFIRMED)
    assert (finding.stage, finding.sessions) == (Stage.MINING, 2)
    assert finding.shares == Shares(1, 1, 0)
    assert [end.address for end in finding.pool_ends] == ["198.51.100.7", "203.0.113.8"]
    assert finding.flow_ids == [one.flow_id, two.flow_id]
    assert finding.first_ns == one.hit.seen_first_ns
    assert finding.last_ns == two.hit.seen_last_ns
    assert finding.best is one


def test_what_was_said_twice_is_listed_once() -> None:
    (finding,) = findings_of(session(), session(port=50002))
    assert finding.agents == ["cgminer/4.11.1"]
    assert finding.logins == ["a.b"]
    assert finding.workers == ["b"]
    assert finding.dialects == ["stratum-v1"]


def test_the_surest_come_first_then_the_furthest_then_by_address() -> None:
    hosts = [
        session("10.0.0.9", lines=1),
        session("10.0.0.8"),
        session("10.0.0.7", lines=4),
        session("10.0.0.6", lines=4),
        session("203.0.113.1", "203.0.113.2", lines=4),
    ]
    assert [finding.host for finding in findings_of(*hosts)] == [
        "10.0.0.8",
        "10.0.0.6",
        "10.0.0.7",
        "203.0.113.1",
        "10.0.0.9",
    ]


@given(st.permutations([0, 1, 2, 3]))
def test_the_order_of_sessions_does_not_change_the_judgement(order: list[int]) -> None:
    sessions = [
        session(lines=1),
        session(port=50002),
        session("10.0.0.6", port=50003),
        session("10.0.0.7", "10.0.0.5", port=50004),
    ]
    said = [
        (f.host, f.role, f.grade, f.stage, f.shares, f.sessions, f.finding_id, f.active_ns)
        for f in findings_of(*(sessions[i] for i in order))
    ]
    whole = [
        (f.host, f.role, f.grade, f.stage, f.shares, f.sessions, f.finding_id, f.active_ns)
        for f in findings_of(*sessions)
    ]
    assert said == whole


def test_a_host_that_mines_and_serves_is_a_relay() -> None:
    upstream = session("10.0.0.90", "198.51.100.7", port=50900)
    downstream = session("10.0.0.11", "10.0.0.90")
    by_host = {finding.host: finding for finding in findings_of(downstream, upstream)}
    assert by_host["10.0.0.90"].role is Role.RELAY
    assert by_host["10.0.0.90"].shares == Shares(1, 1, 0)  # its own, upstream
    assert by_host["10.0.0.11"].role is Role.MINER


def test_a_server_that_answers_inside_is_a_pool() -> None:
    by_host = {f.host: f for f in findings_of(session("10.0.0.11", "10.0.0.90"))}
    assert by_host["10.0.0.90"].role is Role.POOL
    assert by_host["10.0.0.90"].shares == Shares(1, 1, 0)


def test_who_does_not_answer_is_no_pool() -> None:
    (finding,) = findings_of(session("10.0.0.11", "10.0.0.90", lines=1))
    assert (finding.host, finding.role) == ("10.0.0.11", Role.MINER)


def test_time_is_counted_once_where_sessions_overlap() -> None:
    base = session()
    spans = [(0, 10), (5, 20), (3000, 3010), (3001, 3002), (3010, 3011)]
    (finding,) = findings_of(*(at(base, *span) for span in spans))
    assert finding.active_ns == 31 * SECOND


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 20)), min_size=1, max_size=12))
def test_active_time_is_that_of_the_union(spans: list[tuple[int, int]]) -> None:
    others = [replace(session(), pool_end=Endpoint("198.51.100.7", n)) for n in range(len(spans))]
    pairs = zip(others, spans, strict=True)
    (finding,) = findings_of(*(at(one, a, a + b) for one, (a, b) in pairs), entries=2)
    seconds = {second for a, b in spans for second in range(a, a + b)}
    assert finding.active_ns == len(seconds) * SECOND


def test_lists_are_bounded_and_what_is_left_out_is_counted() -> None:
    findings = Findings(2)
    for n in range(5):
        findings.add(session(pool=f"198.51.100.{n + 1}", port=50000 + n))
    (finding,) = findings.all()
    assert len(finding.pool_ends) == len(finding.flow_ids) == 2
    assert finding.sessions == 5
    assert finding.shares.accepted == 5
    assert findings.left_out == 6  # three flows, three ends


def test_hosts_are_bounded_and_those_left_out_are_counted() -> None:
    findings = Findings(100, hosts=2)
    for n in range(5):
        findings.add(session(f"10.0.0.{n + 1}", port=50000 + n))
    assert [finding.host for finding in findings.all()] == ["10.0.0.1", "10.0.0.2"]
    assert findings.counts()["hosts_left_out"] == 3


def test_a_host_that_is_merely_noted_gives_way() -> None:
    findings = Findings(100, hosts=2)
    for n in range(2):
        findings.add(replace(session(f"10.0.1.{n}", lines=1), grade=Grade.NOTED))
    findings.add(session("10.0.0.1"))
    findings.add(session("10.0.0.2"))
    findings.add(replace(session("10.0.1.9", lines=1), grade=Grade.NOTED))
    assert sorted(finding.host for finding in findings.all()) == ["10.0.0.1", "10.0.0.2"]
    assert findings.counts()["hosts_left_out"] == 3


def test_the_longest_silent_of_the_least_grade_gives_way() -> None:
    findings = Findings(100, hosts=3)
    for host, grade in (
        ("10.0.1.1", Grade.PROBABLE),
        ("10.0.1.2", Grade.SUSPECTED),
        ("10.0.1.3", Grade.SUSPECTED),
        ("10.0.1.2", Grade.SUSPECTED),  # heard again
        ("10.0.1.4", Grade.SUSPECTED),  # no surer than any
        ("10.0.0.5", Grade.CONFIRMED),
    ):
        findings.add(replace(session(host), grade=grade))
    kept = [(finding.host, finding.grade) for finding in findings.all()]
    assert kept == [
        ("10.0.0.5", Grade.CONFIRMED),
        ("10.0.1.1", Grade.PROBABLE),
        ("10.0.1.2", Grade.SUSPECTED),
    ]
    assert findings.counts()["hosts_left_out"] == 2


def test_conversations_of_hosts_that_gave_way_leave_room_to_count_machines() -> None:
    findings = Findings(100, hosts=1, all_rig_sessions=2)
    for n in range(2):
        findings.add(replace(session("10.0.1.1", port=50001 + n), grade=Grade.SUSPECTED))
    for n in range(2):
        findings.add(session("10.0.0.5", port=50001 + n))
    (finding,) = findings.all()
    assert finding.sessions == 2
    assert findings.counts()["rig_sessions_left_out"] == 0


def test_a_finding_id_is_that_of_host_and_captures() -> None:
    a, b = "a" * 64, "b" * 64
    ids = [finding_id(host, {a}) for host in ("10.0.0.1", "10.0.0.2")]
    ids += [finding_id("10.0.0.1", {b}), finding_id("10.0.0.1", {a, b})]
    assert len(set(ids)) == 4
    assert all(one is not None and 0 <= one < 2**63 for one in ids)
    assert finding_id("10.0.0.1", {b, a}) == finding_id("10.0.0.1", {a, b})
    assert finding_id("10.0.0.1", {a, None}) is None


def test_a_host_in_two_captures_has_one_finding() -> None:
    one = session()
    two = replace(one, capture=Capture("other.pcap", "1" * 64))
    assert findings_of(one, two)[0].finding_id != findings_of(one)[0].finding_id
    assert len(findings_of(one, two)) == 1


def changed(one: Session, **values: object) -> Session:
    hit: Hit = replace(one.hit, **values)  # type: ignore[arg-type]
    return replace(one, hit=hit)


def test_what_a_capture_cannot_say_is_listed() -> None:
    whole = replace(session(), coin=None)
    asked = [question for question, _ in findings_of(whole)[0].unknown]
    assert asked == ["machine", "unit", "coin"]
    one_way = findings_of(changed(whole, payload=(True, False)))[0].unknown
    assert ("other_direction", "both_directions") in one_way
    midstream = findings_of(changed(whole, opened=False))[0].unknown
    assert ("beginning", "earlier_capture") in midstream
    with_coin = findings_of(replace(whole, coin="BTC"))[0].unknown
    assert "coin" not in [question for question, _ in with_coin]


def test_the_best_session_is_the_surest_then_the_furthest_unrefused() -> None:
    weak, strong = session(lines=1), session(port=50002, lines=4)
    assert findings_of(weak, strong)[0].best is strong
    refused = changed(strong, refused=True)
    assert findings_of(refused, strong)[0].best is strong


def test_no_sessions_no_findings() -> None:
    assert findings_of() == []
