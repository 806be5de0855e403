"""What else inside hosts did: flows that ended, folded into bounded tables by host.

A host has two rings of rows: what it tried at ports of others, and who tried its own. When a
ring or the table is full, a newcomer takes from the credit of the rows there, one after another,
and the place of one that has none left: what makes up a good part of all stays (Misra and Gries,
1982). As long as no bound bit, neither the order of flows nor cuts between slices matter.
"""

from __future__ import annotations

from typing import Any

from poolwatch.kernels import INT32S, SLOTS, b1, i8, kernel, part, row, rows, u8, void
from poolwatch.kernels.flows import drop_slot, put_slot
from poolwatch.kernels.intrinsics import fold
from poolwatch.kernels.names import BOOLS, find_prefix
from poolwatch.layouts import (
    COMPANION,
    COMPANION_HOST,
    COMPANIONS,
    DEAD,
    FLOW,
    FLOW_START,
    PEERS,
    PEERS_KNOWN,
    PREFIX,
    CompanionBit,
    FlowFlag,
    HostBit,
)

ANSWERED = 16  # credit of a flow with an answer; without any there is one
WANTED_SHIFT = 48  # of a hash, so that 16 bits are left
TRIES = 4  # rows a newcomer takes credit from

_APART = int(FlowFlag.LISTED | FlowFlag.MINING)
_SYN = int(FlowFlag.SYN_A | FlowFlag.SYN_B)
_DATA = int(FlowFlag.DATA_A | FlowFlag.DATA_B)
_RST = int(FlowFlag.RST)
_SEEN_A = int(FlowFlag.SEEN_A)
_FIRST_B = int(FlowFlag.FIRST_B)
_SPOKE = int(HostBit.SPOKE)
_HEARD = int(HostBit.HEARD)
_INBOUND = int(CompanionBit.INBOUND)
_INSIDE = int(CompanionBit.INSIDE)
_UDP = int(CompanionBit.UDP)

_TAG = 0xFFFFFFFF
_TAG_SHIFT = 32
_MAPPED = 0xFFFF_0000_0000
_MULTICAST_4 = 0xE0000000  # and all above it
PEER_A = 0x9E3779B97F4A7C15  # the same everywhere: slices have to agree on a peer's hash
PEER_B = 0xC2B2AE3D27D4EB4F
TABLE_TYPES = (
    rows(COMPANIONS),
    rows(COMPANION_HOST),
    SLOTS,
    rows(COMPANION),
    SLOTS,
    rows(PEERS),
)


@part(i8(rows(COMPANIONS), rows(COMPANION_HOST), SLOTS, u8, u8, i8))
def find_host(state: Any, hosts: Any, host_slots: Any, hi: int, lo: int, capture: int) -> int:
    """The row of a host, a new one if need be; -1 when there is no room."""
    mask = host_slots.shape[0] - 1
    tag = fold(hi ^ state[0]["seed_a"], lo ^ state[0]["seed_b"]) & u8(_TAG)
    slot = i8(tag) & mask
    while host_slots[slot] != 0:
        if host_slots[slot] >> u8(_TAG_SHIFT) == tag:
            found = i8(host_slots[slot] & u8(_TAG)) - 1
            if hosts[found]["hi"] == hi and hosts[found]["lo"] == lo:
                if hosts[found]["capture"] != capture:
                    hosts[found]["capture"] = -1
                return found
        slot = (slot + 1) & mask
    index = state[0]["hosts"]
    if index >= hosts.shape[0]:
        return -1
    state[0]["hosts"] = index + 1
    host = hosts[index]
    host["hi"] = hi
    host["lo"] = lo
    host["last_ns"] = 0
    host["left_out"] = 0
    host["capture"] = capture
    host["bits"] = 0
    for kind in range(2):
        host["rings"][kind] = -1
        host["sizes"][kind] = 0
    host_slots[slot] = (tag << u8(_TAG_SHIFT)) | u8(index + 1)
    return index


