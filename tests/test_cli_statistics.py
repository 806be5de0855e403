"""`poolwatch report statistics`: scans, stores and event lines say the same."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from poolwatch.messages import LANGUAGES, Messages
from poolwatch.report.statistics import By
from tests.report.statistics.making import at, host, stats, talk, twelve, write_eve
from tests.running import PCAPS, command_line

CAMPUS = (PCAPS / "campus" / "capture.pcap", "--units", PCAPS / "campus" / "units.csv")


def report(*arguments: str | Path, **more: Any) -> bytes:
    done = command_line("report", "statistics", *arguments, **more)
    assert (done.returncode, done.stderr) == (0, b"")
    return done.stdout


@pytest.fixture(scope="module")
def scanned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a scan of the campus as event lines and in a store."""
    folder = tmp_path_factory.mktemp("scanned")
    store = f"sqlite:///{folder / 'found.db'}"
    output = ("--format", "eve", "-o", folder / "day.eve", "--store", store)
    done = command_line("scan", *CAMPUS, *output, "--sensor", "gate")
    assert done.returncode == 0, done.stderr
    return folder


def test_event_lines_a_store_and_a_pipe_say_the_same(scanned: Path) -> None:
    eve, store = scanned / "day.eve", f"sqlite:///{scanned / 'found.db'}"
    told = report(eve, "--format", "json")
    assert json.loads(told)["all"]["addresses"] == 21
    assert report("--store", store, "--format", "json") == told
    assert report("-", "--format", "json", stdin=eve.read_bytes()) == told


@pytest.mark.parametrize("form", ["json", "csv", "html", "xlsx", "text"])
def test_the_same_input_gives_the_same_file_in_any_process(scanned: Path, form: str) -> None:
    files = {
        report(scanned / "day.eve", "--format", form, env={"PYTHONHASHSEED": seed})
        for seed in ("1", "2", "3")
    }
    assert len(files) == 1


def test_a_scan_twice_in_a_store_counts_once(scanned: Path) -> None:
    store = f"sqlite:///{scanned / 'found.db'}"
    before = report("--store", store, "--format", "json")
    again = command_line("scan", *CAMPUS, "--store", store, "--sensor", "gate", "--format", "eve")
    assert again.returncode == 0
    assert report("--store", store, "--format", "json") == before


def test_two_sensors_that_see_the_same_count_once(tmp_path: Path) -> None:
    store = f"sqlite:///{tmp_path / 'both.db'}"
    for sensor in ("gate", "core"):
        done = command_line("scan", *CAMPUS, "--store", store, "--sensor", sensor)
        assert done.returncode == 0
    document = json.loads(report("--store", store, "--format", "json"))
    assert document["all"]["addresses"] == 21
    assert document["all"]["conversations"] == 21
    assert document["coverage"]["packets"] == 2 * 878
    assert document["coverage"]["hours"] == pytest.approx(0.0314, rel=0.01)


def test_part_of_a_store(scanned: Path) -> None:
    store = ("--store", f"sqlite:///{scanned / 'found.db'}", "--format", "json")
    whole = json.loads(report(*store))
    day = json.loads(report(*store, "--from", "2026-01-12", "--to", "2026-01-12"))
    assert day["all"] == whole["all"]
    assert json.loads(report(*store, "--from", "2026-01-13"))["all"]["addresses"] == 0
    early = ("--to", "2026-01-12T16:00:10", "--tz", "Asia/Shanghai")
    part = json.loads(report(*store, *early))
    assert 0 < part["all"]["addresses"] < whole["all"]["addresses"]
    assert (part["until"], part["time_zone"]) == ("2026-01-12T08:00:10.000000+0000", early[3])


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_text_in_both_languages(tmp_path: Path, language: str) -> None:
    eve = write_eve(tmp_path / "made.eve", twelve())
    text = report(eve, "--lang", language, "--by", "coin", "--by", "week").decode()
    say = Messages(language).say
    assert say("statistics.heading.coin") in text
    assert say("statistics.heading.unit") not in text
    assert "10.5–21" in text
    assert say("statistics.note.relays", count=1) in text
    assert "official-2023" in text


