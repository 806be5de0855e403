"""What else the hosts of the companion scenarios did, against the truth of their recipes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from poolwatch.outputs.eve import finding_event
from poolwatch.terms import Finding
from tests import running
from tests.running import capture_of, scan, scan_scenario, truth_of

SCENARIOS = [name for name in running.SCENARIOS if "companions" in truth_of(name)]
NOT_TOLD = ("first_seen", "last_seen", "packet", "ts")  # by recipes
HASHED = 0.9  # of many peers so many are told apart, at least


@dataclass(frozen=True, slots=True)
class Told:
    """A finding, and its companions as the event has them."""

    finding: Finding
    companions: dict[str, Any]


def told_of(finding: Finding) -> Told:
    return Told(finding, finding_event(finding)["companions"])


def told(scenario: str, host: str) -> Told:
    return told_of(next(f for f in scan_scenario(scenario).findings if f.host == host))


def plain(rows: list[dict[str, Any]], *, without: tuple[str, ...] = NOT_TOLD) -> list[Any]:
    return sorted(
        tuple(sorted((k, str(v)) for k, v in row.items() if k not in without)) for row in rows
    )


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_companions_are_those_of_the_recipe(scenario: str) -> None:
    for host, wanted in truth_of(scenario)["companions"].items():
        found = told(scenario, host).companions
        assert found["left_out"] == 0
        for kind in ("inbound", "fetches"):
            assert plain(found[kind]) == plain(wanted[kind])
        without = (*NOT_TOLD, "peers")
        assert plain(found["fans"], without=without) == plain(wanted["fans"], without=without)
        peers = {(f["proto"], f["port"], f["inside"]): f["peers"] for f in wanted["fans"]}
        for fan in found["fans"]:
            exact = peers[fan["proto"], fan["port"], fan["inside"]]
            assert HASHED * exact <= fan["peers"] <= exact


def test_what_was_before_the_greeting_is_told_from_what_came_after() -> None:
    both = told("companion-ssh-sweep", "10.40.1.9")
    greeted = finding_event(both.finding)["first_greeting"]
    assert greeted == "2026-01-12T08:00:40.051200+0000"
    fans = {fan["port"]: fan for fan in both.companions["fans"]}
    assert fans[22]["first_seen"] > greeted
    assert both.companions["inbound"][0]["last_seen"] < greeted
    assert both.companions["fetches"][0]["ts"] < greeted
    assert both.companions["capture_id"] == both.finding.best.capture.id


def test_what_stands_in_another_capture_counts_too(tmp_path: Path) -> None:
    """The sweep in one file, the mining in the next: packets of two captures have no number."""
    batch = running.read_batch(capture_of("companion-ssh-sweep"))
    packets = [
        running.Sent(int(row["ts_ns"]), bytes(batch.buffer[row["offset"] :][: row["caplen"]]))
        for row in batch.packets
    ]
    mining = [p for p in packets if b"\x0d\x05" in p.data[34:38]]  # port 3333
    others = [p for p in packets if p not in mining]
    files = [
        running.write_pcap(tmp_path / name, part)
        for name, part in (("a.pcap", others), ("b.pcap", mining))
    ]
    (finding,) = scan(files).findings
    whole = told("companion-ssh-sweep", "10.40.1.9").companions
    parted = told_of(finding).companions
    for kind in ("fans", "inbound", "fetches"):
        apart = ("first_seen", "last_seen", "packet", "ts")
        assert plain(parted[kind], without=apart) == plain(whole[kind], without=apart)
        assert all(row["packet"] is None for row in parted[kind])
    assert parted["capture_id"] is None


def test_only_hosts_inside_have_any() -> None:
    for scenario in ("scanner-outside", "pool-inside", "office"):
        for finding in scan_scenario(scenario).findings:
            assert (finding.companions is not None) == finding.inside