@part(u8(rows(COMPANIONS), i8, i8, i8, u8, u8), inline=True)
def _row_tag(state: Any, host: int, port: int, bits: int, peer_hi: int, peer_lo: int) -> int:
    key = (u8(host) << u8(32)) | (u8(port) << u8(8)) | u8(bits)
    peer = fold(peer_hi ^ state[0]["seed_b"], peer_lo ^ state[0]["seed_a"])
    return fold(key ^ state[0]["seed_a"], peer ^ state[0]["seed_b"]) & u8(_TAG)


@part(
    i8(*TABLE_TYPES, i8, i8, i8, u8, u8, i8),
)
def find_row(
    state: Any,
    hosts: Any,
    host_slots: Any,
    table: Any,
    slots: Any,
    peers: Any,
    host: int,
    port: int,
    bits: int,
    peer_hi: int,
    peer_lo: int,
    credit: int,
) -> int:
    """The row of a host with that key, a new one if need be; -1 when there is no room."""
    mask = slots.shape[0] - 1
    tag = _row_tag(state, host, port, bits, peer_hi, peer_lo)
    slot = i8(tag) & mask
    while slots[slot] != 0:
        if slots[slot] >> u8(_TAG_SHIFT) == tag:
            found = i8(slots[slot] & u8(_TAG)) - 1
            known = table[found]
            if (
                i8(known["host"]) == host
                and i8(known["port"]) == port
                and i8(known["bits"]) == bits
                and known["peer_hi"] == peer_hi
                and known["peer_lo"] == peer_lo
            ):
                return found
        slot = (slot + 1) & mask
    kind = 1 if bits & _INBOUND else 0
    own = hosts[host]
    hand = i8(own["rings"][kind])
    index = state[0]["rows"]
    if i8(own["sizes"][kind]) < state[0]["host_rows"] and index < table.shape[0]:
        state[0]["rows"] = index + 1
        own["sizes"][kind] = i8(own["sizes"][kind]) + 1
        if hand < 0:
            table[index]["next"] = index
        else:
            table[index]["next"] = table[hand]["next"]
            table[hand]["next"] = index
        own["rings"][kind] = index
    else:
        index = -1
        for _ in range(min(i8(own["sizes"][kind]), TRIES)):
            hand = i8(table[hand]["next"])
            table[hand]["credit"] -= credit
            if table[hand]["credit"] <= 0:
                index = hand
                break
        if hand >= 0:
            own["rings"][kind] = hand
        if index < 0:
            return -1
        gone = table[index]
        own["left_out"] += gone["flows"]
        state[0]["left_out"] += gone["flows"]
        old = _row_tag(
            state, host, i8(gone["port"]), i8(gone["bits"]), gone["peer_hi"], gone["peer_lo"]
        )
        drop_slot(slots, old, index)
    fresh = table[index]
    fresh["host"] = host
    fresh["port"] = port
    fresh["bits"] = bits
    fresh["peer_hi"] = peer_hi
    fresh["peer_lo"] = peer_lo
    fresh["flows"] = 0
    fresh["silent"] = 0
    fresh["reset"] = 0
    fresh["credit"] = 0
    if i8(fresh["known"]) > 0:  # of the row before
        for word in range(16):
            peers[index]["bits"][word] = 0
        fresh["known"] = 0
    put_slot(slots, tag, index)
    return index


@part(void(row(COMPANION), i8, i8, i8, i8, i8, i8, i8))
def count_flows(
    into: Any,
    first_ns: int,
    last_ns: int,
    first_packet: int,
    flows: int,
    silent: int,
    reset: int,
    credit: int,
) -> None:
    """Count so many flows in a row."""
    if into["flows"] == 0:
        into["first_ns"] = first_ns
        into["last_ns"] = last_ns
        into["first_packet"] = first_packet
    else:
        into["first_ns"] = min(into["first_ns"], first_ns)
        into["last_ns"] = max(into["last_ns"], last_ns)
        into["first_packet"] = min(into["first_packet"], first_packet)
    into["flows"] += flows
    into["silent"] += silent
    into["reset"] += reset
    into["credit"] += credit


@part(u8(u8, u8), inline=True)
def peer_hash(hi: int, lo: int) -> int:
    """The hash of an address, the same in all tables."""
    return fold(hi ^ u8(PEER_A), lo ^ u8(PEER_B))


