"""JSON from people who mean harm, through the doors that packets come by."""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import poolwatch
from poolwatch.catalog.load import load_rows
from poolwatch.match.dialects import DIALECTS
from poolwatch.match.jsontext import parse_one
from poolwatch.settings import Limits
from poolwatch.terms import Grade, Stage
from tests import running
from tests.match.test_conversation import SESSION
from tests.match.test_fuzz import VALUES
from tests.running import MINER, POOL, Reading, Talk, check_reading, judged, match, read_lines

DEEP = 100_000
HUGE = "9" * 6000  # more digits than Python turns into an integer unasked
BEYOND_FLOAT = "9" * 400
HOSTILE = {
    "deep list": '{"id":1,"method":"mining.submit","params":' + "[" * DEEP + "]" * DEEP + "}",
    "deep object": '{"a":' * DEEP + "1" + "}" * DEEP,
    "deep and open": "[" * DEEP,
    "deep, closed first": "]" * DEEP + "[" * DEEP,
    "huge integer": f'{{"id":{HUGE},"method":"mining.subscribe","params":[]}}',
    "huge integer within": f'{{"id":1,"method":"mining.set_difficulty","params":[{HUGE}]}}',
    "integer beyond a float": f'{{"id":{BEYOND_FLOAT},"method":"mining.set_difficulty",'
    f'"params":[{BEYOND_FLOAT}]}}',
    "huge fraction": f'{{"id":1,"method":"mining.set_difficulty","params":[0.{HUGE}]}}',
    "huge exponent": '{"id":1e400,"method":"mining.set_difficulty","params":[1e999999999]}',
    "tiny exponent": '{"id":-1e-400,"method":"mining.set_difficulty","params":[1e-999999999]}',
    "negative zero": '{"id":-0.0,"method":"mining.set_difficulty","params":[-0]}',
    "not a number": '{"id":NaN,"method":"mining.set_difficulty","params":[NaN]}',
    "infinity": '{"id":Infinity,"method":"mining.set_difficulty","params":[-Infinity]}',
    "lone surrogate": '{"id":"\\ud800","method":"mining.authorize","params":["\\udfff.\\ud800"]}',
    "surrogate as key": '{"id":1,"method":"mining.subscribe","params":[],"\\ud800":1}',
    "method surrogate": '{"id":1,"method":"mining.subscribe\\udc00","params":[]}',
    "zero byte": '{"id":1,"method":"mining.authorize","params":["a\\u0000b","x"]}',
    "many keys": '{"id":1,' + ",".join(f'"k{n}":{n}' for n in range(20000)) + "}",
    "many items": '{"id":1,"method":"mining.submit","params":[' + "1," * 60000 + "1]}",
    "long text": '{"id":1,"method":"mining.authorize","params":["' + "x" * 200_000 + '","x"]}',
    "long method": '{"id":1,"method":"' + "mining." * 20000 + '","params":[]}',
    "id is a list": '{"id":[[[]]],"method":"mining.subscribe","params":[]}',
    "id is an object": '{"id":{"a":{}},"method":"mining.subscribe","params":[]}',
    "method is a list": '{"id":1,"method":["mining.subscribe"],"params":[]}',
    "method is a number": '{"id":1,"method":1e308,"params":[]}',
    "error is deep": '{"id":1,"result":null,"error":' + "[" * 50 + "]" * 50 + "}",
    "bare": "NaN",
    "comma": "," * 5000,
    "quotes": '"' * 5001,
    "escapes": '{"a":"' + "\\" * 5001 + '"}',
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_line_does_no_harm_to_what_follows(name: str) -> None:
    line = HOSTILE[name]
    reading = Reading()
    for side in (MINER, POOL):
        reading.send(side, line.encode("utf-8", "surrogatepass") + b"\n")
    check_reading(reading)
    speaker = POOL if "set_difficulty" in line else MINER
    hit = read_lines((speaker, line), *SESSION)
    assert (hit.stage, hit.shares.accepted) == (Stage.MINING, 1)


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_line_amid_packets(name: str) -> None:
    talk = Talk().greet()
    data = HOSTILE[name].encode("utf-8", "surrogatepass") + b"\n"
    for side in (MINER, POOL):
        for start in range(0, min(len(data), 80_000), 1400):
            talk.send(side, data[start : start + 1400])
    talk.say(*SESSION)
    hits, counts = match(talk.packets)
    assert all(judged(hit) is None or hit.signatures for hit in hits)
    assert all(count >= 0 for count in counts.values())


def test_a_capture_of_hostile_lines_is_scanned(tmp_path: Path) -> None:
    packets = []
    for number, line in enumerate(HOSTILE.values()):
        talk = Talk(miner=("10.0.0.5", 40000 + number)).greet()
        data = line.encode("utf-8", "surrogatepass")[:60_000] + b"\n"
        for start in range(0, len(data), 1400):
            talk.send(MINER, data[start : start + 1400])
        talk.say(*SESSION)
        packets += talk.packets
    path = running.write_pcap(tmp_path / "hostile.pcap", packets)
    for form in ("eve", "table"):
        run = running.command_line("scan", "--format", form, path)
        assert (run.returncode, run.stderr) == (0, b"")
    report = poolwatch.scan(path)
    assert len(report.flows) > 0


# -- numbers ---------------------------------------------------------------------------------

BIG = (2**53, 2**53 + 1, 2**63 - 1, 2**63, 2**63 + 1, 2**64 - 1, 2**64, 2**64 + 1, 10**30)


def submit(key: object) -> str:
    text = '{"id":%s,"method":"mining.submit","params":["w","j1","00000000","5f5e1000","deadbeef"]}'
    return text % key


@pytest.mark.parametrize("number", BIG)
def test_numbers_beyond_a_float_are_kept_apart(number: int) -> None:
    said = [(MINER, submit(number)), (MINER, submit(number + 1))]
    no = (POOL, f'{{"id":{number + 1},"result":false,"error":[23,"low",null]}}')
    yes = (POOL, f'{{"id":{number},"result":true,"error":null}}')
    foreign = (POOL, f'{{"id":{number - 1},"result":true,"error":null}}')
    hit = read_lines(*SESSION, *said, no)
    assert (hit.shares.submitted, hit.shares.accepted, hit.shares.rejected) == (3, 1, 1)
    hit = read_lines(*SESSION, *said, no, yes)
    assert (hit.shares.accepted, hit.shares.rejected) == (2, 1)
    hit = read_lines(*SESSION, *said, foreign)
    assert hit.shares.accepted == 1


@pytest.mark.parametrize("number", BIG)
def test_numbers_are_read_exactly(number: int) -> None:
    for text in (f'{{"n":[{number}]}}', f'{{"n":[{number}],"x":NaN}}'):
        value = parse_one(text.encode(), 8)["n"][0]
        assert (type(value), value) == (int, number)


@pytest.mark.parametrize(
    "word", ["NaN", "Infinity", "-Infinity", "1e400", "-5", "0", BEYOND_FLOAT, HUGE]
)
def test_no_difficulty_is_none(word: str) -> None:
    line = f'{{"id":null,"method":"mining.set_difficulty","params":[{word}]}}'
    hit = read_lines(*SESSION, (POOL, line))
    assert hit.difficulty is None or 0 < hit.difficulty < float("inf")
    session = judged(hit)
    assert session is not None
    assert session.grade is Grade.CONFIRMED


# -- the same key twice ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "greets"),
    [
        ('{"id":1,"method":"log","method":"mining.subscribe","params":[]}', True),
        ('{"id":1,"method":"mining.subscribe","method":"log","params":[]}', False),
        ('{"id":1,"method":"mining.subscribe","params":{},"params":[]}', True),
        ('{"id":1,"method":"mining.subscribe","params":[],"params":7}', False),
        ('{"id":1,"\\u006dethod":"log","method":"mining.subscribe","params":[]}', True),
    ],
)
@pytest.mark.parametrize("lenient", ["", ',"x":NaN'])
def test_of_two_keys_the_last_counts(line: str, greets: bool, lenient: str) -> None:
    """As the parsers of pools have it; strict and lenient reading agree."""
    hit = read_lines((MINER, line[:-1] + lenient + "}"))
    assert (hit.stage is Stage.GREETED) is greets


