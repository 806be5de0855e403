"""The province of pcaps/: every chain, break and unit as its truth has it, end to end."""

from __future__ import annotations

import ipaddress
import json
from pathlib import Path
from typing import Any

import pytest

from poolwatch.chain.hops import Missing, Query, Step, Trace, Why
from poolwatch.chain.requests import requests_of
from tests.chain.province import (
    DAY_NS,
    FOLDER,
    LOGS,
    REGISTER,
    SECOND,
    UNITS,
    chains,
    inside,
    notice,
    said,
    tracer,
    tracer_of,
    without,
)
from tests.running import command_line, events_of, truth_of

CHAINS = chains()
REMOVALS = truth_of("province")["removals"]
TAPS = sorted({row["tap"] for row in (*CHAINS.values(), *truth_of("province")["exits"])})

DOUBT = "several machines of several owners may stand behind the address; needs the machine"


def expected(row: dict[str, Any]) -> dict[str, Any]:
    names = ("machines", "ports", "accounts", "equipment", "unit", "clashes", "breaks")
    return {name: row[name] for name in names}


def named(trace: Trace) -> list[tuple[str, str | None]]:
    """The logs that are missing, each once."""
    return list(dict.fromkeys((b.missing.value, b.device) for b in trace.breaks()))


@pytest.mark.parametrize("name", CHAINS)
def test_inwards_from_a_notice(name: str) -> None:
    row = CHAINS[name]
    trace = tracer().inwards(notice(row))
    assert said(trace) == expected(row)
    addresses = [hop.value.partition(":")[0] for hop in trace.of(Step.INSIDE)]
    assert addresses == row["inside"]


@pytest.mark.parametrize("name", CHAINS)
def test_outwards_from_inside(name: str) -> None:
    row = CHAINS[name]
    if row["tap"] == "exit-suzhou":
        pytest.skip("its tap sees only the address at the exit")
    trace = tracer().outwards(inside(row))
    assert said(trace) == expected(row)
    outermost = trace.of(Step.OUTSIDE)[-1]
    assert row["public"].startswith(outermost.value.partition(":")[0])


@pytest.mark.parametrize("removal", REMOVALS, ids=lambda row: row["log"])
def test_the_log_removed_is_the_one_named(removal: dict[str, str], tmp_path: Path) -> None:
    """Of the chain that rests on it; and no chain asks for another log instead."""
    missing = (removal["missing"], removal["device"])
    left = tracer_of(without(removal["log"], tmp_path))
    row = CHAINS[removal["chain"]]
    trace = left.inwards(notice(row))
    assert named(trace) == [missing]
    for broken in trace.breaks():
        assert broken.why is Why.ABSENT
        assert broken.from_ns <= DAY_NS + row["at"] * SECOND < broken.until_ns
    [request] = requests_of([trace])
    assert (request.missing.value, request.device) == missing
    for other in CHAINS.values():
        open_before = {tuple(entry) for entry in other["breaks"]}
        for found in (left.inwards(notice(other)), left.outwards(inside(other))):
            assert set(named(found)) - open_before <= {missing}, other["name"]


def test_every_log_is_removed_once() -> None:
    files = {str(path.relative_to(FOLDER)) for path in LOGS.rglob("*") if path.is_file()}
    assert {row["log"] for row in REMOVALS} == files - {"logs/logs.toml"}


def test_every_hop_quotes_its_line() -> None:
    trace = tracer().inwards(notice(CHAINS["unregistered"]))
    proofs = [proof for hop in trace.root.walk() for proof in hop.proofs if proof.device]
    assert proofs
    for proof in proofs:
        lines = Path(proof.file).read_text("utf-8").splitlines()
        assert proof.quote == lines[proof.line - 1]


def test_a_clock_that_is_not_corrected_is_a_hint(tmp_path: Path) -> None:
    config = tmp_path / "logs.toml"
    text = (LOGS / "logs.toml").read_text("utf-8")
    assert "offset_seconds = 180" in text
    config.write_text(text.replace("offset_seconds = 180", "offset_seconds = 0"), "utf-8")
    row = CHAINS["unregistered"]
    trace = tracer_of(LOGS, config).inwards(notice(row))
    [broken] = [b for b in trace.breaks() if b.missing is Missing.TRANSLATION]
    assert broken.device == "nat-sz"
    [nearest, *_] = broken.hints
    assert nearest.value == f"{row['host']}:{row['port']}"
    assert 120 * SECOND < nearest.distance_ns < 240 * SECOND


