"""XLSX is hostile input: nothing it claims is believed before it is counted."""

from __future__ import annotations

import datetime
import io
import random
import zipfile
from pathlib import Path

import openpyxl
import pytest

from poolwatch.errors import UnitsError
from tests.inventory.building import find, name_at, ns, said, small, table_of, workbook

ROWS = [["网段", "单位"], ["10.1.0.0/24", "甲"]]


def changed(parts: dict[str, str | bytes], rows: list[list[str]] = ROWS) -> bytes:
    """A workbook with some parts replaced, {} in them standing for the part as it was."""
    source = zipfile.ZipFile(io.BytesIO(workbook(rows)))
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as out:
        for name in {*source.namelist(), *parts}:
            out.writestr(name, parts[name] if name in parts else source.read(name))
    return target.getvalue()


def sheet(cells: str, after: str = "") -> dict[str, str | bytes]:
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    head = '<row r="1"><c r="A1" t="inlineStr"><is><t>prefix</t></is></c>'
    head += '<c r="B1" t="inlineStr"><is><t>unit</t></is></c></row>'
    text = f'<x:worksheet xmlns:x="{main}"><x:sheetData>{head}{cells}</x:sheetData>{after}'
    for name in ("row", "c", "is", "t", "v", "f", "mergeCells", "mergeCell", "rPh", "r"):
        text = text.replace(f"<{name} ", f"<x:{name} ").replace(f"<{name}>", f"<x:{name}>")
        text = text.replace(f"</{name}>", f"</x:{name}>")
    return {"xl/worksheets/sheet1.xml": text + "</x:worksheet>"}


def row(number: int, prefix: str, name: str) -> str:
    cells = "".join(
        f'<c r="{column}{number}" t="inlineStr"><is><t>{text}</t></is></c>'
        for column, text in (("A", prefix), ("B", name))
    )
    return f'<row r="{number}">{cells}</row>'


def test_prefixed_names_and_runs_with_phonetic_marks(tmp_path: Path) -> None:
    cell = (
        '<row><c t="inlineStr"><is><t>10.1.0.0/24</t></is></c>'
        '<c t="inlineStr"><is><r><t>物理</t></r>'
        "<rPh><t>ぶつり</t></rPh><r><t>学院</t></r></is></c></row>"
    )
    table = table_of(tmp_path, changed(sheet(cell)))
    assert name_at(table, "10.1.0.1") == "物理学院"


def test_a_far_cell_costs_nothing(tmp_path: Path) -> None:
    cells = row(2, "10.1.0.0/24", "u") + row(1048576, "10.2.0.0/24", "far")
    far = '<row r="1048576"><c r="XFD1048576" t="inlineStr"><is><t>x</t></is></c></row>'
    table = table_of(tmp_path, changed(sheet(cells + far)))
    assert name_at(table, "10.2.0.1") == "far"


def test_merged_areas_over_everything_cost_little(tmp_path: Path) -> None:
    areas = '<mergeCell ref="A2:XFD1048576"/>' * 2000
    table_rows = "".join(row(n, f"10.{n % 250}.0.0/24", "u") for n in range(2, 1000))
    content = changed(sheet(table_rows, f"<mergeCells>{areas}</mergeCells>"))
    table = table_of(tmp_path, content)  # every cell is that of the corner
    assert {r.unit.prefix for r in table.rows} == {"10.2.0.0/24"}


def test_a_bomb_is_refused(tmp_path: Path) -> None:
    content = changed({"xl/sharedStrings.xml": b"<sst>" + b" " * (1 << 22) + b"</sst>"})
    assert len(content) < 1 << 16
    with pytest.raises(UnitsError, match="unpacks to more"):
        table_of(tmp_path, content, limits=small(unit_unpacked_bytes=1 << 20))


@pytest.mark.parametrize(
    "declaration",
    [
        '<!DOCTYPE a [<!ENTITY b "c">]>',
        '<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]>',
        '<!DOCTYPE a SYSTEM "http://example.org/a.dtd">',
    ],
)
def test_document_types_and_entities_are_refused(tmp_path: Path, declaration: str) -> None:
    text = f'<?xml version="1.0"?>{declaration}<a>&b;</a>'
    with pytest.raises(UnitsError, match="document type"):
        table_of(tmp_path, changed({"xl/workbook.xml": text}))


