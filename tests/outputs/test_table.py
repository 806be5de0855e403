"""The table for people: true to the stage, masked, narrow, and safe to print."""

from __future__ import annotations

import io
import json
import re
import unicodedata
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from poolwatch.messages import LANGUAGES, Messages
from poolwatch.outputs import View, open_output
from poolwatch.outputs.masking import mask
from poolwatch.outputs.table import BOUNDS, WIDTH, verdict, why
from poolwatch.terms import (
    Capture,
    Finding,
    Grade,
    Problem,
    Quote,
    Role,
    Speaker,
    Stage,
    Stats,
)
from tests import running
from tests.match.test_conversation import SESSION
from tests.running import MINER, SCENARIOS, Scan, Talk, http_post, scan_scenario, write_pcap

HOSTILE = {
    "clear screen": "\x1b[2J\x1b[H",
    "title": "\x1b]0;pwned\x07",
    "colour": "\x1b[31mred",
    "C1 CSI": "\x9b31m",
    "new line": "x\n1. 10.9.9.9 mines",
    "carriage return": "x\rclean",
    "back space": "x\b\b",
    "right to left": "\u202egnp.exe",
    "isolate": "\u2066x",
    "arabic mark": "\u061c",
    "no width": "cg\u200bminer\ufeff",
    "line separator": "a\u2028b\u2029c",
    "next line": "a\x85b",
    "tags": "a\U000e0041",
    "form feed": "a\x0c\x1cb",
    "markup": "[bold red]x[/bold red] [link=http://x]y[/link]",
    "emoji code": ":skull:",
    "braces": "{host} {0} %s",
}
XMR = "4" + "AbCdEfGh" * 11 + "AbCdEf"


def table(scan: Scan, language: str = "en", **view: object) -> str:
    stream = io.StringIO()
    output = open_output("table", stream, View(Messages(language), **view))  # type: ignore[arg-type]
    for finding in scan.findings:
        output.write(finding)
    assert scan.stats is not None
    output.write(scan.stats)
    return stream.getvalue()


def unsafe(text: str) -> list[str]:
    return [
        c for c in text if c != "\n" and unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp")
    ]


def scan_saying(folder: Path, agent: str, login: str = "a.b", name: str = "t.pcap") -> Scan:
    subscribe = json.dumps({"id": 1, "method": "mining.subscribe", "params": [agent]})
    authorize = json.dumps({"id": 2, "method": "mining.authorize", "params": [login, "x"]})
    talk = Talk().greet().say((MINER, authorize), (MINER, subscribe))
    return running.scan([write_pcap(folder / name, talk.packets)])


# -- width -----------------------------------------------------------------------------


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_it_fits(scenario: str, language: str) -> None:
    text = table(scan_scenario(scenario), language)
    assert [line for line in text.splitlines() if cell_len(line) > WIDTH] == []
    assert unsafe(text) == []
    assert not any(line != line.rstrip() for line in text.splitlines())


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("agent", ["x" * 500, "矿" * 250, "a b " * 100, "😀" * 200])
def test_it_fits_whatever_the_agent(language: str, agent: str, tmp_path: Path) -> None:
    text = table(scan_saying(tmp_path, agent), language)
    assert [line for line in text.splitlines() if cell_len(line) > WIDTH] == []


def test_addresses_of_ipv6_fit() -> None:
    scan = scan_scenario("wire-ipv6")
    text = table(scan)
    assert scan.findings[0].host in text.replace("\n", "")
    assert [line for line in text.splitlines() if cell_len(line) > WIDTH] == []


# -- what is said ----------------------------------------------------------------------


def sentence_of(finding: Finding, language: str) -> str:
    return why(finding, Messages(language), reveal=False)


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_who_does_not_submit_does_not_mine(scenario: str) -> None:
    for finding in scan_scenario(scenario).findings:
        english, chinese = sentence_of(finding, "en"), sentence_of(finding, "zh")
        if finding.stage < Stage.SUBMITTING or finding.grade < Grade.PROBABLE:
            assert verdict(finding) != "mines"
            assert " mines" not in english
            assert "在挖矿" not in chinese
        if finding.stage < Stage.MINING:
            assert "确认挖矿" not in chinese
        if finding.role is Role.TARGET:
            assert verdict(finding) == "target"


