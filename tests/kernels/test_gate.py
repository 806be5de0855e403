"""The gate must not turn away a miner's opening, however it arrives."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from poolwatch.kernels.frames import opens_frames
from poolwatch.kernels.gate import (
    BLANKS,
    HEAD_BYTES,
    HOLD,
    OPENERS,
    PASS,
    gate_first,
    gate_payload,
)
from poolwatch.layouts import FlowFlag, Gate
from poolwatch.match.prefilter import Endpoints, FlowTable
from poolwatch.settings import Limits
from tests import naive
from tests.builders import ACK, PSH, SYN, Packet, batch, ethernet, ipv4, tcp
from tests.kernels.strategies import PAYLOADS

Said = tuple[int, bytes]
"""Which side (0 the miner, 1 the pool), and what."""

BOM = b"\xef\xbb\xbf"
VERBS = [b"POST", b"PUT ", b"GET ", b"HEAD", b"HTTP", b"OPTI", b"CONN", b"DELE", b"PATC"]
VERDICTS = {"": 0, "pass": PASS, "hold": HOLD}


def table_after(conversation: Sequence[Said], *, syn: bool = False) -> FlowTable:
    table = FlowTable(Limits(flows=16), Endpoints(()), seed=1, keep=False)
    ends = ("10.0.0.1", "192.0.2.9")
    packets = [Packet(ethernet(ipv4(tcp(seq=1, flags=SYN))))] if syn else []
    seqs = [2, 2]
    for side, payload in conversation:
        ports = (40000, 3333) if side == 0 else (3333, 40000)
        segment = tcp(
            payload, source=ports[0], destination=ports[1], seq=seqs[side], flags=PSH | ACK
        )
        frame = ethernet(ipv4(segment, source=ends[side], destination=ends[1 - side]))
        packets.append(Packet(frame))
        seqs[side] += len(payload)
    for _ in table.scan(batch(packets)):
        pass
    return table


def is_read(*conversation: Said, syn: bool = False) -> bool:
    """Whether the dialects get to see anything of a conversation."""
    table = table_after(conversation, syn=syn)
    assert int(table.table["used"][0]) == 1
    return bool(int(table.flows["flags"][0]) & FlowFlag.CANDIDATE)


def cuts_of(message: bytes) -> st.SearchStrategy[int]:
    return st.integers(1, len(message) - 1)


scalars = st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=8))
objects = st.dictionaries(
    st.text(max_size=8),
    st.recursive(scalars, lambda inner: st.lists(inner, max_size=3), max_leaves=6),
    min_size=1,
    max_size=4,
)
blanks = st.text(" \t\r\n", max_size=3 * BLANKS).map(str.encode)


@st.composite
def json_openings(draw: st.DrawFn) -> bytes:
    """A JSON object, or a batch of them, in any of the forms encoders give it."""
    value: Any = draw(st.one_of(objects, st.lists(objects, min_size=1, max_size=2)))
    indent = draw(st.sampled_from([None, 0, 2, 4, 8, 40]))
    separators = draw(st.sampled_from([None, (",", ":")]))
    ascii_only = draw(st.booleans())
    text = json.dumps(value, indent=indent, separators=separators, ensure_ascii=ascii_only)
    return (
        draw(blanks)
        + text.encode(errors="replace")
        + draw(st.sampled_from([b"", b"\n", b"\r\n", b"\0"]))
    )


@given(json_openings(), st.booleans(), st.booleans(), st.integers(0, 1))
def test_json_is_read(message: bytes, marked: bool, syn: bool, side: int) -> None:
    assert is_read((side, BOM + message if marked else message), syn=syn)


@given(st.data(), json_openings(), st.booleans())
def test_json_in_two_pieces_is_read(data: st.DataObject, message: bytes, syn: bool) -> None:
    cut = data.draw(cuts_of(message))
    assert is_read((0, message[:cut]), (0, message[cut:]), syn=syn)


@given(json_openings())
def test_json_byte_by_byte_is_read(message: bytes) -> None:
    assert is_read(*[(0, bytes([byte])) for byte in message])


@given(st.binary(min_size=1, max_size=20), json_openings())
def test_json_behind_anything_but_tls_or_http_is_read(before: bytes, message: bytes) -> None:
    table = table_after([(0, before)])
    if not int(table.flows["gate"][0]) & (Gate.TLS | Gate.HTTP):
        assert is_read((0, before), (0, message))


header_names = st.sampled_from(["Host", "User-Agent", "Authorization", "Content-Type", "X-Other"])
header_values = st.text("abcdefghijkl 0123456789=/.", max_size=60)
heads = st.lists(st.tuples(header_names, header_values), max_size=6).map(
    lambda rows: "".join(f"{name}: {value}\r\n" for name, value in rows).encode()
)


@st.composite
def posts(draw: st.DrawFn) -> tuple[bytes, bytes]:
    """Head and body of an HTTP request of mining software."""
    verb = draw(st.sampled_from([b"POST", b"PUT"]))
    head = verb + b" / HTTP/1.1\r\n" + draw(heads) + b"\r\n"
    if draw(st.booleans()):
        head = head.replace(b"\r\n", b"\n")
    return head, draw(json_openings())


@given(posts())
def test_a_posted_body_is_read(post: tuple[bytes, bytes]) -> None:
    assert is_read((0, b"".join(post)))
    assert is_read((0, post[0]), (0, post[1]))
    assert is_read((0, post[0]), (1, b"HTTP/1.1 100 Continue\r\n\r\n"), (0, post[1]))


@given(st.data(), posts())
def test_a_post_in_two_pieces_is_read(data: st.DataObject, post: tuple[bytes, bytes]) -> None:
    message = b"".join(post)
    cut = data.draw(cuts_of(message))
    assert is_read((0, message[:cut]), (0, message[cut:]))


@given(posts(), posts())
def test_a_later_post_is_read(first: tuple[bytes, bytes], second: tuple[bytes, bytes]) -> None:
    page = (1, b"HTTP/1.1 200 OK\r\n\r\nhello")
    assert is_read((0, first[0]), (0, b"name=value"), page, (0, b"".join(second)))


@pytest.mark.parametrize("header", ["Transfer-Encoding: chunked", "content-encoding: gzip"])
@pytest.mark.parametrize("verb", [b"POST", b"PUT"])
@given(body=st.binary(min_size=1, max_size=20))
def test_a_packed_body_is_read(verb: bytes, header: str, body: bytes) -> None:
    head = verb + b" / HTTP/1.1\r\n" + header.encode() + b"\r\n\r\n"
    assert is_read((0, head + body))
    assert is_read((0, head), (0, body))


@given(posts())
def test_a_post_right_behind_a_get_is_read(post: tuple[bytes, bytes]) -> None:
    if post[0].startswith(b"POST"):
        assert is_read((0, b"GET / HTTP/1.1\r\nHost: a\r\n\r\n" + b"".join(post)))


@pytest.mark.parametrize("verb", ["GET", "POST"])
@pytest.mark.parametrize(
    "header",
    [
        "X-Mining-Extensions: midstate",
        "x-mining-hashrate: 1",
        "X-STRATUM: tcp://a",
        "X-Roll-NTime: Y",
        "X-Long-Polling: /lp",
    ],
)
@pytest.mark.parametrize("behind", [0, HEAD_BYTES - 300])
def test_mining_headers_are_read(verb: str, header: str, behind: int) -> None:
    filler = "Cookie: " + "a" * behind + "\r\n"
    head = f"{verb} /work HTTP/1.1\r\nHost: a\r\n{filler}{header}\r\n\r\n"
    assert is_read((0, head.encode()))


@given(posts())
def test_an_answer_alone_is_read(post: tuple[bytes, bytes]) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n"
    assert is_read((1, head + post[1]))
    assert is_read((1, head), (1, post[1]))


GET_SOCKET = b"GET /proxy HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n\r\n"
SWITCHED = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n"
KEY = bytes(range(128, 192))
MASKED = b"\x81\x87abcd" + bytes(a ^ b for a, b in zip(b'{"a":1}', b"abcdabc", strict=True))
SHARE = b"\x7f\x02\x0f\0\x25\x22\x11" + bytes(8)
HEADER = b"\0\x80\x1a\x18\0\0" + bytes(24)
FRAMED = [
    SHARE,
    SHARE + b"\x7f\4\6\0\1\0" + b'{"id":1}\n',
    b"\x7f\5\x0b\0\x0d\2\0\1\0\2\0",
    b"\x7f\1\x0e\0\1\0a/1\0rig\0",
    b"\0\0\0\x20\0\0\0\2\0\2\0" + bytes(27),
    HEADER + HEADER,
    b"\0\0\1\6\0\0\2\0\0\0\0\0",
    b"\0\0\0\x0a\1\0\0\0\1\0\0\0\2\1",
    b"\0\0\0\x0b\1\1\0\0\0\1\0\0\0\2\1",
    b"\0\0\1\x32\0\0\0\1\x2d" + bytes(0x12D),
    b"\0\0\x18\x66\1\0\0\0\0\x10" + bytes(8) + b"\0\0\1\x2e" + bytes(40),
    b"\x29\x19\x87\xd7" + bytes(256),
    b"\1\6\0\0\1\0\1\0\3\0",
    b"\2\x25\0\0\1\0\3\0\2" + bytes(32),
    b"\x18\0\0\0\x80\1\0\0\3\5\3rig" + b"someone@a.test",
    b"STR3\2SCHSSAGS",
]
"""First payloads of the binary dialects."""


@pytest.mark.parametrize("opening", FRAMED)
@pytest.mark.parametrize("side", [0, 1])
def test_a_framed_opening_is_read(opening: bytes, side: int) -> None:
    assert is_read((side, opening))
    assert is_read((side, opening), syn=True)


@pytest.mark.parametrize("answer", [234, 170, 172])
def test_a_key_is_read_once_its_answer_shows(answer: int) -> None:
    for key in (KEY, KEY[:32], KEY[:34]):
        assert not is_read((0, key))
        assert is_read((0, key), (1, bytes(answer)))
    assert not is_read((0, KEY), (1, bytes(answer + 1)), (0, KEY), (1, bytes(answer)))


def test_a_websocket_is_read_from_its_first_json_on() -> None:
    assert is_read((0, MASKED))
    assert is_read((1, b'\x81\x07{"a":1}'))
    assert is_read((0, GET_SOCKET), (1, SWITCHED), (0, MASKED + MASKED))
    assert is_read((0, GET_SOCKET), (1, SWITCHED), (1, b"\x8a\0"), (1, b'\x81\x07{"a":1}'))
    assert is_read((0, GET_SOCKET), (1, SWITCHED), (0, b"\xc1\x85abcd12345"))
    assert is_read((1, SWITCHED), (1, b'\x81\x7e\1\0{"a":' + bytes(250)))
    assert is_read((0, GET_SOCKET[:-2]), (0, b"\r\n"), (0, MASKED))


framed = st.one_of(st.sampled_from([*FRAMED, KEY, KEY[:32], bytes(234)]), st.binary(max_size=80))


@settings(max_examples=1500)
@given(st.data(), framed, st.integers(0, 15), st.integers(0, 1), st.booleans())
def test_the_twin_agrees_on_first_payloads(
    data: st.DataObject, payload: bytes, state: int, side: int, other_silent: bool
) -> None:
    changed = bytearray(payload or b"\0")
    for at in data.draw(st.lists(st.integers(0, len(changed) - 1), max_size=2)):
        changed[at] = data.draw(st.integers(0, 255))
    payload = bytes(changed) + data.draw(st.binary(max_size=2))
    buffer = np.frombuffer(b"\xa5" + payload + b'"{', np.uint8)
    got = gate_first(buffer, 1, 1 + len(payload), state, side, other_silent)
    after, verdict = naive.gate_first(payload, state, side, other_silent=other_silent)
    assert got == after | VERDICTS[verdict]
    opened = any(opens(payload) for opens in naive.FRAMED)
    assert opens_frames(buffer, 1, 1 + len(payload)) == opened


NOT_MINING = [
    [(0, b"SSH-2.0-OpenSSH_9.6\r\n"), (1, b"SSH-2.0-dropbear\r\n")],
    [(0, b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"), (1, b'HTTP/1.1 200 OK\r\n\r\n{"a":1}')],
    [(0, b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"), (1, b"HTTP/1.1 200 OK\r\n\r\n"), (1, b'{"a":1}')],
    [(0, b"POST / HTTP/1.1\r\nHost: a\r\n\r\nname=value")],
    [(0, b"POST / HTTP/1.1\r\nHost: a\r\n\r\n"), (0, b"name=value")],
    [(0, b"POST / HTTP/1.1\r\nHost: a\r\n\r\n"), (0, b" name=value"), (0, b'{"a":1}')],
    [(0, b"\x16\x03\x01\0\x05hello"), (1, b"\x16\x03\x03\0\x05hello")],
    [(0, b"\x17\x03\x03\0\x05hello"), (0, b'{"id":1}')],
    [(0, b"{]")],
    [(0, b"{1:2}")],
    [(0, b"[1,2]")],
    [(0, b'{"\x01')],
    [(0, b"\n\n\n")],
    [(0, b"220 mail.example ESMTP\r\n")],
    [(0, b"\x01\0\0\0")],
    [(0, b"\x05\x00\x0b\x03\x10\0\0\0")],  # DCE/RPC
    [(0, b"\x05\x01\x0a")],
    [(0, b"\x05\x01\0\x05\x02")],
    [(0, b"\x05\x09" + bytes(9))],
    [(0, b"\x04\x01\0\x25\0\0\x01\0" + bytes(29))],  # TDS
    [(0, b"\x04\x02\x0d\x05\xc6\x33\x64\x07\0")],
    [(0, b"\x04\x01\0\0\xc6\x33\x64\x07\0")],
    [(0, b"\x04\x01\x0d\x05\xe6\x33\x64\x07\0")],
    [(0, b"\x04\x01\x0d\x05\xc6\x33\x64\x07\x80user\0")],
    [(0, b"\x04\x01\x0d\x05\xc6\x33\x64\x07\0\x80")],
    [(1, b"220 hello\r\n"), (0, b"\x05\x01\0")],
    [(0, b"CONNMAN 1\r\n")],
    [(0, b"PROXIMITY 12\r\n")],
    [(0, GET_SOCKET), (1, SWITCHED), (0, b"\x81\x84\0\0\0\0ping"), (1, b"\x8a\0")],
    [(0, GET_SOCKET), (1, SWITCHED), (1, b"\x82\x04\0\1\2\3")],
    [(0, b'\x81\x09{"a":1}')],  # longer than it says, and no upgrade before it
    [(0, KEY), (1, KEY)],
    [(0, KEY), (1, bytes(235))],
    [(0, b"\x7f\x02\x0f\0" + bytes(12))],
    [(0, b"\0\0\0\x35\0\0" + bytes(0x35))],
    [(0, b"\0\0\0\x85\xffSMBr" + bytes(124))],
    [(0, b"\1\6\0\0\1\0\1\0\7\0")],
    [(0, b"\x2a\0\0\0\1" + bytes(41))],
]

WRAPPED = [
    b"\x05\x01\0",
    b"\x05\x02\0\x02",
    b"\x05\x01\0\x05\x01\0\x03\x09pool.test\x0d\x05",
    b"\x05\x01\x02\x01\x01u\x01p",
    b"\x04\x01\x0d\x05\xc6\x33\x64\x07\0",
    b"\x04\x01\x0d\x05\xc6\x33\x64\x07user\0",
    b"\x04\x01\x0d\x05\0\0\0\x01\0pool.test\0",
    b"\x04\x01\x0d\x05\0\0\0\x01\0pool.test\0{",
    b"CONNECT pool.test:3333 HTTP/1.1\r\n\r\n",
    b"PROXY TCP4 10.0.0.1 10.0.0.2 1 2\r\n",
    b"PROXY TCP6 ::1 ::2 1 2\r\n",
    b"PROXY UNKNOWN\r\n",
]


@pytest.mark.parametrize("opening", WRAPPED)
def test_a_way_through_a_proxy_is_read_from_its_first_byte_on(opening: bytes) -> None:
    for length in range(1, len(opening) + 1):
        assert is_read((0, opening[:length])), opening[:length]


@pytest.mark.parametrize("conversation", NOT_MINING)
def test_what_is_no_opening_is_not_read(conversation: list[Said]) -> None:
    assert not is_read(*conversation)


def test_a_first_payload_behind_a_hole_is_read() -> None:
    # The SYN says that something came before these bytes: it may have been the opening.
    table = FlowTable(Limits(flows=16), Endpoints(()), seed=1, keep=False)
    packets = [
        Packet(ethernet(ipv4(tcp(seq=1, flags=SYN)))),
        Packet(ethernet(ipv4(tcp(b'1"}\n', seq=10, flags=PSH | ACK)))),
    ]
    assert list(table.scan(batch(packets)))


tokens = st.sampled_from(
    [
        *PAYLOADS,
        *VERBS,
        b"\r\n",
        b"\n",
        b"\r\n\r\n",
        b"x-mining",
        b"X-Roll-NTime: 1",
        b'{"',
        b"[",
        b" ",
        BOM,
        b"\x16",
        b"\x17\x03",
        b"P",
        b"H",
        b"C",
        b"CONNECT pool.test:3333 HTTP/1.1",
        b"CONNMAN 1",
        b"PROXY TCP4 10.0.0.1 ",
        b"PROXY UNKNOWN",
        b"PROXIMITY",
        b"\5",
        b"\5\1\0",
        b"\5\2\0\2",
        b"\5\1\0\3",
        b"\4\1\x0d\5",
        b"\xc6\x33\x64\7",
        b"\0\0\0\1",
        b"user\0",
        b"pool.test\0",
        b"\0",
        b"\x80",
        b"Upgrade: websocket",
        b"\x81\x0d",
        b"\x81\x8d\0\0\0\0",
        b"\x82\x04",
        b"\x01\x7e\0\x80",
        b"\xc1\x80",
    ]
)
soups = st.lists(st.one_of(tokens, st.binary(max_size=6)), min_size=1, max_size=6).map(b"".join)


def gated(payload: bytes, state: int, side: int, *, other_silent: bool) -> int:
    buffer = np.frombuffer(b"\xa5" + payload + b'"{', np.uint8)
    return gate_payload(buffer, 1, 1 + len(payload), state, side, other_silent)


@settings(max_examples=1500)
@given(soups.filter(bool), st.integers(0, 15), st.integers(0, 1), st.booleans())
def test_the_twin_agrees(payload: bytes, state: int, side: int, other_silent: bool) -> None:
    after, verdict = naive.gate(payload, state, side, other_silent=other_silent)
    if OPENERS[payload[0]]:
        got = gated(payload, state, side, other_silent=other_silent)
        assert got == after | VERDICTS[verdict]
    else:
        assert (after, verdict) == (state, "")


@given(soups.filter(bool), st.integers(0, 255), st.integers(0, 15), st.integers(0, 1))
def test_only_openers_open(payload: bytes, first: int, state: int, side: int) -> None:
    payload = bytes([first]) + payload
    lasting = int(Gate.HTTP | Gate.TLS)
    if not OPENERS[first]:
        got = gated(payload, state, side, other_silent=True)
        assert got & (PASS | HOLD | lasting) == state & lasting