def test_formulas_are_not_evaluated_their_last_value_counts(tmp_path: Path) -> None:
    cells = (
        '<row r="2"><c r="A2" t="str"><f>HYPERLINK("http://x")</f><v>10.1.0.0/24</v></c>'
        '<c r="B2" t="str"><f>A1</f><v>u</v></c></row>'
        '<row r="3"><c r="A3" t="e"><v>#REF!</v></c><c r="B3" t="str"><v>w</v></c></row>'
    )
    table = table_of(tmp_path, changed(sheet(cells)))
    assert name_at(table, "10.1.0.1") == "u"
    assert said(table) == [("unreadable", 3, "prefix", "no_address")]


def test_dates_in_every_format_and_both_calendars(tmp_path: Path) -> None:
    day = datetime.datetime.fromisoformat("2021-09-06")
    formats = ["yyyy-mm-dd", 'yyyy"年"m"月"d"日"', "d/m/yy", "[$-804]yyyy/m/d", "mm-dd-yy"]
    for calendar in (openpyxl.utils.datetime.WINDOWS_EPOCH, openpyxl.utils.datetime.MAC_EPOCH):
        book = openpyxl.Workbook()
        book.epoch = calendar
        book.active.append(["prefix", "unit", "valid from", "priority"])
        for number, code in enumerate(formats):
            book.active.append([f"10.{number}.0.0/24", "u", day, 5])
            book.active.cell(number + 2, 3).number_format = code
        buffer = io.BytesIO()
        book.save(buffer)
        table = table_of(tmp_path, buffer.getvalue())
        assert [r.from_ns for r in table.rows] == [ns("2021-09-06")] * len(formats)
        assert [r.priority for r in table.rows] == [5] * len(formats)


def test_a_date_as_a_bare_number(tmp_path: Path) -> None:
    table = table_of(tmp_path, workbook([["prefix", "unit", "from"], ["10.1.0.0/24", "u", 44445]]))
    assert table.rows[0].from_ns == ns("2021-09-06")


def test_what_is_broken_never_ends_in_a_traceback(tmp_path: Path) -> None:
    whole = workbook(ROWS, merged=["A1:A2"])
    generator = random.Random(20260112)
    for _ in range(400):
        content = bytearray(whole)
        for _ in range(generator.randint(1, 8)):
            content[generator.randrange(len(content))] = generator.randrange(256)
        try:
            table_of(tmp_path, bytes(content))
        except UnitsError:
            continue


def test_broken_values_inside_sound_xml_never_end_in_a_traceback(tmp_path: Path) -> None:
    for cells in (
        '<row r="x"><c r="??" t="s"><v>99999999999</v></c></row>',
        '<row r="2"><c r="A2" t="s"><v>-1</v></c><c r="B2" s="x"><v>nan</v></c></row>',
        f'<row r="2"><c r="A2"><v>{"9" * 5000}</v></c><c r="B2"><v>1e999</v></c></row>',
        '<row r="2"><c r="A2" s="99"><v>1e300</v></c><c r="B2" t="?"><v>x</v></c></row>',
        '<mergeCell ref="A1:"/><mergeCell ref=""/><mergeCell ref="B9:A1"/>',
    ):
        assert not table_of(tmp_path, changed(sheet(cells))).rows


def test_a_link_outside_is_not_followed(tmp_path: Path) -> None:
    relations = (
        '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        '<Relationship Id="rId1" Type="http://x/worksheet" Target="http://example.org/a" '
        'TargetMode="External"/></Relationships>'
    )
    with pytest.raises(UnitsError, match="no row of headers"):
        table_of(tmp_path, changed({"xl/_rels/workbook.xml.rels": relations}))


def test_find_says_where_the_row_stands(tmp_path: Path) -> None:
    found = find(table_of(tmp_path, workbook(ROWS), "t.xlsx"), "10.1.0.1")
    assert found is not None
    assert found.unit.place == "t.xlsx:2"
