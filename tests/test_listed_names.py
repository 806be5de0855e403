"""Pools as others list them, in a capture made of them: what the table covers is found on the wire.

Each listed host is looked up and called at the address that was told; another client, who never
asked for it, names it in a TLS hello.
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from poolwatch.catalog.rows import PoolRow
from tests import running
from tests.name_traffic import (
    OPAQUE,
    RESOLVER,
    Traffic,
    addresses,
    client_hello,
    mining_events,
)

REFERENCE = running.ROOT.parent / "shared" / "reference" / "pools.csv"
WANTED = 0.8  # of the rows, found
WEB_PORTS = (80, 443, 8443)
SERVICE_PORTS = 1024  # below it an address alone may be the pool's mail or shell
PLAIN_PORT, TLS_PORT = 3333, 14433  # for hosts listed without a port
VIAS = ("dns", "address", "sni")
GREETING = b'{"id":1,"method":"mining.subscribe","params":["cgminer/4.11.1"]}\n'
GREETED = b'{"id":1,"result":[[["mining.notify","ae6812eb"]],"08000002",4],"error":null}\n'

Ends = tuple[str, str, int]  # a client, and the address and port it calls
Row = dict[str, str]


@dataclass(frozen=True)
class Listed:
    """A row of the collected material that the shipped table covers, and who calls it."""

    name: str
    port: str  # empty: none is listed
    chinese: bool
    row: PoolRow
    asker: str
    stranger: str
    server: str
    other_server: str

    def ends(self, via: str) -> Ends:
        """The flow in which the name shows in that way."""
        return {
            "dns": (self.asker, *RESOLVER),
            "address": (self.asker, self.server, int(self.port or PLAIN_PORT)),
            "sni": (self.stranger, self.other_server, int(self.port or TLS_PORT)),
        }[via]

    @property
    def on_the_web(self) -> bool:
        return self.ends("address")[2] in WEB_PORTS

    def grade(self, via: str) -> str:
        """What that flow is worth, by the contract."""
        if via == "address" and self.on_the_web:
            return "confirmed"
        web = self.row.use == "web" or (self.row.use == "any" and self.on_the_web)
        service = via == "address" and self.ends(via)[2] < SERVICE_PORTS
        bare = via == "dns" or self.row.nursery or web or service
        return "noted" if bare else "suspected"


@dataclass(frozen=True)
class Scanned:
    """What was put into a capture, and what a scan of it said."""

    listed: list[Listed]
    flows: dict[Ends, list[dict[str, Any]]]
    pools: dict[str, list[str]]  # of each host with a finding

    def is_found(self, one: Listed, via: str) -> bool:
        """Whether the event of a flow names the pool, on that ground and with the right grade."""
        events = self.flows.get(one.ends(via), [])
        ground = {"name": one.name, "via": via, "listed": one.row.suffix}
        said = [(event["mining"]["pool"], event["mining"]["grade"]) for event in events]
        return said == [(one.row.pool, one.grade(via))] and ground in events[0]["mining"]["names"]


@pytest.fixture(scope="module")
def reference() -> list[Row]:
    """Hosts and endpoints that are surely pools."""
    if not REFERENCE.is_file():
        pytest.skip(f"no collected material at {REFERENCE}")
    with REFERENCE.open(encoding="utf-8", newline="") as stream:
        rows = [row for row in csv.DictReader(stream) if row["confidence"] == "high"]
    return [row for row in rows if row["kind"] in ("host", "endpoint")]


def covered(reference: list[Row]) -> Iterator[Listed]:
    catalog = running.catalog()
    clients, servers = addresses(10, 20), addresses(198, 18)
    for row in reference:
        name, pool = row["domain_suffix"], catalog.find_pool(row["domain_suffix"])
        if pool is not None:
            ends = next(clients), next(clients), next(servers), next(servers)
            yield Listed(name, row["port"], bool(row["china_origin"]), pool, *ends)


def traffic_of(listed: list[Listed]) -> Traffic:
    """All that is done with the listed hosts.

    On a port of the web an address alone is no ground, since strangers may share it: what is
    said there in clear has to show the pool's client. Elsewhere nothing said can be read.
    """
    traffic = Traffic()
    for one in listed:
        traffic.look_up(one.asker, one.name, one.server)
        words = (GREETING, GREETED) if one.on_the_web else (OPAQUE, OPAQUE)
        traffic.connect(one.ends("address"), *words)
        traffic.connect(one.ends("sni"), client_hello(one.name))
    return traffic


@pytest.fixture(scope="module")
def scanned(reference: list[Row], tmp_path_factory: pytest.TempPathFactory) -> Scanned:
    listed = list(covered(reference))
    path = tmp_path_factory.mktemp("listed") / "listed.pcap"
    running.write_pcap(path, traffic_of(listed).packets)
    run = running.command_line("scan", "--format", "eve", path)
    assert (run.returncode, run.stderr) == (0, b"")
    events = running.events_of(run.stdout)
    flows: dict[Ends, list[dict[str, Any]]] = {}
    for event in mining_events(events):
        flows.setdefault((event["src_ip"], event["dest_ip"], event["dest_port"]), []).append(event)
    findings = [event for event in events if event["event_type"] == "finding"]
    return Scanned(listed, flows, {event["host"]: event["pools"] for event in findings})


@pytest.mark.parametrize("via", VIAS)
def test_every_listed_name_that_is_covered_is_found(scanned: Scanned, via: str) -> None:
    missed = [one for one in scanned.listed if not scanned.is_found(one, via)]
    assert [(one.name, one.port, scanned.flows.get(one.ends(via))) for one in missed] == []


def test_every_client_of_a_listed_name_has_its_record(scanned: Scanned) -> None:
    wanted = {host: [one.row.pool] for one in scanned.listed for host in (one.asker, one.stranger)}
    assert scanned.pools == wanted


@pytest.mark.parametrize("chinese", [False, True], ids=["all", "chinese"])
def test_the_share_found_is_said(
    reference: list[Row], scanned: Scanned, chinese: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    total = sum(bool(row["china_origin"]) or not chinese for row in reference)
    found = [
        one.row.nursery
        for one in scanned.listed
        if (one.chinese or not chinese) and all(scanned.is_found(one, via) for via in VIAS)
    ]
    full, nursery = found.count(False) / total, found.count(True) / total
    kind = "Chinese" if chinese else "all"
    with capsys.disabled():
        sys.stdout.write(
            f"\n{kind} {total} hosts and endpoints: found {full:.1%} full, {nursery:.1%} nursery\n"
        )
    assert full + nursery >= WANTED
