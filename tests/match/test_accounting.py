"""Which job a share names, what it is worth, and that each share counts once."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from poolwatch.match.accounting import Accounting
from poolwatch.match.dialects.base import Act, Event, block_work, reject_kind
from poolwatch.match.message import Tally
from poolwatch.settings import Limits
from poolwatch.terms import Hit, Shares
from tests.running import MINER, NOON_NS, POOL, Reading, Talk, http_answer, http_post, read_lines
from tests.running import match as match_packets

M, P = MINER, POOL
Said = tuple[int, str]
H64 = "ab" * 32
TARGET = "00000000" + "f" * 56  # 2**32 hashes a share


def line(side: int, **members: Any) -> Said:
    return side, json.dumps(members)


def call(side: int, method: str, params: Any, key: Any = None) -> Said:
    return line(side, id=key, method=method, params=params)


def yes(key: Any) -> Said:
    return line(P, id=key, result=True, error=None)


def notify(job: str, *rest: Any) -> Said:
    return call(P, "mining.notify", [job, *(rest or V1_WORK)])


V1_WORK = (H64, "01" * 60, "02" * 60, [H64], "20000000", "17034219", "65a0f1c0", True)
OPEN = [
    call(M, "mining.subscribe", ["m/1"], 1),
    line(P, id=1, result=[[["mining.notify", "1"]], "00b61738", 4], error=None),
    call(M, "mining.authorize", ["a.b", "x"], 2),
    yes(2),
]


def difficulty(number: float) -> Said:
    return call(P, "mining.set_difficulty", [number])


def share(job: str, key: int, worker: str = "a.b") -> Said:
    return call(M, "mining.submit", [worker, job, "00", "65a0f1c0", "00000001"], key)


def numbers(hit: Hit) -> tuple[int, float, int]:
    """Shares of a known difficulty, the sum of these, and shares of an unknown one."""
    work = hit.work
    assert work.numbers.low == work.numbers.high
    return work.numbers.shares, work.numbers.high, work.unweighed


# -- which difficulty holds ----------------------------------------------------------------

FORCE: dict[str, tuple[list[Said], tuple[int, float, int]]] = {
    "what was set before the job": (
        [*OPEN, difficulty(512), notify("1"), share("1", 5), yes(5)],
        (1, 512, 0),
    ),
    "what is set later counts from the next job on": (
        [
            *OPEN, difficulty(512), notify("1"), difficulty(2048), share("1", 5), yes(5),
            notify("2"), share("1", 6), share("2", 7), yes(7), yes(6),
        ],
        (3, 512 + 512 + 2048, 0),
    ),
    "what holds when the share is answered does not matter": (
        [*OPEN, difficulty(512), notify("1"), share("1", 5), difficulty(1), notify("2"), yes(5)],
        (1, 512, 0),
    ),
    "of a job that was given out again its new difficulty": (
        [*OPEN, difficulty(512), notify("1"), difficulty(8), notify("1"), share("1", 5), yes(5)],
        (1, 8, 0),
    ),
    "a job from before the capture": (
        [notify("1"), share("0", 5), yes(5), share("1", 6), yes(6)],
        (0, 0, 2),
    ),
    "known from the first difficulty seen": (
        [share("0", 5), yes(5), difficulty(16), notify("1"), share("1", 6), yes(6)],
        (1, 16, 1),
    ),
    "ids that are equal for all": (
        [
            *OPEN, difficulty(2), notify("1"), share("1", 4), difficulty(8), notify("2"),
            share("2", 4), yes(4), line(P, id=4, result=False, error=[21, "late", None]),
        ],
        (1, 2, 0),
    ),
    "a difficulty that is none": (
        [*OPEN, difficulty(-5), notify("1"), share("1", 5), yes(5)],
        (0, 0, 1),
    ),
    "a number for a name": (
        [*OPEN, difficulty(4), call(P, "mining.notify", ["17", *V1_WORK]), share("17", 5), yes(5)],
        (1, 4, 0),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FORCE)
def test_the_difficulty_in_force_is_that_of_the_job_a_share_names(name: str) -> None:
    said, wanted = FORCE[name]
    assert numbers(read_lines(*said)) == wanted


# -- by day, and by the target of the block -------------------------------------------------

EASY = (*V1_WORK[:5], "1d00ffff", *V1_WORK[6:])
DAY_NS = 86_400 * 10**9


def test_shares_are_counted_against_the_target_of_their_own_job() -> None:
    said = [*OPEN, difficulty(512), notify("1"), notify("2", *EASY), share("1", 5), yes(5)]
    said += [share("2", 6), yes(6), share("0", 7), yes(7)]
    days = read_lines(*said).work.days
    day = days[NOON_NS // DAY_NS, True]
    hard, easy = block_work(V1_WORK[5]), block_work(EASY[5])
    assert hard is not None
    assert easy is not None
    assert day.number_blocks == pytest.approx(512 / hard + 512 / easy)
    assert (day.numbers.shares, days[NOON_NS // DAY_NS, False].unweighed) == (2, 1)


def test_each_day_counts_apart_up_to_a_bound() -> None:
    accounting, tally = Accounting(Limits(flow_days=2)), Tally()
    facts = {"job": "1", "hashes": 1e6, "height": 7}
    accounting.take(Event(Act.JOB, facts), None, NOON_NS, tally)
    for number in (0, 0, 1, 2):
        sent = accounting.sent({"job": "1"}, NOON_NS + number * DAY_NS, tally)
        accounting.accepted(sent, NOON_NS + number * DAY_NS, tally)
    days = accounting.work.days
    assert [day.hashes.shares for day in days.values()] == [2, 1]
    assert [day.height for day in days.values()] == [7, 7]
    assert (accounting.work.hashes.shares, tally["days_left_out"]) == (4, 1)


# -- what the wire says a share stands for -------------------------------------------------

XJOB = {"blob": "06" * 76, "job_id": "j", "target": "b88d0600"}
LOGIN = line(M, id=1, method="login", params={"login": "4x", "pass": "x", "agent": "XMRig/6.21.0"})
XSHARE = call(M, "submit", {"id": "s", "job_id": "j", "nonce": "220c0000", "result": H64}, 2)
XYES = line(P, id=2, result={"status": "OK"}, error=None)


def xmr(**job: Any) -> list[Said]:
    return [
        LOGIN,
        line(P, id=1, result={"id": "s", "job": XJOB | job, "status": "OK"}),
        XSHARE,
        XYES,
    ]


def eth(*work: str) -> list[Said]:
    return [
        line(M, id=2, method="eth_submitLogin", params=["0x9c99/w"]),
        line(P, id=2, result=True),
        line(P, id=0, result=[f"0x{H64}", f"0x{H64}", *work]),
        call(M, "eth_submitWork", ["0x" + "07" * 8, f"0x{H64.upper()}", f"0x{H64}"], 4),
        line(P, id=4, result=True),
    ]


NICEHASH = call(M, "mining.subscribe", ["m/1", "EthereumStratum/1.0.0"], 1)
NICE = [
    NICEHASH,
    line(P, id=1, result=[["mining.notify", "ae68", "EthereumStratum/1.0.0"], "080c"], error=None),
    OPEN[2],
    yes(2),
]
NICE_WORK = (H64, H64, True)
KAWPOW = (H64, H64, TARGET, True, 3_456_789, "1b00ffff")
ZSUB = call(M, "mining.subscribe", ["equihashminer", None, "zec.pool.test", "2142"], 1)
ZWORK = ("04000000", H64, H64, "00" * 32, "65a0f1c0", "1d00ffff", True)
ZSHARE = call(M, "mining.submit", ["a.b", "1", "65a0f1c0", "00" * 28, "fd4005" + "00" * 1344], 4)

# The worked figures are those of the recorded sessions the dialects rest on.
WORTH: dict[str, tuple[list[Said], float]] = {
    "a little-endian target of 4 bytes": (xmr(), 10_000),
    "another": (xmr(target="69ba0000"), 90_002),
    "a little-endian target of 8 bytes": (xmr(target="00000000b88d0600"), 10_000),
    "rx/yada writes its target as a number": (
        xmr(target="00068db8bac710cb", algo="rx/yada"),
        10_000,
    ),
    "a 256-bit target": (eth(f"0x{TARGET}"), 2**32),
    "one whose zeros are left out": (eth("0x" + "f" * 56), 2**32),
    "one of a recorded session": (eth("0x00000000dbe6fece" + "0" * 48), 5e9),
    "EthereumStratum/1.0.0": (
        [*NICE, difficulty(2), notify("1", *NICE_WORK), share("1", 5), yes(5)],
        2 * 2**32,
    ),
    "its difficulty in hashes": (
        [*NICE, difficulty(4e9), notify("1", *NICE_WORK), share("1", 5), yes(5)],
        4e9,
    ),
    "KawPow: the job's own target": (
        [
            *OPEN, call(P, "mining.set_target", ["0000" + "f" * 60]), notify("1", *KAWPOW),
            call(M, "mining.submit", ["a.b", "1", "0x" + "07" * 8, f"0x{H64}", f"0x{H64}"], 5),
            yes(5),
        ],
        2**32,
    ),
    "Equihash: the target set before the job": (
        [
            ZSUB, line(P, id=1, result=["s", "00b61738"], error=None), OPEN[2], yes(2),
            call(P, "mining.set_target", ["003c3c" + "00" * 29]), notify("1", *ZWORK), ZSHARE,
            yes(4),
        ],
        1088,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", WORTH)
def test_what_the_wire_says_a_share_stands_for(name: str) -> None:
    said, hashes = WORTH[name]
    work = read_lines(*said).work
    assert (work.hashes.shares, work.numbers.shares, work.unweighed) == (1, 0, 0)
    assert work.hashes.high == pytest.approx(hashes, rel=1e-4)


def test_getwork_names_its_job_by_the_data() -> None:
    data = "00" * 36 + "cd" * 32 + "11" * 60
    later = data[:152] + "ffffffff" + data[160:]  # the nonce filled in
    asked = '{"method":"getwork","params":[],"id":0}'
    work = json.dumps(
        {"id": 0, "error": None, "result": {"data": data, "target": "ff" * 28 + "00" * 4}}
    )
    reading = Reading()
    head = ("X-Mining-Extensions: midstate", "X-Mining-Hashrate: 13500000")
    reading.send(M, http_post(asked, agent="cgminer 3.7.2", headers=head))
    reading.send(P, http_answer(work))
    sent = json.dumps({"method": "getwork", "params": [later], "id": 1})
    reading.send(M, http_post(sent, agent="cgminer 3.7.2", headers=head))
    reading.send(P, http_answer('{"id":1,"error":null,"result":true}'))
    hit = reading.hit()
    assert hit.work.hashes.high == pytest.approx(2**32)
    assert hit.shares == Shares(1, 1)
    assert hit.work.reported == 13_500_000


# -- rejected shares -----------------------------------------------------------------------

REJECTS: list[tuple[dict[str, Any], str]] = [
    ({"result": None, "error": [21, "Job not found", None]}, "stale"),
    ({"result": None, "error": [22, "whatever", None]}, "duplicate"),
    ({"result": None, "error": [23, "whatever", None]}, "low"),
    ({"result": None, "error": [20, "Other", None]}, "other"),
    ({"error": {"code": -1, "message": "Low difficulty share"}}, "low"),
    ({"error": {"code": -1, "message": "Duplicate share"}}, "duplicate"),
    ({"error": {"code": -1, "message": "Block expired"}}, "stale"),
    ({"error": {"code": -1, "message": "Invalid job id"}}, "stale"),
    ({"error": {"code": 22}}, "duplicate"),
    ({"reject-reason": "Above target 2", "result": False, "error": None}, "low"),
    ({"result": False, "error": "Stale"}, "stale"),
    ({"result": [False, "duplicate"]}, "duplicate"),
    ({"result": False}, "other"),
    ({"result": False, "error": True}, "other"),
    ({"result": None, "error": [None] * 1000 + [21]}, "other"),
]


@pytest.mark.parametrize(("body", "kind"), REJECTS)
def test_why_a_share_was_rejected(body: dict[str, Any], kind: str) -> None:
    assert reject_kind(body) == kind
    hit = read_lines(*OPEN, difficulty(1), notify("1"), share("1", 7), line(P, id=7, **body))
    assert hit.shares == Shares(
        1, 0, 1, stale=kind == "stale", duplicate=kind == "duplicate", low=kind == "low"
    )


# -- each once -----------------------------------------------------------------------------

LONG = [
    *OPEN, difficulty(16), notify("1"),
    *(one for n in range(10, 30) for one in (share("1", n), yes(n))),
    difficulty(64), notify("2"),
    *(one for n in range(30, 40) for one in (share("2", n), yes(n))),
    share("2", 50), line(P, id=50, result=None, error=[22, "Duplicate", None]),
]  # fmt: skip
ONCE = (Shares(31, 30, 1, duplicate=1), (30, 20 * 16 + 10 * 64, 0))


def counted(hit: Hit) -> tuple[Shares, tuple[int, float, int]]:
    return hit.shares, numbers(hit)


@given(st.lists(st.integers(3, 70), max_size=30), st.integers(1, 40))
def test_retransmitted_packets_change_no_count(repeated: list[int], behind: int) -> None:
    packets = Talk().greet().say(*LONG).packets
    for index in sorted(repeated, reverse=True):
        if index < len(packets):
            packets.insert(min(index + behind, len(packets)), packets[index])
    (hit,), _ = match_packets(packets)
    assert counted(hit) == ONCE


@given(st.lists(st.integers(1, 400), min_size=1, max_size=40))
def test_how_bytes_are_cut_into_packets_changes_no_count(sizes: list[int]) -> None:
    reading = Reading()
    waiting = {M: b"", P: b""}
    for turn, (side, text) in enumerate(LONG):
        waiting[side] += text.encode() + b"\n"
        if turn + 1 < len(LONG) and LONG[turn + 1][0] == side:
            continue
        while waiting[side]:
            size = sizes[reading.packet % len(sizes)]
            reading.send(side, waiting[side][:size])
            waiting[side] = waiting[side][size:]
    assert counted(reading.hit()) == ONCE


def test_answers_that_come_twice_count_once() -> None:
    hit = read_lines(*OPEN, difficulty(1), notify("1"), share("1", 7), yes(7), yes(7))
    assert hit.shares == Shares(1, 1)


# -- bounds --------------------------------------------------------------------------------


def test_jobs_are_bounded_and_a_share_for_a_forgotten_one_is_counted() -> None:
    limits = Limits(flow_jobs=4)
    reading = Reading(limits)
    flood = [notify(str(n)) for n in range(100)]
    for side, text in [*OPEN, difficulty(8), *flood, share("3", 5), yes(5), share("98", 6), yes(6)]:
        reading.send(side, text.encode() + b"\n")
    assert numbers(reading.hit()) == (2, 16, 0)
    assert reading.tally["jobs_forgotten"] == 1


def test_workers_are_bounded() -> None:
    reading = Reading(Limits(flow_logins=3))
    for side, text in [*OPEN, notify("1"), *(share("1", n, f"a.{n}") for n in range(9))]:
        reading.send(side, text.encode() + b"\n")
    assert reading.hit().work.crowd == ("workers",)
    assert reading.tally["workers_left_out"] == 6


@pytest.mark.parametrize("number", ["1e400", "NaN", "0", "true", '"5"', "1e300", "null", "[]"])
def test_a_difficulty_nobody_can_mean_is_none(number: str) -> None:
    odd = (P, f'{{"id":null,"method":"mining.set_difficulty","params":[{number}]}}')
    assert numbers(read_lines(*OPEN, odd, notify("1"), share("1", 5), yes(5))) == (0, 0, 1)


# -- many miners, and what miners say ------------------------------------------------------


def xshares(*nonces: str) -> Hit:
    said = xmr()[:2]
    for key, nonce in enumerate(nonces, 10):
        params = {"id": "s", "job_id": "j", "nonce": nonce, "result": H64}
        said += [call(M, "submit", params, key), line(P, id=key, result={"status": "OK"})]
    return read_lines(*said)


@pytest.mark.parametrize(
    ("nonces", "crowd"),
    [
        ([f"{n:06x}5c" for n in range(16)], ("nonce",)),
        ([f"{n:06x}5C" if n % 2 else f"{n:06x}5c" for n in range(20)], ("nonce",)),
        ([f"{n:06x}5c" for n in range(15)], ()),  # may be chance
        ([f"{n:06x}00" for n in range(40)], ()),  # counting up from 0
        ([f"{n:06x}{n % 3:02x}" for n in range(40)], ()),
        ([*(f"{n:06x}5c" for n in range(40)), "0000005d"], ()),
    ],
)
def test_a_byte_of_the_nonce_that_never_changes_is_a_pool_s(
    nonces: list[str], crowd: tuple[str, ...]
) -> None:
    assert xshares(*nonces).work.crowd == crowd


@pytest.mark.parametrize(
    ("workers", "crowd"),
    [
        (["a.b"] * 20, ()),
        (["a.b", "a.c"] * 10, ("workers",)),
        (["a.b", "a.c", "a.d"], ("workers",)),
        (["a.b"] * 40 + ["fee"], ()),  # of a developer
        (["a.b"] * 9 + ["fee"], ()),
    ],
)
def test_several_workers_on_one_socket_are_many_miners(
    workers: list[str], crowd: tuple[str, ...]
) -> None:
    shares = [share("1", n, worker) for n, worker in enumerate(workers, 10)]
    assert read_lines(*OPEN, notify("1"), *shares).work.crowd == crowd


def report(rate: str, worker: str | None = None) -> Said:
    more = {"worker": worker} if worker else {}
    return line(M, id=6, method="eth_submitHashrate", params=[rate, f"0x{H64}"], **more)


@pytest.mark.parametrize(
    ("reports", "rate"),
    [
        ([], None),
        ([report("0x1d08a61")], 0x1D08A61),
        ([report("0x1d08a61"), report("0x10")], 16),
        ([report("0x10", "r1"), report("0x20", "r2"), report("0x30", "r1")], 0x50),
        ([report("none")], None),
        ([report("0x" + "f" * 17)], None),
        ([report("0x0")], None),
    ],
)
def test_what_a_miner_says_of_itself_is_kept_apart(reports: list[Said], rate: float | None) -> None:
    hit = read_lines(*eth(f"0x{TARGET}"), *reports)
    assert hit.work.reported == rate
    assert hit.work.hashes.high == pytest.approx(2**32)


def test_how_long_no_share_was_sent() -> None:
    talk = Talk().say(*OPEN, wait=1).say(difficulty(1), notify("1"), wait=60)
    (idle,), _ = match_packets(talk.packets)
    assert idle.idle_ns == 120 * 10**9  # since the login was taken
    talk.say(share("1", 5), yes(5), notify("2"), wait=30)
    (busy,), _ = match_packets(talk.packets)
    assert busy.idle_ns == 60 * 10**9  # since the share
    (silent,), _ = match_packets(Talk().say(OPEN[0]).packets)
    assert silent.idle_ns is None
    assert busy.seen_last_ns == NOON_NS + 214 * 10**9
