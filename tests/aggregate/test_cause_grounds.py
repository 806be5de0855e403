"""Each ground is raised by its evidence, and is not there when that is taken away."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from poolwatch.aggregate.cause import Ranker
from poolwatch.aggregate.cause.checkers import CHECKERS
from poolwatch.aggregate.findings import Findings
from poolwatch.catalog.grounds import SHAPES, sentence_of
from poolwatch.inventory.exemptions import load_exemptions
from poolwatch.inventory.unit_files import load_units
from poolwatch.terms import (
    Companions,
    Endpoint,
    Fan,
    Fetch,
    Finding,
    Hashrate,
    Inbound,
    Session,
    WorkKind,
)
from tests.aggregate.test_findings import at, session
from tests.running import NOON_NS, catalog

SECOND = 10**9
HOUR = 3600
DAY = 24 * HOUR
HOST = "10.0.0.5"
LISTED = (
    "value,kind,family,confidence,sources,source_url,date\n"
    "wallet-high,wallet,alpha,high,a list,https://example.org,2026-11-01\n"
    "wallet-medium,wallet,alpha,medium,a list,https://example.org,2026-11-01\n"
    "wallet-low,wallet,alpha,low,a list,https://example.org,2026-11-01\n"
    "proxy.example.org,domain,beta,high,a list,https://example.org,2026-11-01\n"
    "198.51.100.7:4444,ip_port,gamma,medium,a list,https://example.org,2026-11-01\n"
    "198.51.100.7:5555,ip_port,gamma,high,a list,https://example.org,2026-11-01\n"
    "203.0.113.9/drop/kin,url,delta,high,a list,https://example.org,2026-11-01\n"
)
UNITS = "prefix,unit\n" + "".join(f"10.0.{n}.0/24,Unit {n}\n" for n in range(5))
REGISTER = (
    "address,kind,valid from,valid to,document\n"
    "10.0.0.5,research,2026-01-01,2026-12-31,No. 7\n"
    "10.0.0.6,filed_project,2026-01-01,2026-12-31,No. 8\n"
    "10.0.0.7,research,2025-01-01,2025-12-31,No. 9\n"
)


def talk(host: str = HOST, **changes: Any) -> Session:
    """A conversation of a host with a pool, with some fields as they are wanted."""
    one = session(host)
    hit = {name: changes.pop(name) for name in list(changes) if hasattr(one.hit, name)}
    kind = {"hardware_class": None, "software": None, "accounts": (), "workers": ()}
    return replace(one, hit=replace(one.hit, **hit), **(kind | changes))


@dataclass(frozen=True)
class Case:
    """What raises a ground, and the same without it."""

    sessions: tuple[Session, ...]
    without: tuple[Session, ...] | None = None
    companions: Companions | None = None
    edit: Callable[[Finding], None] | None = None
    host: str = HOST
    window_seconds: int = 0
    tables: bool = False


def pool(name: str) -> Session:
    return talk(pool=name)


def hours(*wanted: tuple[int, int], **changes: Any) -> tuple[Session, ...]:
    """Conversations from one hour to another, counted from noon of Monday, 2026-01-12."""
    return tuple(at(talk(**changes), begin * HOUR, end * HOUR - 1) for begin, end in wanted)


def fan(port: int, peers: int, flows: int, failed: int) -> Companions:
    return Companions(fans=(Fan("tcp", port, peers, flows, failed, NOON_NS, NOON_NS, 9),))


def inbound(port: int, flows: int, failed: int, before: int) -> Companions:
    first = NOON_NS - before * SECOND
    row = Inbound(port, "203.0.113.77", True, flows, failed, first, first, 3)
    return Companions(inbound=(row,))


def fetch(path: str, server: str = "203.0.113.9", before: int = 60) -> Companions:
    return Companions(
        fetches=(Fetch(Endpoint(server, 80), path, NOON_NS - before * SECOND, 4),), capture="a.pcap"
    )


def rated(rate: float) -> Callable[[Finding], None]:
    def edit(finding: Finding) -> None:
        finding.hashrate = Hashrate(rate, rate * 1.1, rate * 1.2, 50, 600.0, "test")
        finding.kinds = [WorkKind(("BTC",), "sha256d", None)]

    return edit


def long(seconds: int) -> Callable[[Finding], None]:
    def edit(finding: Finding) -> None:
        finding.active_ns = seconds * SECOND

    return edit


PLAIN = talk()
OFFICE = tuple((day * 24 - 3, day * 24 + 5) for day in range(5))  # 9 to 17, Monday to Friday
NIGHTS = tuple((day * 24 + 8, day * 24 + 16) for day in range(5))  # 20 to 4
SERIES = tuple(talk(accounts=("unit7",), workers=(f"rig{n}",)) for n in (1, 2, 3))


def of_class(sessions: Iterable[Session], hardware: str) -> tuple[Session, ...]:
    return tuple(replace(one, hardware_class=hardware) for one in sessions)


def shared(*hosts: tuple[str, str], wallet: str = "one-wallet") -> tuple[Session, ...]:
    return tuple(talk(host, wallets=(wallet,), hardware_class=kind) for host, kind in hosts)


def with_ttl(one: Session, ttl: int) -> Session:
    first, second = (side._replace(ttls=(ttl,)) for side in one.hit.traits)
    return replace(one, hit=replace(one.hit, traits=(first, second)))


AT_UNITS = shared(*((f"10.0.{n}.5", "cpu") for n in range(5)))
CASES: dict[str, Case] = {
    "malware-list": Case((talk(wallets=("wallet-high",)),)),
    "listed-no-intent": Case((talk(wallets=("wallet-high",)),)),
    "malware-list-unsure": Case((talk(wallets=("wallet-medium",)),)),
    "malware-list-low": Case((talk(wallets=("wallet-low",)),)),
    "malware-endpoint-sure": Case((talk(pool_end=Endpoint("198.51.100.7", 5555)),)),
    "malware-endpoint": Case((talk(pool_end=Endpoint("198.51.100.7", 4444)),)),
    "malware-fetch": Case((PLAIN,), companions=fetch("/drop/kin")),
    "guessing": Case((PLAIN,), companions=fan(22, 5, 60, 55)),
    "guessing-no-intent": Case((PLAIN,), companions=fan(22, 5, 60, 55)),
    "sweeping": Case((PLAIN,), companions=fan(445, 60, 60, 58)),
    "sweeping-no-intent": Case((PLAIN,), companions=fan(445, 60, 60, 58)),
    "script-fetched": Case((PLAIN,), companions=fetch("/x.sh?a=1")),
    "guessed-before": Case((PLAIN,), companions=inbound(22, 40, 38, 3 * HOUR)),
    "entered-before": Case((PLAIN,), companions=inbound(3389, 1, 0, 600)),
    "wallet-at-units-unlike": Case(
        (with_ttl(AT_UNITS[0], 128), *AT_UNITS[1:]), without=AT_UNITS, tables=True
    ),
    "wallet-at-units": Case(
        AT_UNITS[:2], without=shared(("10.0.0.5", "cpu"), ("10.0.0.6", "cpu")), tables=True
    ),
    "wallet-on-unlike-hosts": Case(
        shared(*((f"10.0.0.{n}", "cpu" if n % 2 else "gpu") for n in range(5, 9))),
        without=shared(*((f"10.0.0.{n}", "cpu") for n in range(5, 9))),
    ),
    "bare-pool": Case((talk(pool_end=Endpoint("198.51.100.7", 443)),)),
    "office-hours": Case(hours(*OFFICE), without=hours(*OFFICE, *NIGHTS)),
    "off-hours": Case(hours(*NIGHTS), without=hours(*OFFICE, *NIGHTS)),
    "asic-no-malware": Case((talk(hardware_class="asic"),)),
    "asic": Case(
        (talk(hardware_class="asic"),),
        without=(talk(hardware_class="asic"), talk(hardware_class="cpu")),
    ),
    "donates": Case((talk(named_host="donate.v2.xmrig.com"),)),
    "asic-rate": Case((PLAIN,), edit=rated(2e12)),
    "rigs-in-series": Case(of_class(SERIES, "asic"), without=of_class(SERIES, "gpu")),
    "workers-in-series": Case(SERIES, without=SERIES[:2]),
    "account-day-and-night": Case(
        hours((12, 60), accounts=("unit7",), hardware_class="gpu"),
        without=hours((12, 30), accounts=("unit7",), hardware_class="gpu"),
    ),
    "gpu": Case((talk(hardware_class="gpu"),)),
    "account": Case((talk(accounts=("unit7",)),)),
    "nicehash": Case((talk(hardware_class="rental"),)),
    "exchange": Case((pool("Binance Pool"),), without=(pool("F2Pool"),)),
    "reserve-pools": Case(
        tuple(talk(accounts=("unit7",), pool=name) for name in ("F2Pool", "AntPool")),
        without=(talk(accounts=("unit7",), pool="F2Pool"),),
    ),
    "exemption-research": Case((PLAIN,), tables=True, without=(talk("10.0.0.9"),)),
    "exemption-project": Case((talk("10.0.0.6"),), host="10.0.0.6", tables=True),
    "exemption-other-time": Case((talk("10.0.0.7"),), host="10.0.0.7", tables=True),
    "test-net": Case((talk(accounts=("tb1qw508d6qejxtdg4y5r3zarvary0c5xw7kxpjzsx",)),)),
    "own-node": Case((talk(pool_inside=True, dialect="getblocktemplate-http"),)),
    "own-pool": Case((talk(pool_inside=True),)),
    "short-runs": Case((PLAIN,), window_seconds=5 * HOUR),
    "long-runs": Case((PLAIN,), edit=long(400 * HOUR)),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("lists")
    (path / "malware.csv").write_text(LISTED, "utf-8")
    (path / "units.csv").write_text(UNITS, "utf-8")
    (path / "register.csv").write_text(REGISTER, "utf-8")
    return path


def rank(case: Case, sessions: tuple[Session, ...], folder: Path, *, bare: bool = False) -> Finding:
    """The finding of the case's host; `bare`: with nothing but its conversations."""
    tables = case.tables and not (bare and case.without is None)
    ranker = Ranker(
        catalog(folder),
        units=load_units((folder / "units.csv",)) if tables else None,
        exemptions=load_exemptions((folder / "register.csv",)) if tables else None,
    )
    findings = Findings(100)
    for one in sessions:
        findings.add(one)
        ranker.note(one)
    host = case.host if any(one.host == case.host for one in sessions) else sessions[0].host
    finding = next(one for one in findings.all() if one.host == host)
    window = None
    if not bare:
        finding.companions = case.companions
        if case.edit is not None:
            case.edit(finding)
        if case.window_seconds:
            window = (NOON_NS, NOON_NS + case.window_seconds * SECOND)
    ranker.fill(finding, window)
    return finding


