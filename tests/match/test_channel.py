"""One direction's bytes in, messages out, wherever packets were cut."""

from __future__ import annotations

import gzip
import json
import zlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from poolwatch.match.channel import Channel
from poolwatch.match.message import NOT_JSON, UNREADABLE, Message, Piece, Tally
from poolwatch.settings import Limits
from tests.running import MINER, NOON_NS, http_answer, http_post

ONE, TWO, THREE = b'{"id":1}', b'{"id":2,"method":"a"}', b'{"id":3,"params":[]}'
LINES = [json.loads(line) for line in (ONE, TWO, THREE)]


class Feeder:
    """A channel, fed piece by piece, each in a packet of its own."""

    def __init__(self, limits: Limits | None = None) -> None:
        self.tally = Tally()
        self.channel = Channel(MINER, limits or Limits(), self.tally)
        self.messages: list[Message] = []
        self.packets = 0

    def feed(self, *pieces: bytes, gap: bool = False) -> Feeder:
        for data in pieces:
            self.packets += 1
            piece = Piece(data, self.packets, 54, NOON_NS + self.packets, gap)
            self.messages += self.channel.feed(piece)
        return self

    def finish(self) -> Feeder:
        self.messages += self.channel.finish()
        return self

    @property
    def bodies(self) -> list[Any]:
        return [m.body for m in self.messages if m.body is not None]


def bodies_of(*pieces: bytes, limits: Limits | None = None) -> list[Any]:
    return Feeder(limits).feed(*pieces).finish().bodies


WAYS: dict[str, bytes] = {
    "LF": ONE + b"\n" + TWO + b"\n" + THREE + b"\n",
    "CR LF": ONE + b"\r\n" + TWO + b"\r\n" + THREE + b"\r\n",
    "no end": ONE + b"\n" + TWO + b"\n" + THREE,
    "no ends at all": ONE + TWO + THREE,
    "blank lines": b"\n\r\n \n" + ONE + b"\n\n\n" + TWO + b"\n \t\n" + THREE + b"\n\n",
    "BOM": b"\xef\xbb\xbf" + ONE + b"\n" + TWO + b"\n" + THREE + b"\n",
    "NUL ends": ONE + b"\0" + TWO + b"\0" + THREE + b"\0",
    "blanks at the ends": b" " + ONE + b" \n\t" + TWO + b" \r\n" + THREE + b" \n",
    "a batch": b"[" + ONE + b"," + TWO + b"," + THREE + b"]\n",
    "words before": b"PROXY TCP4 10.0.0.1 10.0.0.2 1 2\r\n"
    + ONE
    + b"\n"
    + TWO
    + b"\n"
    + THREE
    + b"\n",
    "words between": ONE + b"\nhello\n" + TWO + b"\nhello\n" + THREE + b"\n",
    "a blank within": b'{"id": 1}\n' + TWO + b"\n" + THREE + b"\n",
}


@pytest.mark.parametrize("way", WAYS)
def test_lines_however_they_end(way: str) -> None:
    assert bodies_of(WAYS[way]) == LINES


@pytest.mark.parametrize("way", WAYS)
def test_lines_cut_at_every_byte(way: str) -> None:
    data = WAYS[way]
    for at in range(1, len(data)):
        assert bodies_of(data[:at], data[at:]) == LINES, f"cut at {at}"


@pytest.mark.parametrize("way", sorted(set(WAYS) - {"no ends at all"}))
def test_lines_byte_by_byte(way: str) -> None:
    assert bodies_of(*(bytes([byte]) for byte in WAYS[way])) == LINES


@given(st.lists(st.integers(1, 200), max_size=8))
def test_lines_cut_in_many_pieces(cuts: list[int]) -> None:
    data = WAYS["CR LF"] * 2
    ends = sorted({min(cut, len(data)) for cut in cuts} | {len(data)})
    pieces = [data[a:b] for a, b in zip([0, *ends], ends, strict=False)]
    assert bodies_of(*pieces) == LINES * 2


def test_a_message_knows_its_bytes_and_where_they_stand() -> None:
    feeder = Feeder().feed(b"\n" + ONE[:3], ONE[3:] + b"\n" + TWO + b"\n")
    first, second = feeder.messages
    assert (first.data, second.data) == (ONE + b"\n", TWO + b"\n")
    assert first.spans == [(1, 55, 3), (2, 54, 6)]
    assert second.spans == [(2, 60, 22)]
    assert first.ts_ns == NOON_NS + 2


def test_packets_are_renumbered_with_what_waits() -> None:
    feeder = Feeder().feed(ONE[:3])
    feeder.channel.shift(1000)
    feeder.packets += 1000
    feeder.feed(ONE[3:] + b"\n")
    assert [span.packet for span in feeder.messages[0].spans] == [1001, 1002]


