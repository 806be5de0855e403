"""CSV and Parquet: one file a table, safe to open, the same as the frames."""

from __future__ import annotations

import csv
import io
import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

import poolwatch
from poolwatch.errors import UsageError
from poolwatch.outputs.columns import BY_NAME, FINDINGS, FLOWS, TABLES, Kind
from poolwatch.outputs.csv_table import CsvWriter
from poolwatch.outputs.folder import open_tables
from poolwatch.outputs.rows import rows_of
from tests.report.events import changed, event_of, office_events, report_of
from tests.running import ROOT, Talk, capture_of, command_line, write_pcap

OFFICE = capture_of("office")


def read_csv(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def cells_of(event: dict[str, Any]) -> dict[str, str]:
    """The CSV cells of one event."""
    [(table, row)] = rows_of(event)
    stream = io.StringIO()
    CsvWriter(table, stream).write(row)
    [cells] = csv.DictReader(io.StringIO(stream.getvalue(), newline=""))
    assert stream.getvalue().count("\n") == 2
    return cells


# -- by command ----------------------------------------------------------------------------


def test_findings_go_to_standard_output_and_what_was_read_to_the_other() -> None:
    run = command_line("scan", "--format", "csv", OFFICE)
    assert run.returncode == 0
    rows = list(csv.DictReader(io.StringIO(run.stdout.decode())))
    assert [row["host"] for row in rows][:2] == ["10.30.1.21", "10.30.1.34"]
    assert list(rows[0]) == [column.name for column in FINDINGS.columns]
    assert b"Read: 1 file(s), 371 packets" in run.stderr


def test_nothing_found_is_a_header_and_what_was_read() -> None:
    run = command_line("scan", "--format", "csv", "--lang", "zh", capture_of("near-chat"))
    assert run.stdout.decode().count("\n") == 1
    assert "个数据包" in run.stderr.decode()


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_a_folder_gets_a_file_a_table(form: str, tmp_path: Path) -> None:
    if form == "parquet":
        pytest.importorskip("pyarrow", reason="pyarrow is not installed")
    folder = tmp_path / "tables"
    for _ in range(2):  # the second run replaces the files
        run = command_line("scan", "--format", form, "-o", folder, OFFICE)
        assert (run.returncode, run.stdout, run.stderr) == (0, b"", b"")
        assert {p.name for p in folder.iterdir()} == {f"{t.name}.{form}" for t in TABLES}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--format", "parquet"], "-o FOLDER"),
        (["--format", "parquet", "-o", "-"], "-o FOLDER"),
        (["--format", "csv", "-o", "tables.csv"], "for example tables"),
        (["--format", "parquet", "-o", "x.parquet"], "for example x"),
        (["--format", "csv", "-o", "README.md"], "is no folder"),
        (["--format", "csv", "-o", "no/such/folder"], "No such file"),
        (["--format", "eve", "-o", "src"], "directory"),
    ],
)
def test_outputs_that_cannot_be_written(arguments: list[str], said: str) -> None:
    run = command_line("scan", *arguments, OFFICE)
    assert (run.returncode, run.stdout) == (2, b"")
    assert said in run.stderr.decode()
    assert not (ROOT / "tables.csv").exists()


def test_parquet_without_pyarrow_says_how_to_get_it(tmp_path: Path) -> None:
    (tmp_path / "pyarrow.py").write_text("raise ImportError\n")
    before = os.environ.get("PYTHONPATH")
    env = {"PYTHONPATH": os.pathsep.join([str(tmp_path), *([before] if before else [])])}
    run = command_line("scan", "--format", "parquet", "-o", tmp_path / "t", OFFICE, env=env)
    assert run.returncode == 2
    assert 'pip install "poolwatch[notebook]"' in run.stderr.decode()


def test_grades_left_out_are_in_no_table(tmp_path: Path) -> None:
    command_line("scan", "--format", "csv", "--min-grade", "confirmed", "-o", tmp_path, OFFICE)
    for name in ("flows", "findings"):
        assert {row["grade"] for row in read_csv(tmp_path / f"{name}.csv")} == {"confirmed"}


def test_units_are_summed_up(tmp_path: Path) -> None:
    units = tmp_path / "units.csv"
    units.write_text("单位,网段\n物理学院,10.30.1.0/24\n", "utf-8")
    folder = tmp_path / "tables"
    command_line("scan", "--format", "csv", "--bom", "-o", folder, "--units", units, OFFICE)
    assert (folder / "units.csv").read_bytes().startswith(b"\xef\xbb\xbf")
    [row] = csv.DictReader(io.StringIO((folder / "units.csv").read_text("utf-8-sig")))
    assert row == {
        "path": "物理学院",
        "findings": "2",
        "hosts": "2",
        "confirmed": "2",
        "probable": "0",
        "suspected": "0",
        "noted": "0",
    }
    assert read_csv(folder / "findings.csv")[0]["unit"] == "物理学院"


def test_a_miner_that_names_itself_a_formula(tmp_path: Path) -> None:
    agent = "=HYPERLINK(\\u0022http://x\\u0022)\\u001b[2J"
    talk = Talk().greet()
    talk.say((0, f'{{"id":1,"method":"mining.subscribe","params":["{agent}"]}}'))
    talk.say((1, '{"id":1,"result":[[["mining.notify","a"]],"00",4],"error":null}'))
    capture = write_pcap(tmp_path / "a.pcap", talk.packets)
    run = command_line("scan", "--format", "csv", capture)
    assert b"\x1b" not in run.stdout
    [row] = csv.DictReader(io.StringIO(run.stdout.decode()))
    assert row["agents"] == '\'=HYPERLINK("http://x")\\u001b[2J'