@part(void(row(COMPANION), row(PEERS), u8))
def note_known(into: Any, peers: Any, peer: int) -> None:
    """Note the hash of a peer among the known ones."""
    known = i8(into["known"])
    if known > PEERS_KNOWN:
        return
    for index in range(known):
        if peers["known"][index] == peer:
            return
    if known < PEERS_KNOWN:
        peers["known"][known] = peer
    into["known"] = known + 1


@part(void(row(COMPANION), row(PEERS), u8, u8))
def _note_peer(into: Any, peers: Any, hi: int, lo: int) -> None:
    peer = peer_hash(hi, lo)
    word = i8(peer >> u8(60))
    peers["bits"][word] = peers["bits"][word] | (u8(1) << ((peer >> u8(54)) & u8(63)))
    note_known(into, peers, peer)


@part(void(row(COMPANION_HOST), i8, b1, b1))
def hear_host(host: Any, last_ns: int, spoke: bool, heard: bool) -> None:
    """Note of a host whether packets of it, and to it, were seen."""
    bits = i8(host["bits"])
    if spoke:
        bits |= _SPOKE
    if heard:
        bits |= _HEARD
    host["bits"] = bits
    host["last_ns"] = max(host["last_ns"], last_ns)


@part(i8(*TABLE_TYPES, row(FLOW), row(FLOW_START), i8, i8, i8, u8, u8, i8, i8, i8))
def _add_flow(
    state: Any,
    hosts: Any,
    host_slots: Any,
    table: Any,
    slots: Any,
    peers: Any,
    flow: Any,
    start: Any,
    host: int,
    port: int,
    bits: int,
    peer_hi: int,
    peer_lo: int,
    silent: int,
    reset: int,
    credit: int,
) -> int:
    """Count one flow in the row of a host with that key; the row, or -1: there was no room."""
    index = find_row(
        state, hosts, host_slots, table, slots, peers, host, port, bits, peer_hi, peer_lo, credit
    )
    if index >= 0:
        count_flows(
            table[index],
            start["first_ns"],
            flow["last_ns"],
            start["first_packet"],
            1,
            silent,
            reset,
            credit,
        )
    else:
        hosts[host]["left_out"] += 1
        state[0]["left_out"] += 1
    return index


@part(b1(*TABLE_TYPES, rows(PREFIX), row(FLOW), row(FLOW_START)))
def _take(
    state: Any,
    hosts: Any,
    host_slots: Any,
    table: Any,
    slots: Any,
    peers: Any,
    insides: Any,
    flow: Any,
    start: Any,
) -> bool:
    """Fold in one flow that is over; False when there is no room, nothing was counted then."""
    if state[0]["rows"] + 2 > table.shape[0]:
        return False
    kind = i8(flow["kind"]) & 0x7F
    version = 4 if kind <= 2 else 6
    a_hi = flow["a_hi"]
    a_lo = flow["a_lo"]
    b_hi = flow["b_hi"]
    b_lo = flow["b_lo"]
    a_inside = find_prefix(insides, version, a_hi, a_lo) >= 0
    b_inside = find_prefix(insides, version, b_hi, b_lo) >= 0
    if not a_inside and not b_inside:
        return True
    if version == 4:
        if a_lo >= u8(_MULTICAST_4) or b_lo >= u8(_MULTICAST_4):
            return True
        a_lo |= u8(_MAPPED)
        b_lo |= u8(_MAPPED)
    elif a_hi >> u8(56) == u8(0xFF) or b_hi >> u8(56) == u8(0xFF):
        return True
    flags = i8(flow["flags"])
    a_seen = flags & _SEEN_A != 0
    b_seen = flags & (_SEEN_A << 1) != 0
    capture = state[0]["capture"]
    a = i8(-1)
    b = i8(-1)
    if a_inside:
        a = find_host(state, hosts, host_slots, a_hi, a_lo, capture)
        if a < 0:
            return False
        hear_host(hosts[a], flow["last_ns"], a_seen, b_seen)
    if b_inside:
        b = find_host(state, hosts, host_slots, b_hi, b_lo, capture)
        if b < 0:
            return False
        hear_host(hosts[b], flow["last_ns"], b_seen, a_seen)
    tcp = kind & 1
    apart = flags & _APART != 0 or start["named"] != 0 or start["prefix"] >= 0
    if apart or (tcp and not flags & _SYN):  # who opened it was not seen
        return True
    opener = a
    opened = b
    to_hi = b_hi
    to_lo = b_lo
    from_hi = a_hi
    from_lo = a_lo
    port = i8(flow["ports"]) & 0xFFFF
    answered = b_seen
    if flags & _FIRST_B:
        opener = b
        opened = a
        to_hi = a_hi
        to_lo = a_lo
        from_hi = b_hi
        from_lo = b_lo
        port = i8(flow["ports"]) >> 16
        answered = a_seen
    silent = i8(0)
    reset = i8(0)
    if tcp and not flags & _DATA:
        if not answered:
            silent = 1
        elif flags & _RST:
            reset = 1
    credit = i8(1 if silent or not answered else ANSWERED)
    if opener >= 0:
        bits = 0 if tcp else _UDP
        if opened >= 0:
            bits |= _INSIDE
        index = _add_flow(
            state, hosts, host_slots, table, slots, peers, flow, start,
            opener, port, bits, u8(0), u8(0), silent, reset, credit,
        )  # fmt: skip
        if index >= 0:
            _note_peer(table[index], peers[index], to_hi, to_lo)
    if opened >= 0 and tcp:
        bits = _INBOUND
        if opener >= 0:
            bits |= _INSIDE
        _add_flow(
            state, hosts, host_slots, table, slots, peers, flow, start,
            opened, port, bits, from_hi, from_lo, silent, reset, credit,
        )  # fmt: skip
    return True


