"""Joining the flow table of a slice of a capture with that of the slice before it."""

from __future__ import annotations

from typing import Any

from poolwatch.kernels import BYTES, INT32S, SLOTS, i8, kernel, rows, u8, void
from poolwatch.kernels.flows import (
    USED_UP,
    hash_flow,
    is_gtp,
    may_hold_names,
    put_slot,
    read_names,
    read_tcp,
)
from poolwatch.kernels.neighbours import USED, note_place
from poolwatch.kernels.openings import name_of_address
from poolwatch.layouts import (
    COUNTERS,
    DEAD,
    FLOW,
    FLOW_START,
    FRAME,
    NAMES,
    NEIGHBOUR,
    PACKET,
    SEGMENT,
    TABLE,
    FlowFlag,
    Gate,
)

_TAG = 0xFFFFFFFF
_TAG_SHIFT = 32

_SYN_A = int(FlowFlag.SYN_A)
_SYN_B = int(FlowFlag.SYN_B)
_DATA_A = int(FlowFlag.DATA_A)
_DATA_B = int(FlowFlag.DATA_B)
_DATA = _DATA_A | _DATA_B
_CANDIDATE = int(FlowFlag.CANDIDATE)
_LISTED = int(FlowFlag.LISTED)
_INHERITED = int(FlowFlag.INHERITED)
_LATER = int(FlowFlag.LATER)
_HEADS = int(Gate.HEAD_A | Gate.HEAD_B)
_OWN = int(
    FlowFlag.FIRST_B
    | FlowFlag.CANDIDATE
    | FlowFlag.DISMISSED
    | FlowFlag.LISTED
    | FlowFlag.INHERITED
    | FlowFlag.LATER
)


@kernel(i8(SLOTS, rows(FLOW), rows(TABLE), rows(FLOW), i8))
def find_flow(slots: Any, flows: Any, table: Any, others: Any, index: int) -> int:
    """The living record with the key of `others[index]`, or -1."""
    wanted = others[index]
    mask = slots.shape[0] - 1
    tag = hash_flow(table, wanted) & u8(_TAG)
    slot = i8(tag) & mask
    while slots[slot] != 0:
        if slots[slot] >> u8(_TAG_SHIFT) == tag:
            record = i8(slots[slot] & u8(_TAG)) - 1
            flow = flows[record]
            if (
                flow["a_lo"] == wanted["a_lo"]
                and flow["b_lo"] == wanted["b_lo"]
                and flow["ports"] == wanted["ports"]
                and flow["a_hi"] == wanted["a_hi"]
                and flow["b_hi"] == wanted["b_hi"]
                and flow["tags"] == wanted["tags"]
                and i8(flow["kind"]) == i8(wanted["kind"]) & 0x7F
            ):
                return record
        slot = (slot + 1) & mask
    return -1


@kernel(
    i8(
        SLOTS,
        rows(FLOW),
        rows(FLOW_START),
        INT32S,
        rows(TABLE),
        rows(FLOW),
        rows(FLOW_START),
        i8,
    )
)
def insert_flow(
    slots: Any,
    flows: Any,
    starts: Any,
    free: Any,
    table: Any,
    others: Any,
    other_starts: Any,
    index: int,
) -> int:
    """Enter a copy of `others[index]`, whose key is not in the table; -1 when it is full."""
    t = table[0]
    flow = others[index]
    if t["free_head"] < t["free_tail"]:
        record = i8(free[t["free_head"] % free.shape[0]])
        t["free_head"] += 1
    elif t["used"] < flows.shape[0]:
        record = t["used"]
        t["used"] += 1
    else:
        return -1
    flows[record] = flow
    starts[record] = other_starts[index]
    flows[record]["kind"] = i8(flow["kind"]) & 0x7F
    if not t["keep"]:  # nothing came before: what it inherited is its own now
        flows[record]["flags"] = i8(flow["flags"]) & ~(_INHERITED | _LATER)
    put_slot(slots, hash_flow(table, flow) & u8(_TAG), record)
    t["live"] += 1
    return record


@kernel(i8(rows(FLOW), i8, rows(FLOW), i8))
def join_flow(flows: Any, record: int, others: Any, index: int) -> int:
    """Continue a flow with what a later slice saw of it; return the joined flags."""
    flow = flows[record]
    later = others[index]
    flags = i8(flow["flags"])
    seen = i8(later["flags"])
    if seen & _SYN_A and not flags & _DATA_A:
        flow["next_a"] = later["next_a"]
    if seen & _SYN_B and not flags & _DATA_B:
        flow["next_b"] = later["next_b"]
    flags |= seen & ~_OWN
    flow["flags"] = flags
    flow["gate"] = i8(flow["gate"]) | i8(later["gate"])
    flow["last_ns"] = max(flow["last_ns"], later["last_ns"])
    return flags


