"""`poolwatch signatures`: what people type and read."""

from __future__ import annotations

import csv
import io
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from poolwatch.catalog.load import load_rows
from poolwatch.catalog.lookup import KINDS
from poolwatch.cli import command, main
from poolwatch.errors import CatalogError, UsageError

KIND_NAMES = list(KINDS)
IMPORT = ("--source", "a list", "--licence", "CC0-1.0", "--date", "2026-01-12")


def run(*words: str) -> Result:
    return CliRunner().invoke(command, ["signatures", *words])


@pytest.mark.parametrize("kind", KIND_NAMES)
def test_list_as_csv_holds_every_row(kind: str) -> None:
    result = run("list", "--kind", kind, "--format", "csv")
    rows = list(csv.reader(io.StringIO(result.stdout)))
    row_type, rows_of = KINDS[kind]
    assert rows[0] == [*row_type.__struct_fields__, "place"]
    assert len(rows) == 1 + len(rows_of(load_rows()))
    assert all(len(row) == len(rows[0]) for row in rows)


@pytest.mark.parametrize("kind", KIND_NAMES)
def test_list_as_table(kind: str) -> None:
    result = run("list", "--kind", kind)
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert lines[0].endswith("place")
    assert len(lines) == 1 + len(KINDS[kind][1](load_rows()))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("pool:f2pool.com", "pool: F2Pool 鱼池"),
        ("cn.f2pool.com", "suffix: f2pool.com"),
        ("鱼池", "suffix: f2pool.com"),
        ("nanopool", "suffix: nanopool.org"),
        ("endpoint:94.23.199.191:3333", "pool: Flypool"),
        ("94.23.199.191", "port: 3333"),
        ("agent:XMRig", "software: XMRig"),
        ("XMRig/6.21.0 (Linux x86_64)", "device: cpu"),
        ("门罗币", "symbol: XMR"),
        ("stratum-submit", "method: mining.submit"),
    ],
)
def test_show_prints_the_row_with_place_source_and_date(text: str, shown: str) -> None:
    lines = run("show", text).stdout.splitlines()
    assert shown in lines
    assert any(line.startswith("place: ") and ":" in line[7:] for line in lines)
    assert any(line.startswith("sources: ") for line in lines)
    assert any(line.startswith("date: 20") for line in lines)


@pytest.mark.parametrize(
    "text", ["", "pool:unlisted.example", "endpoint:nonsense", "8.8.8.8", "a:b:c"]
)
def test_show_says_when_there_is_no_row(text: str) -> None:
    result = run("show", text)
    assert isinstance(result.exception, CatalogError)
    assert "no row" in str(result.exception)


def test_import_reports_and_the_rows_are_shown(tmp_path: Path) -> None:
    source, own = tmp_path / "list", tmp_path / "own"
    source.write_text("own-pool.example\npool.ntp.org\nnot a name/\n", "utf-8")
    result = run("import", str(source), *IMPORT, "--into", str(own))
    assert result.exit_code == 0
    assert result.stdout == (
        f"{source}: read as domains: 1 nursery row(s) to {own / 'pools.csv'}; "
        "0 known already, 1 refused, 1 not understood\n"
    )
    assert f"{source}:2: 'pool.ntp.org' is too wide" in result.stderr
    assert f"{source}:3: " in result.stderr
    shown = run("show", "www.own-pool.example", "--signatures", str(own)).stdout.splitlines()
    assert {"nursery: true", "licence: CC0-1.0", "date: 2026-01-12", "sources: a list"} < set(shown)
    assert (
        "1 full row(s)"
        in run("import", str(source), *IMPORT, "--into", str(tmp_path / "b"), "--grade-full").stdout
    )


def test_import_of_nothing_is_an_error(tmp_path: Path) -> None:
    source = tmp_path / "list"
    source.write_text("co.uk\n", "utf-8")
    result = run("import", str(source), *IMPORT, "--into", str(tmp_path / "own"))
    assert isinstance(result.exception, CatalogError)
    assert "nothing of it could be used" in str(result.exception)


@pytest.mark.parametrize(
    "words",
    [
        ("--source", "x", "--licence", "y", "--date", "2999-01-01"),
        ("--source", " \x07", "--licence", "y"),
        ("--source", "x", "--licence", ""),
    ],
)
def test_import_wants_a_source_a_licence_and_a_past_date(
    tmp_path: Path, words: tuple[str, ...]
) -> None:
    source = tmp_path / "list"
    source.write_text("own-pool.example\n", "utf-8")
    result = run("import", str(source), *words, "--into", str(tmp_path / "own"))
    assert isinstance(result.exception, UsageError)
    assert not (tmp_path / "own").exists()


def test_check_names_the_unfit_row(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "pools.csv").write_text(
        "suffix,pool,use,coins,origin,status,sources,date\nco.uk,X,any,,,,test,2026-01-12\n",
        "utf-8",
    )
    monkeypatch.setattr(sys, "argv", ["poolwatch", "signatures", "check", str(tmp_path)])
    with pytest.raises(SystemExit) as stopped:
        main()
    assert stopped.value.code == 2
    assert f"{tmp_path / 'pools.csv'}:2: 'co.uk' is a public suffix" in capsys.readouterr().err


def test_listing_needs_neither_compiler_nor_public_suffixes() -> None:
    code = (
        "import sys\nfrom poolwatch.cli import command\n"
        "command(['signatures', 'list', '--kind', 'agents'], standalone_mode=False)\n"
        "heavy = {'numba', 'numpy', 'pandas', 'publicsuffixlist'}\n"
        "print(heavy & set(sys.modules), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "set()"