@pytest.mark.parametrize(
    ("line", "body"),
    [
        (b'{"a":NaN}', {"a": float("nan")}),
        (b'{"a":"x\ty"}', {"a": "x\ty"}),
        (b'{"a":"\\/"}', {"a": "/"}),
        (b'{"\\u006dethod":"\\u006d"}', {"method": "m"}),
        (b'{"a":1,"a":2}', {"a": 2}),
        (b'{"a":"\xff"}', {"a": "\udcff"}),
        (b'{"a":1} trailing', {"a": 1}),
    ],
)
def test_json_as_miners_write_it(line: bytes, body: object) -> None:
    assert repr(bodies_of(line + b"\n")) == repr([body])


@pytest.mark.parametrize("line", [b"{", b"{]", b"[1,", b'{"a"', b"{'a':1}", b"{a:1}"])
def test_what_is_no_json_is_counted(line: bytes) -> None:
    feeder = Feeder().feed(line + b"\n" + ONE + b"\n").finish()
    assert feeder.bodies == [LINES[0]]
    assert feeder.tally["lines_not_json"] == 1


def test_a_line_too_long_is_counted_and_passed_over() -> None:
    limits = Limits(line_bytes=64)
    long = b'{"a":"' + b"x" * 80 + b'"}\n'
    whole = Feeder(limits).feed(ONE + b"\n" + long + TWO + b"\n").finish()
    assert whole.bodies == LINES[:2]
    assert whole.tally["lines_too_long"] == 1
    parts = Feeder(limits).feed(ONE + b"\n" + long[:70], long[70:75], long[75:] + TWO + b"\n")
    assert parts.finish().bodies == LINES[:2]
    assert parts.tally["lines_too_long"] == 1


@pytest.mark.parametrize("depth", [65, 500, 20_000])
@pytest.mark.parametrize(("opening", "closing"), [(b"[", b"]"), (b'{"a":', b"}")])
def test_json_too_deep_is_counted(depth: int, opening: bytes, closing: bytes) -> None:
    line = opening * depth + b"1" + closing * depth + b"\n"
    feeder = Feeder().feed(line + ONE + b"\n").finish()
    assert feeder.bodies == [LINES[0]]
    assert feeder.tally["json_too_deep"] == 1


def test_json_as_deep_as_the_bound_is_read() -> None:
    line = b'{"a":' * 64 + b"1" + b"}" * 64
    assert len(bodies_of(line + b"\n")) == 1
    strings = b'{"a":"' + b"[{" * 500 + b'"}'
    assert bodies_of(strings + b"\n") == [{"a": "[{" * 500}]


def test_after_a_hole_reading_goes_on_at_the_next_line() -> None:
    feeder = Feeder().feed(ONE + b"\n" + b'{"lost":')
    feeder.feed(b'of it"}\n' + TWO + b"\n", gap=True).feed(THREE + b"\n")
    assert feeder.finish().bodies == LINES


def test_after_a_hole_a_line_that_begins_the_piece_is_read() -> None:
    feeder = Feeder().feed(b'{"lost":').feed(TWO + b"\n", gap=True)
    assert feeder.finish().bodies == [LINES[1]]


def test_after_a_hole_without_a_line_everything_is_passed_over() -> None:
    feeder = Feeder().feed(b"x" * 9, gap=True).feed(b"y" * 5, b"\n" + ONE + b"\n")
    assert feeder.finish().bodies == [LINES[0]]
    assert feeder.channel.junk == 14


# -- HTTP ------------------------------------------------------------------------------

POST = http_post(TWO.decode())
CHUNKS = b"5\r\n" + TWO[:5] + b"\r\n10;x=y\r\n" + TWO[5:21] + b"\r\n0\r\n\r\n"
HTTP: dict[str, bytes] = {
    "content-length": POST,
    "bare LF": POST.replace(b"\r\n", b"\n"),
    "answer": http_answer(TWO),
    "chunked": http_answer(CHUNKS, headers=("Transfer-Encoding: chunked",)),
    "gzip": http_answer(gzip.compress(TWO), headers=("Content-Encoding: gzip",)),
    "x-gzip": http_answer(gzip.compress(TWO), headers=("content-encoding: x-gzip",)),
    "deflate": http_answer(zlib.compress(TWO), headers=("Content-Encoding: deflate",)),
    "lower case": POST.replace(b"Content-Length", b"content-length"),
    "invalid length, answer": b"HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n" + TWO,
    "until close": b"HTTP/1.0 200 OK\r\nServer: x\r\n\r\n" + TWO,
}


@pytest.mark.parametrize("way", HTTP)
def test_http_bodies(way: str) -> None:
    assert bodies_of(HTTP[way]) == [LINES[1]]


@pytest.mark.parametrize("way", HTTP)
def test_http_cut_at_every_byte(way: str) -> None:
    data = HTTP[way]
    for at in range(1, len(data)):
        assert bodies_of(data[:at], data[at:]) == [LINES[1]], f"cut at {at}"


@pytest.mark.parametrize("way", sorted(set(HTTP) - {"until close", "invalid length, answer"}))
def test_http_messages_follow_each_other(way: str) -> None:
    assert bodies_of(HTTP[way] * 3) == [LINES[1]] * 3


