"""The walk through a ring's block against its twin, on blocks made up and on broken ones."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from poolwatch.kernels.ring import NOT_OURS, give_back, walk_block
from poolwatch.layouts import PACKET, RING, Link
from tests.live import blocks
from tests.live.blocks import Frame, Walked

SIZE = 4096

frames = st.builds(
    Frame,
    data=st.binary(max_size=80),
    seconds=st.integers(0, 2**32 - 1),
    nanoseconds=st.integers(0, 10**9 - 1),
    longer=st.sampled_from([0, 0, 1, 3000]),
    status=st.integers(0, 15).map(
        lambda n: 1 | (n & 1) << 4 | (n & 2) << 5 | (n & 4) << 29 | (n & 8) << 26
    ),
    tci=st.integers(0, 2**16 - 1),
    tpid=st.sampled_from([0x8100, 0x88A8, 0x9100]),
    kind=st.sampled_from([0, 0, 3, 4]),
    room=st.sampled_from([14, 14, 0, 3, 4, 22]),
)
lists = st.lists(frames, max_size=12)
changes = st.lists(st.tuples(st.integers(0, SIZE - 1), st.integers(0, 255)), max_size=4)


def walk(
    data: bytes, link: Link, *, skip_outgoing: bool, hardware: bool, rows: int
) -> tuple[Walked, bool]:
    """What the kernel gives, with so many rows a call; and whether its sums fit the rows."""
    block = np.frombuffer(bytearray(data), np.uint8)
    state, packets = np.zeros(1, RING), np.zeros(rows, PACKET)
    state["link"], state["interface"] = int(link), 7
    state["skip_outgoing"], state["hardware"] = skip_outgoing, hardware
    walked = Walked()
    while True:
        count = walk_block(block, packets, state)
        for ts_ns, offset, kept, wire, its_link, interface in packets[:count].tolist():
            assert (its_link, interface) == (int(link), 7)
            walked.rows.append((ts_ns, block[offset : offset + kept].tobytes(), wire))
        if not state["left"][0]:
            break
    row = state[0]
    walked.cut, walked.outgoing = int(row["cut"]), int(row["outgoing"])
    walked.untimed, walked.damaged = int(row["untimed"]), int(row["damaged"])
    fits = int(row["packets"]) == len(walked.rows) and int(row["position"]) == 0
    fits &= int(row["bytes"]) == sum(wire for _, _, wire in walked.rows)
    fits &= int(row["last_ns"]) == max([ts for ts, _, _ in walked.rows], default=0)
    return walked, fits


@given(
    lists,
    st.sampled_from([Link.ETHERNET, Link.RAW_IP]),
    st.booleans(),
    st.booleans(),
    st.integers(1, 20),
)
def test_blocks(
    given_frames: list[Frame], link: Link, skip_outgoing: bool, hardware: bool, rows: int
) -> None:
    data = blocks.block(given_frames, SIZE)
    twin = blocks.walk(data, link, skip_outgoing=skip_outgoing, hardware=hardware)
    got, fits = walk(data, link, skip_outgoing=skip_outgoing, hardware=hardware, rows=rows)
    assert got == twin
    assert fits
    assert not got.damaged


@given(lists, changes)
def test_broken_blocks(given_frames: list[Frame], changed: list[tuple[int, int]]) -> None:
    broken = bytearray(blocks.block(given_frames, SIZE))
    for place, value in changed:
        broken[place] = value
    broken[8] |= 1
    data = bytes(broken)
    # One call: rows already given are the ring's own bytes, which a hostile frame may overlap.
    twin = blocks.walk(data, Link.RAW_IP, skip_outgoing=False, hardware=False)
    if len(twin.rows) > 64:
        return
    got, fits = walk(data, Link.RAW_IP, skip_outgoing=False, hardware=False, rows=64)
    assert got == twin
    assert fits


def test_a_block_that_is_the_kernels_is_left_alone() -> None:
    data = blocks.block([Frame(b"x" * 60)], SIZE, ours=False)
    block = np.frombuffer(bytearray(data), np.uint8)
    assert walk_block(block, np.zeros(4, PACKET), np.zeros(1, RING)) == NOT_OURS
    assert block.tobytes() == data


def test_giving_back_touches_the_status_alone() -> None:
    data = blocks.block([Frame(b"x" * 60)], SIZE)
    block = np.frombuffer(bytearray(data), np.uint8)
    give_back(block)
    assert block[8:12].tobytes() == bytes(4)
    assert block[12:].tobytes() == data[12:]


@pytest.mark.parametrize(("tpid", "given_tpid"), [(0x8100, 0), (0x88A8, 0x88A8)])
def test_a_tag_is_put_back_behind_the_addresses(tpid: int, given_tpid: int) -> None:
    data = bytes(range(60))
    status = 1 | blocks.VLAN | (blocks.TPID if given_tpid else 0)
    frame = Frame(data, status=status, tci=0x6123, tpid=given_tpid)
    got, _ = walk(
        blocks.block([replace(frame, longer=5)], SIZE),
        Link.ETHERNET,
        skip_outgoing=False,
        hardware=False,
        rows=4,
    )
    tag = tpid.to_bytes(2, "big") + b"\x61\x23"
    assert got.rows == [(10**9, data[:12] + tag + data[12:], 69)]
    assert got.cut == 1
