"""EthereumStratum/2.0.0 after a hello that agrees on gzip."""

from __future__ import annotations

import gzip
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from poolwatch.match.gunzip import Gunzip
from poolwatch.settings import Limits
from poolwatch.terms import Stage
from tests.running import MINER, POOL, Reading

HELLO = (
    '{"id":0,"method":"mining.hello","params":{"agent":"ethminer-0.17","host":"pool.test",'
    '"port":"4d2","proto":"EthereumStratum/2.0.0"}}\n'
)
SAID = [
    '{"id":1,"method":"mining.subscribe"}',
    '{"id":2,"method":"mining.authorize","params":["0x1234.rig","x"]}',
    '{"id":3,"method":"mining.submit","params":["bf0488aa","68765fccd712","w-123"]}',
]
ANSWERS = ['{"id":1,"result":"s-12345"}', '{"id":2,"result":"w-123"}', '{"id":3}']


def opened(encoding: str = "gzip", limits: Limits | None = None) -> Reading:
    welcome = {"id": 0, "result": {"proto": "EthereumStratum/2.0.0", "encoding": encoding}}
    reading = Reading(limits or Limits()).send(MINER, HELLO.encode())
    return reading.send(POOL, json.dumps(welcome).encode() + b"\n")


@pytest.mark.parametrize("one_member", [False, True])
@pytest.mark.parametrize("size", [1, 5, 1000])
def test_all_that_follows_is_read(one_member: bool, size: int) -> None:
    reading = opened()
    lines = ["".join(f"{line}\n" for line in said) for said in (SAID, ANSWERS)]
    for side, said in ((MINER, SAID), (POOL, ANSWERS)):
        members = [lines[side]] if one_member else [f"{line}\n" for line in said]
        data = b"".join(gzip.compress(member.encode()) for member in members)
        for at in range(0, len(data), size):
            reading.send(side, data[at : at + size])
    hit = reading.hit()
    assert (hit.dialect, hit.stage) == ("ethereum-stratum-2", Stage.MINING)
    assert (hit.shares.submitted, hit.shares.accepted) == (1, 1)


def test_without_a_word_of_it_nothing_is_unpacked() -> None:
    reading = opened("plain").send(MINER, gzip.compress(SAID[2].encode() + b"\n"))
    assert reading.hit().shares.submitted == 0


def test_a_line_end_may_be_missing_at_the_end_of_a_member() -> None:
    hit = opened().send(MINER, gzip.compress(SAID[2].encode())).hit()
    assert hit.shares.submitted == 1


def test_a_bomb_is_cut_and_the_next_member_read() -> None:
    reading = opened()
    reading.send(MINER, gzip.compress(b"{" + b" " * 50_000_000))
    reading.send(MINER, gzip.compress(SAID[2].encode()))
    assert reading.tally["packed_unreadable"] == 1
    assert reading.hit().shares.submitted == 1


def test_what_does_not_unpack_is_counted() -> None:
    reading = opened().send(MINER, gzip.compress(b"x" * 100)[:12] + bytes(40))
    assert reading.tally["packed_unreadable"] == 1


@given(st.binary(max_size=200), st.integers(1, 64))
def test_any_bytes(data: bytes, bound: int) -> None:
    gunzip = Gunzip(bound)
    while data and not gunzip.dead:
        taken, _ = gunzip.feed(data)
        assert taken > 0
        data = data[taken:]
    assert gunzip.waiting_bytes <= 2 * bound


def test_bytes_wait_within_the_bound() -> None:
    reading = opened(limits=Limits(line_bytes=400))
    reading.send(MINER, gzip.compress(b'{"id":1,"method":"' + b"a" * 1000))
    assert reading.stream.waiting_bytes <= 400
    assert reading.tally["packed_unreadable"] == 1