def example() -> Finding:
    return scan_scenario("stratum-v1-clean").findings[0]


def changed(stage: Stage, grade: Grade, role: Role = Role.MINER) -> Finding:
    finding = example()
    best = finding.best
    hit = replace(best.hit, stage=stage)
    session = replace(best, hit=hit, grade=grade, role=role)
    return replace(finding, best=session, stage=stage, grade=grade, role=role)


@pytest.mark.parametrize("stage", list(Stage))
@pytest.mark.parametrize("grade", list(Grade))
@pytest.mark.parametrize("role", list(Role))
def test_no_stage_grade_or_role_is_overstated(stage: Stage, grade: Grade, role: Role) -> None:
    finding = changed(stage, grade, role)
    english, chinese = sentence_of(finding, "en"), sentence_of(finding, "zh")
    said = verdict(finding)
    if stage < Stage.SUBMITTING or grade < Grade.PROBABLE:
        assert said != "mines"
    if stage < Stage.SUBMITTING:
        assert " mines" not in english
        assert "在挖矿" not in chinese
        assert "提交算力" not in chinese
    if stage < Stage.MINING:
        assert "确认挖矿" not in chinese
    if role in (Role.POOL, Role.TARGET):
        assert " mines" not in english
        assert "确认挖矿" not in chinese


@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_is_never_said_without_what_was_read(language: str) -> None:
    text = table(scan_scenario("near-chat"), language)
    messages = Messages(language)
    assert messages.say("table.nothing") in text
    packets = scan_scenario("near-chat").counts["packets"]
    assert f"{packets} " in text
    assert running.catalog().digest[:12] in text


def test_findings_below_the_wanted_grade_are_counted() -> None:
    scan = scan_scenario("office")
    text = table(scan, min_grade=Grade.CONFIRMED)
    hidden = [finding for finding in scan.findings if finding.grade < Grade.CONFIRMED]
    assert f"{len(hidden)} finding(s) below grade confirmed" in text
    assert not any(finding.host in text for finding in hidden)


def test_findings_beyond_the_most_shown_are_counted() -> None:
    scan = scan_scenario("office")
    text = table(scan, most=3)
    assert [finding.host in text for finding in scan.findings[:3]] == [True] * 3
    assert f"{len(scan.findings) - 3} more finding(s)" in text


@pytest.mark.parametrize("bound", BOUNDS)
def test_every_bound_that_bit_is_said(bound: str) -> None:
    scan = Scan(stats=replace_counts({bound: 7}))
    assert f"{bound.replace('_', ' ')} 7" in " ".join(table(scan).split())
    assert "Bounds that bit" not in table(Scan(stats=replace_counts({})))


def replace_counts(counts: dict[str, int]) -> Stats:
    stats = scan_scenario("near-chat").stats
    assert stats is not None
    return replace(stats, counts=stats.counts | counts)


def test_inputs_that_failed_are_counted() -> None:
    stats = replace(replace_counts({}), problems=[Problem("a", 0, "r"), Problem("b", 0, "r")])
    assert "2 input(s) could not be read" in " ".join(table(Scan(stats=stats)).split())


def test_times_are_in_the_wanted_zone() -> None:
    scan = scan_scenario("stratum-v1-clean")
    assert "08:00:" in table(scan)
    assert "16:00:" in table(scan, zone="Asia/Shanghai")
    assert "Seen (Asia/Shanghai)" in table(scan, zone="Asia/Shanghai")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("hosts", [1, 120])
def test_times_are_never_cut(hosts: int, language: str) -> None:
    """However much room the other columns want."""
    scan = scan_scenario("campus")
    scan = replace(scan, findings=(scan.findings * hosts)[: max(len(scan.findings), hosts)])
    text = table(scan, language)
    whole = re.findall(r"(?<!\S)\d\d:\d\d:\d\d – \d\d:\d\d:\d\d$", text, re.MULTILINE)
    assert len(whole) == len(scan.findings)


