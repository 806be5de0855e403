"""Exemption registers as people keep them."""

from __future__ import annotations

import ipaddress
import zoneinfo
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from poolwatch.errors import UnitsError
from poolwatch.inventory.dates import read_from
from poolwatch.inventory.exemptions import load_exemptions
from poolwatch.inventory.notes import Reason
from poolwatch.settings import Limits
from tests.inventory.building import workbook

ENGLISH = (
    "address,MAC address,unit,kind,valid from,valid to,document number,note\n"
    "10.1.2.0/24,,Physics,research,2026-01-01,2026-06-30,No. 7,quantum money\n"
    ",00:1a:2b:3c:4d:5e,,filed_project,2026-01-01,,No. 8,\n"
    ",,Chemistry,teaching,,,No. 9,\n"
)
CHINESE = (
    "挖矿豁免登记表,,,,,\nIP地址,物理地址,申请单位,豁免类型,生效日期,截止日期\n"
    "10.1.2.0/24,,物理学院,科研,2026年1月1日,2026年6月30日\n"
    ",001A-2B3C-4D5E,,备案项目,2026-01-01,长期\n,,化学学院,教学,,\n"
)
UTC = zoneinfo.ZoneInfo("UTC")


def ns(text: str) -> int:
    return read_from(text, UTC)


@pytest.mark.parametrize("text", [ENGLISH, CHINESE])
def test_a_register_in_either_language(text: str, tmp_path: Path) -> None:
    path = tmp_path / "register.csv"
    path.write_text(text, "utf-8")
    register = load_exemptions((path,))
    assert not register.notes
    assert [row.kind for row in register.rows] == ["research", "filed_project", "research"]
    (row,) = register.naming("10.1.2.9", None, ())
    assert row.holds(ns("2026-01-01"), ns("2026-06-30T23:59"))
    assert not row.holds(ns("2026-01-01"), ns("2026-07-01"))
    assert not row.holds(ns("2025-12-31"), ns("2026-02-01"))
    assert not row.holds(0, 0), "without a clock nobody can say"
    assert [one.place for one in register.naming("10.9.9.9", "00:1a:2b:3c:4d:5e", ())] == [
        register.rows[1].place
    ]
    unit = register.rows[2].unit
    assert register.naming("10.9.9.9", None, ("School", unit or "")) == [register.rows[2]]
    assert register.naming("10.9.9.9", None, (register.rows[0].unit or "",)) == []


def test_a_workbook_reads_the_same(tmp_path: Path) -> None:
    path = tmp_path / "register.xlsx"
    path.write_bytes(workbook([line.split(",") for line in ENGLISH.splitlines()]))
    assert len(load_exemptions((path,)).rows) == 3


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("10.1.2.3,,,profit,,,,", Reason.BAD_KIND),
        ("10.1.2.3,,,,,,,", Reason.BAD_KIND),
        (",,,research,,,,", Reason.NO_SUBJECT),
        ("10.1.2.999,,,research,,,,", Reason.BAD_ADDRESS),
        ("0.0.0.0/0,,,research,,,,", Reason.EVERYTHING),
        (",zz:1a,,research,,,,", Reason.BAD_MAC),
        ("10.1.2.3,,,research,someday,,,", Reason.BAD_DATE),
        ("10.1.2.3,,,research,2026-02-01,2026-01-01,,", Reason.ENDS_FIRST),
        (f"10.1.2.3,,,research,,,,{'x' * 5000}", Reason.LONG_CELL),
    ],
)
def test_a_bad_row_is_named_and_the_rest_is_used(line: str, reason: Reason, tmp_path: Path) -> None:
    path = tmp_path / "register.csv"
    path.write_text(f"{ENGLISH}{line}\n", "utf-8")
    register = load_exemptions((path,))
    assert len(register.rows) == 3
    assert [(note.file, note.row, note.reason) for note in register.unreadable] == [
        ("register.csv", 5, reason)
    ]


def test_bounds_are_kept_and_told(tmp_path: Path) -> None:
    path = tmp_path / "register.csv"
    path.write_text(ENGLISH, "utf-8")
    register = load_exemptions((path,), Limits(exemption_rows=2))
    assert len(register.rows) == 2
    (note,) = register.unreadable
    assert (note.reason, note.fields) == (Reason.EXEMPTION_ROWS, {"count": 1, "limit": 2})


@pytest.mark.parametrize("text", ["", "a,b\n1,2\n", "address,unit\n10.1.2.3,x\n"])
def test_a_file_without_its_headers_is_refused(text: str, tmp_path: Path) -> None:
    path = tmp_path / "register.csv"
    path.write_text(text, "utf-8")
    with pytest.raises(UnitsError, match=r"register\.csv"):
        load_exemptions((path,))


def test_an_address_with_a_mac_of_another_machine_is_not_named(tmp_path: Path) -> None:
    path = tmp_path / "register.csv"
    path.write_text("ip,mac,kind\n10.1.2.3,00:1a:2b:3c:4d:5e,research\n", "utf-8")
    register = load_exemptions((path,))
    assert len(register.naming("10.1.2.3", None, ())) == 1
    assert len(register.naming("10.1.2.3", "00:1a:2b:3c:4d:5e", ())) == 1
    assert register.naming("10.1.2.3", "02:00:00:00:00:01", ()) == []
    assert register.naming("10.1.2.4", "00:1a:2b:3c:4d:5e", ()) == []


CELLS = st.sampled_from(
    ["", "10.1.2.3", "10.1.0.0/16", "::1", "00:1a:2b:3c:4d:5e", "科研", "research", "filed",
     "2026-01-01", "46000", "长期", "-", "No. 7", "单位", '"', "'=1", "\x00", "１０．１．２"]
) | st.text(max_size=12)  # fmt: skip


@given(st.lists(st.lists(CELLS, min_size=1, max_size=8), max_size=8))
def test_no_row_ends_the_reading(
    tmp_path_factory: pytest.TempPathFactory, rows: list[list[str]]
) -> None:
    path = tmp_path_factory.mktemp("any") / "register.csv"
    quoted = [",".join('"' + cell.replace('"', '""') + '"' for cell in row) for row in rows]
    text = "\n".join([ENGLISH.splitlines()[0], *quoted, ""])
    path.write_text(text, "utf-8", errors="replace")
    with suppress(UnitsError):
        register = load_exemptions((path,))
        assert len(register.rows) + len(register.notes) <= len(rows)
        for row in register.rows:
            assert row.spans or row.macs or row.unit
            assert row.from_ns < row.to_ns
            assert row.times


@given(
    st.lists(st.tuples(st.integers(0, 255), st.integers(8, 32)), min_size=1, max_size=20),
    st.integers(0, 255),
)
def test_who_is_named_is_who_lies_in_a_prefix(
    tmp_path_factory: pytest.TempPathFactory, prefixes: list[tuple[int, int]], last: int
) -> None:

    nets = [ipaddress.ip_network(f"10.0.0.{at}/{bits}", strict=False) for at, bits in prefixes]
    path = tmp_path_factory.mktemp("nets") / "register.csv"
    path.write_text("ip,kind\n" + "".join(f"{net},research\n" for net in nets), "utf-8")
    host = f"10.0.0.{last}"
    named = load_exemptions((path,)).naming(host, None, ())
    assert len(named) == sum(ipaddress.ip_address(host) in net for net in nets)