def test_a_workbook_goes_to_a_file_or_a_pipe(tmp_path: Path) -> None:
    eve = write_eve(tmp_path / "made.eve", twelve())
    piped = report(eve, "--format", "xlsx")
    assert report(eve, "--format", "xlsx", "-o", tmp_path / "made.xlsx") == b""
    assert (tmp_path / "made.xlsx").read_bytes() == piped
    assert openpyxl.load_workbook(io.BytesIO(piped)).sheetnames[0] == "Read me"


def test_title_and_issuer_stand_on_the_page(tmp_path: Path) -> None:
    eve = write_eve(tmp_path / "made.eve", twelve())
    names = ("--title", "一月 <统计>", "--issuer", "网络中心", "--public", "--lang", "zh")
    page = report(eve, *names, "--format", "html").decode()
    assert "<h1>一月 &lt;统计&gt;</h1>" in page
    assert "编制单位：网络中心" in page
    assert "单位 1" in page
    assert "甲大学" not in page


def test_the_newspaper_s_factors_are_called_what_they_are(tmp_path: Path) -> None:
    eve = write_eve(tmp_path / "made.eve", twelve())
    text = report(eve, "--factors", "newspaper-2021").decode()
    assert "reconstruction, back-solved per address" in text
    assert "official-2023" in text


def test_a_byte_order_mark_for_spreadsheet_programs(tmp_path: Path) -> None:
    eve = write_eve(tmp_path / "made.eve", twelve())
    assert report(eve, "--format", "csv", "--bom").startswith(b"\xef\xbb\xbftable,group")


def test_lines_that_cannot_be_used_are_named_and_the_rest_counts(tmp_path: Path) -> None:
    events = [*host("10.0.0.1", [talk(at(5), at(5, 1), "BTC", None, None)]), stats(at(5), at(6))]
    eve = write_eve(tmp_path / "made.eve", events)
    eve.write_text(eve.read_text("utf-8") + "no event\n", "utf-8")
    done = command_line("report", "statistics", eve)
    assert done.returncode == 0
    assert b"line 4" in done.stderr
    assert b"1 address(es)" in done.stdout


def test_the_factors_of_a_province(tmp_path: Path) -> None:
    eve = write_eve(tmp_path / "made.eve", twelve())
    document = json.loads(report(eve, "--region", "浙江", "--format", "json"))
    assert document["all"]["co2_kg"]["high"] == pytest.approx(63 * 0.4974)
    assert document["factor_sets"] == ["official-2023"]


def test_rows_without_room_are_told(tmp_path: Path) -> None:
    eve = write_eve(tmp_path / "made.eve", twelve())
    done = command_line("report", "statistics", eve, "--limit", "report_rows=5")
    assert done.returncode == 0
    assert b"too low" in done.stdout
    assert b"left out" in done.stderr


def test_help_names_every_table() -> None:
    words = command_line("report", "statistics", "--help").stdout.decode()
    assert "|".join(by.value for by in By) in "".join(words.split())


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        ((), b"one of both"),
        (("EVE", "--store", "sqlite:///x.db"), b"one of both"),
        (("EVE", "--from", "yesterday"), b"--from yesterday: not a time"),
        (("EVE", "--to", "9999-12-31"), b"--to 9999-12-31: not a time"),
        (("EVE", "--from", "2026-02-01", "--to", "2026-01-01"), b"not before"),
        (("EVE", "--tz", "Mars/Base"), b"no such time zone"),
        (("EVE", "--factors", "none"), b"no such set"),
        (("EVE", "--by", "wallet"), b"wallet"),
        (("EVE", "-o", "/nowhere/at/all.html", "--format", "html"), b"-o /nowhere"),
        (("EVE", "-o", "/nowhere/at/all.xlsx", "--format", "xlsx"), b"-o /nowhere"),
        (("pyproject.toml",), b"no event of poolwatch"),
        (("--store", "sqlite:////nowhere/at/all.db"), b"no such file"),
    ],
)
def test_what_cannot_be_carried_out(
    tmp_path: Path, arguments: tuple[str, ...], word: bytes
) -> None:
    eve = str(write_eve(tmp_path / "made.eve", twelve()))
    done = command_line("report", "statistics", *(eve if a == "EVE" else a for a in arguments))
    assert done.returncode == 2
    assert word in done.stderr
    assert b"Traceback" not in done.stderr
