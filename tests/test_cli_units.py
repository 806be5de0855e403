"""`poolwatch units`, and what `--units`, `--mmdb` and `--home` do to a scan."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.inventory.building import command_line, mmdb, workbook

OFFICE = Path("pcaps/office/capture.pcap")
OFFICE_UNITS = """网段,单位,部门,省份,联系人,启用日期,停用日期
10.30.0.0/16,信息学院,,江苏,张三,,
10.30.1.0/24,物理学院,高能实验室,江苏,李四,2021-09-06,
10.30.1.0/24,化学学院,,江苏,王五,,2021-09-05
"""


@pytest.fixture
def units(tmp_path: Path) -> Path:
    path = tmp_path / "units.csv"
    path.write_text(OFFICE_UNITS, "utf-8")
    return path


def events(output: str, kind: str) -> list[dict[str, Any]]:
    parsed = [json.loads(line) for line in output.splitlines()]
    return [event for event in parsed if event["event_type"] == kind]


def test_check_of_a_sound_table(tmp_path: Path) -> None:
    path = tmp_path / "u.csv"
    path.write_text("prefix,unit\n10.1.0.0/24,Physics\n", "utf-8")
    run = command_line("units", "check", path)
    assert (run.returncode, run.stderr) == (0, "")
    assert run.stdout == "1 file(s), 1 address range(s) of 1 unit(s): nothing to remark.\n"


def test_check_names_file_row_and_column(tmp_path: Path) -> None:
    path = tmp_path / "u.csv"
    path.write_text(
        "prefix,unit,valid to\n10.1.0.0/16,All,\n10.1.0.9/24,Physics,\n10.1.0.0/24,Maths,\n"
        "10.1.300.0/24,Chemistry,\n10.2.0.0/24,Old,2020-01-01\n",
        "utf-8",
    )
    run = command_line("units", "check", path, "--on", "2026-01-12", "--within", "10.2.0.0/23")
    assert run.returncode == 3
    assert run.stderr == ""
    for line in (
        "u.csv:5: column “prefix”: “10.1.300.0/24” is no address",
        "u.csv:3: column “prefix”: “10.1.0.9/24” has bits set behind its mask; used as 10.1.0.0/24",
        "hold 10.1.0.0/24: u.csv:3 (Physics) wins over u.csv:4 (Maths)",
        "u.csv:6: 10.2.0.0/24 (Old) ended on 2020-01-02",
        "u.csv:2: within 10.1.0.0/16 (All) no row of its own holds 10.1.1.0-10.1.255.255",
        "no row holds 10.2.0.0/23",
    ):
        assert line in run.stdout
    chinese = command_line("units", "check", path, "--lang", "zh")
    assert "不是地址" in chinese.stdout


def test_headers_not_understood_are_usage(tmp_path: Path) -> None:
    path = tmp_path / "u.csv"
    path.write_text("colour,shape\nred,round\n", "utf-8")
    run = command_line("units", "check", path)
    assert run.returncode == 2
    assert "seen: colour, shape" in run.stderr
    assert "wanted: " in run.stderr
    assert "Traceback" not in run.stderr


def test_who_at_a_time(units: Path) -> None:
    run = command_line("units", "who", "10.30.1.7@2022-01-01T00:00Z", "--units", units)
    assert run.returncode == 0
    for line in (
        "unit: 物理学院",
        "path: 江苏 / 物理学院 / 高能实验室",
        "contact: 李四",
        "prefix: 10.30.1.0/24",
        "row: units.csv:3",
        "  10.30.0.0/16  江苏 / 信息学院  (always)  units.csv:2",
    ):
        assert line in run.stdout.splitlines()
    before = command_line(
        "units", "who", "10.30.1.7@2021-09-06 07:00", "--units", units, "--tz", "Asia/Shanghai"
    )
    assert "unit: 物理学院" in before.stdout
    zoned = command_line("units", "who", "10.30.1.7@2021-09-06T07:00+08:00", "--units", units)
    assert "unit: 化学学院" in zoned.stdout  # still the day before, in UTC


def test_who_is_in_no_row_or_only_at_other_times(units: Path, tmp_path: Path) -> None:
    run = command_line("units", "who", "10.99.0.1", "--units", units)
    assert run.returncode == 0
    assert "in no row of the tables" in run.stdout
    path = tmp_path / "old.csv"
    path.write_text("prefix,unit,to\n10.1.0.0/24,Old,2020-01-01\n", "utf-8")
    other = command_line("units", "who", "10.1.0.1", "--units", path)
    assert "at other times only" in other.stdout
    assert "Old" in other.stdout


@pytest.mark.parametrize(
    "arguments",
    [
        ["who", "10.1.0.1"],
        ["who", "nobody", "--units", "FILE"],
        ["who", "10.1.0.1@yesterday", "--units", "FILE"],
        ["who", "10.1.0.1", "--units", "missing.csv"],
        ["check", "FILE", "--within", "everything"],
        ["check", "FILE", "--on", "tomorrow"],
        ["check", "FILE", "--tz", "Mars/Base"],
        ["check", "FILE", "--limit", "unit_rows=none"],
        ["normalise", "FILE", "-o", "/nowhere/at/all.csv"],
    ],
)
def test_usage_ends_in_a_sentence(units: Path, arguments: list[str]) -> None:
    given = [str(units) if argument == "FILE" else argument for argument in arguments]
    run = command_line("units", *given)
    assert run.returncode == 2
    assert run.stderr
    assert "Traceback" not in run.stderr


def test_normalise_goes_round(units: Path, tmp_path: Path) -> None:
    book = tmp_path / "units.xlsx"
    rows = [line.split(",") for line in OFFICE_UNITS.splitlines()]
    book.write_bytes(workbook(rows))
    written = [tmp_path / "a.csv", tmp_path / "b.csv", tmp_path / "c.csv"]
    for source, target in zip([units, book, written[0]], written, strict=True):
        run = command_line("units", "normalise", source, "-o", target)
        assert (run.returncode, run.stdout, run.stderr) == (0, "", "")
    texts = {path.read_text("utf-8-sig") for path in written}
    assert len(texts) == 1
    assert command_line("units", "normalise", units).stdout in texts


def test_a_scan_names_units(units: Path) -> None:
    run = command_line("scan", OFFICE, "--units", units, "--format", "eve")
    assert run.returncode == 0
    found = {event["host"]: event for event in events(run.stdout, "finding")}
    assert found["10.30.1.21"]["unit"] == {
        "name": "物理学院",
        "path": ["江苏", "物理学院", "高能实验室"],
        "kind": None,
        "contact": "李四",
        "prefix": "10.30.1.0/24",
        "source": None,
        "place": "units.csv:3",
    }
    assert found["10.30.2.7"]["unit"]["name"] == "信息学院"
    questions = [entry["question"] for entry in found["10.30.2.7"]["unknown"]]
    assert not {"unit", "unit_row"} & set(questions)
    [stats] = events(run.stdout, "stats")
    assert stats["stats"]["counts"]["unit_rows"] == 3
    assert stats["stats"]["units"][0]["path"] == ["江苏"]
    assert stats["stats"]["units"][0]["findings"] == 6


def test_addresses_of_units_are_inside_and_nothing_else_is(tmp_path: Path) -> None:
    path = tmp_path / "u.csv"
    path.write_text("prefix,unit\n10.30.1.0/24,Physics\n", "utf-8")
    run = command_line("scan", OFFICE, "--units", path, "--format", "eve")
    inside = {event["host"]: event["inside"] for event in events(run.stdout, "finding")}
    assert inside["10.30.1.21"]
    assert not inside["10.30.2.7"]
    both = command_line(
        "scan", OFFICE, "--units", path, "--internal", "10.30.2.0/24", "--format", "eve"
    )
    found = {event["host"]: event for event in events(both.stdout, "finding")}
    assert found["10.30.2.7"]["inside"]
    assert found["10.30.2.7"]["unit"] is None
    asked = [entry["question"] for entry in found["10.30.2.7"]["unknown"]]
    assert "unit_row" in asked
    assert "unit" not in asked


def test_an_address_that_changed_hands_while_it_was_seen(tmp_path: Path) -> None:
    path = tmp_path / "u.csv"
    path.write_text(
        "prefix,unit,valid from,valid to\n10.30.0.0/16,First,,2026-01-12T08:01:00Z\n"
        "10.30.0.0/16,Second,2026-01-12T08:01:00Z,\n",
        "utf-8",
    )
    run = command_line("scan", OFFICE, "--units", path, "--format", "eve")
    found = {event["host"]: event for event in events(run.stdout, "finding")}
    assert {event["unit"]["name"] for event in found.values() if event["unit"]} == {"First"}
    changed = {
        host
        for host, event in found.items()
        if {"question": "unit_changed", "needs": "sessions_by_unit"} in event["unknown"]
    }
    assert changed == {"10.30.1.21", "10.30.2.7"}


def test_the_table_shows_units_and_their_sum(units: Path) -> None:
    run = command_line("scan", OFFICE, "--units", units)
    assert "物理学院 / 高能实验室" in run.stdout
    assert "By unit" in run.stdout
    summary = run.stdout.partition("By unit")[2]
    assert [line.split()[:3] for line in summary.splitlines() if "学院" in line] == [
        ["信息学院", "4", "4"],
        ["物理学院", "2", "2"],
    ]
    assert "李四" not in run.stdout
    chinese = command_line("scan", OFFICE, "--units", units, "--lang", "zh")
    assert "按单位汇总" in chinese.stdout
    assert "By unit" not in command_line("scan", OFFICE).stdout


def test_unreadable_rows_are_said_and_the_scan_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "u.csv"
    path.write_text("prefix,unit\n10.30.0.0/16,All\n10.300.0.0/16,None\n", "utf-8")
    run = command_line("scan", OFFICE, "--units", path)
    assert run.returncode == 0
    assert "u.csv:3" in run.stderr
    assert "1 remark(s)" in run.stdout


def test_places_of_pools(tmp_path: Path, units: Path) -> None:
    places = mmdb(
        tmp_path / "geo.mmdb",
        {"198.51.100.0/24": {"country": {"iso_code": "US"}, "autonomous_system_number": 64500}},
    )
    run = command_line("scan", OFFICE, "--mmdb", places, "--home", "CN", "--format", "eve")
    mining = {event["dest_ip"]: event["mining"] for event in events(run.stdout, "mining")}
    known = mining["198.51.100.21"]
    assert (known["dest_country"], known["dest_asn"], known["cross_border"]) == ("US", 64500, True)
    unknown = mining["203.0.113.80"]
    assert (unknown["dest_country"], unknown["cross_border"]) == (None, None)
    away = command_line("scan", OFFICE, "--mmdb", places, "--format", "eve")
    mining = {event["dest_ip"]: event["mining"] for event in events(away.stdout, "mining")}
    assert mining["198.51.100.21"]["cross_border"] is None
    for arguments in (["--mmdb", units], ["--home", "China"]):
        assert command_line("scan", OFFICE, *arguments).returncode == 2


def test_help_and_who_load_neither_numba_nor_pandas(units: Path) -> None:
    import subprocess
    import sys

    code = (
        "import sys\nfrom poolwatch.cli import main\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "assert not {'numba', 'pandas', 'openpyxl', 'maxminddb'} & set(sys.modules), 'loaded'\n"
    )
    for arguments in (["units", "--help"], ["units", "who", "10.30.1.7", "--units", str(units)]):
        subprocess.run([sys.executable, "-c", code, *arguments], check=True, capture_output=True)
