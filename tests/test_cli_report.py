"""`poolwatch report`: figures of findings and of counts, in words, CSV and JSON."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest

from poolwatch.messages import Messages
from tests.inventory.building import command_line
from tests.report.events import changed, event_of

NOTICE = ("--addresses", "4699", "--kw-per-address", "1.317", "--factors", "newspaper-2021")
MACHINES = (
    *("--rigs", "68", "--kw-per-rig", "0.9-1.6", "--pcs", "260", "--kw-per-pc", "0.2-0.6"),
    *("--on-addresses", "183", "--scale-to", "4699"),
)


def energy(*arguments: object) -> Any:
    run = command_line("report", "energy", *map(str, arguments), "--format", "json")
    assert (run.returncode, run.stderr) == (0, "")
    return json.loads(run.stdout)


def figures(document: Any, factors: str | None) -> dict[str, tuple[float, float]]:
    return {
        figure["figure"]: (figure["low"], figure["high"])
        for section in document["sections"]
        if section["factors"] == factors
        for figure in section["figures"]
    }


def test_the_newspaper_s_figures_with_official_ones_beside() -> None:
    document = energy(*NOTICE)
    assert figures(document, None)["kwh_per_day"][0] == pytest.approx(148_500, rel=5e-4)
    told = figures(document, "newspaper-2021")
    assert told["coal_per_day"][0] == pytest.approx(60, rel=5e-3)
    assert told["coal_per_year"][0] == pytest.approx(21_900, rel=5e-4)
    assert told["co2_per_year"][0] == pytest.approx(54_000, rel=5e-3)
    labels = {section["factors"]: section["label"] for section in document["sections"]}
    assert labels == {
        None: None,
        "newspaper-2021": "reconstruction, back-solved per address",
        "official-2021": None,
        "official-2023": None,
    }
    assert figures(document, "official-2021")["co2_per_year"][0] == pytest.approx(30_180, rel=1e-3)


def test_every_figure_has_its_formula_and_its_factors_with_their_sources() -> None:
    for section in energy(*NOTICE, *MACHINES)["sections"]:
        for figure in section["figures"]:
            assert figure["formula"]
            assert figure["unit"]
            assert all(factor["source"] and factor["name"] for factor in figure["factors"])


def test_bottom_up_holds_the_published_energy() -> None:
    low, high = figures(energy(*MACHINES), None)["kwh_per_day"]
    assert low < 148_500 < high


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", ("reconstruction, back-solved per address", "148,500 kWh/d", "21,900 t/a")),
        ("zh", ("重构值，按每个地址反推", "148,500 kWh/d", "21,900 t/a", "全国 2021")),
    ],
)
def test_the_text_in_both_languages(language: str, words: tuple[str, ...]) -> None:
    run = command_line("report", "energy", *NOTICE, "--lang", language)
    assert (run.returncode, run.stderr) == (0, "")
    assert all(word in run.stdout for word in words)
    assert Messages(language).say("energy.basis") in run.stdout
    assert "kwh * co2_per_kwh / 1000" in run.stdout


def test_the_official_factors_of_a_province() -> None:
    document = energy("--pcs", 10, "--kw-per-pc", "0.3", "--region", "浙江")
    assert [section["factors"] for section in document["sections"]] == [None, "official-2023"]
    carbon = document["sections"][1]["figures"][2]
    assert carbon["low"] == pytest.approx(10 * 0.3 * 24 * 0.4974 / 1000)


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        ((), "give findings or counts"),
        (("--addresses", "5"), "belong together"),
        (("--rigs", "5", "--kw-per-rig", "1", "--scale-to", "9"), "belong together"),
        (("--addresses", "5", "--kw-per-address", "2-1"), "range"),
        (("--addresses", "5", "--kw-per-address", "nan"), "range"),
        (("--addresses", "5", "--kw-per-address", "1", "--hours", "25"), "beyond 24"),
        ((*NOTICE, "--factors", "none"), "no such set"),
        ((*NOTICE, "--region", "Atlantis"), "no such region"),
        ((*NOTICE, "--price", "BTC=1@2021-01-01"), "goes with findings"),
        ((*NOTICE, "--eve", "pyproject.toml"), "one of both"),
        (("--eve", "pyproject.toml"), "no event of poolwatch"),
        (("--store", "sqlite:////nowhere/at/all.db"), "no such file"),
    ],
)
def test_what_cannot_be_carried_out(arguments: tuple[str, ...], word: str) -> None:
    run = command_line("report", "energy", *arguments)
    assert run.returncode == 2
    assert word in run.stderr
    assert "Traceback" not in run.stderr


# -- findings ----------------------------------------------------------------------------


def finding(host: str, **values: Any) -> dict[str, Any]:
    """A miner of whom coins and energy are known."""
    event = changed(event_of("finding"), host=host, role="miner", **values)
    event["coins_mined"] = [
        {
            "coin": "XMR",
            "low": 1.0,
            "estimate": 2.0,
            "high": 3.0,
            "fees": None,
            "shares": 9,
            "unweighed": 0,
            "missing": [],
            "by_day": [{"day": "2021-04-10", "low": 1.0, "estimate": 2.0, "high": 3.0}],
            "basis": [],
        }
    ]
    event["energy"] = {
        "kw": {"low": 1.0, "high": 2.0},
        "kwh": {"low": 10.0, "high": 20.0},
        "hours": 10.0,
        "basis": [],
    }
    return event


def eve(folder: Path, *events: dict[str, Any]) -> Path:
    path = folder / "scan.eve"
    lines = [json.dumps(event) for event in (*events, event_of("stats"))]
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return path


def test_findings_are_summed_and_valued_only_with_a_dated_price(tmp_path: Path) -> None:
    path = eve(tmp_path, finding("10.0.0.1"), finding("10.0.0.2"))
    plain = energy("--eve", path)
    assert figures(plain, None) == {"kw": (2.0, 4.0), "kwh": (20.0, 40.0)}
    (coin,) = plain["coins"]
    assert (coin["low"], coin["estimate"], coin["high"], coin["value"]) == (2.0, 4.0, 6.0, None)
    valued = energy("--eve", path, "--price", "XMR=300CNY@2021-04-20")
    value = valued["coins"][0]["value"]
    assert (value["estimate"], value["currency"], value["prices_from"]) == (
        1200.0,
        "CNY",
        "2021-04-20",
    )
    far = energy("--eve", path, "--price", "XMR=300@2022-04-20")
    assert far["coins"][0]["value"] is None


def test_of_the_lines_about_one_host_the_last_one_counts(tmp_path: Path) -> None:
    first = finding("10.0.0.1")
    again = json.loads(json.dumps(first))
    again["energy"]["kwh"] = {"low": 30.0, "high": 60.0}
    document = energy("--eve", eve(tmp_path, first, again))
    assert figures(document, None)["kwh"] == (30.0, 60.0)


def test_machines_of_relays_count_where_they_are(tmp_path: Path) -> None:
    relay = finding("10.0.0.9")
    relay["role"] = "relay"
    document = energy("--eve", eve(tmp_path, relay, finding("10.0.0.1")))
    assert [host["host"] for host in document["hosts"]] == ["10.0.0.1"]


def test_coins_of_a_missing_month_are_not_told(tmp_path: Path) -> None:
    event = finding("10.0.0.1")
    unknown = {"low": None, "estimate": None, "high": None, "missing": ["2018-05"]}
    event["coins_mined"][0] |= unknown
    run = command_line("report", "energy", "--eve", eve(tmp_path, event), "--lang", "en")
    assert run.returncode == 0
    assert "XMR: not known, of 1 host(s); needs the network's difficulty" in run.stdout
    assert "2018-05" in run.stdout


def test_csv_has_a_row_a_figure_and_no_formula_of_a_spreadsheet(tmp_path: Path) -> None:
    path = eve(tmp_path, finding("=cmd()"))
    run = command_line("report", "energy", "--eve", path, "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(run.stdout)))
    assert {row["section"] for row in rows} == {"findings", "factors", "host", "coins"}
    assert {row["of"] for row in rows if row["section"] == "host"} == {"'=cmd()"}


def test_hostile_lines_are_named_and_the_rest_is_used(tmp_path: Path) -> None:
    bad = finding("10.0.0.2")
    bad["energy"]["kw"] = {"low": "x", "high": 1}
    odd = finding("10.0.0.3")
    odd["coins_mined"] = [{"coin": 7}, {"coin": "XMR", "low": True, "by_day": [1], "basis": 3}]
    path = eve(tmp_path, bad, odd, finding("10.0.0.1"))
    run = command_line("report", "energy", "--eve", path, "--format", "json")
    assert run.returncode == 0
    assert "line 1" in run.stderr
    assert [host["host"] for host in json.loads(run.stdout)["hosts"]] == ["10.0.0.3", "10.0.0.1"]


def test_prices_of_a_table(tmp_path: Path) -> None:
    prices = tmp_path / "prices.csv"
    prices.write_text("coin,date,price,source\nXMR,2021-04-11,250,an exchange\n", "utf-8")
    path = eve(tmp_path, finding("10.0.0.1"))
    value = energy("--eve", path, "--prices", prices)["coins"][0]["value"]
    assert (value["estimate"], value["source"]) == (500.0, "an exchange")
    prices.write_text("coin,date,price\nXMR,yesterday,250\n", "utf-8")
    run = command_line("report", "energy", "--eve", path, "--prices", prices)
    assert run.returncode == 2
    assert "prices.csv:2" in run.stderr


def test_a_meter_beside_findings(tmp_path: Path) -> None:
    meter = tmp_path / "meter.csv"
    rows = [f"2026-01-12T{hour:02}:00Z,{hour % 3}" for hour in range(24)]
    meter.write_text("time,kW\n" + "\n".join(rows), "utf-8")
    path = eve(tmp_path, finding("10.0.0.1"))
    document = energy("--eve", path, "--meter", meter)
    assert document["meter"]["verdict"] == "cannot_be_told"
    run = command_line("report", "energy", "--eve", path, "--meter", meter, "--lang", "zh")
    assert "无法判断" in run.stdout


def test_a_scan_is_reported(tmp_path: Path) -> None:
    path = tmp_path / "campus.eve"
    run = command_line("scan", "--format", "eve", "-o", path, "pcaps/campus/capture.pcap")
    assert run.returncode == 0
    document = energy("--eve", path)
    assert document["hosts"]


def test_the_store_of_a_scan_says_the_same_as_its_lines(tmp_path: Path) -> None:
    path, store = tmp_path / "office.eve", f"sqlite:///{tmp_path / 'office.db'}"
    scan = ("scan", "--format", "eve", "-o", path, "--store", store)
    assert command_line(*scan, "pcaps/office/capture.pcap").returncode == 0
    lines, rows = energy("--eve", path), energy("--store", store)
    key = "host"
    assert sorted(lines["hosts"], key=lambda h: h[key]) == sorted(
        rows["hosts"], key=lambda h: h[key]
    )


# -- coins -------------------------------------------------------------------------------

CASE = ("--coin", "eth", "--machines", "32", "--from", "2021-05-09", "--until", "2021-09-07")


@pytest.mark.parametrize(
    ("cards", "holds"), [("20e6-31e6", True), ("58e6-98e6", False)], ids=["small", "large"]
)
def test_the_published_case_of_32_cards(cards: str, holds: bool) -> None:
    arguments = (*CASE, "--hashrate", cards, "--uptime", "0.6-1", "--format", "json")
    run = command_line("report", "coins", *arguments)
    (coin,) = json.loads(run.stdout)["coins"]
    assert (coin["low"] <= 2.4 <= coin["high"]) is holds
    assert not holds or (coin["low"] >= 1.0 and coin["high"] <= 4.2)
    assert all(factor["source"] for factor in coin["basis"][0]["factors"])


def test_a_month_nobody_told_is_no_figure() -> None:
    when = ("--from", "2018-05-09", "--until", "2018-06-07")
    run = command_line("report", "coins", "--coin", "XMR", "--hashrate", "5000", *when)
    assert run.returncode == 0
    assert "2018-05, 2018-06" in run.stdout


def test_the_reports_are_listed_without_loading_one() -> None:
    run = command_line("report", "--help")
    assert run.returncode == 0
    assert "energy" in run.stdout
    assert "coins" in run.stdout
