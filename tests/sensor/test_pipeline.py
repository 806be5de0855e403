"""From a ring to what is told: in time, once, and only when durable; canaries stay unseen."""

from __future__ import annotations

import json
import threading
from dataclasses import replace
from functools import partial

import msgspec
import pytest

from poolwatch.aggregate.live import Ended, Withdrawn
from poolwatch.aggregate.places import Inside
from poolwatch.beats import Beating
from poolwatch.match.matcher import Matcher
from poolwatch.sensor.canary import Canary
from poolwatch.sensor.config import HealthSettings
from poolwatch.sensor.coverage import clock_warnings
from poolwatch.sensor.health import Health
from poolwatch.sensor.mailbox import Mailbox
from poolwatch.store import SightingRow
from poolwatch.tables import Tables
from poolwatch.terms import Grade, Session
from tests.match.test_conversation import SESSION
from tests.running import LIMITS, NOON_NS, Talk, catalog, judged, make_batch, match
from tests.sensor.running import Running, wait_for


def mining() -> Talk:
    return Talk().greet().say(*SESSION)


def newer(run: Running, heard_ns: int) -> bool:
    return run.health.last_heard_ns(0) > heard_ns


def a_session() -> Session:
    (hit,), _ = match(mining().packets)
    session = judged(hit)
    assert session is not None
    return session


def test_a_miner_is_told_while_it_mines_and_once_more_when_it_ends() -> None:
    with Running([make_batch(mining().packets)]) as run:
        wait_for(lambda: any(event["event_type"] == "finding" for event in run.told.events))
        (row,) = run.findings
        assert (row.host, row.grade, row.stage) == ("10.0.0.5", "confirmed", "mining")
        assert [json.loads(s.event)["mining"]["open"] for s in run.sessions] == [True]
        first = [event for event in run.told.events if event["event_type"] == "mining"]
        assert [event["mining"]["open"] for event in first] == [True]  # type: ignore[index]
    last = [event for event in run.told.events if event["event_type"] == "mining"][-1]
    assert not last["mining"]["open"]  # type: ignore[index]
    assert len({row.key for row in run.sessions}) == 1
    assert [row.state_ns for row in run.sessions] == sorted({r.state_ns for r in run.sessions})
    assert len({row.key for row in run.findings}) == 1
    assert run.collector.findings.finding("10.0.0.5") is not None
    sightings = [row for row in run.rows if isinstance(row, SightingRow)]
    assert {row.change for row in sightings} == {"again"}


def test_nothing_is_told_before_it_is_durable() -> None:
    with Running([make_batch(mining().packets)]) as run:
        run.listed.durable = False
        wait_for(lambda: run.collector.flushes_failed > 3)
        assert run.findings
        assert run.told.events == []
        assert run.collector.waiting >= 2
        run.listed.durable = True
        wait_for(lambda: run.told.events)
    assert run.collector.waiting == 0


def test_the_canary_passes_and_leaves_no_trace() -> None:
    settings = HealthSettings(canary_seconds=0.2, canary_late_seconds=5)
    with Running([make_batch(mining().packets)], health_settings=settings) as run:
        wait_for(lambda: run.findings)
        before = run.pipeline.counts()
        for _ in range(4):
            run.health.sing()
            wait_for(partial(newer, run, run.health.last_heard_ns(0)))
            threading.Event().wait(0.2)
        assert run.health.verdict().healthy
        after = run.pipeline.counts()
    assert run.pipeline.canary.made == 4
    for name in ("packets", "bytes", "captured_bytes", "flows", "candidates"):
        assert after[name] == before[name]
    said = json.dumps([*run.told.events, *(msgspec.to_builtins(row) for row in run.rows)])
    assert "192.0.2." not in said
    assert "canary" not in said


def test_nobody_knows_where_a_canary_sings() -> None:
    """Ports are drawn at each start, so that nobody can get between its words."""
    canaries = [Canary(0) for _ in range(8)]
    assert len({canary.ends for canary in canaries}) == len(canaries)
    assert {(miner[0], pool[0]) for miner, pool in (c.ends for c in canaries)} == {
        ("192.0.2.1", "198.51.100.1")
    }


def test_a_clock_that_jumped_is_warned_of() -> None:
    packets = mining().packets
    ahead = [replace(sent, ts_ns=sent.ts_ns + 7200 * 10**9) for sent in packets[2:]]
    batches = [make_batch(packets[:2]), *(make_batch([sent]) for sent in ahead)]
    with Running(batches) as run:
        wait_for(lambda: run.findings)
        (said,) = clock_warnings([run.pipeline])
    assert said.startswith("the clock of the packets of ring-0 jumped by +7")
    assert run.pipeline.counts()["clock_steps"] == 1
    with Running([make_batch(packets)]) as run:
        wait_for(lambda: run.findings)
        assert clock_warnings([run.pipeline]) == []


def test_a_miner_at_the_canarys_addresses_is_not_hidden() -> None:
    talk = Talk(miner=("192.0.2.1", 40_000), pool=("198.51.100.1", 3333))
    with Running([make_batch(talk.greet().say(*SESSION).packets)]) as run:
        wait_for(lambda: run.findings)
    assert {row.host for row in run.findings} == {"192.0.2.1"}