# -- what is hidden --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "masked"),
    [(XMR, "4AbC…CdEf"), ("account", "a…"), ("a", "a…"), ("twelve chars", "twel…hars")],
)
def test_masks(text: str, masked: str) -> None:
    assert mask(text) == masked
    assert "…" in masked


def quote_of(text: str, speaker: Speaker = Speaker.MINER) -> Finding:
    """A finding that rests on one message of the wire."""
    finding = changed(Stage.GREETED, Grade.PROBABLE)
    quote = Quote(1, 54, len(text), speaker, text, "greeting")
    hit = replace(finding.best.hit, quotes=(quote,))
    return replace(
        finding, best=replace(finding.best, hit=hit), logins=[XMR, "bob.rig"], wallets=[XMR]
    )


WALLET = "0x" + "ab" * 20
PASSWORDS: list[tuple[str, str, str]] = [
    ("a password", '{"method":"mining.authorize","params":["a","s3cret"]}', "s3cret"),
    ("a password by name", '{"params":{"login":"x","pass":"s3cret"}}', "s3cret"),
    ("basic authentication", "POST / HTTP/1.1  Authorization: Basic Ym9iOnNlY3JldA==", "Ym9iOn"),
    ("small letters", "POST / HTTP/1.1  authorization: basic Ym9iOnNlY3JldA==", "Ym9iOn"),
]
SECRETS: list[tuple[str, str, str]] = [
    ("a known login", f'{{"method":"login","params":{{"login":"{XMR}"}}}}', XMR),
    ("an account", '{"method":"mining.authorize","params":["bob.rig","x"]}', "bob.rig"),
    ("another account", '{"method":"mining.authorize","params":["eve.two","x"]}', "eve.two"),
    ("another one's share", '{"params": [ "eve.two" ,"j"],"method":"mining.submit"}', "eve.two"),
    ("an escape", '{"method":"mining.authorize","params":["e\\u0076e.two"]}', "e\\u0076e.two"),
    ("a worker by name", '{"worker":"rig-of-eve","params":[],"method":"x"}', "rig-of-eve"),
    ("a wallet by name", '{"params":{"wallet":"short1","worker":"w"}}', "short1"),
    ("a wallet cut off", f'{{"params":{{"agent":"x","login":"{XMR[:60]}', XMR[:60]),
    ("an unknown wallet", f'{{"method":"eth_submitLogin","params":["{WALLET}/w"]}}', WALLET),
    ("a wallet in a path", f"POST /{WALLET}/rig HTTP/1.1  Host: x", WALLET),
]


@pytest.mark.parametrize(("text", "secret"), [s[1:] for s in SECRETS], ids=[s[0] for s in SECRETS])
@pytest.mark.parametrize("language", LANGUAGES)
def test_accounts_are_masked_unless_revealed(text: str, secret: str, language: str) -> None:
    finding = quote_of(text)
    hidden = why(finding, Messages(language), reveal=False)
    assert secret not in hidden
    assert "…" in hidden
    assert secret[:30] in why(finding, Messages(language), reveal=True)


@pytest.mark.parametrize(
    ("text", "secret"), [p[1:] for p in PASSWORDS], ids=[p[0] for p in PASSWORDS]
)
@pytest.mark.parametrize("reveal", [False, True])
def test_passwords_are_never_shown(text: str, secret: str, reveal: bool) -> None:
    shown = why(quote_of(text), Messages("en"), reveal=reveal)
    assert secret not in shown
    assert "…" in shown


def test_the_agent_is_not_masked() -> None:
    text = '{"id":1,"method":"mining.subscribe","params":["cgminer/4.11.1"]}'
    assert text in why(quote_of(text), Messages("en"), reveal=False)


