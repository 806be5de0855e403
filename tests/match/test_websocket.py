"""WebSockets: frames of any kind give the same messages, and what they carry is read."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from poolwatch.match import websocket
from poolwatch.match.channel import Channel
from poolwatch.match.framing import Unlike
from poolwatch.match.message import Message, Piece, Tally
from poolwatch.settings import Limits
from poolwatch.terms import Grade, Hit, Stage
from tests.match.sockets import SWITCHED, UPGRADE, frame, packed
from tests.running import MINER, POOL, Reading, judged

KEY = b"\x37\xfa\x21\x3d"
AUTH = b'{"type":"auth","params":{"site_key":"k","type":"anonymous","user":null,"goal":0}}'
JOB = json.dumps(
    {"type": "job", "params": {"job_id": "j1", "blob": "0e" * 76, "target": "ffffff00"}}
).encode()
SHARE = json.dumps(
    {"type": "submit", "params": {"job_id": "j1", "nonce": "0badcafe", "result": "ab" * 32}}
).encode()
ACCEPTED = b'{"type":"hash_accepted","params":{"hashes":256}}'


def read(side: int, *pieces: bytes, limits: Limits | None = None) -> tuple[list[Message], Tally]:
    """What one direction holds."""
    tally = Tally()
    channel = Channel(side, limits or Limits(), tally)
    messages: list[Message] = []
    for number, data in enumerate(pieces, 1):
        messages += channel.feed(Piece(data, number, 54, number, False))
    return messages + channel.finish(), tally


def bodies(side: int, *pieces: bytes) -> list[object]:
    return [message.body for message in read(side, *pieces)[0] if message.head is None]


def conversation(pairs: list[tuple[int, bytes]]) -> Hit:
    reading = Reading()
    for side, data in pairs:
        reading.send(side, data)
    return reading.hit()


def session(*, miner: bytes = KEY) -> list[tuple[int, bytes]]:
    return [
        (MINER, UPGRADE),
        (POOL, SWITCHED),
        (MINER, frame(AUTH, key=miner)),
        (POOL, frame(b'{"type":"authed","params":{"token":"","hashes":0}}')),
        (POOL, frame(JOB)),
        (MINER, frame(SHARE, key=miner)),
        (POOL, frame(ACCEPTED)),
    ]


texts = st.lists(
    st.dictionaries(st.text(max_size=4), st.text(max_size=200), min_size=1, max_size=3),
    min_size=1,
    max_size=4,
)


@given(st.data(), texts, st.binary(min_size=4, max_size=4), st.booleans())
def test_any_split_gives_the_same(
    data: st.DataObject, values: list[dict[str, str]], key: bytes, binary: bool
) -> None:
    stream = UPGRADE
    for value in values:
        text = json.dumps(value).encode()
        cut = data.draw(st.integers(0, len(text)))
        first = 2 if binary else 1
        stream += frame(text[:cut], head=first, key=key)
        stream += frame(b"beat", head=0x89, key=key)  # control frames may stand between
        stream += frame(text[cut:], head=0x80, key=key)
    cuts = sorted(data.draw(st.lists(st.integers(1, len(stream) - 1), max_size=12)))
    pieces = [stream[a:b] for a, b in zip([0, *cuts], [*cuts, len(stream)], strict=True) if a < b]
    assert bodies(MINER, *pieces) == values
    assert bodies(MINER, stream) == values


@given(texts, st.binary(min_size=4, max_size=4))
def test_packed_messages_are_unpacked(values: list[dict[str, str]], key: bytes) -> None:
    said = [json.dumps(value).encode() for value in values]
    assert bodies(MINER, UPGRADE, *packed(said, key=key)) == values
    assert bodies(MINER, UPGRADE + b"".join(packed(said))) == values


@pytest.mark.parametrize("size", [1, 7, 100])
def test_a_session_is_read_however_it_is_cut(size: int) -> None:
    pairs = [
        (side, data[at : at + size]) for side, data in session() for at in range(0, len(data), size)
    ]
    hit = conversation(pairs)
    assert (hit.dialect, hit.stage, hit.jobs) == ("coinhive", Stage.MINING, 1)
    assert (hit.shares.submitted, hit.shares.accepted) == (1, 1)
    assert (hit.agent, hit.named_host, hit.login) == ("Firefox", "ws1.miner.example", "k")
    found = judged(hit)
    assert found is not None
    assert found.grade is Grade.PROBABLE


def test_the_request_for_it_is_evidence() -> None:
    hit = conversation(session())
    shows = [quote.shows for quote in hit.quotes]
    assert shows == ["upgrade", "greeting", "authorized", "job", "submit", "accept"]
    assert hit.quotes[0].text.startswith("GET /proxy HTTP/1.1")
    assert hit.quotes[1].text == AUTH.decode()


@pytest.mark.parametrize("size", [1, 3, 1000])
def test_the_middle_of_a_session_is_read(size: int) -> None:
    pairs = session()[4:]
    cut = [(side, data[at : at + size]) for side, data in pairs for at in range(0, len(data), size)]
    hit = conversation(cut)
    assert (hit.dialect, hit.stage) == ("coinhive", Stage.MINING)
    assert hit.agent is None


def test_it_goes_on_behind_a_hole() -> None:
    said = [frame(json.dumps({"n": n}).encode(), key=KEY) for n in range(4)]
    channel = Channel(MINER, Limits(), Tally())
    pieces = [UPGRADE + said[0] + said[1][:9], said[2], said[3]]
    found: list[object] = []
    for number, data in enumerate(pieces):
        messages = channel.feed(Piece(data, number, 54, number, number == 1))
        found += [message.body for message in messages if message.head is None]
    assert found == [{"n": 0}, {"n": 2}, {"n": 3}]


def test_a_refused_upgrade_goes_on_as_http() -> None:
    body = '{"id":1,"method":"getwork","params":[]}'
    again = f"POST / HTTP/1.1\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode()
    messages, _ = read(MINER, UPGRADE + again)
    assert messages[-1].body == json.loads(body)
    assert messages[-1].head is not None


@pytest.mark.parametrize(
    "data",
    [
        b"\x91\x01a",  # a reserved bit
        b"\x83\x01a",  # no such frame
        b"\x09\x01a",  # a control frame that goes on
        b"\x89\x7e\0\x80" + bytes(128),  # a long control frame
        b"\x81\x7e\0\x05hello",  # a length that needs no such width
        b"\x81\x7f\0\0\0\0\0\0\0\x05hello",
        b"\xc0\x05hello",  # packed from the middle on
        b"GET / HTTP/1.1\r\n",
    ],
)
def test_no_frame(data: bytes) -> None:
    with pytest.raises(Unlike):
        websocket.read_head(data)
    assert websocket.opens(data) is False


@pytest.mark.parametrize("text", [b'{"a":1}', b"{ }", b'[{"a":1}]', b"{\n}"])
@pytest.mark.parametrize("key", [b"", KEY])
def test_openings(text: bytes, key: bytes) -> None:
    whole = frame(text, key=key)
    assert websocket.opens(whole) is True
    for size in range(1, 2 + len(key) + 2):
        assert websocket.opens(whole[:size]) is None
    assert websocket.opens(frame(b"hello", key=key)) is False
    assert websocket.opens(frame(b"", key=key)) is False


def test_what_is_too_long_is_counted_and_passed_over() -> None:
    limits = Limits(line_bytes=100)
    long, short = frame(b'{"a":"' + b"x" * 200 + b'"}', key=KEY), frame(b'{"b":1}', key=KEY)
    messages, tally = read(MINER, UPGRADE, long[:50], long[50:] + short, limits=limits)
    assert messages[-1].body == {"b": 1}
    assert tally["frames_too_long"] == 1
    parts = frame(b'{"a":"' + b"x" * 60, head=1) + frame(b"x" * 60, head=0) + frame(b'"}', head=128)
    messages, tally = read(POOL, SWITCHED, parts + frame(b'{"b":2}'), limits=limits)
    assert messages[-1].body == {"b": 2}
    assert tally["frames_unreadable"] == 1


def test_a_bomb_is_cut() -> None:
    (bomb,) = packed([b'{"a":"' + b"x" * 10_000_000 + b'"}'])
    (after,) = packed([b'{"b":1}'])
    messages, tally = read(MINER, UPGRADE, bomb, after)
    assert [message.body for message in messages if message.head is None] == [{"b": 1}]
    assert tally["frames_unreadable"] == 1


@given(st.lists(st.tuples(st.integers(0, 1), st.binary(min_size=1, max_size=60)), max_size=10))
def test_any_bytes_behind_an_upgrade(pieces: list[tuple[int, bytes]]) -> None:
    hit = conversation([(MINER, UPGRADE), (POOL, SWITCHED), *pieces])
    assert hit.shares.submitted == 0


def test_lines_of_other_protocols_are_no_messages_of_these() -> None:
    hit = conversation([(MINER, AUTH + b"\n"), (POOL, JOB + b"\n")])
    assert hit.signatures == ()