def test_an_address_without_port_stays_shared() -> None:
    at = DAY_NS + 70 * SECOND
    query = Query(ipaddress.ip_address("203.0.113.7"), at, at + 1)
    trace = tracer().inwards(query)
    layer = trace.root.next[0]
    assert layer.value.startswith("100.64.10.1")
    inner = [hop for hop in trace.of(Step.INSIDE) if hop.value.startswith("10.10.")]
    assert len(inner) == 6
    assert {hop.shared_by for hop in trace.root.next if hop.step is Step.INSIDE} == {1}


def test_who_prints_the_chain_and_masks_the_account() -> None:
    row = CHAINS["unregistered"]
    asked = f"{row['public']}@2026-01-12T16:15:10+08:00"
    options = ("--logs", LOGS, "--units", UNITS, "--register", REGISTER, "--tz", "Asia/Shanghai")
    run = command_line("units", "who", asked, "--protocol", "tcp", *options, "--lang", "en")
    assert run.returncode == 0, run.stderr
    text = run.stdout.decode()
    for line in ("10.20.3.7:40307", row["machines"][0], "not on the register", "苏州示例学院"):
        assert line in text
    assert "wangwu" not in text
    assert "Accounts and owners are masked" in text
    shown = command_line("units", "who", asked, *options, "--reveal", "--lang", "zh")
    assert "账号：wangwu" in shown.stdout.decode()
    assert "不在登记表中" in shown.stdout.decode()
    as_json = command_line("units", "who", asked, *options, "--format", "json").stdout
    assert "wangwu" not in as_json.decode()
    assert json.loads(as_json)["chain"]["next"][0]["value"] == "100.64.20.1:30307"
    table = command_line("units", "who", asked, *options, "--format", "csv").stdout.decode()
    assert table.splitlines()[0].startswith("chain,depth,row,step,value")
    assert row["machines"][0] in table
    assert "wangwu" not in table


