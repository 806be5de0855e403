"""Tables of figures: what the lint says of rows, and that a scan does not read them."""

from __future__ import annotations

from pathlib import Path

import pytest

from poolwatch.catalog import load_catalog
from poolwatch.catalog.lint import lint_rows
from poolwatch.catalog.load import FIGURES, RawTable, load_rows, shipped_folder
from poolwatch.errors import CatalogError
from tests.catalog.test_load import edited

NETWORK = (
    "coin,month,hashrate,hashrate_low,hashrate_high,blocks_per_day,span_days,sources,date\n"
    "BTC,2019-05,5e19,4e19,6e19,144,30,test data,2026-01-12\n"
)
REWARDS = (
    "coin,from_height,from_day,low,high,decay_blocks,sources,date,fees_low,fees_high,fees_sources\n"
    "BTC,210000,2012-11-28,25,25,0,test data,2026-01-12,0.1,0.2,test data\n"
    "BTC,420000,2016-07-09,12.5,12.5,0,test data,2026-01-12,,,\n"
)
HARDWARE = (
    "device,model,algorithms,hashrate,watts,wall_low,wall_high,since,sources,date\n"
    "asic,Test 1,SHA-256d,1e14,3000,1,1.1,2021,test data,2026-01-12\n"
)
FACTORS = (
    "set,kind,quantity,low,high,unit,document,sources,date,region,region_en,year,published\n"
    "mine-2024,official,co2_per_kwh,0.4,0.4,kgCO2/kWh,a notice,test data,2026-01-12,,,2024,"
    "2025-01-01\n"
)


def complaints(folder: Path, name: str, text: str) -> list[str]:
    (folder / name).write_text(text, "utf-8")
    return lint_rows(load_rows((folder,)))


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("network.csv", NETWORK),
        ("rewards.csv", REWARDS),
        ("hardware.csv", HARDWARE),
        ("factors.csv", FACTORS),
    ],
)
def test_fit_rows_of_ones_own(tmp_path: Path, name: str, text: str) -> None:
    assert complaints(tmp_path, name, text) == []


@pytest.mark.parametrize(
    ("name", "text", "word"),
    [
        ("network.csv", edited(NETWORK, "4e19", "7e19"), "no hashrates"),
        ("network.csv", edited(NETWORK, "5e19", "nan"), "no hashrates"),
        ("network.csv", edited(NETWORK, "2019-05", "2019-13"), "no month"),
        ("network.csv", edited(NETWORK, "2019-05", "2099-01"), "no month"),
        ("network.csv", edited(NETWORK, "144", "0"), "above 0"),
        ("network.csv", edited(NETWORK, "BTC", "XYZ"), "XYZ"),
        ("network.csv", NETWORK + NETWORK.splitlines()[1] + "\n", "already"),
        ("network.csv", edited(NETWORK, "test data", " "), "no source"),
        ("rewards.csv", edited(REWARDS, "420000", "120000"), "comes before"),
        ("rewards.csv", edited(REWARDS, "25,25", "25,24"), "no reward"),
        ("rewards.csv", edited(REWARDS, "0.1,0.2", "0.3,0.2"), "no range of fees"),
        ("rewards.csv", edited(REWARDS, "0.1,0.2", ",0.2"), "belong together"),
        ("rewards.csv", edited(REWARDS, "0.1,0.2,test data", "0.1,0.2,"), "source of the fees"),
        ("hardware.csv", edited(HARDWARE, "1e14", "0"), "above 0"),
        ("hardware.csv", edited(HARDWARE, "1,1.1", "0.5,1.1"), "at the wall"),
        ("hardware.csv", edited(HARDWARE, "2021", "1999"), "no year"),
        ("hardware.csv", edited(HARDWARE, "SHA-256d", "MD5"), "MD5"),
        ("hardware.csv", HARDWARE + HARDWARE.splitlines()[1] + "\n", "already"),
        ("factors.csv", edited(FACTORS, "0.4,0.4", "0.4,4"), "no co2_per_kwh"),
        ("factors.csv", edited(FACTORS, "kgCO2/kWh", "kgce/kWh"), "is in kgCO2/kWh"),
        ("factors.csv", edited(FACTORS, "a notice", ""), "no document"),
        ("factors.csv", edited(FACTORS, "2024,2025-01-01", "2024,"), "official factor has"),
        ("factors.csv", FACTORS + FACTORS.splitlines()[1] + "\n", "already"),
    ],
)
def test_unfit_rows(tmp_path: Path, name: str, text: str, word: str) -> None:
    said = complaints(tmp_path, name, text)
    assert any(word in complaint for complaint in said)
    assert all(complaint.startswith(f"{tmp_path / name}:") for complaint in said)


def test_a_row_of_ones_own_that_cannot_be_read_is_said_before_a_scan(tmp_path: Path) -> None:
    (tmp_path / "factors.csv").write_text(edited(FACTORS, "0.4,0.4", "few,0.4"), "utf-8")
    with pytest.raises(CatalogError, match=r"factors\.csv:2"):
        load_catalog((tmp_path,))


def test_the_digest_covers_the_figures(tmp_path: Path) -> None:
    before = load_catalog().digest
    (tmp_path / "factors.csv").write_text(FACTORS, "utf-8")
    assert load_catalog((tmp_path,)).digest != before


@pytest.mark.parametrize("name", FIGURES)
def test_every_table_is_shipped_and_read_only_when_asked(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert (shipped_folder() / name).is_file()
    read: list[str] = []
    monkeypatch.setattr(RawTable, "read", lambda _: read.append(name))
    load_catalog()
    assert read == []