# -- the same as the report ------------------------------------------------------------------


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_a_report_writes_what_the_command_writes(form: str, tmp_path: Path) -> None:
    if form == "parquet":
        pytest.importorskip("pyarrow", reason="pyarrow is not installed")
    limits = ("--limit", "flows=4096", "--sensor", "s")
    command_line("scan", "--format", form, "-o", tmp_path / "command", *limits, OFFICE)
    report = poolwatch.scan(OFFICE, limits={"flows": 4096}, sensor="s")
    (report.to_csv if form == "csv" else report.to_parquet)(tmp_path / "report")
    for table in TABLES:
        name = f"{table.name}.{form}"
        written = [(tmp_path / maker / name).read_bytes() for maker in ("command", "report")]
        assert written[0] == written[1]


def test_parquet_holds_the_cells(tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet", reason="pyarrow is not installed")
    report = report_of(*office_events())
    report.to_parquet(tmp_path)
    for table in TABLES:
        stored = parquet.read_table(tmp_path / f"{table.name}.parquet")
        rows = report.rows(table.name)
        assert stored.num_rows == len(rows)
        for column in table.columns:
            field = stored.schema.field(column.name)
            assert field.metadata[b"about"].decode() == column.about
            kept = stored.column(column.name)
            if column.kind is Kind.TIME:
                assert str(field.type) == "timestamp[us, tz=UTC]"
                kept = kept.cast("int64")
            values = kept.to_pylist()
            if column.kind in (Kind.COUNTS, Kind.RECORDS):
                values = [None if value is None else json.loads(value) for value in values]
            assert values == [row[column.name] for row in rows], column.name


def test_parquet_is_written_in_pieces(tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet", reason="pyarrow is not installed")
    tables = open_tables("parquet", tmp_path)
    [(table, row)] = rows_of(event_of("mining"))
    for _ in range(20_000):
        tables.write(table, row)
    tables.close()
    stored = parquet.ParquetFile(tmp_path / "flows.parquet")
    assert (stored.metadata.num_rows, stored.num_row_groups) == (20_000, 3)


# -- cells -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("rig.1", "rig.1"),
        ("", ""),
        ("=1+1", "'=1+1"),
        ("+1", "'+1"),
        ("-1", "'-1"),
        ("@x", "'@x"),
        ("'x", "''x"),
        ("＝1", "'＝1"),
        ("a=1", "a=1"),
        ("\t=1", "\\t=1"),
        ("a\r\nb", "a\\r\\nb"),
        ("\x1b[31m\x7f\x9b", "\\u001b[31m\\u007f\\u009b"),
        ("\u202e\ufeff\u2028", "\\u202e\\ufeff\\u2028"),
        ('a,"b', 'a,"b'),
        ("矿工", "矿工"),
        ("\U000e0001", "\\udb40\\udc01"),
    ],
)
def test_text_is_safe_to_open(text: str, cell: str) -> None:
    assert cells_of(changed(event_of("mining"), mining__agent=text))["agent"] == cell


def test_lists_can_be_taken_apart_again() -> None:
    event = changed(event_of("finding"), workers=["a; b", "=c", ""], flows=[1, 2])
    cells = cells_of(event)
    assert cells["workers"] == "a\\u003b b; =c; "
    assert cells["flows"] == "1; 2"
    assert cells_of(changed(event, workers=["=a", "b"]))["workers"] == "'=a; b"


def test_objects_stay_json() -> None:
    evidence = [{"packet": 1, "text": "\x1b\u202e\x7f;=矿"}]
    cells = cells_of(changed(event_of("mining"), mining__evidence=evidence))
    assert json.loads(cells["evidence"]) == evidence
    assert "\x7f" not in cells["evidence"]


def test_other_kinds_of_cells() -> None:
    event = changed(event_of("mining"), mining__difficulty=0.1, mining__coin=None, vlan=[])
    cells = cells_of(event)
    assert cells["difficulty"] == "0.1"
    assert (cells["coin"], cells["vlan"]) == ("", "")
    assert (cells["refused"], cells["first_seen"]) == ("false", event["timestamp"])
    assert cells["flow_id"] == str(event["flow_id"])
    assert list(cells) == [column.name for column in FLOWS.columns]


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "tables" / "units.csv").mkdir(parents=True)
    for folder in ("file", "none/tables", "x.csv", "tables"):
        with pytest.raises(UsageError):
            open_tables("csv", tmp_path / folder)


def test_pandas_reads_the_files(tmp_path: Path) -> None:
    pandas = pytest.importorskip("pandas")
    report = report_of(*office_events())
    report.to_csv(tmp_path, bom=True)
    flows = pandas.read_csv(tmp_path / "flows.csv", parse_dates=["first_seen"])
    assert list(flows["flow_id"]) == list(report.flows["flow_id"])
    assert list(flows["first_seen"]) == list(report.flows["first_seen"])
    assert set(BY_NAME) == {path.stem for path in tmp_path.iterdir()}
    assert "pandas" in sys.modules
