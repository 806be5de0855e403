"""Names of honest hosts, looked up and called in a capture: not one flow is held for a pool's.

Nothing of it is more than `noted`; for names made by rule, which no table lists, nothing is said.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tests import running
from tests.benign_names import COUNT, benign_names
from tests.name_traffic import Traffic, addresses, client_hello, mining_events
from tests.seen_names import seen_names

CLIENTS = [f"10.30.{number // 200}.{number % 200 + 1}" for number in range(1000)]
PORTS = (3333, 14433, 443)  # on those of miners a name that is listed weighs most
PLANTED = "10.30.99.99"  # the only one who calls a pool


def traffic_of(names: Iterable[str]) -> Traffic:
    """Every name is looked up, and called by it at the address that was told."""
    traffic = Traffic()
    servers = addresses(198, 18)
    for index, name in enumerate(names):
        client, server = CLIENTS[index % len(CLIENTS)], next(servers)
        traffic.look_up(client, name, server)
        traffic.connect((client, server, PORTS[index % len(PORTS)]), client_hello(name))
    return traffic


def scan_with_one_pool(names: list[str], path: Path) -> list[dict[str, Any]]:
    """What is said of the names' traffic, once it shows that a pool's would be noticed."""
    pools = running.catalog().pools.values()
    pool = next(row.suffix for row in pools if row.use == "stratum" and not row.nursery)
    traffic = traffic_of(names)
    traffic.connect((PLANTED, "198.51.100.7", PORTS[0]), client_hello(pool))
    running.write_pcap(path, traffic.packets)
    run = running.command_line("scan", "--format", "eve", path)
    assert (run.returncode, run.stderr) == (0, b"")
    events = running.events_of(run.stdout)
    stats = events[-1]["stats"]
    assert stats["packets"] == len(traffic.packets)
    assert (stats["evicted"], stats["not_understood"]) == (0, {})
    said = mining_events(events)
    planted = [event["mining"]["grade"] for event in said if event["src_ip"] == PLANTED]
    assert planted == ["suspected"]
    return [event for event in said if event["src_ip"] != PLANTED]


def test_nothing_is_said_of_a_hundred_thousand_benign_names(tmp_path: Path) -> None:
    names = benign_names(running.catalog())
    assert len(names) == COUNT
    assert scan_with_one_pool(names, tmp_path / "made.pcap") == []


def test_no_name_of_recorded_benign_traffic_is_above_noted(
    shared_captures: Path, tmp_path: Path
) -> None:
    files = sorted(p for p in (shared_captures / "benign").rglob("*") if p.is_file())
    names = seen_names(files)
    assert len(names) > len(files)
    said = scan_with_one_pool(names, tmp_path / "seen.pcap")
    above = [event for event in said if event["mining"]["grade"] != "noted"]
    assert [event["mining"]["names"] for event in above] == []
