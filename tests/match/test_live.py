"""Flows are told of while they are open, and asking changes nothing."""

from __future__ import annotations

import time
from dataclasses import replace

import msgspec
import numpy as np
import pytest

from poolwatch.catalog import Catalog
from poolwatch.catalog.rows import PrefixRow
from poolwatch.match.live import LiveMatcher, LiveSettings
from poolwatch.match.matcher import Matcher
from poolwatch.settings import Limits
from poolwatch.terms import Hit, Stage
from tests.match.test_conversation import SESSION
from tests.running import (
    LIMITS,
    MINER,
    NOON_NS,
    SCENARIOS,
    Sent,
    Talk,
    capture_of,
    catalog,
    catalog_of,
    make_batch,
    part_of,
    read_batch,
    tcp_frame,
)

AT_ONCE = LiveSettings(settle_seconds=0, refresh_seconds=0, sweep_seconds=0, lookup_seconds=0)


def replace_count(counts: dict[str, int]) -> dict[str, int]:
    return counts | {"expired": 0}


NOON_DAY = 739_628  # the ordinal of 12 January 2026


def live(using: Catalog | None = None, limits: Limits = LIMITS) -> LiveMatcher:
    return LiveMatcher(using or catalog(), limits, AT_ONCE, seed=1)


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_asking_all_the_time_changes_nothing(scenario: str) -> None:
    batch = read_batch(capture_of(scenario))
    if not batch.count:
        return
    using = catalog_of(scenario)
    whole = Matcher(using, LIMITS, seed=1)
    wanted = whole.feed(batch) + whole.finish()
    asked = live(using)
    got: list[Hit] = []
    step = max(batch.count // 60, 1)
    for start in range(0, batch.count, step):
        got += asked.feed(part_of(batch, start, min(start + step, batch.count)))
        got += [hit for hit in asked.tick() if not hit.open]
    got += asked.finish()
    order = [(hit.first_packet, hit.key) for hit in got]
    by_flow = {(hit.first_packet, hit.key): hit for hit in got}
    assert len(by_flow) == len(order)
    for hit in wanted:
        mine = by_flow.pop((hit.first_packet, hit.key))
        # Who asks for others is known at the end of a capture; here lookups do not wait for it.
        assert replace(mine, asks_for_others=hit.asks_for_others) == hit
    assert all(is_empty(hit) for hit in by_flow.values())  # nothing was left to say
    assert replace_count(asked.matcher.counts()) == replace_count(whole.counts())


def test_a_miner_is_told_of_before_it_hangs_up_and_its_share_counts_once() -> None:
    talk = Talk().greet().say(*SESSION)
    asked = live()
    states: list[Hit] = []
    batch = make_batch(talk.packets)
    for index in range(batch.count):
        assert asked.feed(part_of(batch, index, index + 1)) == []
        states += asked.tick()
    stages = [hit.stage for hit in states]
    assert stages == sorted(stages)
    assert stages[-1] is Stage.MINING
    assert len({id(hit.shares) for hit in states}) == len(states)  # each has its own counts
    (last,) = asked.finish()
    assert not last.open
    assert replace(states[-1], open=False) == last


def test_news_are_told_at_once_and_counts_now_and_then() -> None:
    settings = LiveSettings(settle_seconds=0, refresh_seconds=3600)
    asked = LiveMatcher(catalog(), LIMITS, settings, seed=1)
    talk = Talk().greet().say(*SESSION)
    asked.feed(make_batch(talk.packets))
    assert [hit.stage for hit in asked.tick()] == [Stage.MINING]
    before = len(talk.packets)
    talk.say(*SESSION[-2:])
    asked.feed(make_batch(talk.packets[before:]))
    assert asked.tick() == []  # one share more is no news
    assert asked.finish()[0].shares.submitted >= 1


HOUR_NS = 3600 * 10**9
YEAR_NS = 365 * 24 * HOUR_NS
OTHER = tcp_frame(("10.9.9.9", 1), ("10.9.9.8", 2))


def pass_seconds(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    real = time.monotonic
    monkeypatch.setattr(time, "monotonic", lambda: real() + seconds)


def test_idle_flows_end_by_when_their_packets_came(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = live(limits=Limits(flows=64, flow_idle_seconds=60))
    asked.feed(make_batch(Talk().greet().say(*SESSION).packets))
    assert [hit.open for hit in asked.tick()] == [True]
    asked.feed(make_batch([Sent(NOON_NS + 200 * 10**9, OTHER)]))
    assert [hit.open for hit in asked.tick()] == []  # a frame's time says nothing of others
    pass_seconds(monkeypatch, 50)
    asked.feed(make_batch([Sent(NOON_NS + 250 * 10**9, OTHER)]))
    asked.tick()
    pass_seconds(monkeypatch, 50)
    assert [hit.open for hit in asked.tick()] == [False]
    assert asked.matcher.counts()["expired"] == 1
    assert asked.matcher.streams == {}
    assert asked.finish() == []


@pytest.mark.parametrize("step_ns", [-2 * HOUR_NS, 2 * HOUR_NS, -YEAR_NS, YEAR_NS])
@pytest.mark.parametrize("at", [1, 5])
def test_a_clock_that_is_set_cuts_no_flow(step_ns: int, at: int) -> None:
    packets = Talk().greet().say(*SESSION).packets
    packets[at:] = [replace(sent, ts_ns=sent.ts_ns + step_ns) for sent in packets[at:]]
    asked = live()
    states: list[Hit] = []
    for sent in packets:
        states += asked.feed(make_batch([sent])) + asked.tick()
    assert all(state.open for state in states)
    assert states[-1].stage is Stage.MINING
    assert asked.matcher.counts()["flows"] == 1
    assert asked.counts["clock_steps"] == 1
    assert abs(asked.clock_step - step_ns / 10**9) < 60
    assert abs(asked.now_ns - packets[-1].ts_ns) < 60 * 10**9
    (last,) = asked.finish()
    assert last.last_ns == max(packets[-1].ts_ns, last.first_ns)


@pytest.mark.parametrize("away_ns", [-2 * HOUR_NS, 2 * HOUR_NS, YEAR_NS])
def test_frames_with_another_clock_cut_no_flow(away_ns: int) -> None:
    """One interface's clock may be another one's for ever."""
    packets = Talk().greet().say(*SESSION).packets
    asked = live()
    states: list[Hit] = []
    for sent in packets:
        states += asked.feed(make_batch([sent])) + asked.tick()
        asked.feed(make_batch([Sent(sent.ts_ns + away_ns, OTHER)]))
        states += asked.tick()
    assert all(state.open for state in states)
    assert states[-1].stage is Stage.MINING
    assert asked.counts["clock_steps"] == 0
    assert asked.clock_step == 0


def test_a_flow_from_before_a_step_is_not_the_last_to_go() -> None:
    asked = live(limits=Limits(flows=64))
    for number in range(64):
        other = tcp_frame((f"10.9.0.{number}", 1), ("10.9.9.8", 2))
        asked.feed(make_batch([Sent(NOON_NS + YEAR_NS + number, other)]))
    asked.tick()
    packets = Talk().greet().say(*SESSION).packets
    for number, sent in enumerate(packets):
        other = tcp_frame((f"10.9.1.{number}", 1), ("10.9.9.8", 2))
        asked.feed(make_batch([sent, Sent(sent.ts_ns, other)]))
    counts = asked.matcher.counts()
    assert counts["evicted"] >= len(packets)
    assert counts["flows"] == 64 + 1 + len(packets)
    assert [hit.stage for hit in asked.tick()] == [Stage.MINING]


def test_idle_flows_end_though_the_wire_is_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = live(limits=Limits(flows=64, flow_idle_seconds=60))
    asked.feed(make_batch(Talk().greet().say(*SESSION).packets))
    asked.tick()
    passed = asked.matcher.last_ns, 0.0
    pass_seconds(monkeypatch, 100)
    assert [hit.open for hit in asked.tick()] == [False]
    assert asked.matcher.last_ns == passed[0]


def test_a_flow_to_a_listed_address_is_told_of_while_it_lasts() -> None:
    row = catalog().endpoints[0]
    at = row.seen_until.toordinal() - NOON_DAY
    when = NOON_NS + at * 86_400 * 10**9
    talk = Talk(pool=(row.address, row.port or 3333), ts_ns=when).greet()
    talk.send(MINER, b"\x01\x02")
    asked = live()
    asked.feed(make_batch(talk.packets))
    (state,) = asked.tick()
    assert state.open
    assert state.endpoint >= 0


def test_flows_without_a_word_are_told_within_bounds() -> None:
    settings = LiveSettings(settle_seconds=0, refresh_seconds=0, sweep_seconds=0, bare_states=10)
    asked = LiveMatcher(catalog(), LIMITS, settings, seed=1)
    row = catalog().endpoints[0]
    packets = [
        Sent(
            NOON_NS + n,
            tcp_frame(
                (f"10.0.{n // 250}.{n % 250 + 1}", 999), (row.address, row.port or 1), flags=2
            ),
        )
        for n in range(50)
    ]
    asked.feed(make_batch(packets))
    assert len(asked.tick()) == 10
    assert asked.counts["bare_flows_shed"] == 40


def test_another_catalogue_loses_no_flow() -> None:
    talk = Talk().greet().say(*SESSION)
    asked = live()
    half = len(talk.packets) // 2
    asked.feed(make_batch(talk.packets[:half]))
    old = catalog()
    asked.use(replace_rows(old))
    asked.feed(make_batch(talk.packets[half:]))
    (hit,) = asked.finish()
    whole = live()
    whole.feed(make_batch(talk.packets))
    assert [hit] == whole.finish()


def test_an_address_that_is_listed_from_now_on_counts_for_open_flows() -> None:
    old = catalog()
    row = old.endpoints[-1]
    asked = live(replace(old, endpoints=old.endpoints[:-1]))
    talk = Talk(pool=(row.address, row.port or 3333)).greet()
    asked.feed(make_batch(talk.packets))
    assert asked.tick() == []
    asked.use(old)
    (state,) = asked.tick()
    assert state.endpoint == len(old.endpoints) - 1
    asked.use(replace(old, endpoints=()))
    (last,) = asked.finish()
    assert is_empty(last)


def test_networks_keep_their_rows_when_others_come_before_them() -> None:
    old = catalog()
    asked = live()
    starts = asked.matcher.table.starts
    asked.feed(make_batch(Talk().greet().packets))
    starts["prefix"][0] = 0
    asked.use(replace(old, prefixes=(replace_network(old.prefixes[0]), *old.prefixes)))
    assert starts["prefix"][0] == 1
    asked.use(replace(old, prefixes=()))
    assert starts["prefix"][0] == -1
    assert np.count_nonzero(starts["prefix"][:1] >= 0) == 0


def is_empty(hit: Hit) -> bool:
    return not (hit.signatures or hit.names or hit.endpoint >= 0 or hit.prefix >= 0)


def replace_network(row: PrefixRow) -> PrefixRow:
    return msgspec.structs.replace(row, network="203.0.113.0/24")


def replace_rows(old: Catalog) -> Catalog:
    return replace(old, endpoints=old.endpoints[1:], prefixes=old.prefixes[1:])


def test_a_flow_of_which_nothing_is_left_to_say_is_given_once_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    old = catalog()
    row = old.endpoints[-1]
    asked = live()
    asked.feed(make_batch(Talk(pool=(row.address, row.port or 3333)).greet().packets))
    (state,) = asked.tick()
    asked.use(replace(old, endpoints=()))
    pass_seconds(monkeypatch, LIMITS.flow_idle_seconds + 1)
    (last,) = asked.tick()
    assert (last.key, last.first_packet, last.open) == (state.key, state.first_packet, False)
    assert is_empty(last)
