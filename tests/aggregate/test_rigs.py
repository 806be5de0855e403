"""Machines behind one address: what joins conversations, and what tells them apart."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from poolwatch.aggregate.rigs import Sittings, count_rigs
from poolwatch.aggregate.rigs.clocks import read_clock, same_clock
from poolwatch.aggregate.rigs.counters import one_counter
from poolwatch.aggregate.rigs.names import machine_of, machines_named, unseen
from poolwatch.aggregate.rigs.sitting import Sitting, once_each
from poolwatch.terms import Endpoint, Rigs, Sample

S = 1_000_000_000
POOL = Endpoint("203.0.113.10", 3333)


def stamps(
    boot: float, start: float, end: float, rate: int = 1000, late: float = 0.0
) -> list[Sample]:
    times = [start + (end - start) * step / 9 for step in range(10)]
    ticks = [int((at - boot - late) * rate) % 2**32 for at in times]
    return [Sample(int(at * S), -1, tick) for at, tick in zip(times, ticks, strict=True)]


def sitting(port: int, start: float, end: float, **fields: Any) -> Sitting:
    base = Sitting(
        miner=Endpoint("10.0.0.9", port),
        pool_end=POOL,
        pool=POOL.address,
        port=POOL.port,
        account="wallet",
        worker="pc",
        first_ns=int(start * S),
        last_ns=int(end * S),
        over_ns=int(end * S),
        worked=(int(start * S), int(end * S)),
        shares=10,
        senders=(("wallet.pc", 10),),
        crowd=(),
        introduced=True,
        session_id=None,
        clock=None,
        stamped=False,
        ids=(),
        ttl=-1,
    )
    return base._replace(**fields)


def counted(*sittings: Sitting, served: tuple[Sitting, ...] = ()) -> Rigs:
    kept = Sittings(1000)
    kept.kept = list(sittings)
    rigs = count_rigs(kept, served)
    assert rigs is not None
    return rigs


def span(*sittings: Sitting) -> tuple[int, int | None]:
    rigs = counted(*sittings)
    return rigs.low, rigs.high


# -- clocks ------------------------------------------------------------------------------------


@pytest.mark.parametrize("rate", [100, 250, 1000])
def test_a_clock_is_known_again_in_another_connection(rate: int) -> None:
    one = read_clock(stamps(1000.0, 5000, 5300, rate))
    same = read_clock(stamps(1000.0, 5100, 5500, rate, late=0.003))
    other = read_clock(stamps(1004.0, 5100, 5500, rate))
    assert one
    assert same
    assert other
    assert same_clock(one, same)
    assert not same_clock(one, other)


def test_a_clock_goes_on_over_its_wrap() -> None:
    boot = 5000 - (2**32 - 60_000) / 1000  # a minute before it wraps
    one, two = read_clock(stamps(boot, 5000, 5300)), read_clock(stamps(boot, 5200, 5600))
    assert one
    assert two
    assert same_clock(one, two)


@pytest.mark.parametrize(
    "samples",
    [
        [],
        stamps(0, 5000, 5002),  # too short
        stamps(0, 5000, 5300, rate=777),  # no system's rate
        [Sample(n * S, -1, 5) for n in range(10)],  # it stands
        [Sample(n * S, 7, -1) for n in range(10)],  # none at all
    ],
)
def test_no_clock_is_made_up(samples: list[Sample]) -> None:
    assert read_clock(samples) is None


@given(st.lists(st.tuples(st.integers(0, 2**62), st.integers(-1, 2**32 - 1)), max_size=30))
def test_any_samples_can_be_read(points: list[tuple[int, int]]) -> None:
    clock = read_clock([Sample(at, -1, tick) for at, tick in points])
    assert clock is None or same_clock(clock, clock)


def test_clocks_that_came_back_are_machines_at_once() -> None:
    def rig(boot: float, ports: tuple[int, int]) -> list[Sitting]:
        clocks = [read_clock(stamps(boot, at, at + 200)) for at in (1000, 1300)]
        return [
            sitting(port, at, at + 200, clock=clock, worked=None, shares=0)
            for port, at, clock in zip(ports, (1000, 1300), clocks, strict=True)
        ]

    rigs = counted(*rig(10, (1, 2)), *rig(20, (3, 4)))
    assert (rigs.low, rigs.high) == (2, 2)
    assert "clocks" in rigs.basis


def test_clocks_that_never_come_back_say_nothing() -> None:
    clocks = [read_clock(stamps(boot, 1000, 1200)) for boot in (1, 100, 900)]
    rigs = counted(
        *(
            sitting(n, 1000, 1200, clock=clock, worked=None, shares=0)
            for n, clock in enumerate(clocks)
        )
    )
    assert rigs.low == 1
    assert "clocks say nothing" in rigs.basis


# -- counters ----------------------------------------------------------------------------------


def test_one_counter_joins_and_two_part() -> None:
    one = [(n * S, 100 + 10 * n) for n in range(20)]
    same = [(n * S + S // 2, 105 + 10 * n) for n in range(20)]
    other = [(n * S + S // 2, 40_000 + 10 * n) for n in range(20)]
    assert one_counter(one, same) is True
    assert one_counter(one, other) is False
    assert one_counter(one, [(10_000 * S, 5)]) is None


@pytest.mark.parametrize(("ttl", "low"), [(127, 2), (63, 1)])
def test_two_counters_prove_two_machines_only_of_windows(ttl: int, low: int) -> None:
    ids = [
        tuple((n * S + at, first + 10 * n) for n in range(20))
        for at, first in ((0, 1), (5, 30_000))
    ]
    both = [sitting(n, 0, 20, ids=ids[n], ttl=ttl, worked=None, shares=0) for n in range(2)]
    assert counted(*both).low == low


# -- conversations -----------------------------------------------------------------------------


def test_conversations_at_once_are_machines() -> None:
    assert span(*(sitting(n, 100, 900 + n) for n in range(5))) == (5, 5)


def test_reconnects_are_one_machine() -> None:
    assert span(*(sitting(n, 100 * n, 100 * n + 90) for n in range(8))) == (1, 1)


def test_a_pool_that_restarts_makes_no_more_machines() -> None:
    before = [sitting(n, 0, 500) for n in range(20)]
    after = [sitting(100 + n, 505 + n / 4, 1000) for n in range(20)]
    low, high = span(*before, *after)
    assert low == 20
    assert high is not None
    assert high <= 23


def test_an_old_connection_beside_the_new_one_is_no_second_machine() -> None:
    lost = sitting(1, 0, 500, over_ns=900 * S)
    assert counted(lost, sitting(2, 520, 1000)).low == 1


def test_cards_of_a_machine_are_one() -> None:
    cards = [sitting(n, 0, 500, worker=f"rig1-gpu{n}") for n in range(6)]
    assert counted(*cards).low == 1


def test_a_pool_in_reserve_and_a_fee_are_no_machines() -> None:
    reserve = sitting(2, 0, 1000, pool="backup", worked=None, shares=0)
    fee = sitting(3, 500, 550, account="developer", shares=1)
    assert span(sitting(1, 0, 1000, shares=50), reserve, fee) == (1, 1)


def test_names_tell_machines_apart() -> None:
    rigs = [sitting(n, 0, 100, worker=f"rig{n}", worked=None, shares=0) for n in range(4)]
    assert span(*rigs) == (4, 4)


def test_a_conversation_captured_twice_counts_once() -> None:
    one = sitting(1, 0, 100)
    assert once_each([one, one._replace(shares=3)]) == [one]


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"crowd": ("agent",)}, "does not name its miners"),
        ({"shares": 900}, "more shares on one socket"),
        ({"introduced": False}, "beginning was not seen"),
    ],
)
def test_where_a_proxy_may_be_the_high_is_open(change: dict[str, Any], why: str) -> None:
    rigs = counted(sitting(1, 0, 1000)._replace(**change))
    assert (rigs.low, rigs.high) == (1, None)
    assert why in rigs.basis


def test_encrypted_logins_of_other_lengths_are_of_other_machines() -> None:
    hidden = {"account": "", "worker": None, "worked": None, "shares": 0, "senders": ()}

    def lows(*spans: tuple[float, float, int], **more: Any) -> list[int]:
        sittings = [
            sitting(n, start, end, login_bytes=size, **hidden)._replace(**more)
            for n, (start, end, size) in enumerate(spans)
        ]
        return [count.low for count in counted(*sittings).methods if count.method == "logins"]

    assert lows((0, 100, 90), (10, 110, 91), (20, 120, 91)) == [2]
    assert lows((0, 100, 90), (10, 110, 90)) == [1]
    assert lows((0, 100, 90), (200, 300, 91)) == [1]
    assert lows((0, 100, 0), (10, 110, 0)) == []
    assert lows((0, 100, 90), (10, 110, 91), account="wallet") == []


def test_one_machine_says_that_a_proxy_would_look_the_same() -> None:
    remark = "a proxy that calls itself a miner would look the same"
    assert remark in counted(sitting(1, 0, 1000)).basis
    two = counted(sitting(1, 0, 1000), sitting(2, 0, 1000, worker="other"))
    assert (two.low, remark in two.basis) == (2, False)


def test_workers_on_one_socket_are_counted() -> None:
    senders = tuple((f"wallet.rig{n}", 20) for n in range(7))
    assert span(sitting(1, 0, 1000, senders=senders, crowd=("workers",))) == (7, 7)


def test_a_relay_has_at_least_the_miners_it_serves() -> None:
    served = tuple(sitting(n, 0, 1000, miner=Endpoint(f"10.0.0.{n}", 5000)) for n in range(20, 26))
    rigs = counted(sitting(1, 0, 1000), served=served)
    assert (rigs.low, rigs.high) == (6, None)


def test_what_was_left_out_widens_the_high() -> None:
    kept = Sittings(1)
    kept.kept, kept.left_out = [sitting(1, 0, 100)], 5
    rigs = count_rigs(kept)
    assert rigs is not None
    assert rigs.high == 6


# -- names -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("worker", "machine"),
    [
        ("rig7-gpu2", "rig7"),
        ("Rig7_GPU11", "rig7"),
        ("gpu0", ""),
        ("rig7.card1", "rig7"),
        ("rig7", "rig7"),
        ("uncle3", "uncle3"),
        ("lab-12", "lab-12"),
    ],
)
def test_a_worker_names_its_machine(worker: str, machine: str) -> None:
    assert machine_of(worker) == machine


def test_a_second_name_with_few_shares_is_a_fee() -> None:
    assert machines_named((("a", 95), ("dev", 5))) == {"a": 95}
    assert unseen([4, 5, 6]) == 0
    assert unseen([1, 1, 1, 2]) > 0
