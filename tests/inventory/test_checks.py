"""What is odd about a table, and the same table written anew."""

from __future__ import annotations

import io
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from poolwatch.inventory.addresses import Span, read_piece
from poolwatch.inventory.checks import Odd, gaps, review
from poolwatch.inventory.normalise import write_normalised
from poolwatch.inventory.unit_rows import UnitRow
from poolwatch.inventory.units import UnitTable
from tests.inventory.building import NOW, ns, table_of, unit_row


def odd(rows: list[UnitRow], within: tuple[str, ...] = ()) -> list[tuple[str, list[str], str]]:
    """Kind, units and addresses of everything odd."""
    found = review(UnitTable(rows), NOW, [read_piece(text).span for text in within])
    return [
        (item.kind.value, [row.unit.name for row in item.rows], str(item.span))
        for item in found.oddities
    ]


def test_nothing_is_odd_about_nested_rows_that_fill_their_parent() -> None:
    rows = [unit_row(p, p) for p in ("10.0.0.0/23", "10.0.0.0/24", "10.0.1.0/24", "192.0.2.0/24")]
    assert odd(rows) == []


def test_two_units_at_the_same_time_and_the_winner_first() -> None:
    rows = [unit_row("10.0.0.0/24", "a"), unit_row("10.0.0.0-10.0.0.255", "b", priority=1)]
    assert odd(rows) == [("contradiction", ["b", "a"], "10.0.0.0/24")]


def test_two_units_one_after_the_other_do_not_contradict() -> None:
    rows = [
        unit_row("10.0.0.0/24", "a", to_ns=NOW + 5),
        unit_row("10.0.0.0/24", "b", from_ns=NOW + 5),
    ]
    assert odd(rows) == []


def test_the_same_twice() -> None:
    assert odd([unit_row("10.0.0.0/24", "a")] * 2) == [("duplicate", ["a", "a"], "10.0.0.0/24")]


def test_ranges_that_cross() -> None:
    rows = [unit_row("10.0.0.0-10.0.0.20", "a"), unit_row("10.0.0.10-10.0.0.30", "b")]
    assert odd(rows) == [("crossing", ["a", "b"], "10.0.0.10-10.0.0.20")]


def test_stale_rows_leave_a_gap() -> None:
    rows = [
        unit_row("10.0.0.0/23", "all"),
        unit_row("10.0.0.0/24", "a"),
        unit_row("10.0.1.0/24", "gone", to_ns=NOW),
    ]
    assert odd(rows) == [
        ("stale", ["gone"], "10.0.1.0/24"),
        ("gap", ["all"], "10.0.1.0/24"),
    ]


def test_gaps_within_a_given_network() -> None:
    assert odd([unit_row("10.0.0.0/24", "a")], ("10.0.0.0/22",)) == [
        ("gap", [], "10.0.1.0-10.0.3.255")
    ]


def test_many_oddities_are_counted_not_listed() -> None:
    rows = [unit_row("10.0.0.0/24", f"u{n}") for n in range(60)]
    found = review(UnitTable(rows), NOW)
    assert found.counts[Odd.CONTRADICTION] == len(found.oddities) + found.unlisted
    assert found.unlisted > 0


PARTS = st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)).map(sorted), max_size=6)


@given(PARTS)
def test_gaps_are_what_no_part_holds(parts: list[list[int]]) -> None:
    spans = sorted(Span(low, high) for low, high in parts)
    free = {n for gap in gaps(Span(5, 30), spans) for n in range(gap.low, gap.high + 1)}
    held = {n for span in spans for n in range(span.low, span.high + 1)}
    assert free == set(range(5, 31)) - held


def test_a_table_written_anew_is_the_same(tmp_path: Path) -> None:
    content = (
        "网段,单位,省,部门,类型,联系人,启用日期,停用日期,优先级,来源,状态\n"
        '"10.1.0.0/16,10.2.0.3-99",A/B楼,江苏,=cmd,学院,"+86, ""x""",2021-09-06,'
        "2022-09-06 12:00,3,IPAM,\n"
        "2001:da8::/32,'=1+1,,,,,,,,,容器\n"
    )
    table = table_of(tmp_path, content, zone="Asia/Shanghai")
    assert not table.notes
    written = io.StringIO()
    write_normalised(table, written)
    assert "\n=" not in written.getvalue()
    assert ",=" not in written.getvalue()
    again = table_of(tmp_path, written.getvalue(), "again.csv")
    assert [fields(row) for row in again.rows] == [fields(row) for row in table.rows]
    twice = io.StringIO()
    write_normalised(again, twice)
    assert twice.getvalue() == written.getvalue()
    assert table.rows[0].from_ns == ns("2021-09-05T16:00")


def fields(row: UnitRow) -> tuple[object, ...]:
    unit = row.unit
    return (
        row.span,
        row.from_ns,
        row.to_ns,
        row.priority,
        row.container,
        unit.name,
        unit.path,
        unit.kind,
        unit.contact,
        unit.source,
        unit.prefix,
    )
