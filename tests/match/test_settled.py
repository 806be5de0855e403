"""What is read the short way counts for as much as what is read in full."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from poolwatch.match.message import Segment, Tally
from poolwatch.match.stream import Stream
from poolwatch.terms import FlowKey, Hit
from tests import running
from tests.running import LIMITS, MINER, POOL, catalog

H64 = "ab" * 32
WORK = [H64, "01" * 60, "02" * 60, [H64], "20000000", "17034219", "65a0f1c0", True]
KEY = FlowKey(4, 6, 1, 1, 2, 2, 0)
Said = tuple[int, dict[str, Any]]
REAL = running.ROOT.parent / "shared" / "captures" / "mining"


def read(said: list[Said], *, short: bool) -> tuple[Hit, int]:
    """The hit of a conversation, one segment a message, and how many were read the short way."""
    stream = Stream(catalog(), LIMITS, Tally(), (0, 0))
    seqs, taken = [0, 0], 0
    for number, (side, body) in enumerate(said, 1):
        data = json.dumps(body).encode() + b"\n"
        if short and stream.read_again(side, number, seqs[side], data):
            taken += 1
        else:
            stream.feed(Segment(number, number, side, seqs[side], len(data), 54, data))
        seqs[side] += len(data)
    hit = Hit(KEY, 1, 1, len(said), 0, True, (True, True), False, -1)
    stream.finish(hit)
    return hit, taken


def call(side: int, method: str, params: Any, key: Any = None) -> Said:
    return side, {"id": key, "method": method, "params": params}


def answer(key: Any, result: Any, error: Any = None) -> Said:
    return POOL, {"id": key, "result": result, "error": error}


STRATUM = [
    call(MINER, "mining.subscribe", ["m/1"], 1),
    answer(1, [[["mining.notify", "1"]], "00b61738", 4]),
    call(MINER, "mining.authorize", ["a.b", "x"], 2),
    answer(2, True),
    call(POOL, "mining.set_difficulty", [512]),
]
LOGIN: list[Said] = [
    (MINER, {"id": 1, "jsonrpc": "2.0", "method": "login", "params": {
        "login": running.XMR, "pass": "x", "agent": "XMRig/6.21.0"}}),
    (POOL, {"id": 1, "jsonrpc": "2.0", "error": None, "result": {
        "id": "s", "status": "OK", "job": {
            "blob": "07" * 76, "job_id": "0", "target": "b88d0600", "id": "s"}}}),
]  # fmt: skip


def stratum(steps: list[tuple[str, int]]) -> list[Said]:
    """A session in Bitcoin's words, by steps; the number is chosen among what there is."""
    said, waiting, jobs = list(STRATUM), [], ["0"]
    said.append(call(POOL, "mining.notify", ["0", *WORK]))
    for key, (step, pick) in enumerate(steps, 10):
        if step == "job":
            jobs.append(str(key))
            work = [*WORK[:5], f"1703{pick:04x}", *WORK[6:]]
            said.append(call(POOL, "mining.notify", [jobs[-1], *work]))
        elif step == "difficulty":
            said.append(call(POOL, "mining.set_difficulty", [1 << pick % 20]))
        elif step in ("share", "other"):
            worker = "a.b" if step == "share" else f"a.{pick % 5}"
            job = jobs[-1 - pick % len(jobs)] if pick % 3 else "gone"
            said.append(call(MINER, "mining.submit", [worker, job, "00", "65a0f1c0", "01"], key))
            waiting.append(key)
        elif waiting:
            which = waiting.pop(0 if pick % 4 else pick % len(waiting))
            said.append({
                "yes": answer(which, True),
                "no": answer(which, None, [21, "Job not found", None]),
                "false": answer(which, False),
                "strange": answer(str(which), "true"),
            }[step])  # fmt: skip
    return said


