"""Causes from the command line: what is told, in both languages, and what a person decided."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

import poolwatch
from poolwatch.cli import command
from poolwatch.errors import UsageError
from poolwatch.store import open_store
from tests.cause_populations import LISTED, Population, Stage, deliberate_asic, malware_listed
from tests.running import write_pcap

ASIC, INFECTED = "10.0.0.1", "10.0.0.2"


@pytest.fixture(scope="module")
def capture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    population = Population()
    deliberate_asic(Stage(population, ASIC, random.Random(1)))
    malware_listed(Stage(population, INFECTED, random.Random(2)))
    packets = sorted(population.packets, key=lambda packet: packet.ts_ns)
    return write_pcap(tmp_path_factory.mktemp("cause") / "two.pcap", packets)


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory, capture: Path) -> str:
    url = f"sqlite:///{tmp_path_factory.mktemp('store')}/found.db"
    assert run("scan", capture, "--store", url, "--format", "eve").exit_code == 0
    return url


def run(*arguments: str | Path) -> Result:
    result = CliRunner().invoke(command, [str(one) for one in arguments])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def findings(text: str) -> Iterator[dict[str, Any]]:
    for line in text.splitlines():
        event = json.loads(line)
        if event["event_type"] == "finding":
            yield event


def of_scan(capture: Path, *options: str | Path) -> dict[str, dict[str, Any]]:
    said = run("scan", capture, "--format", "eve", *options).stdout
    return {event["host"]: event for event in findings(said)}


def test_events_hold_the_cause_and_its_grounds(capture: Path) -> None:
    events = of_scan(capture)
    assert events[ASIC]["cause"] == "deliberate"
    assert events[INFECTED]["cause"] == "malware"
    ground = events[INFECTED]["grounds"][0]
    assert (ground["id"], ground["rank"]) == ("malware-list", "strong")
    (citation,) = ground["citations"]
    assert citation["what"] in LISTED
    assert citation["flow_id"] in events[INFECTED]["flows"]
    assert citation["capture"].endswith("two.pcap")
    assert citation["packet"] > 0
    assert "pan-unit42" in citation["source"] or "akamai" in citation["source"]
    assert [one["id"] for one in events[ASIC]["counter_grounds"]] == ["asic-no-malware"]
    assert events[ASIC]["decision"] is None


def test_events_read_back_as_they_were(capture: Path, tmp_path: Path) -> None:
    path = tmp_path / "eve.json"
    run("scan", capture, "--format", "eve", "-o", path)
    rows = poolwatch.read_eve(path).findings
    assert set(rows["cause"]) == {"deliberate", "malware"}
    scanned = poolwatch.scan(capture).findings
    assert list(scanned["cause"]) == list(rows["cause"])


def test_the_table_names_a_cause_and_no_wallet(capture: Path) -> None:
    english = run("scan", capture, "--lang", "en").stdout
    flat = " ".join(english.split())
    assert "By the grounds: deliberate (asic)." in flat
    assert "By the grounds: malware (malware-list)." in flat
    assert not any(wallet in "".join(english.split()) for wallet in LISTED)
    assert "依据显示" in run("scan", capture, "--lang", "zh").stdout


def test_at_an_exit_nobody_is_named(capture: Path) -> None:
    for event in of_scan(capture, "--vantage", "outside").values():
        assert event["cause"] == "undetermined"
        assert event["grounds"], "they are there all the same"
        asked = [one["question"] for one in event["unknown"]]
        assert "cause" in asked
    assert "cause (several machines" in run("scan", capture, "--vantage", "outside").stdout


def test_the_exemption_register_names_research(capture: Path, tmp_path: Path) -> None:
    path = tmp_path / "exempt.csv"
    path.write_text(
        f"address,kind,valid from,valid to,document\n{ASIC},科研,2026-01-01,2026-02-01,No. 5\n"
        "10.0.0.9,fun,,,\n",
        "utf-8",
    )
    said = run("scan", capture, "--format", "eve", "--exemptions", path)
    assert "exempt.csv" in said.stderr
    assert "fun" in said.stderr
    events = {event["host"]: event for event in findings(said.stdout)}
    assert events[ASIC]["cause"] == "research"
    texts = [ground["text"] for ground in events[ASIC]["grounds"]]
    assert any("No. 5" in text for text in texts)
    path.write_text(f"address,kind,valid to,document\n{ASIC},科研,2025-02-01,No. 5\n", "utf-8")
    event = of_scan(capture, "--exemptions", path)[ASIC]
    assert event["cause"] == "deliberate"
    assert "exemption-other-time" in [ground["id"] for ground in event["counter_grounds"]]


def test_a_list_of_ones_own_is_used_and_gone_without_it(capture: Path, tmp_path: Path) -> None:
    (tmp_path / "malware.csv").write_text(
        "value,kind,family,confidence,sources,source_url,date\n"
        "203.0.113.10:3333,ip_port,ours,high,our own list,https://example.org,2026-11-01\n",
        "utf-8",
    )
    event = of_scan(capture, "--signatures", tmp_path)[ASIC]
    assert event["cause"] == "undetermined"
    assert "malware-endpoint-sure" in [ground["id"] for ground in event["grounds"]]
    assert of_scan(capture)[ASIC]["cause"] == "deliberate"


@pytest.mark.parametrize(("language", "words"), [("en", "strong, for malware"), ("zh", "强，支持")])
def test_an_explanation_tells_grounds_and_what_they_rest_on(
    url: str, language: str, words: str
) -> None:
    said = run("explain", INFECTED, "--store", url, "--lang", language).stdout
    flat = "".join(said.split())
    assert "".join(words.split()) in flat
    assert "two.pcap#" in flat
    assert not any(wallet in flat for wallet in LISTED)
    revealed = "".join(
        run("explain", INFECTED, "--store", url, "--lang", language, "--reveal").stdout.split()
    )
    assert any(wallet in revealed for wallet in LISTED)


def test_a_decision_stands_beside_and_is_never_overwritten(url: str, capture: Path) -> None:
    first = run(
        "decide", INFECTED, "--cause", "deliberate", "--by", "Li", "--note", "he said so",
        "--store", url, "--lang", "en",
    )  # fmt: skip
    assert "deliberate, decided by Li" in first.stdout
    with closing(open_store(url, "")) as store:
        kept = list(store.findings(host=INFECTED))
        before = [row.event for row in kept]
    number = str(kept[0].finding_id)
    run("decide", number, "--cause", "malware", "--by", "Wang", "--store", url)
    assert run("scan", capture, "--store", url, "--format", "eve").exit_code == 0
    account = json.loads(
        run("explain", INFECTED, "--store", url, "--format", "json", "--lang", "en").stdout
    )["accounts"][0]
    assert account["cause"]["named"] == "malware"
    assert account["cause"]["decided"] == "malware"
    sentences = [one["sentence"] for one in account["cause"]["statements"]]
    assert any(sentence.startswith("Wang decided at ") for sentence in sentences)
    listed = run("decide", "--list", "--store", url, "--lang", "en").stdout.splitlines()
    assert ["Li" in listed[0], "Wang" in listed[1], len(listed)] == [True, True, 2]
    assert "he said so" in listed[0]
    assert run("decide", ASIC, "--list", "--store", url, "--lang", "en").stdout == (
        "Nothing was decided.\n"
    )
    with closing(open_store(url, "")) as store:
        assert [row.event for row in store.findings(host=INFECTED)] == before
        assert [row.cause for row in store.decisions()] == ["deliberate", "malware"]


@pytest.mark.parametrize(
    ("arguments", "wanted"),
    [
        ((INFECTED, "--cause", "malware"), "--by"),
        (("10.9.9.9", "--cause", "malware", "--by", "Li"), "no such finding"),
        (("nobody", "--cause", "malware", "--by", "Li"), "neither the number"),
        ((INFECTED, "--cause", "malware", "--by", "L" * 5000), "at most"),
    ],
)
def test_what_cannot_be_decided(url: str, arguments: tuple[str, ...], wanted: str) -> None:
    with pytest.raises(UsageError, match=wanted):
        run("decide", *arguments, "--store", url)
    with pytest.raises(UsageError, match="no such file"):
        run("decide", "--list", "--store", "sqlite:///nowhere/else.db")
