"""The sliding buffer between a stream and the walkers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from poolwatch.capture.source import Window
from poolwatch.settings import Limits
from tests.builders import trickle

LIMITS = Limits(record_bytes=100, read_bytes=50)
DATA = bytes(range(256)) * 4
sizes = st.lists(st.integers(1, 300), max_size=6)
steps = st.lists(
    st.tuples(st.sampled_from(["take", "skip", "fill", "need"]), st.integers(0, 300)), max_size=30
)


def window(data: bytes = DATA, pieces: list[int] | None = None) -> Window:
    return Window(trickle(data, pieces or ()), LIMITS)


@given(sizes, steps)
def test_no_byte_is_lost_or_moved(pieces: list[int], moves: list[tuple[str, int]]) -> None:
    view, at = window(pieces=pieces), 0
    for move, count in moves:
        whole = at + count <= len(DATA)
        if move == "fill":
            view.fill()
        elif move == "need":
            assert view.need(count) == whole
        elif move == "take" and view.need(count):
            assert view.take(count) == DATA[at : at + count]
            at += count
        elif move == "skip":
            assert view.skip(count) == whole
            at = min(at + count, len(DATA))
        assert view.offset == at
        assert bytes(view.view[view.start : view.end]) == DATA[at : at + view.available]


def test_one_fill_reads_no_more_than_the_limit() -> None:
    view = window()
    assert view.fill()
    assert view.available == LIMITS.read_bytes


def test_a_fill_says_when_the_stream_ends() -> None:
    view = window(b"abc")
    assert view.fill()
    assert not view.fill()
    assert view.available == 3


def test_what_does_not_fit_the_buffer_is_not_waited_for() -> None:
    view = window(bytes(1 << 20))
    capacity = len(view.buffer)
    assert not view.need(capacity + 1)
    assert view.need(capacity)
    assert view.available == capacity


@pytest.mark.parametrize("count", [10**6, 1 << 33])
def test_a_skip_beyond_the_end_ends_at_the_end(count: int) -> None:
    view = window()
    view.need(10)
    assert not view.skip(count)
    assert view.offset == len(DATA)


def test_the_buffer_is_the_same_all_along() -> None:
    view = window(bytes(1 << 20))
    before = view.buffer.ctypes.data
    while view.fill():
        view.start = view.end
    assert view.buffer.ctypes.data == before
    assert view.base + view.end == 1 << 20


def test_a_record_of_the_longest_kind_fits() -> None:
    view = window(bytes(1 << 18))
    view.need(50)
    view.take(49)
    assert view.need(LIMITS.record_bytes + 76)