@kernel(void(rows(FLOW_START), i8, rows(FLOW_START), i8))
def join_start(starts: Any, record: int, others: Any, index: int) -> None:
    """Take over what a later slice kept of a flow's openings, where we have none."""
    if starts[record]["opening_a"] == 0:
        starts[record]["opening_a"] = others[index]["opening_a"]
    if starts[record]["opening_b"] == 0:
        starts[record]["opening_b"] = others[index]["opening_b"]


@kernel(void(rows(NAMES), rows(FLOW), rows(FLOW_START), i8))
def name_flow(names: Any, flows: Any, starts: Any, record: int) -> None:
    """Say of a flow of a later slice whether an answer in front of it taught its address."""
    if i8(flows[record]["kind"]) & 1 and starts[record]["named"] <= 0:
        found = name_of_address(names[0], flows[record], starts[record])
        if found > 0:
            starts[record]["named"] = found


@kernel(
    i8(
        SLOTS,
        rows(FLOW),
        rows(FLOW_START),
        INT32S,
        rows(TABLE),
        rows(COUNTERS),
        rows(NAMES),
        rows(FLOW),
        rows(FLOW_START),
        i8,
        INT32S,
    )
)
def merge_plain(
    slots: Any,
    flows: Any,
    starts: Any,
    free: Any,
    table: Any,
    counters: Any,
    names: Any,
    later_flows: Any,
    later_starts: Any,
    later_used: int,
    left: Any,
) -> int:
    """Merge all flows of a later slice that need no reading; list the others in `left`.

    `later_starts` number their packets from the whole's beginning already.
    Left to the caller are flows somebody reads or may, or that have a name, and those whose key
    has a flow here that somebody reads or that ends where the later one begins. So are those
    below GTP.
    """
    count = 0
    idle_ns = table[0]["idle_ns"]
    for index in range(later_used):
        later = later_flows[index]
        if i8(later["kind"]) & DEAD:
            continue
        flags = i8(later["flags"])
        plain = not flags & (_CANDIDATE | _LISTED | _LATER) and not (
            flags & _INHERITED and flags & _DATA
        )
        plain &= later_starts[index]["named"] == 0
        plain &= i8(later["gate"]) & _HEADS == 0  # of which something is held
        if is_gtp(later["tags"]):
            plain = False
        if plain:
            record = find_flow(slots, flows, table, later_flows, index)
            if record < 0:
                entered = insert_flow(
                    slots, flows, starts, free, table, later_flows, later_starts, index
                )
                plain = entered >= 0
                if plain:
                    name_flow(names, flows, starts, entered)
            else:
                flow = flows[record]
                pause = later_starts[index]["first_ns"] - flow["last_ns"]
                fresh = not flags & _INHERITED
                ends = pause > idle_ns or (fresh and i8(flow["flags"]) & USED_UP != 0)
                watched = i8(flow["flags"]) & (_CANDIDATE | _LISTED | _INHERITED)
                plain = not ends and not watched
                if plain:
                    join_flow(flows, record, later_flows, index)
                    join_start(starts, record, later_starts, index)
                    counters[0]["flows"] -= 1
        if not plain:
            left[count] = index
            count += 1
    return count


@kernel(
    i8(
        BYTES,
        rows(PACKET),
        rows(FRAME),
        rows(FLOW),
        rows(FLOW_START),
        i8,
        i8,
        i8,
        rows(NAMES),
        rows(SEGMENT),
    )
)
def replay_segment(
    buffer: Any,
    packets: Any,
    frames: Any,
    flows: Any,
    starts: Any,
    record: int,
    number: int,
    frame_offset: int,
    names: Any,
    segments: Any,
) -> int:
    """Read one payload that a slice kept as if it came now; return the rows written.

    `packets[0]` and `frames[0]` describe the payload, which `buffer` holds; it stood in
    packet `number` at `frame_offset`.
    """
    frame = frames[0]
    flow = flows[record]
    frame["ports"] = flow["ports"]
    written = read_tcp(buffer, packets[0], frame, flow, record, number, segments, i8(0))
    if written:
        segments[0]["frame_offset"] = frame_offset
    if frame["length"] > 0 and may_hold_names(buffer, frame, flow):
        written = read_names(
            buffer,
            i8(packets[0]["ts_ns"]),
            frame_offset,
            frame,
            flow,
            starts[record],
            record,
            number,
            names[0],
            segments,
            written,
        )
    return written


@kernel(void(rows(NEIGHBOUR), rows(NEIGHBOUR), i8, rows(COUNTERS)))
def merge_neighbours(ours: Any, theirs: Any, now_ns: int, counters: Any) -> None:
    """Take over what a later slice saw; `now_ns`: the latest time of all packets before it."""
    for index in range(theirs.shape[0]):
        neighbour = theirs[index]
        if neighbour["mac"] != 0:
            mac = neighbour["mac"] & u8(USED - 1)
            for place in range(neighbour["count"]):
                at = max(neighbour["first_ns"][place], now_ns)
                note_place(ours, counters, mac, neighbour["places"][place], at)
