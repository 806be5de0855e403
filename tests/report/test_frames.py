"""Data frames: fixed dtypes, whatever is in them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

import poolwatch
from poolwatch.outputs.columns import FLOWS, GRADES, STAGES, TABLES, Kind, Table
from poolwatch.report import Report, Rows
from tests.report.events import changed, event_of, office_events, report_of
from tests.running import ROOT, capture_of

DTYPES = {
    Kind.TEXT: "string",
    Kind.WORD: "category",
    Kind.INTEGER: "Int64",
    Kind.REAL: "Float64",
    Kind.TRUTH: "boolean",
    Kind.TIME: "datetime64[us, UTC]",
    Kind.TEXTS: "object",
    Kind.INTEGERS: "object",
    Kind.COUNTS: "object",
    Kind.RECORDS: "object",
}


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_dtypes_are_those_declared_also_when_empty(table: Table) -> None:
    name = table.name
    full, empty = getattr(report_of(*office_events()), name), getattr(Report("x", Rows(9)), name)
    assert len(empty) == 0
    for column in table.columns:
        assert str(full[column.name].dtype) == DTYPES[column.kind], column.name
    pd.testing.assert_series_equal(full.dtypes, empty.dtypes)
    pd.testing.assert_frame_equal(full[:0], empty)


def test_ladders_are_whole_and_ordered() -> None:
    flows = report_of(*office_events()).flows
    for name, ladder in (("grade", GRADES), ("stage", STAGES)):
        dtype = flows[name].dtype
        assert isinstance(dtype, pd.CategoricalDtype)
        assert (tuple(dtype.categories), dtype.ordered) == (ladder, True)
    assert set(flows.loc[flows["grade"] < "confirmed", "grade"]) == {"probable", "noted"}


def test_words_met_stand_behind_those_known() -> None:
    event = changed(event_of("mining"), mining__dialect="new", mining__coin="ZZZ")
    flows = report_of(event, event_of("mining")).flows
    assert list(flows["dialect"]) == ["new", "cryptonote"]
    known = next(column.words for column in FLOWS.columns if column.name == "dialect")
    assert tuple(flows["dialect"].cat.categories) == (*known, "new")
    coins = list(flows["coin"].cat.categories)
    assert coins[-1] == "ZZZ"
    assert {"BTC", "XMR"} <= set(coins)


def test_frames_of_two_scans_can_be_put_together() -> None:
    first = report_of(*office_events())
    both = pd.concat([first.flows, Report("x", Rows(9)).flows, first.flows], ignore_index=True)
    assert str(both["grade"].dtype) == str(both["coin"].dtype) == "category"
    assert len(both) == 2 * len(first.flows)


@pytest.mark.parametrize(
    "moment", ["0001-01-01T00:00:00.000000+0000", "9999-12-31T23:59:59.999999+0000", None]
)
def test_times_of_any_year(moment: str | None, tmp_path: Path) -> None:
    event = changed(event_of("mining"), mining__first_seen=moment, timestamp=moment)
    report = report_of(event, event_of("finding"))
    assert str(report.flows["first_seen"].dtype) == "datetime64[us, UTC]"
    assert report.flows["first_seen"].isna()[0] == (moment is None)
    report.to_csv(tmp_path / "tables")
    assert (moment or ",,") in (tmp_path / "tables" / "flows.csv").read_text()
    report.to_parquet(tmp_path / "tables")
    assert report._repr_html_()


def test_times_count_microseconds() -> None:
    flows = report_of(event_of("mining")).flows
    assert flows["first_seen"][0] == pd.Timestamp("2026-01-12T08:00:00.051200Z")


def test_large_integers_stay_exact() -> None:
    event = changed(event_of("mining"), flow_id=(1 << 63) - 1)
    assert report_of(event).flows["flow_id"][0] == (1 << 63) - 1


def test_rows_beyond_the_bound_are_counted() -> None:
    report = poolwatch.scan(capture_of("office"), limits={"flows": 4096, "report_rows": 3})
    assert (len(report.flows), len(report.findings)) == (3, 3)
    assert report.rows_left_out == {"flows": 5, "findings": 5, "units": 0, "stats": 0}
    assert "10 row(s) are left out" in report._repr_html_()


def test_the_dtypes_do_not_depend_on_pyarrow(tmp_path: Path) -> None:
    code = (
        "import sys\nsys.modules['pyarrow'] = None\n"
        "import poolwatch\n"
        "report = poolwatch.scan(sys.argv[1], limits={'flows': 4096})\n"
        "print(report.flows.dtypes.to_string())\n"
        "print(report.flows['grade'].dtype.categories.dtype)\n"
        "try:\n    report.to_parquet(sys.argv[2])\n"
        "except poolwatch.PoolwatchError as error:\n    print(error.advice())\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", code, str(capture_of("office")), str(tmp_path / "tables")],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
    )
    assert run.returncode == 0, run.stderr
    flows = poolwatch.scan(capture_of("office"), limits={"flows": 4096}).flows
    *frame, categories, advice = run.stdout.splitlines()
    assert frame == flows.dtypes.to_string().splitlines()
    assert categories == str(flows["grade"].dtype.categories.dtype)  # type: ignore[union-attr]
    assert 'pip install "poolwatch[notebook]"' in advice
