"""Cutting a capture anywhere, reading the parts alone and merging gives the whole's answer."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from poolwatch.aggregate.places import Inside
from poolwatch.capture.source import Batch
from poolwatch.catalog import Catalog
from poolwatch.match.companions import HostCompanions, inside_rows
from poolwatch.match.matcher import Matcher
from poolwatch.match.slices import merge
from poolwatch.settings import Limits
from poolwatch.terms import Hit
from tests import running
from tests.running import ACK, FIN, MINER, POOL, PSH, RST, SCENARIOS, SYN, Sent

LIMITS = Limits(
    flows=512,
    learned_addresses=512,
    resolvers=64,
    opening_bytes=1 << 20,
    companion_hosts=256,
    companion_rows=1024,
    fetches=64,
)
CUTS = 300  # in two of a capture
TRIPLES = 16  # ways to cut each capture in three that are tried, of all there are
INSIDES = inside_rows(Inside().spans())
PAUSE_NS = (LIMITS.flow_idle_seconds + 60) * 10**9

# Which of two GTP tunnels with the same ends inside belong together is told by what came
# first, which a slice does not know when both flows run across the cut.
CUTTABLE = [scenario for scenario in SCENARIOS if scenario != "carrier-gtp-overlap"]


@dataclass(slots=True)
class Slice:
    """A matcher that has read a part of a capture, and the hits it has given."""

    matcher: Matcher
    hits: list[Hit] = field(default_factory=list)

    def join(self, later: Slice) -> Slice:
        before = self.matcher.table.packets
        for hit in later.hits:
            hit.shift(before)
        self.hits += later.hits + merge(self.matcher, later.matcher)
        return self

    def answer(self) -> Answer:
        hits = self.hits + self.matcher.finish(last=False)
        hits.sort(key=lambda hit: hit.first_packet)
        table = self.matcher.companions
        assert table is not None
        companions = {position: table.of(position) for position in table.positions()}
        return Answer(hits, self.matcher.counts(), self.matcher.not_understood(), companions)


@dataclass(frozen=True, slots=True)
class Answer:
    hits: list[Hit]
    counts: dict[str, int]
    not_understood: dict[str, int]
    companions: dict[int, HostCompanions | None]


def read(batch: Batch, start: int, stop: int, using: Catalog, limits: Limits = LIMITS) -> Slice:
    matcher = Matcher(using, limits, first=start == 0, seed=start, insides=INSIDES)
    part = running.part_of(batch, start, stop)
    return Slice(matcher, matcher.feed(part) if part.count else [])


def cut(batch: Batch, cuts: Sequence[int], using: Catalog) -> list[Slice]:
    ends = [0, *cuts, batch.count]
    return [read(batch, start, stop, using) for start, stop in pairwise(ends)]


def places(scenario: str, count: int) -> list[int]:
    """Where to cut in two: at every record, of long captures at as many as there is time for."""
    every = range(1, count)
    return sorted(random.Random(scenario).sample(every, min(len(every), CUTS)))


@pytest.mark.parametrize("scenario", CUTTABLE)
def test_cut_in_two(scenario: str) -> None:
    batch, using = running.read_batch(running.capture_of(scenario)), running.catalog_of(scenario)
    whole = read(batch, 0, batch.count, using).answer()
    for at in places(scenario, batch.count):
        first, later = cut(batch, [at], using)
        assert first.join(later).answer() == whole, f"cut at record {at}"


@pytest.mark.parametrize("scenario", CUTTABLE)
def test_cut_in_three_and_merged_in_either_order(scenario: str) -> None:
    batch, using = running.read_batch(running.capture_of(scenario)), running.catalog_of(scenario)
    whole = read(batch, 0, batch.count, using).answer()
    chance = random.Random(scenario)
    pairs = [(i, j) for i in range(1, batch.count) for j in range(i + 1, batch.count)]
    for cuts in chance.sample(pairs, min(len(pairs), TRIPLES)):
        a, b, c = cut(batch, cuts, using)
        assert a.join(b).join(c).answer() == whole, f"({cuts}) from the left"
        a, b, c = cut(batch, cuts, using)
        assert a.join(b.join(c)).answer() == whole, f"({cuts}) from the right"


@pytest.mark.parametrize(
    "scenario", ["office", "port-reuse", "wire-small-segments", "getwork-http-clean"]
)
def test_cut_at_all_records_at_once(scenario: str) -> None:
    batch, using = running.read_batch(running.capture_of(scenario)), running.catalog_of(scenario)
    whole = read(batch, 0, batch.count, using).answer()
    first, *rest = cut(batch, range(1, min(batch.count, 64)), using)
    for later in rest:
        first.join(later)
    assert first.answer() == whole


# -- made-up traffic ---------------------------------------------------------------------

SUBSCRIBE = b'{"id":1,"method":"mining.subscribe","params":["cgminer/4.11.1"]}\n'
AUTHORIZE = b'{"id":2,"method":"mining.authorize","params":["a.b","x"]}\n'
SUBMIT = b'{"id":4,"method":"mining.submit","params":["a.b","j1","00","65a0f1c0","00000001"]}\n'
SAYINGS = {
    MINER: (
        SUBSCRIBE,
        AUTHORIZE,
        SUBMIT,
        SUBMIT[:30],
        SUBMIT[30:],
        b'{"hello": "world"}\n',
        b"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET /x.sh HTTP/1.1\r\nHost: 198.51.100.7\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 46\r\n\r\n",
        b'{"method": "getwork", "params": [], "id": 1.0}',
        b"\x16\x03\x01\0\x05hello",
        b"plain text\n",
        b"",
    ),
    POOL: (
        b'{"id":1,"result":[[["mining.notify","1"]],"00b61738",4],"error":null}\n',
        b'{"id":2,"result":true,"error":null}\n',
        b'{"id":4,"result":true,"error":null}\n',
        b'{"id":null,"method":"mining.set_difficulty","params":[32000]}\n',
        b'{"id":1,"error":[20,"no",null],"result":null}\n',
        b"HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno",
        b"",
    ),
}
KEYS = (
    (("10.0.0.5", 50001), ("198.51.100.7", 3333)),
    (("10.0.0.5", 50002), ("198.51.100.7", 3333)),
    (("198.51.100.7", 3333), ("10.0.0.6", 50001)),
)


@dataclass(slots=True)
class Connection:
    """What one key's packets went through so far; a new SYN begins it anew."""

    ends: tuple[tuple[str, int], tuple[str, int]]
    seqs: list[int] = field(default_factory=lambda: [77, 7077])
    used: bool = True
    answered: bool = False
    data: list[bytes] = field(default_factory=list)  # frames that can be captured again

    def packet(self, draw: st.DrawFn, *, syn_again: bool) -> bytes:
        what = draw(st.sampled_from(("say", "say", "say", "say", "again", "syn", "syn", "end")))
        side = draw(st.sampled_from((MINER, POOL)))
        if what == "again" and self.data:
            return draw(st.sampled_from(self.data))
        if what == "end":
            self.used = True
            return self._frame(side, b"", draw(st.sampled_from((FIN | ACK, RST))))
        if what == "syn":
            return self._syn(draw, syn_again)
        payload = draw(st.sampled_from(SAYINGS[side]))
        self.used |= bool(payload)
        frame = self._frame(side, payload, PSH | ACK)
        self.data += [frame] if payload else []
        return frame

    def _syn(self, draw: st.DrawFn, again: bool) -> bytes:
        if self.used:
            self.seqs = [draw(st.integers(0, 2**32 - 1)), draw(st.integers(0, 2**32 - 1))]
            self.used, self.answered, self.data = False, False, []
            return self._repeatable(MINER, SYN)
        if again and draw(st.booleans()):
            return self._repeatable(MINER, SYN)
        if again or not self.answered:
            self.answered = True
            return self._repeatable(POOL, SYN | ACK)
        return self._frame(MINER, b"", ACK)

    def _repeatable(self, side: int, flags: int) -> bytes:
        self.seqs[side] -= 1
        return self._frame(side, b"", flags)

    def _frame(self, side: int, payload: bytes, flags: int) -> bytes:
        ends = self.ends if side == MINER else self.ends[::-1]
        frame = running.tcp_frame(*ends, payload, seq=self.seqs[side], flags=flags)
        self.seqs[side] += len(payload) + bool(flags & (SYN | FIN))
        return frame


