"""The flow table against a dict that is worked one packet at a time."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from poolwatch.layouts import COUNTERS, REASONS, What
from poolwatch.match.prefilter import Endpoints, FlowTable, Rows, key_of
from poolwatch.settings import Limits
from tests import naive
from tests.builders import (
    ACK,
    FIN,
    PSH,
    RST,
    SYN,
    UDP,
    Packet,
    batches,
    endpoint,
    ethernet,
    ipv4,
    tcp,
    udp,
)
from tests.kernels import strategies
from tests.naive import Closing, End, Key, Piece

IDLE_S = 1
LISTED = [("192.0.2.9", 0), ("2001:db8::2", 3333)]
COUNTED = [
    name for name in COUNTERS.names or () if name not in ("reasons", "probes", "no_timestamp")
]


@dataclass
class Scan:
    """What the kernels made of some packets, in the terms of the twin."""

    pieces: list[Piece] = field(default_factory=list)
    closings: list[Closing] = field(default_factory=list)
    counters: dict[str, int] = field(default_factory=dict)
    reasons: dict[str, int] = field(default_factory=dict)
    table: FlowTable = field(init=False)

    def take(self, rows: Rows) -> None:
        for ts_ns, packet, record, _, length, wire, seq, start, side, what, bits, _ in rows:
            key = key_in(self.table, record)
            if what == What.CLOSE:
                self.closings.append(Closing(key, ts_ns, packet))
            elif what != What.TOLD:  # announcements, which the twin does not know
                self.pieces.append(Piece(packet, key, side, seq, start, length, wire, what, bits))


def key_in(table: FlowTable, record: int) -> Key:
    flow = table.flows[record]
    key = key_of(flow)
    return Key(
        int(flow["kind"]) & 0x7F,
        End(key.a_address, key.a_port),
        End(key.b_address, key.b_port),
        key.tags,
    )


def listed() -> Endpoints:
    return Endpoints(tuple(endpoint(*row) for row in LISTED))


def scanned(packets: Sequence[Packet], *, capacity: int = 4096, size: int = 1 << 20) -> Scan:
    """Scan packets in batches of `size`, up to the end of the capture."""
    limits = Limits(flows=capacity, flow_idle_seconds=IDLE_S, long_flow_seconds=1)
    scan = Scan()
    scan.table = FlowTable(limits, listed(), seed=5, keep=False)
    for part in batches(packets, size):
        for rows in scan.table.scan(part):
            scan.take(rows)
    for rows in scan.table.end():
        scan.take(rows)
    counters = scan.table.counters[0]
    scan.counters = {name: int(counters[name]) for name in COUNTED}
    counts = counters["reasons"].tolist()
    scan.reasons = {name: count for name, count in zip(REASONS, counts, strict=True) if count}
    return scan


def modelled(packets: Sequence[Packet], *, capacity: int = 4096) -> naive.FlowTable:
    model = naive.FlowTable(
        capacity=capacity,
        idle_ns=IDLE_S * naive.NS,
        long_ns=naive.NS,
        endpoints={
            End(int(ipaddress.ip_address(host)), port): row
            for row, (host, port) in enumerate(LISTED)
        },
    )
    for packet in packets:
        model.packet(packet.link, packet.data, packet.ts_ns, packet.wire)
    model.end()
    return model


def check(scan: Scan, model: naive.FlowTable) -> None:
    assert scan.counters == {name: model.counters[name] for name in COUNTED}
    assert scan.reasons == dict(model.reasons)
    assert scan.pieces == model.pieces
    assert sorted(scan.closings) == sorted(model.closings)


@given(strategies.talk())
def test_one_batch(packets: list[Packet]) -> None:
    scan, model = scanned(packets), modelled(packets)
    check(scan, model)
    flows = {(flow.key, flow.first_packet): flow for flow in model.flows}
    used = int(scan.table.table["used"][0])
    records = {
        (key_in(scan.table, record), int(scan.table.starts["first_packet"][record])): record
        for record in range(used)
    }
    assert len(records) == used
    assert records.keys() == flows.keys()
    for key, flow in flows.items():
        check_record(scan.table, records[key], flow)


def check_record(table: FlowTable, record: int, model: naive.Flow) -> None:
    flow, start = table.flows[record], table.starts[record]
    assert [int(start["teid_a"]), int(start["teid_b"])] == [model.teids.get(s, 0) for s in (0, 1)]
    assert int(flow["last_ns"]) == model.last_ns
    assert int(flow["flags"]) == model.flags
    assert int(flow["gate"]) == model.gate
    assert int(start["first_ns"]) == model.first_ns
    assert int(start["endpoint"]) == model.endpoint
    for side, begin in model.begins.items():
        assert int(flow["next_b" if side else "next_a"]) == begin


@given(strategies.talk(), st.integers(1, 7))
def test_batches_make_no_difference(packets: list[Packet], size: int) -> None:
    check(scanned(packets, size=size), modelled(packets))


@given(strategies.talk(hosts=6), st.integers(1, 6), st.integers(1, 40))
def test_a_small_table_evicts_and_counts_it(
    packets: list[Packet], capacity: int, size: int
) -> None:
    check(scanned(packets, capacity=capacity, size=size), modelled(packets, capacity=capacity))


@given(strategies.talk(hosts=6), st.integers(2, 40), st.integers(1, 40))
def test_records_say_which_flow_a_packet_is_of(
    packets: list[Packet], capacity: int, size: int
) -> None:
    limits = Limits(flows=capacity, flow_idle_seconds=IDLE_S, long_flow_seconds=1)
    table = FlowTable(limits, listed(), seed=5, keep=False)
    table.note_records()
    model = modelled(packets, capacity=capacity)
    expected = iter(enumerate(model.packet_flows, 1))
    for part in batches(packets, size):
        list(table.scan(part))
        for record, (number, flow) in zip(table.records[: part.count].tolist(), expected):  # noqa: B905
            assert (record < 0) == (flow is None)
            if flow is None:
                continue
            first_packet = int(table.starts["first_packet"][record])
            if number < first_packet:  # the record is another flow's by now
                assert flow.first_packet < first_packet
            else:
                assert (key_in(table, record), first_packet) == (flow.key, flow.first_packet)


def test_records_cost_nothing_unless_wanted() -> None:
    assert len(scanned(crowd(100)).table.records) == 1


def test_a_reused_table_remembers_nothing() -> None:
    packets = [packet(SYN), packet(PSH | ACK, b'{"id":1}\n')]
    scan = scanned(packets)
    before = scan.counters
    scan.table.reuse(seed=5, keep=False)
    for part in batches(packets, 1):
        for rows in scan.table.scan(part):
            scan.take(rows)
    assert list(scan.table.end())
    assert {name: int(scan.table.counters[0][name]) for name in COUNTED} == before


def packet(flags: int, payload: bytes = b"", *, at_ms: int = 0, back: bool = False) -> Packet:
    """One packet between a miner and a pool that nobody listed."""
    ends = ("10.0.0.1", "198.51.100.7")
    ports = (40000, 3333)
    if back:
        ends, ports = ends[::-1], ports[::-1]
    segment = tcp(payload, source=ports[0], destination=ports[1], seq=1001, flags=flags)
    frame = ethernet(ipv4(segment, source=ends[0], destination=ends[1]))
    return Packet(frame, 10**18 + at_ms * 1_000_000)


DATA = b"SSH-2.0\r\n"
HELLO = b"\x16\x03\x01\0\x05hello"
MINER = b'{"id":1}\n'

FLOWS = [
    ("one packet", [packet(ACK)], {"flows": 1, "one_way": 0}),
    ("handshake", [packet(SYN), packet(SYN | ACK, back=True), packet(ACK)], {"flows": 1}),
    ("within idle", [packet(ACK), packet(ACK, at_ms=1000)], {"flows": 1}),
    ("idle", [packet(ACK), packet(ACK, at_ms=1001)], {"flows": 2, "expired": 0}),
    ("SYN again", [packet(SYN), packet(SYN, at_ms=1)], {"flows": 1}),
    ("SYN after data", [packet(SYN), packet(ACK, DATA), packet(SYN)], {"flows": 2}),
    ("SYN after FIN", [packet(SYN), packet(FIN | ACK), packet(SYN)], {"flows": 2}),
    ("SYN after RST", [packet(SYN), packet(RST, back=True), packet(SYN)], {"flows": 2}),
    ("SYN/ACK after data", [packet(ACK, DATA), packet(SYN | ACK, back=True)], {"flows": 1}),
    ("one way", [packet(PSH | ACK, DATA)], {"one_way": 1}),
    ("answered", [packet(PSH | ACK, DATA), packet(ACK, back=True)], {"one_way": 0}),
    ("SYN is no data", [packet(SYN)], {"one_way": 0}),
    ("TLS", [packet(PSH | ACK, HELLO)], {"encrypted": 1, "encrypted_long": 0}),
    (
        "long TLS",
        [packet(PSH | ACK, HELLO), packet(ACK, at_ms=999), packet(ACK, at_ms=1000)],
        {"flows": 1, "encrypted": 1, "encrypted_long": 1},
    ),
]


@pytest.mark.parametrize(
    ("packets", "counts"), [row[1:] for row in FLOWS], ids=[row[0] for row in FLOWS]
)
def test_flows_counted(packets: list[Packet], counts: dict[str, int]) -> None:
    scan = scanned(packets)
    check(scan, modelled(packets))
    assert {name: scan.counters[name] for name in counts} == counts


def test_cut_packets_are_counted_as_truncated() -> None:
    whole = packet(PSH | ACK, DATA).data
    cut = Packet(whole[:-3], 10**18, wirelen=len(whole))
    scan = scanned([cut, packet(ACK)])
    assert scan.counters["truncated"] == 1
    assert scan.counters["bytes"] == scan.counters["captured_bytes"] + 3


def crowd(count: int, payload: bytes = b"") -> list[Packet]:
    """As many flows as packets, a millisecond apart."""
    return [
        Packet(
            ethernet(ipv4(tcp(payload, source=1024 + index), destination="198.51.100.7")),
            10**18 + index * 1_000_000,
        )
        for index in range(count)
    ]


def test_a_full_table_lets_the_longest_silent_go() -> None:
    scan = scanned(crowd(100), capacity=32)
    assert scan.counters["flows"] == 100
    assert scan.counters["evicted"] == 68
    assert int(scan.table.table["live"][0]) == 32
    kept = scan.table.starts["first_packet"][scan.table.flows["kind"] < 0x80]
    assert sorted(kept.tolist()) == list(range(69, 101))


def test_candidates_outlive_others_in_a_full_table() -> None:
    miners = crowd(8, MINER)
    noise = [
        Packet(ethernet(ipv4(udp(source=1024 + index), protocol=UDP)), 10**18 + 10**8 + index)
        for index in range(200)
    ]
    scan = scanned(miners + noise, capacity=16)
    ended = [closing for closing in scan.closings if closing.packet < 208]
    assert scan.counters["evicted"] > 100
    assert not [closing for closing in ended if closing.key.kind == 1]


def test_the_index_grows_with_the_flows() -> None:
    packets = [
        Packet(ethernet(ipv4(udp(source=port), protocol=UDP)), 10**18) for port in range(20_000)
    ]
    scan = scanned(packets, capacity=1 << 15, size=1500)
    assert scan.counters["flows"] == 20_000
    assert scan.counters["evicted"] == 0
    assert len(scan.table.slots) >= 40_000


def test_more_segments_than_fit_at_once() -> None:
    packets = [packet(PSH | ACK, MINER, at_ms=index // 100) for index in range(9000)]
    scan = scanned(packets)
    assert [piece.packet for piece in scan.pieces] == list(range(1, 9001))


def test_a_dismissed_flow_gives_no_more_payload() -> None:
    scan = scanned([packet(PSH | ACK, MINER)])
    scan = Scan()
    scan.table = FlowTable(Limits(flows=16), Endpoints(()), seed=5, keep=False)
    first, second = batches([packet(PSH | ACK, MINER)] * 2, 1)
    (rows,) = scan.table.scan(first)
    scan.table.dismiss(rows[0][2])
    assert not list(scan.table.scan(second))
