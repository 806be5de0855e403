"""Whatever comes from the wire, reading it never fails."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from poolwatch.match.jsontext import TooDeep, may_be_whole, nesting, parse_line, parse_one
from poolwatch.settings import Limits
from tests import running
from tests.running import MINER, POOL, Reading, check_reading, http_answer, http_post

METHODS = sorted(running.catalog().needles_by_method)
SIDES = st.sampled_from((MINER, POOL))
TIGHT = Limits(
    line_bytes=200,
    head_bytes=200,
    body_bytes=200,
    stream_bytes=300,
    reorder_segments=2,
    open_requests=3,
    evidence_spans=2,
    quote_chars=10,
    text_chars=10,
    json_depth=5,
)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["ab" * 32, "0x" + "ab" * 32, "", "true", "OK", "x" * 300]),
    lambda inner: st.lists(inner, max_size=9) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=12,
)
NAMES = st.sampled_from(
    ["login", "pass", "agent", "algo", "blob", "job_id", "target", "nonce", "id"]
)
PARAMS = VALUES | st.dictionaries(NAMES, VALUES) | st.lists(VALUES, max_size=9)
CALLS = st.fixed_dictionaries(
    {"method": st.sampled_from(METHODS)}, optional={"id": VALUES, "params": PARAMS}
)
ANSWERS = st.fixed_dictionaries(
    {"result": PARAMS | st.fixed_dictionaries({"job": st.dictionaries(NAMES, VALUES)})},
    optional={"id": VALUES, "error": VALUES},
)
MESSAGES = CALLS | ANSWERS | VALUES


@given(st.lists(st.tuples(SIDES, st.binary(min_size=1, max_size=120)), max_size=12))
def test_any_bytes(pieces: list[tuple[int, bytes]]) -> None:
    reading = Reading(TIGHT)
    for side, data in pieces:
        reading.send(side, data)
    check_reading(reading)


@given(st.lists(st.tuples(SIDES, MESSAGES), max_size=12), st.sampled_from((TIGHT, Limits())))
def test_any_json_lines(messages: list[tuple[int, Any]], limits: Limits) -> None:
    reading = Reading(limits)
    for side, value in messages:
        reading.send(side, json.dumps(value).encode() + b"\n")
    check_reading(reading)


@given(st.lists(st.tuples(SIDES, MESSAGES, st.integers(200, 599)), max_size=8))
def test_any_json_over_http(messages: list[tuple[int, Any, int]]) -> None:
    reading = Reading()
    for side, value, status in messages:
        body = json.dumps(value)
        reading.send(side, http_post(body) if side == MINER else http_answer(body, f"{status} S"))
    check_reading(reading)


@given(
    st.lists(st.tuples(SIDES, st.integers(0, 2**32 - 1), MESSAGES, st.integers(0, 30)), max_size=12)
)
def test_any_order_of_segments(segments: list[tuple[int, int, Any, int]]) -> None:
    reading = Reading(TIGHT)
    for side, seq, value, cut in segments:
        reading.seq[side] = seq
        reading.send(side, (json.dumps(value).encode() + b"\n")[cut:] or b"\n")
    check_reading(reading)


@given(VALUES)
def test_json_is_read_as_it_was_written(value: Any) -> None:
    text = json.dumps(value).encode()
    assert repr(parse_one(text, 64)) == repr(json.loads(text))
    if isinstance(value, dict | list):
        balanced = all(text.count(a) == text.count(b) for a, b in ((b"[", b"]"), (b"{", b"}")))
        assert may_be_whole(text) is balanced  # it may not be asked of brackets in texts
        assert repr(parse_line(text + b"\n", 64)) == repr([json.loads(text)])


@given(st.binary(max_size=80))
def test_no_json_is_a_value_error(data: bytes) -> None:
    try:
        values = parse_line(data, 4)
    except TooDeep:
        assert data.count(b"{") + data.count(b"[") > 4
    except ValueError:
        assert not may_be_whole(data) or data
    else:
        assert values
        assert nesting(data) >= 0


@given(st.integers(0, 200), st.integers(1, 100))
def test_depth_is_what_is_open_at_once(depth: int, bound: int) -> None:
    data = b"[" * depth + b'"[[{"' + b"]" * depth
    assert nesting(data) == depth
    try:
        parse_one(data, bound)
    except TooDeep:
        assert depth > bound
    else:
        assert depth <= bound