def test_without_its_canary_the_sensor_is_unhealthy() -> None:
    settings = HealthSettings(canary_seconds=60, canary_late_seconds=0.05, stuck_seconds=0.5)
    with Running([], health_settings=settings) as run:
        run.source.hold.set()  # the ring's thread does not come back
        wait_for(run.source.done.is_set)
        threading.Event().wait(0.05)
        run.health.sing()
        wait_for(lambda: not run.health.verdict().healthy)
        assert any("canary of ring-0 is missing" in p for p in run.health.verdict().problems)
        wait_for(run.health.stuck)
        assert run.health.stuck() == ["ring-0 does not move"]


def test_a_thread_behind_the_collector_that_ends_or_stands_still_is_named() -> None:
    held = threading.Event()

    def hold() -> None:
        held.wait(30)

    ended, still, waits = (
        Beating(target, name, patience)
        for target, name, patience in (
            (lambda: None, "spool", 0.0),
            (hold, "keep", 0.0),
            (hold, "store", 60.0),
        )
    )
    settings = HealthSettings(stuck_seconds=0.3)
    with Running([], health_settings=settings) as run:
        health = Health(settings, [run.pipeline], run.collector, (ended, still, waits))
        for thread in (ended, still, waits):
            thread.start()
        wait_for(lambda: len(health.verdict().problems) == 2)
        assert health.verdict().problems == ("spool has ended", "keep does not move")
        assert health.stuck() == ["spool has ended"]
        held.set()


def test_a_catalogue_that_reads_nothing_loses_the_canary() -> None:
    """What breaks recognition shows, though every thread moves."""
    blind = replace(
        catalog(), needles_by_method={}, needles_by_answer={}, needles_by_header={},
        needles_by_shape=(),
    )  # fmt: skip
    settings = HealthSettings(canary_seconds=60, canary_late_seconds=0.3)
    with Running([], using=blind, health_settings=settings) as run:
        run.health.sing()
        wait_for(lambda: run.health.verdict().problems)
        assert run.health.stuck() == []


def test_tables_are_exchanged_between_batches() -> None:
    with Running([make_batch(mining().packets)]) as run:
        wait_for(lambda: run.findings)
        for _ in range(100):
            exchange = run.pipeline.use(Tables(replace(catalog()), Inside()))
            assert exchange.done.wait(5)
            assert exchange.refused == ""
    assert len({row.key for row in run.sessions}) == 1


def test_a_ring_that_cannot_use_tables_says_why_and_goes_on() -> None:
    needle = replace(catalog().needles[0], dialect="martian")
    strange = replace(catalog(), needles_by_method={"x": (needle,)})
    with Running([make_batch(mining().packets)]) as run:
        wait_for(lambda: run.findings)
        exchange = run.pipeline.use(Tables(strange, Inside()))
        assert exchange.done.wait(5)
        assert "martian" in exchange.refused
        assert run.pipeline.is_alive()
    assert len({row.key for row in run.sessions}) == 1


def test_memory_is_freed_of_least_worth_first() -> None:
    with Running([make_batch(mining().packets)]) as run:
        wait_for(lambda: run.findings)
        run.pipeline.shed()
        wait_for(lambda: run.pipeline.sheds == 1)
    assert {row.grade for row in run.findings} == {"confirmed"}


def test_the_mailbox_keeps_the_latest_and_gives_up_what_is_noted() -> None:
    session = a_session()
    box = Mailbox(2)
    session = replace(session, hit=replace(session.hit, open=True))
    noted = replace(session, grade=Grade.NOTED)
    box.put([replace(noted, flow_id=1), replace(session, flow_id=2)])
    box.put([replace(session, flow_id=3), replace(noted, flow_id=4), replace(session, flow_id=5)])
    assert [state.flow_id for state in box.take()] == [3, 5]
    assert box.dropped == 3
    box.put([replace(session, flow_id=1), Withdrawn(1)])
    assert box.take() == [Withdrawn(1)]
    assert len(box) == 0


def test_the_mailbox_gives_up_the_oldest_of_the_least_grade() -> None:
    session = a_session()
    going_on = replace(session, hit=replace(session.hit, open=True))
    box = Mailbox(3)
    box.put(replace(going_on, flow_id=n, grade=Grade.SUSPECTED) for n in (1, 2, 3))
    box.put([replace(going_on, flow_id=1, grade=Grade.SUSPECTED)])  # heard of again
    box.put([replace(going_on, flow_id=4), replace(going_on, flow_id=5, grade=Grade.SUSPECTED)])
    assert sorted(state.flow_id or 0 for state in box.take()) == [1, 4, 5]
    assert box.dropped == 2


def test_that_a_flow_is_over_is_known_though_its_last_state_had_no_room() -> None:
    session = a_session()
    box = Mailbox(1)
    box.put([replace(session, flow_id=1, grade=Grade.SUSPECTED), replace(session, flow_id=2)])
    box.put([replace(session, flow_id=3, grade=Grade.NOTED)])
    first, *ends = box.take()
    assert (first.flow_id, ends) == (2, [Ended(3)])  # of as many as there is room for
    assert box.dropped == 3
    box.put([Withdrawn(1), replace(session, flow_id=4, grade=Grade.NOTED)])
    assert [state.flow_id for state in box.take()] == [4, 1]


@pytest.mark.parametrize("number", [0, 7, 300])
def test_each_ring_has_a_canary_of_its_own(number: int) -> None:
    canary, other = Canary(number), Canary(number + 1)
    matcher = Matcher(catalog(), LIMITS, seed=1)
    matcher.feed(canary.batch(NOON_NS))
    (hit,) = matcher.finish()
    session = judged(hit)
    assert session is not None
    assert (canary.is_own(session), canary.is_whole(session)) == (True, True)
    assert not other.is_own(session)
    assert not Canary(number).is_own(session)  # that of another run has another secret
