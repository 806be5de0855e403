"""Packets that come twice, against a twin; mirrors of one direction; what doubles do to shares."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from poolwatch.capture import open_source
from poolwatch.capture.bytestream import ByteStream
from poolwatch.capture.live import RingSettings
from poolwatch.capture.mirror import Directions, Duplicates, DuplicateWatch, directions
from poolwatch.capture.source import Batch
from poolwatch.catalog import load_catalog
from poolwatch.layouts import DEAD, FLOW, PACKET, FlowFlag, Kind, Link
from poolwatch.match.matcher import Matcher
from poolwatch.settings import Limits
from poolwatch.terms import Hit
from tests.conftest import REPOSITORY

MS = 1_000_000
WINDOW = 20
SETTINGS = RingSettings(duplicate_ms=WINDOW)
TAGS = {b"\x81\x00", b"\x88\xa8", b"\x91\x00", b"\x92\x00"}


def identity(body: bytes, link: Link) -> tuple[bytes, ...] | None:
    """The twin: what a packet shares with its double alone, None for one not looked at."""
    packet = body
    if link is Link.ETHERNET:
        place = 12
        for _ in range(2):
            if body[place : place + 2] in TAGS and len(body) >= place + 6:
                place += 4
        if body[place : place + 2] not in (b"\x08\x00", b"\x86\xdd"):
            return None
        packet = body[place + 2 :]
    if len(packet) < 20:
        return None
    if packet[0] >> 4 == 4:
        length, header = int.from_bytes(packet[2:4], "big"), (packet[0] & 15) * 4
        if header < 20 or length < header:
            return None
        rest = packet[header:length] if header <= len(packet) else b""
        tcp = packet[9] == 6 and header + 13 <= len(packet)
        data = tcp and header + (packet[header + 12] >> 4) * 4 < length
        if packet[4:6] == b"\0\0" and not data:
            return None
        return packet[2:8] + packet[9:10], packet[12:20], rest[:40]
    if packet[0] >> 4 == 6 and len(packet) >= 40:
        length = int.from_bytes(packet[4:6], "big")
        rest = packet[40 : 40 + length]
        if packet[6] != 6 or len(packet) < 53 or 40 + (packet[52] >> 4) * 4 >= 40 + length:
            return None
        return packet[4:6], packet[8:40], rest[:40]
    return None


def count(bodies: list[tuple[int, bytes]], link: Link) -> tuple[int, int]:
    """The twin: packets looked at, and duplicates among them. Two times are kept of each."""
    looked_at = duplicates = 0
    seen: dict[tuple[bytes, ...], list[int]] = {}
    for ts_ns, body in bodies:
        key = identity(body, link)
        if key is None:
            continue
        looked_at += 1
        times = seen.setdefault(key, [])
        if any(abs(ts_ns - before) <= WINDOW * MS for before in times):
            duplicates += 1
        elif len(times) < 2:
            times.append(ts_ns)
        else:
            times[times.index(min(times))] = ts_ns
    return looked_at, duplicates


def batch_of(bodies: list[tuple[int, bytes]], link: Link) -> Batch:
    packets = np.zeros(len(bodies), PACKET)
    at = 0
    for index, (ts_ns, body) in enumerate(bodies):
        packets[index] = (ts_ns, at, len(body), len(body), int(link), 0)
        at += len(body)
    data = b"".join(body for _, body in bodies)
    return Batch(np.frombuffer(data or b"\0", np.uint8), packets, len(bodies))


@st.composite
def ip_packets(draw: st.DrawFn) -> bytes:
    """IPv4 or IPv6 with few different values, so that many are alike but for one thing."""
    few = st.integers(0, 1)
    payload = draw(st.sampled_from([b"", b"a", b"b" * 9, b"c" * 70, b"c" * 69 + b"d"]))
    tcp = draw(st.booleans())
    head = bytes(7) + bytes([draw(few)])
    transport = head + bytes(4) + b"\x50" + bytes(7) if tcp else head
    body = transport + payload
    protocol = 6 if tcp else 17
    if draw(st.booleans()):
        size = draw(st.sampled_from([20 + len(body)] * 6 + [19, 65535]))
        start = b"\x45\0" + size.to_bytes(2, "big") + bytes([0, draw(few) * 7, 0, 0])
        ends = bytes([10, 0, 0, draw(few)]) * 2
        return start + bytes([draw(few), protocol, draw(few), 0]) + ends + body
    start = b"\x60\0\0\0" + len(body).to_bytes(2, "big") + bytes([protocol, draw(few)])
    return start + bytes(31) + bytes([draw(few)]) + body


@st.composite
def frames(draw: st.DrawFn) -> bytes:
    packet = draw(ip_packets())
    two = b"\x88\xa8\0\7\x81\0\0\1"
    tags = draw(st.sampled_from([b"", b"", b"\x81\0\0\5", two, b"\x81\0" * 6]))
    ethertype = b"\x08\0" if packet[0] >> 4 == 4 else b"\x86\xdd"
    whole = draw(st.binary(min_size=1, max_size=1)) * 12 + tags + ethertype + packet
    cut = draw(st.sampled_from([None, None, None, 13, 15, 40, 60]))
    return whole[:cut]


gaps = st.sampled_from([0, 1, 5 * MS, WINDOW * MS, WINDOW * MS + 1, -3 * MS])


@given(st.lists(st.tuples(gaps, frames()), max_size=40))
def test_duplicates(moves: list[tuple[int, bytes]]) -> None:
    now, bodies = 10**18, []
    for gap, body in moves:
        now += gap
        bodies.append((now, body))
    watch = DuplicateWatch(SETTINGS, seed=1)
    for start in (0, 15):  # what is remembered does not end with a batch
        watch.look(batch_of(bodies[start : start + 15 if not start else None], Link.ETHERNET))
    counts = watch.counts()
    assert (counts.looked_at, counts.duplicates) == count(bodies, Link.ETHERNET)
    assert counts.forgotten == 0


@given(st.lists(ip_packets(), max_size=20))
def test_duplicates_without_ethernet(packets: list[bytes]) -> None:
    bodies = [(10**18 + index, packet) for index, packet in enumerate(packets)]
    watch = DuplicateWatch(SETTINGS, seed=1)
    watch.look(batch_of(bodies, Link.RAW_IP))
    counts = watch.counts()
    assert (counts.looked_at, counts.duplicates) == count(bodies, Link.RAW_IP)


def test_what_makes_room_too_early_is_counted() -> None:
    settings = RingSettings(duplicate_slots=64)
    packet = b"\x45\0\0\x1c%b\0\0\x40\x11\0\0" + bytes(8) + bytes(8)
    bodies = [(10**18, packet % number.to_bytes(2, "big")) for number in range(1, 1001)]
    watch = DuplicateWatch(settings, seed=1)
    watch.look(batch_of(bodies, Link.RAW_IP))
    assert watch.counts() == Duplicates(1000, 0, 1000 - 64)


def test_nobody_looks_when_it_is_switched_off() -> None:
    watch = DuplicateWatch(RingSettings(duplicate_ms=0))
    watch.look(batch_of([(1, b"\x45\0\0\x1c\0\1" + bytes(40))] * 3, Link.RAW_IP))
    assert watch.counts() == Duplicates(0, 0, 0)


@pytest.mark.parametrize(
    ("counts", "share", "two_legs"),
    [
        (Duplicates(99, 99, 0), None, False),
        (Duplicates(100, 20, 0), 0.2, False),
        (Duplicates(1000, 500, 0) + Duplicates(1000, 480, 3), 0.49, True),
    ],
)
def test_share_of_duplicates(counts: Duplicates, share: float | None, two_legs: bool) -> None:
    assert counts.share == share
    assert counts.two_legs is two_legs


def flow_rows(*wanted: tuple[int, Kind, int]) -> np.ndarray[tuple[int], np.dtype[np.void]]:
    rows = np.zeros(sum(number for number, _, _ in wanted) + 50, FLOW)
    at = 0
    for number, kind, flags in wanted:
        rows["kind"][at : at + number] = int(kind)
        rows["flags"][at : at + number] = flags
        at += number
    return rows


BOTH = FlowFlag.SEEN_A | FlowFlag.SEEN_B


def test_directions_of_open_flows() -> None:
    rows = flow_rows(
        (60, Kind.TCP4, BOTH | FlowFlag.DATA_A),
        (70, Kind.TCP6, FlowFlag.SEEN_B | FlowFlag.DATA_B),
        (30, Kind.TCP4, FlowFlag.SEEN_A | FlowFlag.SYN_A),  # a scan's
        (40, Kind.UDP4, FlowFlag.SEEN_A | FlowFlag.DATA_A),  # syslog, multicast
    )
    rows["kind"][:10] |= DEAD
    found = directions(rows, 200)
    assert found == Directions(120, 70)
    assert found.one_way_mirror
    assert not (found + Directions(30, 0)).one_way_mirror
    assert directions(rows, 0) == Directions(0, 0)
    assert Directions(99, 99).share is None


def test_of_many_flows_a_sample_is_looked_at() -> None:
    rows = flow_rows((400_000, Kind.TCP4, BOTH | FlowFlag.DATA_A))
    rows["flags"][100_000:200_000] = int(FlowFlag.SEEN_A | FlowFlag.DATA_A)
    found = directions(rows, 400_000)
    assert 65_536 <= found.flows < 2 * 65_536
    assert found.share == pytest.approx(0.25, abs=0.001)


def hits(path: Path, times: int, watch: DuplicateWatch) -> list[Hit]:
    """What is found in a capture each of whose packets comes so many times."""
    matcher = Matcher(load_catalog(()), Limits(), seed=1)
    found: list[Hit] = []
    with closing(ByteStream(str(path), 1000)) as stream:
        for batch in open_source(stream, Limits()).batches():
            doubled = np.repeat(batch.packets[: batch.count], times)
            twice = Batch(batch.buffer, doubled, len(doubled))
            watch.look(twice)
            found += matcher.feed(twice)
    return found + matcher.finish()


@pytest.mark.parametrize("scenario", ["campus", "xmr-node-proxy-clean"])
def test_shares_are_counted_once_though_packets_come_twice(scenario: str) -> None:
    path = REPOSITORY / "pcaps" / scenario / "capture.pcap"
    single, twice = DuplicateWatch(SETTINGS, seed=1), DuplicateWatch(SETTINGS, seed=1)
    once, doubled = hits(path, 1, single), hits(path, 2, twice)
    assert once
    assert [_facts(hit) for hit in doubled] == [_facts(hit) for hit in once]
    assert single.counts().duplicates == 0
    counts = twice.counts()
    assert counts.looked_at == 2 * counts.duplicates > 0


def _facts(hit: Hit) -> tuple[object, ...]:
    said = hit.stage, hit.jobs, hit.shares, hit.work, hit.said, hit.logins
    return hit.key, hit.first_ns, hit.last_ns, *said