def scan(tap: str, tmp_path: Path, *more: str | Path) -> list[dict[str, Any]]:
    """The events of a tap, as files of EVE lines have them."""
    vantage = "inside" if tap == "capture" else "outside"
    run = command_line(
        "scan", FOLDER / f"{tap}.pcap", "--format", "eve", "--units", UNITS,
        "--vantage", vantage, *more,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    (tmp_path / f"{tap}.json").write_bytes(run.stdout)
    return events_of(run.stdout)


def test_the_capture_alone_leads_to_the_register(tmp_path: Path) -> None:
    events = scan("capture", tmp_path, "--register", REGISTER)
    findings = {e["host"]: e for e in events if e["event_type"] == "finding"}
    assert {finding["equipment"] for finding in findings.values()} == {"registered"}
    only = tmp_path / "register.csv"
    only.write_text("MAC,asset\n00:16:3e:0a:05:0b,A-1\n", "utf-8")
    events = scan("capture", tmp_path, "--register", only)
    found = {e["host"]: e["equipment"] for e in events if e["event_type"] == "finding"}
    assert found.pop("10.10.5.11") == "registered"
    assert set(found.values()) == {"not on the register"}


def test_a_capture_that_shows_another_machine_than_the_logs_is_a_contradiction(
    tmp_path: Path,
) -> None:
    logs = tmp_path / "logs"
    logs.mkdir()
    lease = """lease 10.10.5.11 {
  starts 1 2026/01/12 07:00:00;
  ends 1 2026/01/12 12:00:00;
  binding state active;
  hardware ethernet 00:16:3e:99:99:99;
}
"""
    (logs / "dhcpd.leases").write_text(lease, "utf-8")
    events = scan("capture", tmp_path, "--logs", logs, "--register", REGISTER)
    findings = {e["host"]: e for e in events if e["event_type"] == "finding"}
    finding = findings["10.10.5.11"]
    assert finding["chain"]["macs"] == ["00:16:3e:99:99:99"]
    assert finding["identity"]["mac"] == "00:16:3e:0a:05:0b"
    assert "seen_otherwise" in finding["chain"]["clashes"]
    assert finding["equipment"] == "unknown"
    assert ["machine", "dhcp_or_nat_log"] in [
        [u["question"], u["needs"]] for u in finding["unknown"]
    ]


def test_findings_inside_name_machine_and_equipment(tmp_path: Path) -> None:
    events = scan("capture", tmp_path, "--logs", LOGS, "--register", REGISTER)
    findings = {e["host"]: e for e in events if e["event_type"] == "finding"}
    for row in (row for row in CHAINS.values() if row["tap"] == "capture"):
        finding = findings[row["host"]]
        chain = finding["chain"]
        assert finding["vantage"] == "inside"
        assert chain["macs"] == row["machines"]
        assert finding["equipment"] == row["equipment"]
        assert finding["unit"]["path"][-1] == row["unit"]
        assert chain["mac"] == (row["machines"][0] if len(row["machines"]) == 1 else None)
        breaks = [[b["log"], b["device"]] for b in chain["breaks"]]
        assert breaks == row["breaks"]
        assert chain["port"] == (row["ports"][0] if len(row["ports"]) == 1 else None)
    stats = events[-1]["stats"]
    assert stats["counts"]["log_records"] > 30
    assert stats["counts"]["register_rows"] == 23


@pytest.mark.parametrize("tap", [tap for tap in TAPS if tap != "capture"])
def test_findings_at_an_exit_claim_no_machine(tap: str, tmp_path: Path) -> None:
    events = scan(tap, tmp_path)
    findings = [e for e in events if e["event_type"] == "finding"]
    assert findings
    assert all(f["vantage"] == "outside" and f["chain"] is None for f in findings)
    for language, word in (("en", "address {}"), ("zh", "地址 {}")):
        run = command_line(
            "scan", FOLDER / f"{tap}.pcap", "--vantage", "outside", "--lang", language
        )
        text = run.stdout.decode()
        why = text[text.index(findings[0]["host"]) :]
        assert word.format(findings[0]["host"]) in text
        for asked in ("which machine is behind the address", DOUBT):
            why = why.replace(asked, "")
        assert "machine" not in why


def test_the_chains_of_findings_at_an_exit(tmp_path: Path) -> None:
    events = scan("exit-suzhou", tmp_path)
    host = next(e["host"] for e in events if e["event_type"] == "finding")
    assert host == "100.64.20.1"
    options = ("--eve", tmp_path / "exit-suzhou.json", "--logs", LOGS, "--reveal", "--lang", "en")
    run = command_line("units", "who", *options)
    assert run.returncode == 0, run.stderr
    text = run.stdout.decode()
    for name in ("unregistered", "lost-stop"):
        row = CHAINS[name]
        assert row["machines"][0] in text
        assert row["accounts"][0] in text
    assert "lisi" not in text
    lines = command_line("units", "who", *options, "--format", "json").stdout.splitlines()
    assert [json.loads(line)["finding"] for line in lines] == [host, host]


def test_requests_of_findings_in_both_languages(tmp_path: Path) -> None:
    scan("capture", tmp_path)
    options = ("--eve", tmp_path / "capture.json", "--logs", LOGS)
    english = command_line("units", "request", *options, "--lang", "en").stdout.decode()
    assert "the ARP or neighbour table of gw-nj" in english
    assert "10.10.6.20, 10.10.8.30" in english
    chinese = command_line("units", "request", *options, "--lang", "zh").stdout.decode()
    assert "gw-nj 的 ARP 或邻居表" in chinese
    table = tmp_path / "requests.csv"
    run = command_line("units", "request", *options, "--format", "csv", "-o", table)
    assert run.returncode == 0
    [header, *rows] = table.read_text("utf-8").splitlines()
    assert header == "log,device,from,until,look_for,settles,why,log_name,settles_name"
    [row] = [row for row in rows if row.startswith("neighbour,gw-nj,")]
    assert "10.10.6.20; 10.10.8.30" in row


RIGS = [(row["tap"], row["host"], tuple(row["rigs"])) for row in CHAINS.values()]
EXITS = [(row["tap"], row["host"], (row["rigs"],) * 2) for row in truth_of("province")["exits"]]


@pytest.fixture(scope="module")
def scanned(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[dict[str, Any]]]:
    return {tap: scan(tap, tmp_path_factory.mktemp(tap)) for tap in TAPS}


@pytest.mark.parametrize(
    ("tap", "host", "rigs"), [*[row for row in RIGS if row[0] == "capture"], *EXITS]
)
def test_rigs_of_each_host(
    tap: str, host: str, rigs: tuple[int, int], scanned: dict[str, list[dict[str, Any]]]
) -> None:
    findings = [event for event in scanned[tap] if event["event_type"] == "finding"]
    [finding] = [event for event in findings if event["host"] == host]
    assert finding["rigs"]["low"] <= rigs[0]
    assert finding["rigs"]["high"] is None or finding["rigs"]["high"] >= rigs[1]