@st.composite
def packets(draw: st.DrawFn) -> list[Sent]:
    """Packets of a few flows: the same keys again, SYN repeated, pauses, retransmissions."""
    now = running.NOON_NS
    connections = [Connection(ends) for ends in KEYS]
    syn_again = draw(st.booleans())
    made: list[Sent] = []
    for _ in range(draw(st.integers(2, 40))):
        now += draw(st.sampled_from((1_000_000, 1_000_000, 10**9, PAUSE_NS)))
        connection = draw(st.sampled_from(connections))
        made.append(Sent(now, connection.packet(draw, syn_again=syn_again)))
    if not syn_again:
        for index in draw(st.lists(st.integers(0, len(made) - 2), max_size=5)):
            one, two = made[index : index + 2]
            if min(len(one.data), len(two.data)) > running.FRAME_HEAD:
                made[index : index + 2] = Sent(one.ts_ns, two.data), Sent(two.ts_ns, one.data)
    return made


@given(packets(), st.data())
@settings(deadline=None)
def test_made_up_traffic_cut_in_two(made: list[Sent], data: st.DataObject) -> None:
    batch, using = running.make_batch(made), running.catalog()
    at = data.draw(st.integers(1, len(made) - 1))
    first, later = cut(batch, [at], using)
    assert first.join(later).answer() == read(batch, 0, batch.count, using).answer()


@given(packets(), st.data())
@settings(deadline=None)
def test_made_up_traffic_cut_in_three(made: list[Sent], data: st.DataObject) -> None:
    batch, using = running.make_batch(made), running.catalog()
    one = data.draw(st.integers(0, len(made)))
    two = data.draw(st.integers(one, len(made)))
    cuts = sorted({one, two} - {0, len(made)})
    left = cut(batch, cuts, using)
    right = cut(batch, cuts, using)
    whole = read(batch, 0, batch.count, using).answer()
    for later in left[1:]:
        left[0].join(later)
    assert left[0].answer() == whole
    while len(right) > 1:
        last = right.pop()
        right[-1].join(last)
    assert right[0].answer() == whole
