"""Every bound bites where it should, and is counted when it does."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from poolwatch.settings import Limits
from poolwatch.terms import Stage
from tests.match.test_conversation import SESSION, SUBMIT, SUBSCRIBE
from tests.running import ACK, FIN, LIMITS, MINER, POOL, Reading, Talk, http_post, match, read_lines


def talk(number: int, *, start: int = 0) -> Talk:
    made = Talk(miner=("10.0.0.5", 40000 + number))
    made.ts_ns += start + number
    return made.greet()


def test_candidates_beyond_the_bound_are_shed_and_counted() -> None:
    talks = [talk(n).say(*SESSION) for n in range(5)]
    packets = sorted((p for t in talks for p in t.packets), key=lambda packet: packet.ts_ns)
    hits, counts = match(packets, Limits(flows=64, candidates=3))
    assert (counts["candidates"], counts["candidates_shed"]) == (5, 2)
    assert len(hits) == 5  # what was found before stays
    assert sorted(hit.stage for hit in hits)[2:] == [Stage.MINING] * 3
    everything, counts = match(packets, Limits(flows=64))
    assert [hit.stage for hit in everything] == [Stage.MINING] * 5
    assert "candidates_shed" not in counts


def test_who_has_shown_nothing_of_mining_is_shed_first() -> None:
    talks = [talk(0).say(*SESSION[:4])]
    talks += [talk(n, start=n * 10**9).say((MINER, '{"hello":"world"}')) for n in range(1, 6)]
    packets = sorted((p for t in talks for p in t.packets), key=lambda packet: packet.ts_ns)
    packets += [replace(p, ts_ns=p.ts_ns + 10**11) for p in talk(0).say(*SESSION).packets[7:]]
    hits, counts = match(packets, Limits(flows=64, candidates=3))
    assert counts["candidates_shed"] >= 3
    assert [hit.stage for hit in hits] == [Stage.MINING]


def test_connections_that_have_ended_make_room() -> None:
    packets = []
    for n in range(5):
        one = talk(n, start=n * 10**9).say(*SESSION).send(MINER, b"", FIN | ACK)
        packets += one.packets
    hits, counts = match(packets, Limits(flows=64, candidates=2))
    assert [hit.stage for hit in hits] == [Stage.MINING] * 5
    assert counts["candidates_ended_early"] >= 3
    assert "candidates_shed" not in counts


def test_requests_beyond_the_bound_are_forgotten_and_counted() -> None:
    submits = [SUBMIT.replace('"id":3', f'"id":{n}') for n in range(10)]
    yes = '{"id":%d,"result":true}'
    reading = Reading(Limits(open_requests=4))
    for line in submits:
        reading.send(MINER, line.encode() + b"\n")
    reading.send(POOL, (yes % 9).encode() + b"\n").send(POOL, (yes % 1).encode() + b"\n")
    hit = reading.hit()
    assert (hit.shares.submitted, hit.shares.accepted) == (10, 1)
    assert reading.tally["requests_forgotten"] == 6


def test_heads_beyond_the_bound_are_forgotten_and_counted() -> None:
    post = http_post('{"method":"getwork","params":[],"id":0}')
    cut = post.index(b"\r\n\r\n") + 4
    talks = []
    for n in range(8):  # all heads, then all bodies
        one = talk(n).send(MINER, post[:cut], wait=1.0).send(MINER, post[cut:], wait=1.0)
        talks.append(one)
    packets = sorted((p for t in talks for p in t.packets), key=lambda packet: packet.ts_ns)
    hits, counts = match(packets, Limits(flows=64, heads=4))
    assert counts["heads_forgotten"] > 0
    plenty, counts = match(packets, Limits(flows=64))
    assert len(plenty) == 8
    assert "heads_forgotten" not in counts
    assert len(hits) <= 8


def test_evidence_is_bounded_and_counted() -> None:
    reading = Reading(Limits(evidence_spans=1))
    for side, line in SESSION:
        data = line.encode() + b"\n"
        for start in range(0, len(data), 30):
            reading.send(side, data[start : start + 30])
    hit = reading.hit()
    assert {quote.shows for quote in hit.quotes} >= {"greeting", "job", "submit", "accept"}
    assert len(hit.quotes) == len({quote.shows for quote in hit.quotes})
    assert reading.tally["quotes_cut"] > 0
    assert hit.stage is Stage.MINING


def test_a_quote_is_as_long_as_its_bound() -> None:
    line = SUBSCRIBE.replace("cgminer", "c" * 400)
    quote = read_lines((MINER, line), limits=Limits(quote_chars=50)).quotes[0]
    assert quote.text == line[:50]
    assert quote.length == len(line) + 1


@pytest.mark.parametrize(("chars", "kept", "cut"), [(5, "abcde", 1), (6, "abcdef", 0)])
def test_text_from_the_wire_is_cut_and_counted(chars: int, kept: str, cut: int) -> None:
    reading = Reading(Limits(text_chars=chars))
    line = json.dumps({"id": 1, "method": "mining.subscribe", "params": ["abcdef"]})
    reading.send(MINER, line.encode() + b"\n")
    assert reading.hit().agent == kept
    assert reading.tally["texts_cut"] == cut


def test_a_flow_without_mining_is_left_alone_after_some_messages() -> None:
    limits = Limits(patience_messages=3, flows=64)
    chatter = [(MINER, '{"hello":"world"}')] * 4
    hits, counts = match(talk(1).say(*chatter, *SESSION).packets, limits)
    assert hits == []
    assert counts["candidates_dismissed"] == 1
    hits, counts = match(talk(1).say(*chatter[:2], *SESSION).packets, limits)
    assert [hit.stage for hit in hits] == [Stage.MINING]
    assert "candidates_dismissed" not in counts


def test_a_flow_without_mining_is_left_alone_after_some_bytes() -> None:
    limits = Limits(patience_bytes=1000, flows=64)
    long = (MINER, '{"hello":"%s"}' % ("x" * 1200))
    hits, counts = match(talk(1).say(long, *SESSION).packets, limits)
    assert (hits, counts["candidates_dismissed"]) == ([], 1)


def test_a_flow_that_mines_is_never_left_alone() -> None:
    limits = Limits(patience_messages=3, patience_bytes=1000, patience_junk=100, flows=64)
    chatter = [(POOL, '{"hello":"%s"}' % ("x" * 300))] * 20
    hits, _ = match(talk(1).say(*SESSION[:5], *chatter, *SESSION[5:]).packets, limits)
    assert [hit.stage for hit in hits] == [Stage.MINING]


def test_flows_beyond_the_bound_are_evicted_and_counted() -> None:
    packets = [p for n in range(40) for p in talk(n, start=n * 10**8).packets]
    _, counts = match(packets, Limits(flows=16))
    assert counts["evicted"] > 0
    assert counts["flows"] >= 40
    _, counts = match(packets, LIMITS)
    assert (counts["evicted"], counts["flows"]) == (0, 40)


def test_whoever_mines_is_evicted_last() -> None:
    packets = talk(0).say(*SESSION).packets
    for n in range(1, 60):
        packets = packets + talk(n, start=n * 10**8).packets
    hits, counts = match(packets, Limits(flows=16))
    assert counts["evicted"] > 0
    assert [hit.stage for hit in hits] == [Stage.MINING]
    assert hits[0].first_packet == 1