@pytest.mark.parametrize(
    ("length", "bodies"),
    [("0", []), ("-5", []), ("4 4", []), ("٣", []), ("9" * 20, []), ("1e1", [])],
)
def test_a_request_with_an_invalid_length_has_no_body(length: str, bodies: list[Any]) -> None:
    head = f"POST / HTTP/1.1\r\nContent-Length: {length}\r\n\r\n".encode()
    feeder = Feeder().feed(head + ONE + b"\n").finish()
    assert [m.head.method for m in feeder.messages if m.head] == ["POST"]
    assert feeder.bodies == [*bodies, LINES[0]]


def test_a_body_that_is_no_json_is_said_to_be_none() -> None:
    feeder = Feeder().feed(http_answer("<html>", "404 Not Found")).finish()
    assert [m.body for m in feeder.messages] == [None, NOT_JSON]
    assert feeder.tally["bodies_not_json"] == 1


def test_an_answer_without_a_body_is_said_to_have_none() -> None:
    feeder = Feeder().feed(http_answer("", "204 No Content")).finish()
    assert [m.body for m in feeder.messages] == [None, NOT_JSON]


def test_a_body_beyond_the_bound_is_cut_and_counted() -> None:
    limits = Limits(body_bytes=32)
    body = b'{"a":"' + b"x" * 60 + b'"}'
    feeder = Feeder(limits).feed(http_answer(body) + http_answer(TWO)).finish()
    assert feeder.bodies == [UNREADABLE, LINES[1]]
    assert feeder.tally["bodies_too_long"] >= 1


def test_a_body_without_a_length_is_not_parsed_for_each_packet() -> None:
    """What ends only with the connection is looked at again when a good part of it is new."""
    feeder = Feeder().feed(b"HTTP/1.1 200 OK\r\n\r\n{")
    looked: list[int] = []

    def look(data: bytearray) -> bool:
        looked.append(len(data))
        return False

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("poolwatch.match.channel.may_be_whole", look)
        feeder.feed(*[b'"a":{}'] * 4000)
    assert 0 < sum(looked) < 20 * 6 * 4000
    feeder.feed(b"}").finish()
    assert feeder.tally["bodies_not_json"] == 1


def test_a_body_that_unpacks_beyond_the_bound_cannot_be_read() -> None:
    packed = gzip.compress(b'{"a":"' + b"x" * 100_000 + b'"}')
    limits = Limits(body_bytes=4096)
    assert len(packed) < 4096
    feeder = Feeder(limits).feed(http_answer(packed, headers=("Content-Encoding: gzip",)))
    assert feeder.finish().bodies == [UNREADABLE]


def test_a_packed_body_that_is_damaged_cannot_be_read() -> None:
    packed = gzip.compress(TWO)[:-12] + b"\0" * 12
    feeder = Feeder().feed(http_answer(packed, headers=("Content-Encoding: gzip",)))
    assert feeder.finish().bodies == [UNREADABLE]


def test_a_head_too_long_is_counted() -> None:
    limits = Limits(head_bytes=256)
    head = b"GET / HTTP/1.1\r\n" + b"X-Pad: " + b"x" * 400
    feeder = Feeder(limits).feed(head, b"\r\n\r\n" + ONE + b"\n").finish()
    assert feeder.tally["heads_too_long"] == 1
    assert feeder.bodies == [LINES[0]]


@pytest.mark.parametrize("chunk", [b"zz\r\n", b"\r\n", b"fffffff0\r\n", b"-1\r\n"])
def test_a_chunk_without_a_size_ends_the_body(chunk: bytes) -> None:
    answer = http_answer(b"", headers=("Transfer-Encoding: chunked",)) + chunk + b"\n" + ONE + b"\n"
    assert LINES[0] in Feeder().feed(answer + b" " * 80).finish().bodies


def test_headers_are_kept_by_their_first_value() -> None:
    head = b"GET /a HTTP/1.1\r\nX-A:  one \r\nx-a: two\r\nno colon\r\n\r\n"
    message = Feeder().feed(head).finish().messages[0]
    assert message.head is not None
    assert (message.head.target, message.head.header("x-a")) == ("/a", "one")
    assert message.head.header("x-b") == ""


@given(st.lists(st.binary(max_size=60), max_size=6), st.booleans())
def test_any_bytes_are_passed_over_without_an_error(pieces: list[bytes], gap: bool) -> None:
    feeder = Feeder(Limits(line_bytes=100, head_bytes=100, body_bytes=100))
    feeder.feed(*(piece for piece in pieces if piece), gap=gap).finish()
    feeder.feed(b"\n" + ONE + b"\n")


@given(st.binary(max_size=200))
def test_lines_come_through_behind_any_line(junk: bytes) -> None:
    if junk[:1] in (b"P", b"G", b"H", b"O", b"D"):
        return  # an HTTP head may swallow what follows
    line = junk.replace(b"\n", b"").replace(b"{", b"").replace(b"[", b"")
    assert Feeder().feed(line + b"\n" + ONE + b"\n").finish().bodies[-1:] == [LINES[0]]
