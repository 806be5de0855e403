"""The table against brute force: longest prefix, at the time, by priority."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from poolwatch.inventory.addresses import MAPPED, Span
from poolwatch.inventory.dates import ALWAYS_FROM, ALWAYS_TO
from poolwatch.inventory.unit_rows import UnitRow
from poolwatch.inventory.units import UnitTable
from poolwatch.terms import Unit
from tests import naive_intervals as naive
from tests.inventory.building import name_at, small, unit_row

# A narrow world, so that rows nest, cross and touch: 64 IPv4 addresses and 64 IPv6 ones
# around the boundary of the two halves of 128 bits.
WORLDS = (MAPPED | 0x0A000000, (0x20010DA8 << 96) + 2**64 - 32)
TIMES = st.integers(0, 9)


@st.composite
def unit_rows(draw: st.DrawFn) -> UnitRow:
    base = draw(st.sampled_from(WORLDS))
    low, high = sorted([draw(st.integers(0, 63)), draw(st.integers(0, 63))])
    from_ns, to_ns = ALWAYS_FROM, ALWAYS_TO
    if draw(st.booleans()):
        from_ns = draw(TIMES)
        to_ns = from_ns + draw(st.integers(1, 9))
    unit = Unit("u", ("u",), None, None, "", None, "made:1")
    priority, container = draw(st.integers(0, 2)), draw(st.booleans())
    return UnitRow(Span(base + low, base + high), unit, from_ns, to_ns, priority, container)


ASKED = st.lists(
    st.tuples(st.sampled_from(WORLDS), st.integers(-2, 65), TIMES), min_size=1, max_size=60
)


@settings(deadline=None)  # the first call loads the kernel
@given(st.lists(unit_rows(), max_size=25), ASKED)
def test_found_as_by_brute_force(rows: list[UnitRow], asked: list[tuple[int, int, int]]) -> None:
    table = UnitTable(rows)
    places = [base + offset for base, offset, _ in asked]
    times = [ts_ns for _, _, ts_ns in asked]
    wanted = [naive.find_row(rows, where, ts) for where, ts in zip(places, times, strict=True)]
    hi = np.array([where >> 64 for where in places], np.uint64)
    lo = np.array([where & (2**64 - 1) for where in places], np.uint64)
    assert table.find_many(hi, lo, np.array(times, np.int64)).tolist() == wanted
    for where, ts_ns, number in zip(places, times, wanted, strict=True):
        version = 4 if where >> 32 == MAPPED >> 32 else 6
        found = table.find(version, where & 0xFFFFFFFF if version == 4 else where, ts_ns)
        assert found is (rows[number] if number >= 0 else None)
        held = any(row.span.low <= where <= row.span.high for row in rows)
        assert table.holds(version, where & 0xFFFFFFFF if version == 4 else where) == held
        assert any(s.low <= where <= s.high for s in table.networks()) == held


def test_the_longest_prefix_wins_whatever_its_priority() -> None:
    table = UnitTable([unit_row("10.0.0.0/8", "wide", priority=9), unit_row("10.1.0.0/16", "long")])
    assert name_at(table, "10.1.0.1") == "long"
    assert name_at(table, "10.2.0.1") == "wide"


def test_of_equals_priority_then_beginning_then_order_decide() -> None:
    prefix = "10.1.0.0/16"
    rows = [unit_row(prefix, "a"), unit_row(prefix, "b")]
    assert name_at(UnitTable(rows), "10.1.0.1") == "a"
    rows.append(unit_row(prefix, "c", from_ns=5))
    assert name_at(UnitTable(rows), "10.1.0.1") == "c"
    rows.append(unit_row(prefix, "d", priority=1))
    assert name_at(UnitTable(rows), "10.1.0.1") == "d"
    rows.append(unit_row(prefix, "e", priority=2, container=True))
    assert name_at(UnitTable(rows), "10.1.0.1") == "d"


def test_of_one_address_no_more_rows_are_kept_than_the_bound() -> None:
    rows = [unit_row(f"10.0.0.0/{bits}", f"/{bits}", from_ns=5, to_ns=9) for bits in range(8, 30)]
    table = UnitTable(rows, limits=small(unit_depth=4))
    assert name_at(table, "10.0.0.1", 6) == "/29"
    assert len(table.find_ever(4, 0x0A000001)) == 4
    assert table.counts()["unit_depth_cut"] > 0


def test_an_empty_table_holds_nobody() -> None:
    table = UnitTable([])
    assert table.find(4, 0x0A000001, 0) is None
    zero = np.zeros(3, np.uint64)
    assert table.find_many(zero, zero, np.zeros(3, np.int64)).tolist() == [-1, -1, -1]
