"""Whoever floods the sensor costs it counted detail, not its memory and not its findings."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

import numpy as np

from poolwatch.capture.source import Batch
from poolwatch.kernels.flows import hash_flow
from poolwatch.layouts import FLOW
from poolwatch.match.live import LiveSettings
from poolwatch.match.prefilter import Endpoints, FlowTable
from poolwatch.sensor.coverage import resident_bytes
from poolwatch.settings import Limits
from tests.match.test_conversation import SESSION
from tests.running import MINER, NOON_NS, SYN, Sent, Talk, catalog, make_batch, tcp_frame
from tests.sensor.running import SOON, Running, wait_for

FLOODS = 50_000
PER_BATCH = 10_000
SMALL = Limits(flows=8192, candidates=256, waiting_bytes=1 << 20, opening_bytes=1 << 20, hosts=500)
ROOM_BYTES = 48 << 20


def miner() -> Batch:
    return make_batch(Talk(ts_ns=NOON_NS + 10**9).greet().say(*SESSION).packets)


def flows(payload: bytes = b"", *, to: tuple[str, int] = ("203.0.113.9", 80)) -> Iterator[Batch]:
    """Batches of distinct flows, each of a SYN or one payload."""
    for start in range(0, FLOODS, PER_BATCH):
        packets = []
        for number in range(start, start + PER_BATCH):
            source = (
                f"10.{1 + (number >> 16)}.{number >> 8 & 255}.{number & 255}",
                1024 + number % 60_000,
            )
            flags = SYN if not payload else 24
            frame = tcp_frame(source, to, payload, seq=1, flags=flags)
            packets.append(Sent(NOON_NS + 2 * 10**9 + number * 1000, frame))
        yield make_batch(packets)


class Lazy(Sequence[Batch]):
    """Batches made when they are read, so that they do not count as the sensor's memory."""

    def __init__(self, *parts: Iterator[Batch]) -> None:
        self._parts = parts

    def __len__(self) -> int:
        return len(self._parts)

    def __getitem__(self, index: object) -> Batch:  # type: ignore[override]
        raise TypeError("only to be gone through")

    def __iter__(self) -> Iterator[Batch]:
        for part in self._parts:
            yield from part


def flooded(*parts: Iterator[Batch], live: LiveSettings = SOON) -> Running:
    """Run the floods behind a miner, which is found whatever comes."""
    before = resident_bytes()
    with Running(Lazy(iter([miner()]), *parts), limits=SMALL, live=live) as run:
        wait_for(lambda: any(row.grade == "confirmed" for row in run.findings), 60)
        wait_for(run.source.done.is_set, 120)
        wait_for(lambda: len(run.mailbox) == 0, 30)
    assert resident_bytes() - before < ROOM_BYTES
    assert any(row.host == "10.0.0.5" and row.stage == "mining" for row in run.findings)
    return run


def test_more_flows_than_there_is_room_for() -> None:
    run = flooded(flows())
    assert run.pipeline.counts()["evicted"] > FLOODS // 2
    assert {row.host for row in run.findings} == {"10.0.0.5"}


def test_more_candidates_than_there_is_room_for() -> None:
    run = flooded(flows(b'{"id":1,"meth'))
    counts = run.pipeline.counts()
    assert counts["candidates"] > FLOODS // 2
    assert counts["candidates_shed"] > FLOODS // 2
    assert {row.host for row in run.findings} == {"10.0.0.5"}


def test_bare_flows_to_a_listed_address_are_shed_by_least_value() -> None:
    row = catalog().endpoints[0]
    run = flooded(flows(to=(row.address, row.port or 3333)))
    counts = run.pipeline.counts()
    assert counts["bare_flows_shed"] > FLOODS // 2
    assert len(run.sessions) < FLOODS // 4


def endless() -> Iterator[Batch]:
    """Sixty-four flows whose lines never end."""
    talks = [
        Talk(miner=("10.8.0.1", 2000 + n), ts_ns=NOON_NS + 3 * 10**9).greet() for n in range(64)
    ]
    yield make_batch([packet for talk in talks for packet in talk.packets])
    for talk in talks:
        talk.packets.clear()
    for step in range(60):
        for talk in talks:
            talk.send(MINER, (b'{"id":1,"params":["' if not step else b"x" * 60_000))
        yield make_batch([packet for talk in talks for packet in talk.packets])
        for talk in talks:
            talk.packets.clear()


def test_lines_that_never_end() -> None:
    run = flooded(endless())
    assert {row.host for row in run.findings} == {"10.0.0.5"}


def probes(packets: Sequence[Sent], seed: int | None) -> int:
    """Slots a table with this seed had to look at beyond each flow's own."""
    table = FlowTable(Limits(flows=1024), Endpoints(()), seed=seed, keep=False)
    for _ in table.scan(make_batch(packets)):
        pass
    return int(table.counters["probes"][0])


def test_nobody_can_choose_ports_that_collide() -> None:
    """Ports that crowd one place under a known seed are spread by the secret one of each start."""
    known, wanted = 1, 200
    table = FlowTable(Limits(flows=1024), Endpoints(()), seed=known, keep=False)
    flow = np.zeros(1, FLOW)
    flow["b_lo"], flow["kind"] = 0xCB00_7109, 1  # 203.0.113.9, TCP over IPv4
    crowd: list[Sent] = []
    for number in itertools.count():
        host, port = number >> 16, number & 0xFFFF
        flow["a_lo"], flow["ports"] = 0x0A01_0001 | host << 8, port << 16 | 80
        if hash_flow(table.table, flow[0]) & (len(table.slots) - 1) < wanted // 4:
            frame = tcp_frame((f"10.1.{host}.1", port), ("203.0.113.9", 80), seq=1, flags=SYN)
            crowd.append(Sent(NOON_NS + number, frame))
            if len(crowd) == wanted:
                break
    assert probes(crowd, known) > wanted * wanted // 8
    assert probes(crowd, None) < wanted