def test_every_row_has_a_case_and_every_checker_a_row() -> None:
    rules = catalog().grounds.rules
    assert {rule.row.id for rule in rules} == set(CASES)
    assert {rule.row.checker for rule in rules} == set(CHECKERS) == set(SHAPES)


@pytest.mark.parametrize("name", sorted(CASES))
def test_a_ground_comes_with_its_evidence_and_goes_with_it(name: str, folder: Path) -> None:
    case = CASES[name]
    row = catalog().grounds.find(name)
    assert row is not None
    finding = rank(case, case.sessions, folder)
    ground = next((one for one in finding.grounds if one.id == name), None)
    assert ground is not None, [one.id for one in finding.grounds]
    assert (ground.cause, ground.rank) == (row.cause, row.rank)
    assert ground.favours is (row.direction == "for")
    assert ground.citations
    assert all(citation.what for citation in ground.citations)
    for language in ("en", "zh"):
        assert "–" not in sentence_of(row, language, dict(ground.fields)), "every field is filled"
    assert ground.sentence == sentence_of(row, "en", dict(ground.fields))
    without = case.without or tuple(talk(one.host) for one in case.sessions[:1])
    bare = rank(case, without, folder, bare=True)
    assert name not in [one.id for one in bare.grounds]


def test_the_day_of_the_first_ground_is_a_monday() -> None:
    moment = datetime.datetime.fromtimestamp(NOON_NS / 1e9, datetime.UTC)
    assert (moment.weekday(), moment.hour) == (0, 12)
