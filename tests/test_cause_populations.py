"""Over generated hosts no cause is wrongly named, and what nobody can tell is undetermined."""

from __future__ import annotations

import dataclasses
import os
import sys
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import pytest

from poolwatch.aggregate.cause import Ranker
from poolwatch.aggregate.places import Inside
from poolwatch.engine import Engine
from poolwatch.inventory.exemptions import load_exemptions
from poolwatch.inventory.unit_files import load_units
from poolwatch.terms import Companions, Finding, Session
from tests.cause_populations import Host, Population, draw
from tests.running import LIMITS, catalog, write_pcap
from tests.sensor.comparing import OF_COMPANIONS

SEEDS = range(7000, 7000 + int(os.environ.get("POOLWATCH_CAUSE_SEEDS", "1")))

NAMED = {
    *("deliberate_administrator", "deliberate_asic", "deliberate_asic_reserve"),
    *("deliberate_operator", "malware_campaign", "malware_listed", "malware_listed_worker"),
    *("research_filed", "research_project"),
}
"""Stories that leave a strong ground, and none against it."""


@dataclasses.dataclass(frozen=True)
class Judged:
    """A population, and what was said of its hosts."""

    population: Population
    findings: dict[str, Finding]
    ranker: Ranker

    def cause(self, host: Host) -> str | None:
        return self.findings[host.address].cause


def judge(population: Population, folder: Path) -> Judged:
    capture = write_pcap(folder / "population.pcap", population.packets)
    units = load_units((population.write_units(folder / "units.csv"),))
    exemptions = load_exemptions((population.write_exemptions(folder / "exempt.csv"),))
    assert not exemptions.unreadable
    engine = Engine(
        catalog(),
        LIMITS,
        Inside(("10.0.0.0/8",)),
        "test-sensor",
        units=units,
        exemptions=exemptions,
        seed=1,
    )
    ranker = Ranker(catalog(), units=units, exemptions=exemptions)
    findings: dict[str, Finding] = {}
    for item in engine.run([str(capture)]):
        if isinstance(item, Session):
            ranker.note(item)
        elif isinstance(item, Finding):
            findings[item.host] = item
    return Judged(population, findings, ranker)


def rank(judged: Judged, host: Host, companions: Companions | None) -> Finding:
    finding = judged.findings[host.address]
    finding.companions, finding.cause, finding.grounds = companions, None, []
    judged.ranker.fill(finding)
    return finding


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> list[Judged]:
    return [judge(draw(seed), tmp_path_factory.mktemp("causes")) for seed in SEEDS]


def hosts(judged: Iterable[Judged]) -> Iterable[tuple[Judged, Host]]:
    return ((one, host) for one in judged for host in one.population.hosts)


def test_no_cause_is_wrongly_named(
    judged: list[Judged], capsys: pytest.CaptureFixture[str]
) -> None:
    table = Counter((host.story, one.cause(host)) for one, host in hosts(judged))
    with capsys.disabled():
        sys.stdout.write("\n")
        for (story, cause), count in sorted(table.items(), key=str):
            sys.stdout.write(f"{story:28} {cause!s:14} {count}\n")
    assert sum(table.values()) == 300 * len(SEEDS)
    for one, host in hosts(judged):
        cause = one.cause(host)
        wrong = {
            "deliberate": ("malware", "research"),
            "malware": ("deliberate", "research"),
            "research": ("malware", "deliberate"),
            "ambiguous": ("malware", "deliberate", "research"),
        }[host.truth]
        assert cause is not None, host
        assert cause not in wrong, (host, [g.id for g in one.findings[host.address].grounds])


def test_what_shows_itself_is_named(judged: list[Judged]) -> None:
    """The other stories might be an administrator's, a monitor's or a thief's as well."""
    for one, host in hosts(judged):
        named = host.story in NAMED
        assert one.cause(host) == (host.truth if named else "undetermined"), host


def test_what_else_a_host_did_names_no_cause_alone() -> None:
    """Backups, monitors and scanners make flows like a worm's, and people fetch scripts too."""
    ranks = {rule.row.id: rule.row.rank for rule in catalog().grounds.rules}
    assert {ranks[name] for name in OF_COMPANIONS} <= {"leaning", "weak"}


def test_without_their_companions_grounds_go(judged: list[Judged]) -> None:
    stories = {"malware_worm": "sweeping", "malware_guesser": "guessing"}
    stories |= {"malware_script": "script-fetched"}
    for one, host in hosts(judged):
        ground = stories.get(host.story)
        if ground is None:
            continue
        seen = one.findings[host.address].companions
        before = [found.id for found in one.findings[host.address].grounds]
        bare = rank(one, host, Companions())
        assert ground in before
        assert ground not in [found.id for found in bare.grounds]
        assert bare.cause == "undetermined"
        rank(one, host, seen)


def test_every_ground_cites_a_packet_of_the_capture_or_a_row(judged: list[Judged]) -> None:
    for one, host in hosts(judged):
        for ground in one.findings[host.address].grounds:
            for citation in ground.citations:
                assert citation.packet or citation.source, ground
