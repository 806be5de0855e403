"""`poolwatch.scan` gives what the command line gives, and `read_eve` reads it back."""

from __future__ import annotations

import json
import subprocess
import sys
import warnings
from itertools import groupby
from pathlib import Path

import pandas as pd
import pytest

import poolwatch
from poolwatch import PoolwatchError, PoolwatchWarning, Report
from poolwatch.cli import command as command_line_group
from poolwatch.outputs.columns import TABLES
from tests.running import (
    ROOT,
    SCENARIOS,
    Talk,
    batched,
    capture_of,
    command_line,
    options_of,
    write_pcap,
)

OFFICE = capture_of("office")
SMALL = {"flows": 4096}
UNITS = "prefix,unit,path\n10.30.1.0/24,Physics,Science/Physics\n10.30.2.0/24,Chemistry,\n"


def assert_same(left: Report, right: Report) -> None:
    for table in TABLES:
        pd.testing.assert_frame_equal(getattr(left, table.name), getattr(right, table.name))


def by_command(*arguments: str | Path) -> None:
    """The command line, in this process."""
    command_line_group.main(["scan", *map(str, arguments)], standalone_mode=False)


def run_python(code: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", code, *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
    )


# -- the same answer -----------------------------------------------------------------------


def together() -> list[tuple[str, ...]]:
    """Scenarios that are scanned in one go: those with the same options, a few each."""
    ordered = sorted(SCENARIOS, key=_options)
    groups = [tuple(group) for _, group in groupby(ordered, _options)]
    return [part for group in groups for part in batched(group, 8)]


