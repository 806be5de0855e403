"""Unit tables as people keep them: each ugly shape with its file."""

from __future__ import annotations

import datetime
from pathlib import Path

import pytest

from poolwatch.errors import UnitsError
from tests.inventory.building import find, mmdb, name_at, ns, path_at, said, table_of, workbook

CHINESE = """全校IP地址分配表,,,
更新于2026年1月,,,
序号,IP地址段,使用单位,联系电话
1,10.1.0.0/16,信息化中心,025-1234
2,10.1.2.0/24,物理学院,025-5678
"""


def test_chinese_headers_below_title_rows(tmp_path: Path) -> None:
    table = table_of(tmp_path, CHINESE)
    row = find(table, "10.1.2.3")
    assert row is not None
    assert (row.unit.name, row.unit.contact, row.unit.prefix) == (
        "物理学院",
        "025-5678",
        "10.1.2.0/24",
    )
    assert row.unit.place == "units.csv:5"
    assert name_at(table, "10.1.3.3") == "信息化中心"
    assert name_at(table, "10.2.3.3") is None
    assert not table.notes


def test_english_headers_between_semicolons(tmp_path: Path) -> None:
    content = (
        "Subnet;Organisation Name;Unit Type;E-Mail;Priority;Source\n"
        "10.1.0.0/16;Physics;faculty;a@x.example;5;IPAM\n"
    )
    row = find(table_of(tmp_path, content), "10.1.2.3")
    assert row is not None
    assert row.unit.kind == "faculty"
    assert row.unit.contact == "a@x.example"
    assert row.unit.source == "IPAM"
    assert row.priority == 5


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "gbk", "gb18030", "utf-16", "utf-16-le", "utf-16-be"]
)
def test_every_encoding(tmp_path: Path, encoding: str) -> None:
    table = table_of(tmp_path, CHINESE.encode(encoding))
    assert name_at(table, "10.1.2.3") == "物理学院"


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_every_delimiter(tmp_path: Path, delimiter: str) -> None:
    table = table_of(tmp_path, CHINESE.replace(",", delimiter))
    assert name_at(table, "10.1.2.3") == "物理学院"


def test_utf_8_with_bom_and_crlf(tmp_path: Path) -> None:
    content = b"\xef\xbb\xbf" + "网段,单位\r\n10.1.0.0/16,甲\r\n".encode()
    assert name_at(table_of(tmp_path, content), "10.1.0.1") == "甲"


def test_gbk(tmp_path: Path) -> None:
    content = "网段,单位名称,部门\n10.1.0.0/16,东南大学,网络与信息中心\n".encode("gbk")
    assert path_at(table_of(tmp_path, content), "10.1.0.1") == "东南大学/网络与信息中心"


def test_merged_cells(tmp_path: Path) -> None:
    rows: list[list[object]] = [
        ["校园网地址分配", None, None, None],
        ["单位", "部门", "网段", "启用日期"],
        ["物理学院", "一室", "10.1.1.0/24", datetime.date(2021, 9, 6)],
        [None, "二室", "10.1.2.0/24", datetime.datetime.fromisoformat("2021-09-06T08:30")],
        [None, None, "10.1.3.0/24", None],
        ["化学学院", None, "10.1.4.0/24", None],
    ]
    content = workbook(rows, merged=["A1:D1", "A3:A5", "B4:B5"])
    table = table_of(tmp_path, content, "units.xlsx")
    assert path_at(table, "10.1.1.1") == "物理学院/一室"
    assert path_at(table, "10.1.2.1") == "物理学院/二室"
    assert path_at(table, "10.1.3.1") == "物理学院/二室"
    assert path_at(table, "10.1.4.1") == "化学学院"
    assert [row.from_ns for row in table.rows[:2]] == [ns("2021-09-06"), ns("2021-09-06T08:30")]
    assert table.rows[3].unit.place == "units.xlsx:6"
    assert not table.notes