def cryptonote(steps: list[tuple[str, int]]) -> list[Said]:
    """A session in CryptoNote's words."""
    said, waiting, jobs = list(LOGIN), [], ["0"]
    for key, (step, pick) in enumerate(steps, 10):
        if step == "job":
            jobs.append(str(key))
            job = {"blob": "07" * 76, "job_id": jobs[-1], "target": f"{pick % 256:02x}8d0600"}
            said.append((POOL, {"jsonrpc": "2.0", "method": "job", "params": job}))
        elif step in ("share", "other", "difficulty"):
            job_id = jobs[-1 - pick % len(jobs)]
            params = {"id": "s", "job_id": job_id, "nonce": f"{pick:08x}", "result": H64}
            said.append(
                (MINER, {"id": key, "jsonrpc": "2.0", "method": "submit", "params": params})
            )
            waiting.append(key)
        elif waiting:
            which = waiting.pop(0)
            yes = {"status": "OK"} if step != "strange" else True
            no = {"code": -1, "message": "Duplicate share"}
            error = None if step in ("yes", "strange") else no
            result = yes if error is None else None
            said.append((POOL, {"id": which, "jsonrpc": "2.0", "error": error, "result": result}))
    return said


STEPS = ("job", "share", "share", "share", "yes", "yes", "yes", "other", "difficulty", "no",
         "false", "strange")  # fmt: skip
steps = st.lists(st.tuples(st.sampled_from(STEPS), st.integers(0, 999)), max_size=120)


@given(steps)
def test_a_stratum_session_counts_the_same(made: list[tuple[str, int]]) -> None:
    said = stratum(made)
    assert read(said, short=True)[0] == read(said, short=False)[0]


@given(steps)
def test_a_cryptonote_session_counts_the_same(made: list[tuple[str, int]]) -> None:
    said = cryptonote(made)
    assert read(said, short=True)[0] == read(said, short=False)[0]


def test_most_of_a_long_session_is_read_the_short_way() -> None:
    said = stratum([("share", 1), ("yes", 1)] * 300)
    _, taken = read(said, short=True)
    assert taken > 0.95 * len(said)


def test_a_new_form_of_work_ends_the_short_way() -> None:
    """Work of another dialect under the same name is read in full, and corrects the first look."""
    said = stratum([("job", n) for n in range(8)])
    said += [call(POOL, "mining.notify", ["j", H64, "0" * 64, True])] * 2
    assert read(said, short=True)[0] == read(said, short=False)[0]


@pytest.mark.parametrize("params", [5, "trucks", None, {"a": 1}, [[]], [{}] * 4])
def test_odd_parameters_are_read_in_full(params: Any) -> None:
    said = stratum([("share", 1), ("yes", 1)] * 4)
    said += [call(MINER, "mining.submit", params, n) for n in (90, 91, 92, 93)]
    assert read(said, short=True)[0] == read(said, short=False)[0]


def test_as_many_odd_parameters_are_a_share_nobody_names() -> None:
    """The one difference: a share of the right size is not asked again which needle it fits."""
    said = stratum([("share", 1), ("yes", 1)] * 4)
    said += [call(MINER, "mining.submit", [{}] * 5, n) for n in (90, 91, 92, 93)]
    short, full = read(said, short=True)[0], read(said, short=False)[0]
    assert short.shares == full.shares
    assert set(full.signatures) - set(short.signatures) == {"stratum-submit-any"}


def hits_of(path: Path) -> list[Hit]:
    return [session.hit for session in running.scan([path]).sessions]


@pytest.mark.skipif(not REAL.is_dir(), reason="no recorded mining at hand")
def test_recorded_sessions_count_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    paths = sorted(p for p in REAL.rglob("*.pcap*") if p.stat().st_size < 400_000)[:60]
    short = [hits_of(path) for path in paths]
    monkeypatch.setattr(Stream, "read_again", lambda *_: False)
    assert [hits_of(path) for path in paths] == short
    assert sum(map(len, short)) > 50