def _options(scenario: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    return options_of(scenario, "--internal"), options_of(scenario, "--signatures")


@pytest.mark.parametrize("scenarios", together(), ids=lambda names: names[0])
def test_scan_equals_what_the_command_line_wrote(
    scenarios: tuple[str, ...], tmp_path: Path
) -> None:
    captures, eve = [capture_of(name) for name in scenarios], tmp_path / "out.json"
    internal, signatures = _options(scenarios[0])
    folders = [ROOT / folder for folder in signatures]
    options = [word for net in internal for word in ("--internal", net)]
    options += [word for folder in folders for word in ("--signatures", str(folder))]
    by_command(
        "--format", "eve", "-o", eve, "--limit", "flows=4096", "--sensor", "s", *options, *captures
    )
    scanned = poolwatch.scan(
        captures, internal=internal, signatures=folders, sensor="s", limits=SMALL
    )
    assert_same(scanned, poolwatch.read_eve(eve))


def test_scan_equals_the_command_run_by_a_user(tmp_path: Path) -> None:
    units = tmp_path / "units.csv"
    units.write_text(UNITS)
    wire = capture_of("wire-vlan")
    options = ("--format", "eve", "--sensor", "s", "--units", units)
    run = command_line("scan", *options, OFFICE, wire)
    (tmp_path / "out.json").write_bytes(run.stdout)
    scanned = poolwatch.scan([OFFICE, wire], units=units, sensor="s")
    assert_same(scanned, poolwatch.read_eve(tmp_path / "out.json"))
    assert list(scanned.findings["unit"].dropna().unique()) == ["Physics", "Chemistry"]
    places = {tuple(path): count for path, count in scanned.units[["path", "hosts"]].values}
    assert places == {("Chemistry",): 2, ("Science",): 2, ("Science", "Physics"): 2}


def test_the_sensor_is_that_of_the_command_line() -> None:
    run = command_line("scan", "--format", "eve", capture_of("near-chat"))
    said = json.loads(run.stdout.splitlines()[-1])["sensor"]
    assert poolwatch.scan(capture_of("near-chat"), limits=SMALL).stats["sensor"][0] == said


# -- what cannot be read -------------------------------------------------------------------


def test_a_capture_that_cannot_be_read_is_warned_of_and_the_rest_done() -> None:
    with pytest.warns(PoolwatchWarning, match=r"no-such-file.*byte 0") as caught:
        report = poolwatch.scan([OFFICE, "no-such-file"], limits=SMALL)
    assert caught[0].filename == __file__
    assert len(report.findings) == 8
    assert [p["file"] for p in report.stats["problems"][0]] == ["no-such-file"]


def test_many_warnings_are_summed_up(tmp_path: Path) -> None:
    names = [str(tmp_path / f"{number}.pcap") for number in range(30)]
    with pytest.warns(PoolwatchWarning) as caught:
        poolwatch.scan(names, limits=SMALL | {"file_messages": 3})
    assert len(caught) == 4
    assert "27 more" in str(caught[-1].message)


def test_a_row_of_units_that_cannot_be_read_is_warned_of(tmp_path: Path) -> None:
    units = tmp_path / "units.csv"
    units.write_text(f"{UNITS}10.300.0.0/16,Nobody,\n")
    with pytest.warns(PoolwatchWarning, match=r"units\.csv:4") as caught:
        report = poolwatch.scan(OFFICE, units=units, limits=SMALL)
    assert caught[0].filename == __file__
    assert report.findings["unit"].notna().sum() == 4


def test_wishes_that_cannot_be_carried_out(tmp_path: Path) -> None:
    empty = tmp_path / "units.csv"
    empty.write_text("")
    for arguments in (
        {"internal": "10.0.0.1/8"},
        {"limits": {"flowers": 1}},
        {"limits": {"flows": 0}},
        {"signatures": tmp_path / "none"},
        {"units": empty},
        {"mmdb": empty},
        {"home": "Atlantis"},
        {"tz": "Mars/Olympus"},
    ):
        with pytest.raises(PoolwatchError):
            poolwatch.scan(OFFICE, **arguments)
    with pytest.raises(PoolwatchError, match="no capture"):
        poolwatch.scan([])
    with pytest.raises(PoolwatchError, match="tz Mars") as refused:
        poolwatch.scan(OFFICE, tz="Mars")
    assert refused.value.advice()


def test_several_values_or_one() -> None:
    one = poolwatch.scan(str(OFFICE), internal="10.30.0.0/16", limits=SMALL)
    several = poolwatch.scan(iter([OFFICE]), internal=["10.30.0.0/16"], limits=SMALL)
    assert_same(one, several)


def test_progress_is_shown_on_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    poolwatch.scan(OFFICE, limits=SMALL, progress=True)
    said = capsys.readouterr()
    assert said.out == ""
    assert "office/capture.pcap" in said.err


def test_a_name_that_is_no_utf8(tmp_path: Path) -> None:
    talk = Talk().greet().say((0, '{"id":1,"method":"mining.subscribe","params":[]}'))
    capture = write_pcap(tmp_path / "a\udcffb.pcap", talk.packets)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        report = poolwatch.scan(capture, limits=SMALL)
    report.to_parquet(tmp_path / "tables")
    report.to_csv(tmp_path / "tables")
    assert "capture" not in report._repr_html_()
    assert report.flows["pcap_filename"][0].isprintable()


# -- what is loaded ------------------------------------------------------------------------


def test_importing_loads_nothing_heavy() -> None:
    code = (
        "import sys, poolwatch\n"
        "print(dir(poolwatch), poolwatch.PoolwatchError, poolwatch.__version__)\n"
        "heavy = {'numba', 'numpy', 'pandas', 'pyarrow', 'matplotlib', 'msgspec', 'click'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)\n"
    )
    run = run_python(code)
    assert run.returncode == 0, run.stderr


def test_reading_eve_compiles_nothing_and_rows_need_no_pandas(tmp_path: Path) -> None:
    by_command("--format", "eve", "-o", tmp_path / "out.json", OFFICE)
    code = (
        "import sys, poolwatch\n"
        "report = poolwatch.read_eve(sys.argv[1])\n"
        "assert len(report.rows('findings')) == 8\n"
        "repr(report), report._repr_html_(), report.to_csv(sys.argv[2])\n"
        "heavy = {'numba', 'pandas', 'pyarrow', 'matplotlib'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    run = run_python(code, tmp_path / "out.json", tmp_path / "tables")
    assert run.returncode == 0, run.stderr


@pytest.mark.parametrize("form", ["table", "eve", "csv"])
def test_a_scan_by_command_loads_no_pandas(form: str) -> None:
    code = (
        "import sys\nfrom poolwatch.cli import main\n"
        f"sys.argv = ['poolwatch', 'scan', '--format', {form!r}, sys.argv[1]]\n"
        "try:\n    main()\nexcept SystemExit as error:\n    assert not error.code\n"
        "heavy = {'pandas', 'pyarrow', 'matplotlib'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    run = run_python(code, OFFICE)
    assert run.returncode == 0, run.stderr


def test_every_public_name_is_there() -> None:
    for name in poolwatch.__all__:
        assert getattr(poolwatch, name)
        assert name in dir(poolwatch)
    with pytest.raises(AttributeError, match="no_such_name"):
        poolwatch.no_such_name  # noqa: B018
    assert (Path(poolwatch.__file__).parent / "py.typed").exists()
