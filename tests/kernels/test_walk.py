"""Record walkers against the twin, through their sources; the input comes in any pieces."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from poolwatch.kernels.walk import ticks_to_ns
from poolwatch.settings import Limits
from tests import builders, naive
from tests.builders import Order, trickle
from tests.capture.reading import read_stream, told_apart
from tests.naive import Reading

LIMITS = Limits(record_bytes=200, read_bytes=150)

orders: st.SearchStrategy[Order] = st.sampled_from(["<", ">"])
linktypes = st.sampled_from([0, 1, 12, 101, 108, 113, 147, 228, 229, 276])
bodies = st.binary(max_size=30)
u32s = st.one_of(st.integers(0, 300), st.integers(0, 2**32 - 1))
pieces = st.lists(st.integers(1, 200), max_size=5)


def read(data: bytes, sizes: Sequence[int] = (), limits: Limits = LIMITS) -> Reading:
    return read_stream(trickle(data, sizes), limits).reading


def mutate(data: bytes, changes: list[tuple[int, int]], cut: int | None, keep: int) -> bytes:
    """`data` with some bytes changed behind the first `keep`, and cut."""
    mutable = bytearray(data)
    for place, value in changes:
        if len(mutable) > keep:
            mutable[keep + place % (len(mutable) - keep)] = value
    size = None if cut is None else keep + cut % (len(mutable) - keep + 1)
    return bytes(mutable[:size])


changes = st.lists(st.tuples(st.integers(0, 2**16), st.integers(0, 255)), max_size=3)
cuts = st.one_of(st.none(), st.integers(0, 2**16))


@st.composite
def pcaps(draw: st.DrawFn) -> bytes:
    order, nanoseconds = draw(orders), draw(st.booleans())
    out = builders.pcap_header(
        order=order,
        nanoseconds=nanoseconds,
        linktype=draw(linktypes) | draw(u32s) << 16 & 2**32 - 1,
    )
    for body in draw(st.lists(bodies, max_size=8)):
        out += builders.pcap_record(
            body, order=order, seconds=draw(u32s), ticks=draw(u32s), wirelen=draw(u32s)
        )
    return out


@given(pcaps(), pieces, changes, cuts)
def test_pcap(
    data: bytes, sizes: list[int], changed: list[tuple[int, int]], cut: int | None
) -> None:
    data = mutate(data, changed, cut, keep=8)
    assert read(data, sizes) == told_apart(naive.read_pcap(data, LIMITS.record_bytes))


@st.composite
def blocks(draw: st.DrawFn, order: Order) -> bytes:
    kind = draw(st.sampled_from(["enhanced", "enhanced", "simple", "old", "interface", "other"]))
    ticks = draw(st.one_of(st.integers(0, 2**50), st.integers(0, 2**64 - 1)))
    index = draw(st.sampled_from([0, 0, 0, 1, 2]))
    body = draw(bodies)
    match kind:
        case "enhanced":
            comment = draw(st.sampled_from([b"", builders.option(1, b"note", order=order)]))
            return builders.enhanced(
                body, order=order, index=index, ticks=ticks, wirelen=draw(u32s), options=comment
            )
        case "simple":
            longer = draw(st.sampled_from([0, 0, 5, 1000]))
            return builders.simple(body, order=order, wirelen=len(body) + longer)
        case "old":
            return builders.old_packet(body, order=order, index=index, ticks=ticks)
        case "interface":
            return draw(interfaces(order))
        case _:
            size = draw(st.sampled_from([0, 12, 252, 256, 2000]))
            return builders.block(
                draw(st.sampled_from([4, 5, 10, 0xBAD])), bytes(size), order=order
            )


@st.composite
def interfaces(draw: st.DrawFn, order: Order) -> bytes:
    return builders.interface(
        order=order,
        linktype=draw(linktypes),
        snaplen=draw(st.sampled_from([0, 0, 10, 65535])),
        tsresol=draw(st.sampled_from([None, 3, 6, 9, 12, 0x80, 0x8A, 0x94])),
        tsoffset=draw(st.sampled_from([None, 0, 3600, -3600, 2**33 - 1, 2**40])),
    )


@st.composite
def sections(draw: st.DrawFn) -> bytes:
    order = draw(orders)
    out = builders.section(order=order)
    for _ in range(draw(st.integers(0, 2))):
        out += draw(interfaces(order))
    return out + b"".join(draw(st.lists(blocks(order), max_size=6)))


@given(st.lists(sections(), min_size=1, max_size=3).map(b"".join), pieces, changes, cuts)
def test_pcapng(
    data: bytes, sizes: list[int], changed: list[tuple[int, int]], cut: int | None
) -> None:
    data = mutate(data, changed, cut, keep=8)
    assert read(data, sizes) == told_apart(naive.read_pcapng(data, LIMITS.record_bytes))


def test_more_packets_than_rows_of_a_batch() -> None:
    bodies = [struct.pack("<I", number) for number in range(40_000)]
    limits = Limits(read_bytes=1 << 20)
    for data in (
        builders.pcap_header() + b"".join(map(builders.pcap_record, bodies)),
        builders.section() + builders.interface() + b"".join(map(builders.simple, bodies)),
    ):
        assert [row.data for row in read(data, limits=limits).rows] == bodies


@pytest.mark.parametrize(
    ("ticks", "power", "binary", "ns"),
    [
        (1_500_000, 6, False, 1_500_000_000),
        (1_500, 3, False, 1_500_000_000),
        (15, 1, False, 1_500_000_000),
        (2, 0, False, 2_000_000_000),
        (1_500_000_000, 9, False, 1_500_000_000),
        (1_999, 12, False, 1),
        (2**62, 127, False, 0),
        (3 << 9, 10, True, 1_500_000_000),
        (3 << 31, 32, True, 1_500_000_000),
        (3 << 61, 62, True, 1_500_000_000),
        (3, 1, True, 1_500_000_000),
        (7, 0, True, 7_000_000_000),
        (2**63, 9, False, 0),
        (2**64 - 1, 6, False, 0),
    ],
)
def test_ticks_known(ticks: int, power: int, binary: bool, ns: int) -> None:
    assert ticks_to_ns(ticks >> 32, ticks & 0xFFFFFFFF, power, int(binary)) == ns


@given(st.integers(0, 2**63 - 1), st.integers(0, 62), st.booleans(), st.integers(0, 62))
def test_ticks_are_exact(ticks: int, power: int, binary: bool, shift: int) -> None:
    ticks >>= shift
    exact = ticks * Fraction(1, (2 if binary else 10) ** power) * naive.NS
    got = ticks_to_ns(ticks >> 32, ticks & 0xFFFFFFFF, power, int(binary))
    if exact < 2**63:
        below = 1 if binary and power > 32 else 0  # finer than nanoseconds: one may be lost
        assert int(exact) - below <= got <= exact
