"""A conversation that was captured twice counts once."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from poolwatch.aggregate.findings import Findings
from poolwatch.aggregate.live import LiveFindings
from poolwatch.aggregate.repeats import beyond, more_of
from poolwatch.terms import FlowKey, Session, Shares
from tests.aggregate.test_findings import SECOND, findings_of, session
from tests.running import LIMITS

COUNTS = st.builds(Shares, *[st.integers(0, 50)] * 6)


def tagged(one: Session, tag: int, shares: Shares | None = None) -> Session:
    """The same conversation as another VLAN shows it."""
    key: FlowKey = one.hit.key._replace(tags=tag)
    return replace(one, hit=replace(one.hit, key=key, shares=shares or one.hit.shares))


def test_both_legs_of_a_mirror_count_once() -> None:
    one = session()
    (alone,) = findings_of(one)
    (twice,) = findings_of(one, tagged(one, 20))
    assert alone.shares.accepted > 0
    assert (twice.shares, twice.jobs, twice.hashrate) == (alone.shares, alone.jobs, alone.hashrate)
    assert twice.sessions == 2


def test_legs_of_one_direction_each_complete_each_other() -> None:
    one = session()
    asked = tagged(one, 10, shares=Shares(submitted=4))
    said = tagged(one, 20, shares=Shares(submitted=0, accepted=3, rejected=1))
    (finding,) = findings_of(asked, said)
    assert finding.shares == Shares(submitted=4, accepted=3, rejected=1)


def test_a_port_used_again_later_is_another_conversation() -> None:
    one, again = session(), session(start=600)
    (finding,) = findings_of(one, again)
    assert finding.shares.accepted == 2 * one.hit.shares.accepted


def test_two_connections_at_once_add_up() -> None:
    (finding,) = findings_of(session(), session(port=50002))
    assert finding.shares.accepted == 2 * session().hit.shares.accepted


def test_the_time_is_that_of_the_packets() -> None:
    assert session().hit.last_ns - session().hit.first_ns < 600 * SECOND


def test_an_open_conversation_is_no_repetition_of_itself() -> None:
    live = LiveFindings(LIMITS, 10)
    live.take(session())
    going_on = session(port=50002, start=300)
    open_one = replace(going_on, flow_id=7, hit=replace(going_on.hit, open=True))
    for _ in range(3):
        live.take(open_one)
        finding = live.finding(open_one.host)
        assert finding is not None
        assert finding.shares.accepted == 2 * session().hit.shares.accepted
    live.take(replace(going_on, flow_id=7))
    finding = live.finding(open_one.host)
    assert finding is not None
    assert finding.shares.accepted == 2 * session().hit.shares.accepted


@given(COUNTS, COUNTS)
def test_what_is_beyond_makes_the_counted_the_higher(counted: Shares, other: Shares) -> None:
    total = replace(counted)
    total.add(beyond(other, counted))
    assert total == more_of(counted, other)


def test_what_is_not_remembered_is_counted() -> None:
    findings = Findings(100, repeats=1)
    for port in (50001, 50002, 50003):
        findings.add(session(port=port))
        findings.add(tagged(session(port=port), 20))
    (finding,) = findings.all()
    counts = findings.counts()
    assert finding.shares.accepted == 3 * session().hit.shares.accepted
    assert counts["conversations_captured_twice"] == 3
    assert counts["finding_repeats_forgotten"] == 2