def test_cidr_ranges_and_masks(tmp_path: Path) -> None:
    table = table_of(
        tmp_path,
        "address,unit\n"
        "10.1.0.0/23,cidr\n"
        "10.2.0.3-10.2.0.99,range\n"
        "10.3.0.3-99,short range\n"
        "10.4.0.0/255.255.254.0,mask\n"
        "10.5.0.0 255.255.254.0,mask apart\n"
        "10.6.7.*,wildcard\n"
        "10.7.0.1,alone\n"
        "2001:da8:1::/48,v6\n"
        "2001:da8:2::1 - 2001:da8:2::ff,v6 range\n",
    )
    assert not table.notes
    for address, name in {
        "10.1.1.255": "cidr",
        "10.1.2.0": None,
        "10.2.0.3": "range",
        "10.2.0.99": "range",
        "10.2.0.100": None,
        "10.3.0.99": "short range",
        "10.4.1.1": "mask",
        "10.5.1.1": "mask apart",
        "10.6.7.8": "wildcard",
        "10.7.0.1": "alone",
        "10.7.0.2": None,
        "2001:da8:1:2::3": "v6",
        "2001:da8:2::80": "v6 range",
        "2001:da8:2::100": None,
    }.items():
        assert name_at(table, address) == name, address


def test_columns_of_their_own_for_mask_and_for_first_and_last(tmp_path: Path) -> None:
    masked = table_of(
        tmp_path,
        "网络地址,子网掩码,单位\n10.1.0.0,255.255.0.0,甲\n10.2.0.0,24,乙\n10.3.0.0/30,,丙\n",
    )
    assert [row.unit.prefix for row in masked.rows] == ["10.1.0.0/16", "10.2.0.0/24", "10.3.0.0/30"]
    ends = table_of(tmp_path, "起始IP,终止IP,单位\n10.1.0.5,10.1.0.9,甲\n10.2.0.1,,乙\n")
    assert [row.unit.prefix for row in ends.rows] == ["10.1.0.5-10.1.0.9", "10.2.0.1"]


def test_full_width_digits_and_marks(tmp_path: Path) -> None:
    content = (
        "网段,单位\n"
        "１０．１．２．０／２４，１０。１。３。０／２４,甲\n"
        "10.2.0.1～10.2.0.9、10.2.0.20—30,乙\n"
        "２００１：ｄａ８：１：：／４８,丙\n"
    )
    table = table_of(tmp_path, content)
    assert not table.notes
    assert [str(row.span) for row in table.rows] == [
        "10.1.2.0/24",
        "10.1.3.0/24",
        "10.2.0.1-10.2.0.9",
        "10.2.0.20-10.2.0.30",
        "2001:da8:1::/48",
    ]


def test_several_prefixes_in_a_cell(tmp_path: Path) -> None:
    content = (
        "网段,单位\n"
        '"10.1.0.0/24,10.1.1.0/24;10.1.2.0/24、10.1.3.0/24\n10.1.4.0/24 10.1.5.0/24",甲\n'
    )
    table = table_of(tmp_path, content)
    assert [row.unit.prefix for row in table.rows] == [f"10.1.{n}.0/24" for n in range(6)]
    assert {row.unit.place for row in table.rows} == {"units.csv:2"}


def test_tree_in_columns_or_in_one(tmp_path: Path) -> None:
    columns = table_of(
        tmp_path,
        "省份,地市,区县,单位名称,部门,网段\n江苏,南京,鼓楼,某大学,计算机系,10.1.0.0/24\n江苏,南京,,,,10.2.0.0/24\n",
    )
    assert path_at(columns, "10.1.0.1") == "江苏/南京/鼓楼/某大学/计算机系"
    assert name_at(columns, "10.1.0.1") == "某大学"
    assert name_at(columns, "10.2.0.1") == "南京"
    one = table_of(tmp_path, "path,prefix\nJiangsu/Nanjing/Some University,10.1.0.0/24\n")
    assert name_at(one, "10.1.0.1") == "Some University"
    assert path_at(one, "10.1.0.1") == "Jiangsu/Nanjing/Some University"


