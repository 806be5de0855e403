"""Packets on their way into a keeper; run as a program, one that keeps until it is killed."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from poolwatch.match.prefilter import Endpoints, FlowTable
from poolwatch.sensor.keep import Keeper, KeepSettings, KeptFlow, Lane, RetentionSettings
from poolwatch.settings import Limits
from tests.builders import ACK, PSH, SYN, Packet, batch, ethernet, ipv4, tcp

T0 = 1_700_000_000_000_000_000
MS = 1_000_000
SUBSCRIBE = b'{"id":1,"method":"mining.subscribe","params":["cgminer/4.11.1"]}\n'
NO_END = RetentionSettings(packets_days=0, packets_unresolved_days=0)
"""The packets here are of 2023."""
SETTINGS = KeepSettings(
    beginnings_bytes=1 << 20, candidates_bytes=1 << 20, queue_bytes=1 << 24, flows=1000
)


def packet(
    host: str, port: int, payload: bytes = b"", *, at_ms: int, flags: int = PSH | ACK
) -> Packet:
    """From an inside host's port to a pool."""
    data = tcp(payload, source=port, destination=3333, flags=flags)
    return Packet(ethernet(ipv4(data, source=host, destination="198.51.100.7")), T0 + at_ms * MS)


def answer(host: str, port: int, payload: bytes, *, at_ms: int) -> Packet:
    """From the pool."""
    data = tcp(payload, source=3333, destination=port, flags=PSH | ACK)
    return Packet(ethernet(ipv4(data, source="198.51.100.7", destination=host)), T0 + at_ms * MS)


def conversation(host: str, port: int, *, shares: int = 3, at_ms: int = 0) -> list[Packet]:
    """A mining flow with its beginning."""
    times = iter(range(at_ms, at_ms + 100_000, 10))
    found = [
        packet(host, port, flags=SYN, at_ms=next(times)),
        packet(host, port, SUBSCRIBE, at_ms=next(times)),
        answer(host, port, b'{"id":1,"result":[[],"08",4]}\n', at_ms=next(times)),
    ]
    return found + [
        packet(host, port, b'{"id":%d}\n' % number, at_ms=next(times)) for number in range(shares)
    ]


def make_table(flows: int = 64, idle_seconds: int = 1800) -> FlowTable:
    limits = Limits(flows=flows, flow_idle_seconds=idle_seconds)
    return FlowTable(limits, Endpoints(()), seed=1, keep=False)


def make_keeper(
    directory: Path,
    settings: KeepSettings = SETTINGS,
    retention: RetentionSettings = NO_END,
) -> Keeper:
    return Keeper(
        settings,
        directory,
        sensor="lab",
        interfaces=["eth0"],
        retention=retention,
        about="tap: core",
        inside=lambda address: address.startswith("10."),
    )


def show(table: FlowTable, lane: Lane, packets: Sequence[Packet]) -> None:
    """One batch through the table, then to the lane."""
    part = batch(packets)
    list(table.scan(part))
    lane.see(part, table.records)


def taken(first_packet: int, *, flow_id: int = 0, host: str = "10.0.0.1") -> KeptFlow:
    return KeptFlow(flow_id=flow_id or first_packet, first_packet=first_packet, host=host)


def keep_forever(directory: Path) -> Iterator[int]:
    """Flows after flows; after each sync the number of packets that are safe."""
    settings = KeepSettings(
        beginnings_bytes=1 << 20, candidates_bytes=1 << 20, segment_bytes=40_000, flows=1 << 20
    )
    keeper = make_keeper(directory, settings)
    keeper.start()
    table = make_table(1 << 12)
    lane = keeper.lane(table)
    safe = 0
    for number in range(1 << 30):
        packets = conversation("10.0.0.1", 1024 + number % 60_000, shares=5, at_ms=number)
        first = table.packets + 1
        show(table, lane, packets)
        assert lane.take(taken(first, flow_id=number + 1))
        safe += len(packets)
        if number % 3 == 0 and keeper.sync():
            yield safe


if __name__ == "__main__":
    for count in keep_forever(Path(sys.argv[1])):
        print(count, flush=True)  # noqa: T201
