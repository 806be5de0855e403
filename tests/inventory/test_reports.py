"""What cannot be read is named with file, row, column and reason, and the rest is used."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest

from poolwatch.errors import UnitsError
from poolwatch.inventory.notes import Reason
from poolwatch.messages import load
from tests.inventory.building import mmdb, name_at, said, small, table_of, workbook

ROWS = [
    ("10.1.300.0/24,甲,,,", "网段", Reason.BAD_ADDRESS),
    ("10.1.0.0/33,甲,,,", "网段", Reason.BAD_MASK),
    ("10.1.0.0/255.0.255.0,甲,,,", "网段", Reason.BAD_MASK),
    ("10.1.0.9-10.1.0.3,甲,,,", "网段", Reason.BACKWARDS),
    ("10.1.0.9-2001:da8::1,甲,,,", "网段", Reason.MIXED),
    ("010.001.002.003,甲,,,", "网段", Reason.LEADING_ZERO),
    ("0.0.0.0/0,甲,,,", "网段", Reason.EVERYTHING),
    ("::/0,甲,,,", "网段", Reason.EVERYTHING),
    ("::ffff:10.1.2.3,甲,,,", "网段", Reason.MAPPED),
    ("::/64,甲,,,", "网段", Reason.MAPPED),
    ("fe80::1%eth0,甲,,,", "网段", Reason.BAD_ADDRESS),
    (",甲,,,", "网段", Reason.NO_ADDRESS),
    ("无,甲,,,", "网段", Reason.NO_ADDRESS),
    ("10.1.0.0/24,,,,", "单位", Reason.NO_UNIT),
    ("10.1.0.0/24,甲,2021-13-01,,", "启用日期", Reason.BAD_DATE),
    ("10.1.0.0/24,甲,,31.12.2021,", "停用日期", Reason.BAD_DATE),
    ("10.1.0.0/24,甲,2021-09-06,2021-09-05,", "停用日期", Reason.ENDS_FIRST),
    ("10.1.0.0/24,甲,,,高", "优先级", Reason.BAD_PRIORITY),
]


@pytest.mark.parametrize(("row", "column", "reason"), ROWS)
def test_an_unreadable_row_is_named_and_the_rest_used(
    tmp_path: Path, row: str, column: str, reason: Reason
) -> None:
    content = f"网段,单位,启用日期,停用日期,优先级\n10.8.0.0/16,前,,,\n{row}\n10.9.0.0/16,后,,,\n"
    table = table_of(tmp_path, content)
    assert said(table) == [("unreadable", 3, column, reason.value)]
    assert (name_at(table, "10.8.0.1"), name_at(table, "10.9.0.1")) == ("前", "后")
    assert table.counts()["unit_rows_unreadable"] == 1


def test_of_a_cell_the_readable_part_is_used(tmp_path: Path) -> None:
    table = table_of(tmp_path, '网段,单位\n"10.1.0.0/24, 10.300.0.0/24",甲\n')
    assert name_at(table, "10.1.0.1") == "甲"
    assert said(table) == [("unreadable", 2, "网段", "bad_address")]


def test_host_bits_are_said_and_the_network_is_used(tmp_path: Path) -> None:
    table = table_of(tmp_path, "prefix,unit\n10.1.2.3/24,Physics\n")
    assert said(table) == [("host_bits", 2, "prefix", "host_bits")]
    assert name_at(table, "10.1.2.200") == "Physics"


def test_a_status_of_given_up_is_said(tmp_path: Path) -> None:
    table = table_of(tmp_path, "网段,单位,状态\n10.1.0.0/24,甲,已停用\n10.2.0.0/24,乙,在用\n")
    assert said(table) == [("deprecated", 2, "状态", "deprecated")]
    assert name_at(table, "10.2.0.1") == "乙"


def test_headers_repeated_for_printing_are_no_rows(tmp_path: Path) -> None:
    table = table_of(tmp_path, "网段,单位\n10.1.0.0/24,甲\n网段,单位\n10.2.0.0/24,乙\n")
    assert not table.notes
    assert len(table.rows) == 2


def test_headers_not_understood_are_refused_with_those_seen_and_wanted(tmp_path: Path) -> None:
    with pytest.raises(UnitsError, match="seen: colour, shape") as caught:
        table_of(tmp_path, "colour,shape\nred,round\n")
    assert "单位名称" in caught.value.advice()
    with pytest.raises(UnitsError, match="seen: IP地址, 楼层"):
        table_of(tmp_path, "分配表,\nIP地址,楼层\n10.1.0.0/24,3\n")


def test_of_several_sheets_the_one_not_understood_is_named(tmp_path: Path) -> None:
    content = workbook([["网段", "单位"], ["10.1.0.0/24", "甲"]], [["说明"], ["无"]])
    table = table_of(tmp_path, content, "units.xlsx")
    assert said(table) == [("skipped", 0, "", "no_header")]
    assert table.notes[0].file == "units.xlsx[Sheet1]"
    assert table.rows[0].unit.place == "units.xlsx[Sheet]:2"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (b" \n", "empty"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "an .xls file"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\xff\xfe", "nor"),
        (b"PK\x03\x04" + bytes(60), "XLSX"),
        (b"prefix,unit\n" + b'10.1.0.0/24,"' + b"x" * 200_000, "quotation mark"),
    ],
)
def test_what_is_no_table_is_refused_in_a_sentence(
    tmp_path: Path, content: bytes, words: str
) -> None:
    with pytest.raises(UnitsError) as caught:
        table_of(tmp_path, content)
    assert words in f"{caught.value} {caught.value.advice()}"


def test_a_missing_file_and_a_folder_are_refused(tmp_path: Path) -> None:
    from poolwatch.inventory.unit_files import load_units

    for path in (tmp_path / "none.csv", tmp_path):
        with pytest.raises(UnitsError):
            load_units((path,))


def test_every_cut_of_an_xlsx_or_mmdb_file_is_refused_or_read(tmp_path: Path) -> None:
    xlsx = workbook([["网段", "单位"], ["10.1.0.0/24", "甲"]])
    data = mmdb(tmp_path / "x.mmdb", {"10.1.0.0/16": {"unit": "Physics"}}).read_bytes()
    for content in (xlsx, data):
        for size in range(1, len(content), max(1, len(content) // 60)):
            with suppress(UnitsError):
                table_of(tmp_path, content[:size])


def test_bounds_are_kept_and_said(tmp_path: Path) -> None:
    content = "prefix,unit\n" + "".join(f"10.1.{n}.0/24,u{n}\n" for n in range(5))
    table = table_of(tmp_path, content, limits=small(unit_rows=3))
    assert len(table.rows) == 3
    assert said(table) == [("left_out", 0, "", "rows")]
    assert table.notes[0].fields["count"] == 2
    assert table.counts()["unit_bounds_met"] == 1
    many = table_of(
        tmp_path, 'prefix,unit\n"10.1.0.0 10.1.0.1 10.1.0.2",u\n', limits=small(unit_rows=2)
    )
    assert (len(many.rows), said(many)) == (2, [("left_out", 0, "", "rows")])
    with pytest.raises(UnitsError, match="larger than 10 bytes"):
        table_of(tmp_path, content, limits=small(unit_file_bytes=10))
    wide = table_of(tmp_path, "prefix,unit,a,b\n10.1.0.0/24,u,,\n", limits=small(unit_columns=3))
    assert said(wide) == [("left_out", 1, "", "columns")]
    long = table_of(
        tmp_path, f"prefix,unit\n10.1.0.0/24,{'x' * 101}\n", limits=small(unit_cell_chars=100)
    )
    assert said(long) == [("unreadable", 2, "unit", "long_cell")]
    book = workbook(*([["prefix", "unit"], [f"10.{n}.0.0/24", "u"]] for n in range(3)))
    sheets = table_of(tmp_path, book, limits=small(unit_sheets=2))
    assert (len(sheets.rows), said(sheets)) == (2, [("left_out", 0, "", "sheets")])


def test_every_reason_has_its_sentence() -> None:
    for language in ("en", "zh"):
        sentences = load(language)
        for reason in Reason:
            assert f"units.reason.{reason.value}" in sentences
