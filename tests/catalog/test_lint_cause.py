"""Rows of grounds and of malware that can be read and are unfit."""

from __future__ import annotations

from pathlib import Path

import pytest

from poolwatch.catalog import load_catalog
from poolwatch.catalog.grounds import read_parameters
from poolwatch.catalog.lint import lint_rows
from poolwatch.catalog.load import load_rows
from poolwatch.errors import CatalogError

GROUND = "id,cause,direction,rank,checker,parameters,sources,date,en,zh\n"
MALWARE = "value,kind,family,confidence,sources,source_url,date\n"


def ground(**cells: str) -> str:
    row = {
        "id": "own",
        "cause": "malware",
        "direction": "for",
        "rank": "strong",
        "checker": "sweeping",
        "parameters": "ports=22 peers>=20 failed>=0.5",
        "sources": "a book",
        "date": "2026-11-01",
        "en": "It swept {ports}.",
        "zh": "扫描 {ports}。",
    }
    return GROUND + ",".join((row | cells).values()) + "\n"


def test_a_row_of_ones_own_is_added_or_replaces(tmp_path: Path) -> None:
    (tmp_path / "grounds.csv").write_text(ground(id="sweeping", rank="weak"), "utf-8")
    rules = load_catalog((tmp_path,)).grounds.rules
    assert [rule.row.rank for rule in rules if rule.row.id == "sweeping"] == ["weak"]
    assert not lint_rows(load_rows((tmp_path,)))


@pytest.mark.parametrize(
    ("cells", "wanted"),
    [
        ({"checker": "guess"}, "checker 'guess' is none of"),
        ({"parameters": "ports=22 peers>=20"}, "the parameters of sweeping are ports peers failed"),
        ({"parameters": "ports=x peers>=20 failed>=0.5"}, "ports=x: no port"),
        ({"parameters": "ports>=22 peers>=20 failed>=0.5"}, "ports is given as ports="),
        ({"parameters": "ports=22 peers=20 failed>=0.5"}, "peers is given as peers>="),
        ({"parameters": "ports=22 peers>20"}, "is neither NAME>=N"),
        ({"zh": "扫描。"}, "en and zh name different fields"),
        ({"en": "{x}", "zh": "{x}"}, "the fields of sweeping are"),
        ({"en": "{ports!r}", "zh": "{ports}"}, "is no plain field"),
        ({"rank": "certain"}, "Invalid enum value 'certain'"),
        ({"cause": "luck"}, "Invalid enum value 'luck'"),
    ],
)
def test_what_does_not_fit_is_said_before_a_scan(
    cells: dict[str, str], wanted: str, tmp_path: Path
) -> None:
    (tmp_path / "grounds.csv").write_text(ground(**cells), "utf-8")
    with pytest.raises(CatalogError, match=r"grounds\.csv:2") as error:
        load_catalog((tmp_path,))
    assert wanted in str(error.value)


@pytest.mark.parametrize(
    ("row", "wanted"),
    [
        ("nodots,domain", "is no domain"),
        ("f2pool.com,domain", "is a pool's name"),
        ("192.0.2.1,ip_port", "is no ip_port"),
        ("192.0.2.1:99999,ip_port", "is no ip_port"),
        ("index.php,url_path", "is no url_path"),
        ("http://192.0.2.1/x,url", "is no url"),
        ("4x,wallet", "is no wallet"),
    ],
)
def test_values_have_the_form_of_their_kind(row: str, wanted: str, tmp_path: Path) -> None:
    line = f"{row},family,high,a list,https://example.org,2026-11-01\n"
    (tmp_path / "malware.csv").write_text(MALWARE + line, "utf-8")
    complaints = lint_rows(load_rows((tmp_path,)))
    assert len(complaints) == 1
    assert wanted in complaints[0]


def test_lists_of_ones_own_are_found_and_the_shipped_ones_too(tmp_path: Path) -> None:
    line = "own.example.org,domain,mine,low,a list,https://example.org,2026-11-01\n"
    (tmp_path / "malware.csv").write_text(MALWARE + line, "utf-8")
    malware = load_catalog((tmp_path,)).malware
    found = malware.find_name("a.b.own.example.org.")
    assert found is not None
    assert (found.family, found.confidence) == ("mine", "low")
    assert malware.find_name("example.org") is None
    shipped = next(row for row in load_rows().figures if row.path.name == "malware.csv").read()
    for kind, find in (("wallet", malware.find_wallet), ("domain", malware.find_name)):
        one = next(placed.row for placed in shipped if placed.row.kind == kind)
        assert find(one.value) == one
    assert malware.find_endpoint("192.0.2.1", 80) is None
    assert malware.find_url("192.0.2.1", 80, "") is None


@pytest.mark.parametrize("text", ["a>=x", "a>=1 a>=2", "a", "=1"])
def test_parameters_that_cannot_be_read(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        read_parameters(text)
