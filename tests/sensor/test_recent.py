"""The rings of recent packets against their twin."""

from __future__ import annotations

import itertools

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from poolwatch.kernels.recent import keep_recent
from poolwatch.layouts import FLOW, FLOW_START, FlowFlag
from poolwatch.sensor.keep.recent import make_ring, packets_of, ring_bytes
from tests.builders import Packet, batch
from tests.sensor.recent_twin import State, TwinRing, sort_packet

RECORDS = 4
FLAGS = (
    FlowFlag(0),
    FlowFlag.CANDIDATE,
    FlowFlag.CANDIDATE | FlowFlag.DISMISSED,
    FlowFlag.LISTED,
    FlowFlag.RST,
)

states = st.builds(
    State,
    first_packet=st.integers(1, 40),
    first_ns=st.integers(0, 50),
    flags=st.sampled_from(FLAGS),
    named=st.sampled_from((0, 0, -1, 5)),
    prefix=st.sampled_from((-1, -1, 3)),
)
packets = st.tuples(st.integers(-1, RECORDS - 1), st.integers(0, 60), st.binary(max_size=300))


@given(
    st.lists(st.lists(packets, min_size=1, max_size=12), min_size=1, max_size=5),
    st.lists(states, min_size=RECORDS, max_size=RECORDS),
    st.lists(st.sampled_from((0, 1, 7, 20)), min_size=RECORDS, max_size=RECORDS),
    st.integers(256, 6000),
)
def test_packets_are_sorted_like_the_twin_does(
    rounds: list[list[tuple[int, int, bytes]]],
    records: list[State],
    kept: list[int],
    size: int,
) -> None:
    flows, starts = np.zeros(RECORDS, FLOW), np.zeros(RECORDS, FLOW_START)
    for index, state in enumerate(records):
        flows["flags"][index] = state.flags
        for name in ("first_packet", "first_ns", "named", "prefix"):
            starts[name][index] = getattr(state, name)
    young, read = make_ring(size, RECORDS), make_ring(size, RECORDS)
    twins = {name: TwinRing(len(young.rows), size) for name in ("young", "read")}
    picked = np.zeros(16, np.int32)
    numbers = itertools.count(1)
    for round_ in rounds:
        part = batch([Packet(data, ts_ns) for _, ts_ns, data in round_])
        owners = np.array([record for record, _, _ in round_], np.int32)
        wanted = []
        first = next(numbers)
        for index, (record, ts_ns, data) in enumerate(round_):
            number = first if index == 0 else next(numbers)
            if record < 0:
                continue
            where = sort_packet(records[record], kept[record], number, ts_ns, 10)
            if where == "kept":
                wanted.append(index)
            elif where != "none":
                begin = records[record].first_packet
                twins[where].put(record, number, data, begin, 4 if where == "young" else 1 << 60)
        found = keep_recent(
            part.buffer,
            part.packets,
            part.count,
            first,
            owners,
            flows,
            starts,
            10,
            4,
            np.array(kept, np.int64),
            young,
            read,
            picked,
        )
        assert picked[:found].tolist() == wanted
    for record in range(RECORDS):
        for first, end in ((1, 1 << 62), (5, 20)):
            for ring, name in ((young, "young"), (read, "read")):
                got = [(p.number, p.data) for p in packets_of(ring, record, first, end)]
                assert got[::-1] == twins[name].of(record, first, end)


def test_a_packet_comes_back_as_it_was() -> None:
    flows, starts = np.zeros(1, FLOW), np.zeros(1, FLOW_START)
    starts["first_packet"], starts["prefix"] = 1, -1
    young, read = make_ring(1 << 12, 1), make_ring(1 << 12, 1)
    part = batch([Packet(b"frame", 123, wirelen=1500, link=4)])
    part.packets["interface"] = 7
    keep_recent(
        part.buffer, part.packets, 1, 1, np.zeros(1, np.int32), flows, starts, 1 << 40, 9,
        np.zeros(1, np.int64), young, read, np.zeros(1, np.int32),
    )  # fmt: skip
    (packet,) = packets_of(young, 0, 1, 2)
    assert packet == (123, 1, 1500, 4, 7, b"frame")
    assert not list(packets_of(read, 0, 1, 2))


def test_memory_is_what_is_said() -> None:
    ring = make_ring(1 << 16, 1000)
    assert ring_bytes(1 << 16, 1000) == ring.data.nbytes + ring.rows.nbytes + ring.last.nbytes
