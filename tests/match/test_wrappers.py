"""What comes through proxies is read as if it came alone, however the bytes are cut."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from poolwatch.match.message import Piece
from poolwatch.match.wrappers import READERS, WRAPPERS, Unlike, Unwrapper
from poolwatch.terms import Grade, Hit, Stage, Strength, Tunnel
from tests import running
from tests.match.test_conversation import SESSION, facts
from tests.running import MINER, NOON_NS, POOL, Reading, Talk, judged, match, read_lines

Said = tuple[int, bytes]

NAME = b"zec-eu1.nanopool.org"
GREETING, CHOICE = b"\x05\x01\0", b"\x05\0"
REQUEST = b"\x05\x01\0\x03" + bytes([len(NAME)]) + NAME + b"\x0d\x05"
REPLY = b"\x05\0\0\x01\x0a\0\0\x01\x0d\x05"
CONNECT = b"CONNECT " + NAME + b":3333 HTTP/1.1\r\nHost: " + NAME + b"\r\n\r\n"
GRANTED = b"HTTP/1.1 200 Connection established\r\nVia: gate\r\n\r\n"
ASK = b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 9\r\n\r\nwho? {}\r\n"

WAYS: dict[str, tuple[list[Said], Tunnel]] = {
    "SOCKS5": (
        [(MINER, GREETING), (POOL, CHOICE), (MINER, REQUEST), (POOL, REPLY)],
        Tunnel("socks5", NAME.decode(), 3333),
    ),
    "SOCKS5 with user and password": (
        [
            (MINER, b"\x05\x02\0\x02"),
            (POOL, b"\x05\x02"),
            (MINER, b"\x01\x04user\x06secret"),
            (POOL, b"\x01\0"),
            (MINER, b"\x05\x01\0\x01\xc6\x33\x64\x07\x0d\x05"),
            (POOL, REPLY),
        ],
        Tunnel("socks5", "198.51.100.7", 3333),
    ),
    "SOCKS5 to an IPv6 address": (
        [
            (MINER, GREETING),
            (POOL, CHOICE),
            (MINER, b"\x05\x01\0\x04\x20\x01\x0d\xb8" + bytes(11) + b"\x07\x0d\x05"),
            (POOL, b"\x05\0\0\x04" + bytes(18)),
        ],
        Tunnel("socks5", "2001:db8::7", 3333),
    ),
    "SOCKS4": (
        [(MINER, b"\x04\x01\x0d\x05\xc6\x33\x64\x07me\0"), (POOL, b"\0\x5a" + bytes(6))],
        Tunnel("socks4", "198.51.100.7", 3333),
    ),
    "SOCKS4a": (
        [(MINER, b"\x04\x01\x0d\x05\0\0\0\x01\0" + NAME + b"\0"), (POOL, b"\0\x5a" + bytes(6))],
        Tunnel("socks4", NAME.decode(), 3333),
    ),
    "CONNECT": ([(MINER, CONNECT), (POOL, GRANTED)], Tunnel("http-connect", NAME.decode(), 3333)),
    "CONNECT asked for credentials": (
        [(MINER, CONNECT), (POOL, ASK), (MINER, CONNECT), (POOL, GRANTED)],
        Tunnel("http-connect", NAME.decode(), 3333),
    ),
    "CONNECT to an IPv6 address": (
        [(MINER, b"CONNECT [2001:db8::7]:3333 HTTP/1.0\r\n\r\n"), (POOL, GRANTED)],
        Tunnel("http-connect", "2001:db8::7", 3333),
    ),
    "PROXY": (
        [(MINER, b"PROXY TCP4 10.0.0.9 198.51.100.7 41234 3333\r\n")],
        Tunnel("proxy-v1", "198.51.100.7", 3333),
    ),
    "CONNECT within SOCKS5": (
        [
            (MINER, GREETING),
            (POOL, CHOICE),
            (MINER, b"\x05\x01\0\x03\x09gate.test\x0c\x38"),
            (POOL, REPLY),
            (MINER, CONNECT),
            (POOL, GRANTED),
        ],
        Tunnel("socks5", NAME.decode(), 3333),
    ),
}
INSIDE = [(side, line.encode() + b"\n") for side, line in SESSION]


def read(said: list[Said]) -> Hit:
    reading = Reading()
    for side, data in said:
        reading.send(side, data)
    return reading.hit()


def inside(hit: Hit) -> tuple[object, ...]:
    """What was found of the conversation, without the way to it."""
    signatures = tuple(s for s in hit.signatures if not s.startswith("pool:"))
    return facts(replace(hit, signatures=signatures))


@pytest.mark.parametrize("way", WAYS)
def test_what_is_inside_is_read_as_if_it_came_alone(way: str) -> None:
    wrapper, tunnel = WAYS[way]
    hit = read(wrapper + INSIDE)
    assert inside(hit) == facts(read_lines(*SESSION))
    assert hit.stage is Stage.MINING
    assert hit.tunnel == tunnel
    assert hit.quotes[0].shows == "tunnel"
    assert not hit.encrypted


@pytest.mark.parametrize("way", WAYS)
def test_cut_at_every_byte(way: str) -> None:
    wrapper, tunnel = WAYS[way]
    whole = inside(read(wrapper + INSIDE))
    said = wrapper + INSIDE[:3]
    for index, (side, data) in enumerate(said):
        for at in range(1, len(data)):
            cut = [*said[:index], (side, data[:at]), (side, data[at:]), *said[index + 1 :]]
            hit = read(cut + INSIDE[3:])
            assert (inside(hit), hit.tunnel) == (whole, tunnel), (index, at)


@pytest.mark.parametrize("way", WAYS)
def test_byte_by_byte(way: str) -> None:
    wrapper, tunnel = WAYS[way]
    bytewise = [(side, bytes([byte])) for side, data in wrapper for byte in data]
    hit = read(bytewise + INSIDE)
    assert (inside(hit), hit.tunnel) == (inside(read(wrapper + INSIDE)), tunnel)


@pytest.mark.parametrize("way", WAYS)
def test_nobody_waits_for_the_other(way: str) -> None:
    wrapper, tunnel = WAYS[way]
    said = wrapper + INSIDE
    sides = [b"".join(data for side, data in said if side == one) for one in (MINER, POOL)]
    hit = read([(MINER, sides[MINER]), (POOL, sides[POOL])])
    assert (hit.stage, hit.shares.accepted, hit.tunnel) == (Stage.MINING, 1, tunnel)


@pytest.mark.parametrize("way", WAYS)
def test_packets_through_the_gate(way: str) -> None:
    wrapper, tunnel = WAYS[way]
    talk = Talk().greet()
    for side, data in wrapper + INSIDE:
        talk.send(side, data)
    hits, _ = match(talk.packets)
    assert [(hit.stage, hit.tunnel) for hit in hits] == [(Stage.MINING, tunnel)]
    session = judged(hits[0])
    assert session is not None
    assert session.grade is Grade.CONFIRMED
    assert session.pool == ("Nanopool" if tunnel.host == NAME.decode() else None)


@pytest.mark.parametrize("way", WAYS)
def test_only_the_client_was_captured(way: str) -> None:
    wrapper, tunnel = WAYS[way]
    talk = Talk().greet()
    for side, data in wrapper + INSIDE:
        if side == MINER:
            talk.send(side, data)
    hits, _ = match(talk.packets)
    assert [(hit.stage, hit.tunnel) for hit in hits] == [(Stage.SUBMITTING, tunnel)]
    assert hits[0].payload[1 - (hits[0].miner_side or 0)] is False


REFUSED: dict[str, list[Said]] = {
    "SOCKS5, no method": [(MINER, GREETING), (POOL, b"\x05\xff")],
    "SOCKS5, no login": [
        (MINER, b"\x05\x01\x02"),
        (POOL, b"\x05\x02"),
        (MINER, b"\x01\x01u\x01p"),
        (POOL, b"\x01\x01"),
    ],
    "SOCKS5": [
        (MINER, GREETING),
        (POOL, CHOICE),
        (MINER, REQUEST),
        (POOL, b"\x05\x05\0\x01" + bytes(6)),
    ],
    "SOCKS4": [
        (MINER, b"\x04\x01\x0d\x05\0\0\0\x01\0" + NAME + b"\0"),
        (POOL, b"\0\x5b" + bytes(6)),
    ],
    "CONNECT": [(MINER, CONNECT), (POOL, b"HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno")],
    "CONNECT, never tried again": [(MINER, CONNECT), (POOL, ASK)],
}


@pytest.mark.parametrize("way", REFUSED)
def test_what_is_refused_reaches_nobody(way: str) -> None:
    said = REFUSED[way]
    assert judged(read(said)) is None
    assert judged(read([*said[:-1], INSIDE[0], said[-1]])) is None  # sent without waiting
    talk = Talk().greet()
    for side, data in said:
        talk.send(side, data)
    assert match(talk.packets)[0] == []


TLS = b"\x16\x03\x01\0\x05hello"


@pytest.mark.parametrize("way", ["SOCKS5", "SOCKS4a", "CONNECT"])
def test_tls_to_a_listed_name(way: str) -> None:
    hit = read([*WAYS[way][0], (MINER, TLS), (POOL, TLS), (MINER, INSIDE[0][1])])
    assert hit.encrypted
    assert (hit.strength, hit.dialect) == ((None, None), None)
    session = judged(hit)
    assert session is not None
    assert (session.grade, session.pool) == (Grade.SUSPECTED, "Nanopool")
    half = judged(read([*WAYS[way][0], (MINER, TLS)]))
    assert half is not None
    assert half.grade is Grade.NOTED


def test_tls_to_anybody_else_is_left_alone() -> None:
    talk = Talk().greet()
    for side, data in [*WAYS["SOCKS4"][0], (MINER, TLS), (POOL, TLS), *INSIDE]:
        talk.send(side, data)
    hits, counts = match(talk.packets)
    assert (hits, counts["candidates_dismissed"]) == ([], 1)


def test_passwords_are_not_quoted() -> None:
    secret = CONNECT[:-2] + b"Proxy-Authorization: Basic dXNlcjpzZWNyZXQ=\r\n\r\n"
    for said in ([(MINER, secret), (POOL, GRANTED)], WAYS["SOCKS5 with user and password"][0]):
        hit = read([*said, *INSIDE])
        assert hit.tunnel
        assert "secret" not in repr(hit)
        assert "dXNl" not in repr(hit)


NO_WRAPPER = [
    b"\x05\0" + b"x" * 20,
    b"\x05\x01\x63",
    b"\x05\x01\0\x05\x02\0\x01" + bytes(6),
    b"\x04\x02\x0d\x05\xc6\x33\x64\x07\0",
    b"\x04\x01\x0d\x05\xc6\x33\x64\x07\x80\0",
    b"\x04\x01\x0d\x05\0\0\0\x01\0a b\0",
    b"CONNECTED\r\n\r\n",
    b"CONNECT nowhere\r\n\r\n",
    b"PROXY TCP4 1 2\r\n",
    b"PROXY " + b"x" * 200,
    b"CONNECT " + b"x" * 9000,
]


@pytest.mark.parametrize("data", NO_WRAPPER, ids=lambda data: repr(data[:20]))
def test_what_is_no_wrapper_is_handed_on(data: bytes) -> None:
    unwrapper = Unwrapper()
    shown = unwrapper.feed(MINER, Piece(data, 1, 54, NOON_NS, False))
    assert data.endswith(b"".join(piece.data for piece in shown))
    assert shown
    assert unwrapper.asked == []


def test_the_line_of_a_balancer_that_knows_nothing() -> None:
    hit = read([(MINER, b"PROXY UNKNOWN\r\n"), *INSIDE])
    assert (hit.stage, hit.tunnel) == (Stage.MINING, None)


def test_bytes_before_a_hole_are_given_up() -> None:
    unwrapper = Unwrapper()
    assert unwrapper.feed(MINER, Piece(GREETING, 1, 54, NOON_NS, False)) == []
    piece = Piece(INSIDE[0][1], 2, 54, NOON_NS, True)
    assert unwrapper.feed(MINER, piece) == [piece]


def test_a_table_for_every_step() -> None:
    for first, wrapper in WRAPPERS.items():
        assert wrapper.opening in READERS
        assert not wrapper.answer or wrapper.answer in READERS
        assert READERS[wrapper.opening](bytes([first])) is None


@pytest.mark.parametrize(
    ("scenario", "hosts"),
    [
        ("tunnel-socks5", {"10.40.0.11": "miner"}),
        ("tunnel-relayed", {"10.40.0.11": "miner", "10.40.9.1": "relay"}),
        ("tunnel-http-connect", {"10.40.0.17": "miner", "10.40.0.18": "miner"}),
        ("tunnel-refused", {}),
    ],
)
def test_a_proxy_is_no_pool(scenario: str, hosts: dict[str, str]) -> None:
    findings = running.scan_scenario(scenario).findings
    assert {finding.host: finding.role.value for finding in findings} == hosts


SIDES = st.sampled_from((MINER, POOL))
PARTS = st.sampled_from(
    [data for said, _ in WAYS.values() for _, data in said]
    + [data for said in REFUSED.values() for _, data in said]
    + [TLS, INSIDE[0][1], INSIDE[1][1], b"\x05", b"\x04", b"C", b"P", b"\0"]
)


@given(st.lists(st.tuples(SIDES, st.binary(max_size=40) | PARTS), max_size=14))
def test_any_bytes(said: list[Said]) -> None:
    reading = Reading()
    for side, data in said:
        reading.send(side, data)
    hit = reading.hit()
    judged(hit)
    assert hit.tunnel is None or hit.tunnel.via in {w.via for w in WRAPPERS.values()}
    assert max(hit.strength, key=lambda s: -1 if s is None else s) in (None, *Strength)


@given(st.lists(st.tuples(SIDES, st.binary(min_size=1, max_size=40) | PARTS), max_size=14))
def test_any_pieces_are_handed_on_in_order_or_not_at_all(said: list[Said]) -> None:
    unwrapper = Unwrapper()
    sent, shown = [b"", b""], [b"", b""]
    for number, (side, data) in enumerate(said):
        sent[side] += data
        for piece in unwrapper.feed(side, Piece(data, number, 54, NOON_NS, False)):
            shown[side] += piece.data
    for side, piece in unwrapper.finish():
        shown[side] += piece.data
    for side in (MINER, POOL):
        left = iter(sent[side])
        assert all(byte in left for byte in shown[side])


@given(st.sampled_from(sorted(READERS)), st.binary(min_size=1, max_size=60) | PARTS)
def test_every_reader_takes_any_bytes(name: str, data: bytes) -> None:
    try:
        message = READERS[name](data)
    except Unlike:
        return
    assert message is None or message.length > 0


@pytest.mark.parametrize("host", ["10.0.0.1", "pool.example", "zec-eu1.nanopool.org."])
def test_a_name_is_a_pools_only_if_it_is_listed(host: str) -> None:
    line = f"CONNECT {host}:443 HTTP/1.1\r\n\r\n".encode()
    hit = read([(MINER, line), (POOL, GRANTED), *INSIDE])
    session = judged(hit)
    assert session is not None
    assert (session.pool is not None) is ("nanopool" in host)
    assert (hit.named_host is None) is host.startswith("10.")
    assert running.catalog().find_pool(host) is None or "nanopool" in host
