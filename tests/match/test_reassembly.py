"""Segments in any order in, the bytes that were sent out."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from poolwatch.match.message import Piece, Segment, Tally
from poolwatch.match.reassembly import Reassembler
from poolwatch.settings import Limits
from tests.running import NOON_NS

LIMITS = Limits()
FIRST = 2**32 - 40  # sequence numbers wrap within every stream here


def segment(
    start: int, data: bytes, *, packet: int = 1, wire: int | None = None, ts_ns: int = NOON_NS
) -> Segment:
    """A segment that begins `start` bytes into the stream."""
    length = len(data) if wire is None else wire
    return Segment(ts_ns, packet, 0, (FIRST + start) % 2**32, length, 54, data)


def reassembler(limits: Limits = LIMITS, tally: Tally | None = None) -> Reassembler:
    return Reassembler(limits, Tally() if tally is None else tally, FIRST)


def text_of(pieces: list[Piece]) -> bytes:
    return b"".join(piece.data for piece in pieces)


def push_all(into: Reassembler, segments: list[Segment]) -> list[Piece]:
    pieces = [piece for one in segments for piece in into.push(one)]
    return pieces + into.finish()


@st.composite
def journeys(draw: st.DrawFn) -> tuple[bytes, list[Segment]]:
    """A stream, and how its segments may arrive: cut, doubled, overlapping, out of order."""
    data = draw(st.binary(min_size=1, max_size=120))
    cuts = sorted(draw(st.sets(st.integers(1, len(data)), max_size=12)) | {len(data)})
    ranges = list(zip([0, *cuts], cuts, strict=False))
    for _ in range(draw(st.integers(0, 6))):  # again, with other ends
        start = draw(st.integers(0, len(data) - 1))
        ranges.insert(
            draw(st.integers(0, len(ranges))),
            (start, draw(st.integers(start + 1, len(data)))),
        )
    ranges = draw(st.permutations(ranges))
    segments = [segment(a, data[a:b], packet=n) for n, (a, b) in enumerate(ranges, 1)]
    for _ in range(draw(st.integers(0, 4))):  # keep-alives: garbage one before what is known
        at = draw(st.integers(0, len(segments)))
        segments.insert(at, segment(-1, b"\0", packet=99))
    return data, segments


@given(journeys())
def test_the_bytes_sent_come_out(journey: tuple[bytes, list[Segment]]) -> None:
    data, segments = journey
    pieces = push_all(reassembler(), segments)
    assert text_of(pieces) == data
    assert not any(piece.gap for piece in pieces)


@given(journeys())
def test_every_piece_knows_where_it_stands(journey: tuple[bytes, list[Segment]]) -> None:
    _, segments = journey
    by_packet = {one.packet: one for one in segments}
    for piece in push_all(reassembler(), segments):
        source = by_packet[piece.packet]
        start = piece.offset - source.offset
        assert source.data[start : start + len(piece.data)] == piece.data


@given(journeys())
def test_without_the_start_reading_begins_at_the_first_segment(
    journey: tuple[bytes, list[Segment]],
) -> None:
    data, segments = journey
    unknown = Reassembler(LIMITS, Tally(), None)
    first = (segments[0].seq - FIRST) % 2**32
    out = text_of(push_all(unknown, segments))
    assert out.endswith(data[first:]) if first < len(data) else out == b"\0" + data


def test_in_order_segments_come_out_at_once() -> None:
    into = reassembler()
    assert text_of(into.push(segment(0, b"abc"))) == b"abc"
    assert text_of(into.push(segment(3, b"def"))) == b"def"
    assert into.finish() == []


def test_a_hole_is_waited_for_and_filled() -> None:
    into = reassembler()
    assert into.push(segment(3, b"def")) == []
    assert text_of(into.push(segment(0, b"abc"))) == b"abcdef"


def test_a_retransmission_with_other_bytes_changes_nothing() -> None:
    into = reassembler()
    into.push(segment(0, b"abc"))
    assert into.push(segment(0, b"XYZ")) == []
    assert text_of(into.push(segment(1, b"XXd"))) == b"d"


def test_the_keepalive_of_windows_adds_nothing() -> None:
    into = reassembler()
    into.push(segment(0, b'{"a":1}\n'))
    assert into.push(segment(7, b"\0")) == []
    assert text_of(into.push(segment(8, b"{}"))) == b"{}"


@pytest.mark.parametrize(
    ("limits", "late_by", "segments"),
    [
        (Limits(reorder_segments=3), 0, 4),
        (Limits(stream_bytes=10), 0, 4),
        (Limits(reorder_seconds=5), 6, 2),
    ],
)
def test_a_hole_is_given_up_within_bounds(limits: Limits, late_by: int, segments: int) -> None:
    tally = Tally()
    into = reassembler(limits, tally)
    pieces: list[Piece] = []
    for index in range(segments):
        ts_ns = NOON_NS + index * late_by * 10**9
        pieces += into.push(segment(4 + 3 * index, b"abc", packet=index + 1, ts_ns=ts_ns))
    assert text_of(pieces) == b"abc" * segments
    assert [piece.gap for piece in pieces] == [True] + [False] * (segments - 1)
    assert tally == {"stream_gaps": 1}


def test_within_bounds_a_hole_stays_open() -> None:
    into = reassembler(Limits(reorder_segments=3))
    for index in range(3):
        assert into.push(segment(4 + 3 * index, b"abc")) == []


def test_a_retransmission_also_looks_at_the_clock() -> None:
    into = reassembler(Limits(reorder_seconds=5))
    into.push(segment(0, b"abc"))
    into.push(segment(6, b"ghi"))
    late = into.push(segment(0, b"abc", ts_ns=NOON_NS + 6 * 10**9))
    assert [(piece.data, piece.gap) for piece in late] == [(b"ghi", True)]


def test_bytes_cut_by_the_snap_length_are_a_hole() -> None:
    tally = Tally()
    into = reassembler(tally=tally)
    cut = into.push(segment(0, b"abc", wire=10))
    after = into.push(segment(10, b"xyz"))
    assert [(p.data, p.gap) for p in cut + after] == [(b"abc", False), (b"xyz", True)]
    assert tally == {"stream_gaps": 1}


def test_what_still_waits_comes_out_at_the_end() -> None:
    tally = Tally()
    into = reassembler(tally=tally)
    into.push(segment(9, b"jkl"))
    into.push(segment(3, b"def"))
    rest = into.finish()
    assert [(p.data, p.gap) for p in rest] == [(b"def", True), (b"jkl", True)]
    assert tally == {"stream_gaps": 2}


def test_packets_that_wait_are_renumbered() -> None:
    into = reassembler()
    into.push(segment(3, b"def", packet=2))
    into.shift(100)
    assert [p.packet for p in into.push(segment(0, b"abc", packet=150))] == [150, 102]


def test_after_being_handed_over_it_counts_elsewhere() -> None:
    one, two = Tally(), Tally()
    into = reassembler(tally=one)
    into.push(segment(3, b"def"))
    into.count_in(two)
    into.finish()
    assert (one, two) == ({}, {"stream_gaps": 1})


def test_what_waits_never_holds_more_than_the_bound() -> None:
    """One hole may free less than a segment brings: as many are skipped as it takes."""
    into = reassembler(Limits(stream_bytes=200))
    for start in (100, 120, 140, 160):  # cut by the snap length: they hold nothing
        into.push(segment(start, b"", wire=10))
    for start in (300, 500, 700, 900):
        into.push(segment(start, bytes(150)))
        assert into.waiting_bytes <= 200
