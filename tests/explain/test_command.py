"""The verb: what can be asked for, in which forms it answers, and how it ends."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from poolwatch.messages import LANGUAGES
from tests.explain.explaining import Event, events_of, explain_scenario, kind, run, write_events
from tests.running import capture_of, command_line

CAPTURES = ("--captures", capture_of("office").parent)


@pytest.fixture
def office(tmp_path: Path) -> Path:
    return write_events(tmp_path / "office.json", events_of("office"))


def first(name: str, scenario: str = "office") -> Event:
    return kind(events_of(scenario), name)[0]


def test_a_finding_a_flow_and_a_host_can_be_asked_for(office: Path, tmp_path: Path) -> None:
    finding, flow = first("finding"), first("mining")
    said = run(tmp_path, "--eve", office, *CAPTURES, finding["finding_id"], flow["flow_id"])
    by_number, by_flow = said.accounts
    assert (by_number["finding_id"], by_number["host"]) == (finding["finding_id"], finding["host"])
    assert (by_flow["finding_id"], by_flow["flow_id"]) == (None, flow["flow_id"])
    by_host = run(tmp_path, "--eve", office, *CAPTURES, finding["host"]).account
    assert by_host == by_number


def test_the_only_finding_needs_no_id(tmp_path: Path) -> None:
    path = write_events(tmp_path / "one.json", events_of("stratum-v1-clean"))
    assert run(tmp_path, "--eve", path).account["host"] == "10.20.0.15"


def test_without_an_id_there_is_a_choice(office: Path, tmp_path: Path) -> None:
    findings = kind(events_of("office"), "finding")
    said = run(tmp_path, "--eve", office, "--format", "text")
    assert said.status == 0
    for finding in findings:
        assert f"{finding['finding_id']}  {finding['host']}  " in said.text
    listed = json.loads(run(tmp_path, "--eve", office).text)
    assert {one["finding_id"] for one in listed["choice"]} == {f["finding_id"] for f in findings}


def test_no_finding_is_no_failure(tmp_path: Path) -> None:
    path = write_events(tmp_path / "none.json", events_of("near-geth-rpc"))
    said = run(tmp_path, "--eve", path, "--format", "text")
    assert (said.status, said.text) == (0, "There is no finding to explain.\n")


def test_an_id_that_is_not_there_is_said_and_the_rest_is_done(office: Path, tmp_path: Path) -> None:
    said = run(tmp_path, "--eve", office, "12345", "10.9.9.9", first("finding")["host"])
    assert said.status == 2
    assert "12345, 10.9.9.9" in said.complaints
    assert len(said.accounts) == 1


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("--eve", "{}", "office"), "neither the number"),
        (("--eve", "{}", "1; DROP"), "neither the number"),
        ((), "one source"),
        (("--eve", "{}", "--store", "sqlite:///x"), "one source"),
        (("--eve", "/nowhere/x.json"), "No such file"),
        (("--store", "sqlite:////nowhere/x.db"), "no such file"),
        (("--eve", "{}", "--captures", "/nowhere"), "no such file or folder"),
        (("--eve", "{}", "--kept", "/nowhere"), "no folder"),
        (("--eve", "{}", "--tz", "Mars/Base"), "no such time zone"),
        (("--eve", "{}", "--limit", "explain_bytes=0"), "whole number"),
    ],
)
def test_wishes_that_cannot_be_met(
    arguments: tuple[str, ...], reason: str, office: Path, tmp_path: Path
) -> None:
    wanted = [argument.replace("{}", str(office)) for argument in arguments]
    ids = [] if "office" in wanted or "1; DROP" in wanted else [first("finding")["host"]]
    said = run(tmp_path, *wanted, *ids)
    assert said.status == 2
    assert reason in said.complaints


def test_a_store_is_not_made_by_asking_it(tmp_path: Path) -> None:
    assert run(tmp_path, "--store", f"sqlite:///{tmp_path}/new.db").status == 2
    assert not (tmp_path / "new.db").exists()


@pytest.mark.parametrize("scenario", ["office", "campus", "names-dns-lookup", "scanner-outside"])
def test_both_languages_say_the_same_statements(scenario: str, tmp_path: Path) -> None:
    captures = ("--captures", capture_of(scenario))
    said = {
        language: explain_scenario(tmp_path, scenario, *captures, "--lang", language).accounts
        for language in LANGUAGES
    }
    for english, chinese in zip(said["en"], said["zh"], strict=True):
        assert (english["language"], chinese["language"]) == ("en", "zh")
        for part in ("for", "against", "innocent", "unseen", "settle"):
            assert [one["id"] for one in english[part]] == [one["id"] for one in chinese[part]]
            assert [one["quotes"] for one in english[part]] == [
                one["quotes"] for one in chinese[part]
            ]
        assert english["quotes"] == chinese["quotes"]
        assert "确认挖矿" not in json.dumps(chinese, ensure_ascii=False)
        assert re.search("[一-鿿]", chinese["conclusion"]["sentence"])


@pytest.mark.parametrize("style", ["text", "markdown"])
@pytest.mark.parametrize("language", LANGUAGES)
def test_text_and_markdown_hold_every_sentence_and_quote(
    style: str, language: str, tmp_path: Path
) -> None:
    arguments = ("--captures", capture_of("relay-inside"), "--lang", language)
    accounts = explain_scenario(tmp_path, "relay-inside", *arguments).accounts
    text = explain_scenario(tmp_path, "relay-inside", *arguments, "--format", style).text
    plain = re.sub(r"\\(.)", r"\1", re.sub(r"\s", "", text))
    for account in accounts:
        for part in ("for", "against", "innocent", "unseen", "settle"):
            for one in account[part]:
                assert re.sub(r"\s", "", one["sentence"]) in plain
        for quote in account["quotes"]:
            digits = " ".join(re.findall("..", quote["parts"][0]["hex"])[:16])
            assert digits in text
            assert f"{quote['parts'][0]['offset']:04x}  " in text


@pytest.mark.parametrize(
    ("scenario", "first"),
    [
        ("stratum-v1-clean", "for.who"),
        ("near-pool-web", "for.who_contact"),
        ("names-dns-lookup", "for.who_lookup"),
        ("pool-calls-up", "for.who_called"),
        ("scanner-outside", "for.who"),
    ],
)
def test_who_only_contacted_a_pool_is_not_said_to_act_as_a_miner(
    scenario: str, first: str, tmp_path: Path
) -> None:
    for account in explain_scenario(tmp_path, scenario).accounts:
        assert account["for"][0]["id"] == first


def test_times_are_in_the_zone_wanted(tmp_path: Path) -> None:
    said = explain_scenario(tmp_path, "stratum-v1-clean", "--tz", "Asia/Shanghai")
    assert "2026-01-12 16:00:00 Asia/Shanghai" in said.account["for"][1]["sentence"]


def test_lines_that_cannot_be_used_are_named(tmp_path: Path) -> None:
    events = events_of("stratum-v1-clean")
    path = write_events(tmp_path / "events.json", events)
    path.write_text("{broken\n" + path.read_text("utf-8"), "utf-8")
    said = run(tmp_path, "--eve", path)
    assert said.status == 3
    assert "the first is line 1" in said.complaints
    assert said.account["host"] == "10.20.0.15"


def test_a_later_state_takes_the_place_of_an_earlier_one(tmp_path: Path) -> None:
    events = events_of("stratum-v1-clean")
    early = json.loads(json.dumps(events))
    for event in early:
        event.get("mining", event)["stage"] = "greeted"
    path = write_events(tmp_path / "events.json", [*early, *events])
    assert run(tmp_path, "--eve", path).account["stage"] == "mining"


def test_a_flood_of_conversations_is_told_in_part(tmp_path: Path) -> None:
    events = events_of("stratum-v1-clean")
    (flow,), (finding,) = kind(events, "mining"), kind(events, "finding")
    many = [json.loads(json.dumps(flow)) | {"flow_id": number} for number in range(1, 51)]
    finding |= {"flows": list(range(1, 51)), "sessions": 60}
    path = write_events(tmp_path / "events.json", [*many, finding, events[-1]])
    account = run(tmp_path, "--eve", path, "--limit", "explain_flows=5").account
    ids = [one["id"] for one in account["for"]]
    assert ids.count("for.further") == 4
    assert account["for"][-1]["fields"] == {"count": 55}


def test_from_the_shell(office: Path) -> None:
    done = command_line("explain", "--eve", office, *CAPTURES, first("finding")["host"])
    assert (done.returncode, done.stderr) == (0, b"")
    assert "What speaks against it" in done.stdout.decode()
    helped = command_line("explain", "--help")
    assert helped.returncode == 0
    assert b"--captures" in helped.stdout


def test_help_loads_neither_numba_nor_pandas() -> None:
    program = (
        "import sys; from poolwatch.cli import command\n"
        "try: command.main(['explain', '--help'])\n"
        "except SystemExit: pass\n"
        "assert not {'numba', 'pandas', 'sqlalchemy', 'pyshark'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", program], check=True, capture_output=True)


@pytest.mark.skipif(shutil.which("tshark") is None, reason="tshark is not installed")
def test_dissect_names_the_stream_and_the_packet(tmp_path: Path) -> None:
    arguments = ("--captures", capture_of("office"), "--dissect")
    said = explain_scenario(tmp_path, "office", *arguments)
    assert said.status == 0, said.complaints
    filters = set()
    for account in said.accounts:
        for quote in account["quotes"]:
            for part in quote["parts"]:
                stream, number = re.fullmatch(
                    r"(?:tcp|udp)\.stream eq (\d+) && frame\.number == (\d+)", part["filter"]
                ).groups()  # type: ignore[union-attr]
                assert int(number) == part["packet"]
                assert part["protocols"].startswith("eth:ethertype:")
                filters.add(int(stream))
    assert len(filters) >= 8


def test_dissect_says_when_tshark_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    said = explain_scenario(
        tmp_path, "stratum-v1-clean", "--captures", capture_of("stratum-v1-clean"), "--dissect"
    )
    assert said.status == 2
    assert "there is no tshark" in said.complaints
    assert "apt install" in said.complaints