def test_a_short_login_does_not_spoil_the_quote() -> None:
    text = '{"id":1,"method":"mining.subscribe","params":["cgminer/4.11.1"]}'
    finding = replace(quote_of(text), logins=["a", "1", "id"])
    assert text in why(finding, Messages("en"), reveal=False)


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_no_login_of_a_scenario_is_in_its_table(scenario: str) -> None:
    scan = scan_scenario(scenario)
    text = table(scan).partition("Not known:")[0].replace("\n  ", "")
    for finding in scan.findings:
        for secret in (*finding.logins, *finding.wallets, *finding.mails):
            assert not re.search(rf"\b{re.escape(secret)}\b", text)


def test_that_accounts_are_hidden_is_said() -> None:
    scan = scan_scenario("stratum-v1-clean")
    note = Messages("en").say("table.hidden")
    assert note in table(scan)
    assert note not in table(scan, reveal=True)


# -- what the wire says never reaches the terminal as it is -----------------------------


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("reveal", [False, True])
def test_text_from_the_wire_cannot_steer_the_terminal(
    name: str, language: str, reveal: bool, tmp_path: Path
) -> None:
    text = HOSTILE[name]
    scan = scan_saying(tmp_path, text, text)
    assert scan.findings
    printed = table(scan, language, reveal=reveal)
    assert unsafe(printed) == []
    assert printed.count("\n1. ") == 0
    calm = table(scan_saying(tmp_path, "calm", "calm"), language, reveal=reveal)
    assert len(printed.splitlines()) <= len(calm.splitlines()) + 3


@pytest.mark.parametrize("name", sorted(set(HOSTILE) - {"markup", "emoji code", "braces"}))
def test_a_file_name_cannot_steer_the_terminal(name: str, tmp_path: Path) -> None:
    file = HOSTILE[name].replace("/", "") + ".pcap"
    scan = scan_saying(tmp_path, "m/1", "a.b", file)
    assert scan.findings
    assert unsafe(table(scan)) == []


@pytest.mark.parametrize("name", ["markup", "emoji code", "braces"])
def test_text_that_means_something_to_the_printer_is_printed_as_it_is(
    name: str, tmp_path: Path
) -> None:
    text = HOSTILE[name]
    printed = " ".join(table(scan_saying(tmp_path, text)).split())
    assert f"“{text}”" in printed


@given(st.text(max_size=40), st.text(max_size=40), st.text(max_size=60))
def test_no_text_of_a_finding_can_steer_the_terminal(agent: str, file: str, quote: str) -> None:
    finding = quote_of(quote or "x")
    best = finding.best
    hit = replace(best.hit, agent=agent or None)
    session = replace(best, hit=hit, capture=Capture(f"/{file}", None), pool=agent or None)
    finding = replace(finding, best=session, agents=[agent])
    scan = Scan(findings=[finding], stats=replace_counts({}))
    printed = table(scan)
    assert unsafe(printed) == []
    assert [line for line in printed.splitlines() if cell_len(line) > WIDTH] == []


def test_a_host_header_and_a_user_agent_are_text_of_the_wire_too(tmp_path: Path) -> None:
    body = '{"method":"getwork","params":[],"id":0}'
    post = http_post(body, agent="cgminer\x1b[31m/4", path="/\x1b[2J")
    talk = Talk().greet().send(MINER, post)
    scan = running.scan([write_pcap(tmp_path / "a.pcap", talk.packets)])
    assert scan.findings
    assert unsafe(table(scan)) == []


def test_colours_only_when_wanted() -> None:
    scan = scan_scenario("stratum-v1-clean")
    assert "\x1b[" not in table(scan)
    coloured = table(scan, colour=True)
    assert "\x1b[" in coloured
    assert re.sub(r"\x1b\[[\d;]*m", "", coloured).split() == table(scan).split()


def test_whole_sessions_are_quoted_with_their_proof() -> None:
    (finding,) = scan_scenario("stratum-v1-clean").findings
    assert '"result":true' in sentence_of(finding, "en").replace(" ", "")
    assert len(SESSION) == 7
