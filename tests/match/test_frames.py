"""The binary dialects: what each frame means, however it is cut, and what is none."""

from __future__ import annotations

import itertools
import tomllib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pcaps import forge

from poolwatch.match.channel import Channel
from poolwatch.match.dialects import framings, get_dialect
from poolwatch.match.dialects.sv2noise import Lengths, may_begin
from poolwatch.match.framing import Unlike
from poolwatch.match.message import Piece, Tally
from poolwatch.settings import Limits
from poolwatch.terms import Grade, Hit, Stage
from tests.running import MINER, POOL, Reading, judged

FRAMED = ("btcagent", "stratum-v2", "betterhash", "alephium-node", "zkwork")


def said(transcript: str, part: str = "session", line_end: str = "") -> list[tuple[int, bytes]]:
    """What a transcript of pcaps/ says, as bytes of both sides."""
    flow: dict[str, Any] = {
        "miner": "10.0.0.5:50001",
        "pool": "198.51.100.7:3333",
        "transcript": transcript,
        "part": part,
        "line_end": line_end,
    }
    talk = forge.Conversation(flow, {"title": transcript}, 0)
    return [(MINER if side == "C" else POOL, data) for side, _, data in talk._lines()]


def read(pairs: list[tuple[int, bytes]], limits: Limits | None = None) -> Hit:
    reading = Reading(limits or Limits())
    for side, data in pairs:
        reading.send(side, data)
    return reading.hit()


def facts_of(hit: Hit) -> tuple[object, ...]:
    return (
        hit.dialect,
        hit.stage,
        hit.shares,
        hit.jobs,
        hit.agent,
        hit.logins,
        hit.difficulty,
        hit.signatures,
        [(quote.shows, quote.text) for quote in hit.quotes if quote.text],
    )


def session(name: str) -> list[tuple[int, bytes]]:
    return said(name, line_end="\n" if name == "btcagent" else "")


@pytest.mark.parametrize("name", FRAMED)
@given(data=st.data())
def test_any_split_gives_the_same(name: str, data: st.DataObject) -> None:
    pairs = session(name)
    cut: list[tuple[int, bytes]] = []
    for side, text in pairs:
        cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=4)))
        edges = [0, *cuts, len(text)]
        cut += [(side, text[a:b]) for a, b in itertools.pairwise(edges) if a < b]
    assert facts_of(read(cut)) == facts_of(read(pairs))


@pytest.mark.parametrize("name", FRAMED)
def test_byte_by_byte_is_the_same(name: str) -> None:
    pairs = session(name)
    single = [(side, bytes([byte])) for side, text in pairs for byte in text]
    assert facts_of(read(single)) == facts_of(read(pairs))


@pytest.mark.parametrize("name", FRAMED)
def test_every_prefix_is_read_without_fault(name: str) -> None:
    for side, text in session(name):
        for size in range(1, min(len(text), 120)):
            for framing in framings():
                framing.opens(text[:size])
                for final in (False, True):
                    try:
                        frame = framing.read(text[:size], final)
                    except Unlike:
                        continue
                    assert frame is None or frame.length > 0
            read([(side, text[:size])])


@given(st.lists(st.tuples(st.integers(0, 1), st.binary(min_size=1, max_size=40)), max_size=8))
def test_any_bytes_behind_a_beginning(pieces: list[tuple[int, bytes]]) -> None:
    for name in FRAMED:
        read([*session(name)[:1], *pieces], Limits(line_bytes=200, stream_bytes=300))


def test_many_miners_on_one_socket() -> None:
    hit = read(session("btcagent"))
    assert hit.logins == ("farm.agent", "s1099", "s1100")
    assert hit.agent == "btccom-agent/1.0.0-mu"
    assert (hit.difficulty, hit.shares.submitted, hit.jobs) == (8192.0, 3, 2)


def test_a_wrong_length_is_trusted_and_the_rest_resynchronised() -> None:
    opening = session("btcagent")[:4]
    wrong = bytes.fromhex("7f012000221163676d696e657200733130393900")  # says 32, has 20
    share = bytes.fromhex("7f020f00a9221144332211ddccbbaa")
    line = b'{"id":9,"method":"mining.extranonce.subscribe","params":[]}\n'
    hit = read([*opening, (MINER, wrong + share + share + line)])
    assert "s1099" in hit.logins
    assert "stratum-extranonce-subscribe" in hit.signatures
    assert hit.shares.submitted == 1  # twelve bytes of the first one were taken for the frame


def test_what_a_stratum_v2_session_shows() -> None:
    hit = read(session("stratum-v2"))
    assert hit.agent == "Bitmain S19j Pro braiins-os-2026-01"
    assert (hit.named_host, hit.login) == ("pool.example.net", "acct.rig7")
    assert (hit.shares.submitted, hit.shares.accepted, hit.shares.rejected) == (4, 3, 1)