@kernel(
    i8(*TABLE_TYPES, rows(PREFIX), i8, i8, INT32S, rows(FLOW), rows(FLOW_START)),
)
def fold_closed(
    state: Any,
    hosts: Any,
    host_slots: Any,
    table: Any,
    slots: Any,
    peers: Any,
    insides: Any,
    begin: int,
    end: int,
    free: Any,
    flows: Any,
    starts: Any,
) -> int:
    """Fold in the flows that closed: places `begin` to `end` of the ring of free records.

    Returns where to go on when the tables are full, `end` when done.
    """
    size = free.shape[0]
    for place in range(begin, end):
        record = i8(free[place % size])
        if not _take(
            state,
            hosts,
            host_slots,
            table,
            slots,
            peers,
            insides,
            flows[record],
            starts[record],
        ):
            return place
    return end


@part(b1(BOOLS, i8, u8, u8), inline=True)
def _is_wanted(wanted: Any, kind: int, hi: int, lo: int) -> bool:
    mapped = u8(_MAPPED) if kind <= 2 else u8(0)
    return wanted[i8(peer_hash(hi, lo | mapped) >> u8(WANTED_SHIFT))]


@kernel(i8(*TABLE_TYPES, rows(PREFIX), i8, i8, rows(FLOW), rows(FLOW_START), BOOLS))
def fold_living(
    state: Any,
    hosts: Any,
    host_slots: Any,
    table: Any,
    slots: Any,
    peers: Any,
    insides: Any,
    begin: int,
    end: int,
    flows: Any,
    starts: Any,
    wanted: Any,
) -> int:
    """Fold in the flows that are still open in records `begin` to `end`: the capture is over.

    Those with an end that is `wanted`, with some others; all where there is no such array.
    Returns where to go on when the tables are full, `end` when done.
    """
    for record in range(begin, end):
        flow = flows[record]
        kind = i8(flow["kind"])
        if kind & DEAD:
            continue
        if wanted.shape[0] > 0 and not (
            _is_wanted(wanted, kind, flow["a_hi"], flow["a_lo"])
            or _is_wanted(wanted, kind, flow["b_hi"], flow["b_lo"])
        ):
            continue
        if not _take(
            state,
            hosts,
            host_slots,
            table,
            slots,
            peers,
            insides,
            flows[record],
            starts[record],
        ):
            return record
    return end
