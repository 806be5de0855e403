"""Messages recorded or quoted elsewhere, where that collection is at hand.

Those of one source, in order, are a transcript: it leads to its dialect, or to one of several
that the wire cannot tell apart. A line that names a dialect does so by itself; an answer that
any protocol could give says nothing without its request.

To add dialects: one row of TABLE for each label of the collection, taken from LATER.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple

import pytest

from poolwatch.match.dialects import ALIKE, ROWS
from poolwatch.terms import Hit, Strength
from tests import running
from tests.running import MINER, POOL, Reading, read_lines

FILE = running.ROOT.parent / "shared" / "reference" / "vectors.jsonl"
pytestmark = pytest.mark.skipif(not FILE.is_file(), reason=f"no collection of messages at {FILE}")


@dataclass(frozen=True, slots=True)
class Expected:
    """What the lines under one label of the collection lead to.

    `leads_to`: the dialect, or those that cannot be told apart by these lines. `alone`: how
    many lines name it by themselves. `asks`: a request, with `%s` for its id, for answers
    whose own stands nowhere.
    """

    label: str
    leads_to: tuple[str, ...]
    alone: int
    asks: str = ""


V1 = '{"id":%s,"method":"mining.submit","params":["a.b","j1","00","65a0f1c0","00000001"]}'
NICEHASH = '{"id":%s,"method":"mining.submit","params":["test","bf0488aa","cfae7df760"]}'

TABLE = (
    Expected("D01/D02 stratum v1", ("stratum-v1",), 5),
    Expected("D01 stratum v1", ("stratum-v1",), 6),
    Expected("D01 server quirks", ("stratum-v1", "zcash-stratum"), 1),
    Expected("D01 reject quirks", ("stratum-v1",), 0, V1),
    Expected("D03 BIP310", ("stratum-v1",), 2),
    Expected("D12 eth-proxy", ("eth-proxy",), 28),
    Expected("D14 EthereumStratum/1.0.0", ("ethereum-stratum-1",), 3, NICEHASH),
    Expected("D15 EthereumStratum/2.0.0", ("ethereum-stratum-2",), 5),
    Expected("D17 KawPow", ("kawpow-stratum",), 0),
    Expected("D19 cryptonote", ("cryptonote",), 6),
    Expected("D19/D20 cryptonote xmrig", ("cryptonote",), 1),
    Expected("D23 equihash", ("zcash-stratum",), 10),
    Expected("D25 kHeavyHash NiceHash", ("kaspa-stratum",), 0),
    Expected("D25 kHeavyHash bridge", ("kaspa-stratum",), 2),
    Expected("D28 Ergo", ("stratum-v1", "ergo-stratum"), 2),  # without work
    Expected("D29 Conflux", ("conflux-stratum",), 3),
    Expected("D30 Grin", ("grin-stratum",), 1),
    Expected("D31 Beam", ("beam-stratum",), 0),
    Expected("D33 CKB", ("ckb-stratum",), 3),
    Expected("D34 Kadena", ("kadena-stratum",), 1),
    Expected("D38 Iron Fish v2", ("ironfish-stratum",), 4),
    Expected("D43 Xelis", ("xelis-stratum",), 0),
    Expected("D46 Qubic Qatum", ("qatum",), 1),
)
LATER = {
    "D06 discovery (UDP 239.3.3.3:3333)",
    "D07 BTCAgent (hex)",
    "D50 Coinhive (WebSocket text)",
    "D52 webminerpool (WebSocket text)",
}
IDS = [row.label for row in TABLE]


class Line(NamedTuple):
    """One message of the collection."""

    label: str
    source: str
    side: int
    text: str

    @property
    def body(self) -> dict[str, Any]:
        body: dict[str, Any] = json.loads(self.text)
        return body


@cache
def collection() -> tuple[Line, ...]:
    rows = [json.loads(line) for line in FILE.read_text("utf-8").splitlines()]
    return tuple(
        Line(row["dialect"], row["source"], MINER if row["dir"] == "C" else POOL, row["msg"])
        for row in rows
    )


def transcripts(label: str) -> Iterator[list[Line]]:
    """The lines of one label, those of one source together."""
    sources = dict.fromkeys(line.source for line in collection() if line.label == label)
    for source in sources:
        yield [line for line in collection() if (line.label, line.source) == (label, source)]


def with_requests(lines: list[Line], asks: str) -> list[tuple[int, str]]:
    """The lines to send; a request before each answer to none, or to one answered already."""
    said: list[tuple[int, str]] = []
    asked: dict[str, str] = {}
    waiting: set[str] = set()
    for line in lines:
        key = str(line.body.get("id"))
        if line.side == MINER:
            asked[key] = line.text
            waiting.add(key)
        elif "method" not in line.body and key not in waiting:
            request = asked.get(key) or (asks and asks % json.dumps(line.body["id"]))
            said += [(MINER, request)] if request else []
        else:
            waiting.discard(key)
        said.append((line.side, line.text))
    return said


def named_by(hit: Hit) -> str | None:
    """The dialect that a hit is sure of."""
    return hit.dialect if {Strength.SAFE, Strength.BARE} & set(hit.strength) else None


def test_every_label_of_the_collection_is_accounted_for() -> None:
    labels = {line.label for line in collection()}
    assert labels == {*IDS, *LATER}
    assert {name for row in TABLE for name in row.leads_to} <= set(ROWS)


@pytest.mark.parametrize("row", TABLE, ids=IDS)
def test_a_transcript_leads_to_its_dialect(row: Expected) -> None:
    for lines in transcripts(row.label):
        reading = Reading()
        for side, text in with_requests(lines, row.asks):
            reading.send(side, text.encode() + b"\n")
        conversation, hit = reading.stream.conversation, reading.hit()
        assert hit.dialect in row.leads_to, lines[0].source
        assert hit.miner_side == MINER
        assert (conversation.misses, hit.misplaced) == (0, (0, 0))


@pytest.mark.parametrize("row", TABLE, ids=IDS)
def test_lines_that_name_the_dialect_do_so_by_themselves(row: Expected) -> None:
    alike = {a.called for a in ALIKE if set(a.dialects) & set(row.leads_to)}
    alone = 0
    for lines in transcripts(row.label):
        for line in lines:
            named = named_by(read_lines((line.side, line.text)))
            alone += named in row.leads_to
            assert named is None or named in {*row.leads_to, *alike}, line.text
    assert alone == row.alone


@pytest.mark.parametrize("row", TABLE, ids=IDS)
def test_answers_anybody_could_give_say_nothing_alone(row: Expected) -> None:
    for lines in transcripts(row.label):
        for line in lines:
            body = line.body
            answers = "method" not in body and (
                set(body) == {"id"} or {"result", "error"} & set(body)
            )
            if line.side == POOL and answers and body.get("result") in (True, None):
                assert read_lines((POOL, line.text)).dialect is None, line.text


def test_how_much_of_the_collection_is_read(capsys: pytest.CaptureFixture[str]) -> None:
    labels = {row.label: row for row in TABLE}
    lines = Counter(line.label in labels for line in collection())
    alone = sum(row.alone for row in TABLE)
    with capsys.disabled():
        sys.stdout.write(
            f"\n{lines[True]} of {lines.total()} messages in {len(TABLE)} of "
            f"{len(TABLE) + len(LATER)} labels; {alone} name their dialect by themselves\n"
        )
    assert lines[True] >= 150