# -- anything in any field of any known message ------------------------------------------------


@functools.cache
def known_messages(dialect: str) -> list[tuple[int, Any]]:
    """The examples of a dialect's needles, parsed, with the side that says them."""
    found = []
    for placed in load_rows().needles:
        row = placed.row
        side = MINER if row.speaker == "miner" else POOL
        if row.dialect == dialect:
            found += [(side, json.loads(text)) for text in row.yes if text.startswith("{")]
    return found


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place within a message, itself left out."""
    members: Any = []
    if isinstance(value, dict):
        members = value.items()
    elif isinstance(value, list):
        members = enumerate(value)
    deeper = [place for key, item in members for place in places(item, (*path, key))]
    return ([path] if path else []) + deeper


def replaced(value: Any, path: tuple[Any, ...], by: Any) -> Any:
    if not path:
        return by
    if isinstance(value, dict):
        return value | {path[0]: replaced(value[path[0]], path[1:], by)}
    return [replaced(item, path[1:], by) if n == path[0] else item for n, item in enumerate(value)]


ODD = st.sampled_from(
    [
        *(2**53 + 1, 2**64, -(2**64), 10**400, 1e308, float("nan"), float("inf")),
        *("\ud800", "\0", "x" * 70000, "0x", "0x" + "f" * 64, "f" * 64, "-1", "1e5"),
        *([[[[[[]]]]], {"": {"": {}}}, [None] * 40]),
    ]
)
DIALECT_NAMES = sorted(row.name for row in DIALECTS if known_messages(row.name))


@pytest.mark.parametrize("dialect", DIALECT_NAMES)
def test_anything_in_any_field(dialect: str) -> None:
    known = known_messages(dialect)

    @settings(max_examples=40)
    @given(st.data())
    def check(data: st.DataObject) -> None:
        reading = Reading(Limits(text_chars=200))
        for _ in range(data.draw(st.integers(1, 5))):
            side, message = data.draw(st.sampled_from(known))
            for _ in range(data.draw(st.integers(0, 2))):
                spots = places(message)
                if spots:
                    message = replaced(
                        message, data.draw(st.sampled_from(spots)), data.draw(VALUES | ODD)
                    )
            line = json.dumps(message).encode("utf-8", "surrogatepass")
            reading.send(data.draw(st.sampled_from((side, side, side, 1 - side))), line + b"\n")
        check_reading(reading)

    check()


# -- prefixes of what was recorded -------------------------------------------------------------

VECTORS = running.ROOT.parent / "shared" / "reference" / "vectors.jsonl"


def accusation(data: bytes, side: int) -> tuple[Grade | None, Stage]:
    reading = Reading()
    reading.send(side, data)
    hit = reading.hit()
    session = judged(hit)
    return (session.grade if session else None), hit.stage


@pytest.mark.skipif(not VECTORS.is_file(), reason=f"no collection of messages at {VECTORS}")
def test_no_prefix_accuses_more_than_the_whole() -> None:
    rows = [json.loads(line) for line in VECTORS.read_text("utf-8").splitlines()]
    assert len(rows) > 100
    worse = []
    for number, row in enumerate(rows):
        side = MINER if row["dir"] == "C" else POOL
        data = row["msg"].encode()
        grade, stage = accusation(data + b"\n", side)
        for size in range(len(data)):
            for part in (data[:size], data[:size] + b"\n"):
                if not part:
                    continue
                other, far = accusation(part, side)
                if (other or Grade.NOTED) > (grade or Grade.NOTED) or far > stage:
                    worse.append((number, size))
    assert worse == []