def test_the_same_prefix_of_two_units_one_after_the_other(tmp_path: Path) -> None:
    content = (
        "网段,单位,启用日期,停用日期\n"
        "10.1.0.0/24,先,2019-01-01,2021/9/5\n"
        "10.1.0.0/24,后,2021年9月6日,长期\n"
        "10.1.0.0/16,总,,\n"
    )
    table = table_of(tmp_path, content)
    for moment, name in {
        "2018-12-31T23:59:59": "总",
        "2019-01-01": "先",
        "2021-09-05T23:59:59": "先",
        "2021-09-06": "后",
        "2030-01-01": "后",
    }.items():
        assert name_at(table, "10.1.0.1", ns(moment)) == name, moment
    local = table_of(tmp_path, content, zone="Asia/Shanghai")
    assert name_at(local, "10.1.0.1", ns("2021-09-05T16:00")) == "后"
    assert name_at(local, "10.1.0.1", ns("2021-09-05T15:59:59")) == "先"


def test_netbox_export(tmp_path: Path) -> None:
    content = (
        "prefix,status,tenant,site,vrf,role,is_pool,mark_utilized,description\n"
        "10.1.0.0/16,container,University,,,,False,False,all of it\n"
        "10.1.2.0/24,active,Physics,Main Campus,,Labs,False,False,\n"
        "10.1.3.0/24,deprecated,Chemistry,Main Campus,,,False,False,\n"
        "10.1.0.0/16,active,IT,,red,,False,False,\n"
        "10.9.0.0/16,container,,,,,False,False,\n"
        "10.8.0.0/16,active,,,,,False,False,\n"
        "10.7.0.0/16,reserved,,,,,False,False,kept for the lake\n"
    )
    table = table_of(tmp_path, content)
    row = find(table, "10.1.2.3")
    assert row is not None
    assert row.unit.path == ("Main Campus", "Physics")
    assert (row.unit.kind, row.unit.source) == ("Labs", "NetBox")
    other = find(table, "10.1.3.3")  # deprecated is given up; active wins over container
    assert other is not None
    assert (other.unit.name, other.unit.source) == ("IT", "NetBox, VRF red")
    assert name_at(table, "10.7.1.1") == "kept for the lake"
    assert said(table) == [
        ("deprecated", 4, "status", "deprecated"),
        ("skipped", 6, "tenant", "no_unit"),
        ("unreadable", 7, "tenant", "no_unit"),
    ]


def test_mmdb_with_a_field_that_names_the_unit(tmp_path: Path) -> None:
    records = {
        "10.1.0.0/16": {"unit": "Physics", "contact": "a@x.example"},
        "10.2.0.0/16": {"unit": "Jiangsu/Nanjing/School"},
        "2001:da8::/32": {"unit": {"name": "Six", "kind": "faculty", "path": "A/Six"}},
        "10.3.0.0/16": {"other": 1},
    }
    path = mmdb(tmp_path / "units.mmdb", records)
    table = table_of(tmp_path, path.read_bytes(), "copy.bin")
    row = find(table, "10.1.2.3")
    assert row is not None
    assert (row.unit.name, row.unit.contact) == ("Physics", "a@x.example")
    assert row.unit.source is not None
    assert row.unit.source.startswith("Units, built 20")
    assert path_at(table, "10.2.0.1") == "Jiangsu/Nanjing/School"
    assert path_at(table, "2001:da8::1") == "A/Six"
    assert name_at(table, "10.3.0.1") is None
    with pytest.raises(UnitsError, match=r"no record has a field 'owner'; seen: .*unit"):
        table_of(tmp_path, path.read_bytes(), "copy.bin", unit_field="owner")