def test_facts_of_stratum_v2() -> None:
    facts: list[dict[str, Any]] = []
    channels = [Channel(side, Limits(), Tally()) for side in (MINER, POOL)]
    dialect = get_dialect("stratum-v2")
    for number, (side, data) in enumerate(session("stratum-v2")):
        for message in channels[side].feed(Piece(data, number, 0, number, False)):
            facts += [dict(e.facts) for e in dialect.said(message.body["method"], message)]
    target = ((1 << 224) - 1) >> 16
    assert {"hashes": (1 << 256) / (target + 1)} in facts
    assert {"job": "5/1", "worker": "#5", "nonce": "0badcafe"} in facts
    assert {"nbits": "17031abe"} in facts
    assert {"reject": "low"} in facts
    assert any(fact.get("reported") == pytest.approx(1.04e14, rel=1e-6) for fact in facts)


def test_a_batch_of_accepts_is_bounded() -> None:
    many = bytes.fromhex("00801c140000") + bytes(8) + b"\xff" * 4 + bytes(8)
    assert read([(POOL, many)]).shares.accepted <= 64


# -- what only lengths tell ------------------------------------------------------------------


def noise() -> list[tuple[int, bytes]]:
    return said("stratum-v2-noise")


def test_encrypted_stratum_v2_is_probable_at_most() -> None:
    hit = read(noise())
    assert hit.encrypted
    session = judged(hit)
    assert session is not None
    assert (session.grade, hit.stage) == (Grade.PROBABLE, Stage.MINING)
    assert (hit.shares.submitted, hit.shares.accepted, hit.jobs) == (3, 2, 2)


def test_the_length_of_an_encrypted_login_is_kept() -> None:
    pairs = noise()
    opens = next(n for n, (side, _) in enumerate(pairs) if n > 3 and side == MINER)
    assert read(pairs).login_bytes == len(pairs[opens][1])
    pairs[opens] = (MINER, pairs[opens][1] + b"1")  # rig1 is rig11
    assert read(pairs).login_bytes == len(pairs[opens][1])
    assert read(pairs[:opens]).login_bytes == 0


@given(st.data())
def test_the_handshake_may_be_cut_anywhere(data: st.DataObject) -> None:
    pairs = noise()
    cut: list[tuple[int, bytes]] = []
    for number, (side, text) in enumerate(pairs):
        # The gate asks for both keys whole; behind them the turns count.
        cuts = data.draw(st.lists(st.integers(1, len(text) - 1), max_size=2)) if number > 1 else []
        edges = [0, *sorted(cuts), len(text)] if number < 4 else [0, len(text)]
        cut += [(side, text[a:b]) for a, b in itertools.pairwise(edges) if a < b]
    assert facts_of(read(cut)) == facts_of(read(pairs))


@pytest.mark.parametrize("turn", range(4))
@pytest.mark.parametrize("change", [-1, 1])
def test_a_byte_more_or_less_is_something_else(turn: int, change: int) -> None:
    pairs = noise()
    side, text = pairs[turn]
    pairs[turn] = (side, (text + text)[: len(text) + change])
    hit = read(pairs)
    assert bool(hit.signatures) == (turn == 2)  # the setup may have any of its lengths


def test_a_setup_out_of_bounds_is_something_else() -> None:
    for size in (53, 401):
        pairs = noise()
        pairs[2] = (MINER, bytes(range(256)) * 2)
        pairs[2] = (MINER, pairs[2][1][:size])
        assert read(pairs).signatures == ()


def test_text_and_padding_are_no_keys() -> None:
    line = b'{"id":1,"method":"mining.subscribe","params":["cgminer/4.11.1"]}'
    assert len(line) == 64
    for data in (line, bytes(64), b"\xff" * 64, bytes(range(64)), b"a" * 32, b"STR3\2abcd"):
        assert not may_begin(data)
    assert may_begin(noise()[0][1])
    assert may_begin(b"STR3\1SCHS")


def test_a_line_as_long_as_a_key_is_read() -> None:
    line = b'{"id":1,"method":"mining.subscribe","params":["cgminer/4.11.1"]}'
    assert read([(MINER, line), (POOL, b"x" * 234)]).dialect == "stratum-v1"


def test_the_draft_that_negotiates_in_clear() -> None:
    pairs = [(MINER, b"STR3\1SCHS"), (POOL, b"SCHS"), *said("stratum-v2-noise", "drafts")]
    assert read(pairs).dialect == "stratum-v2-noise"
    assert read([pairs[0], (POOL, b"SCHS!"), *pairs[2:]]).signatures == ()


def test_records_that_share_a_segment() -> None:
    pairs = noise()[:6]
    pairs += [(POOL, bytes(83 + 86)), (MINER, bytes(62 * 2)), (POOL, bytes(58 * 2))]
    pairs += [(MINER, bytes(78)), (MINER, bytes(67)), (POOL, bytes(58))]
    hit = read(pairs)
    assert (hit.shares.submitted, hit.shares.accepted, hit.jobs) == (3, 3, 1)


def test_nothing_is_read_behind_a_hole_in_the_handshake() -> None:
    lengths = Lengths(MINER)
    assert lengths.feed(MINER, Piece(bytes(64), 1, 0, 1, True)) == []
    assert lengths.failed


def test_the_transcripts_are_whole() -> None:
    for name in (*FRAMED, "datum", "stratum-v2-noise"):
        path = forge.HERE / "transcripts" / f"{name}.toml"
        assert tomllib.loads(path.read_text("utf-8"))["session"]
