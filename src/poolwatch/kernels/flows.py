"""The flow table: 8-byte index slots (hash tag and record number) over dense 64-byte records.

The scan works in stages over blocks of packets: decode and hash all, ask for their slots,
ask for their records, then update. That hides the memory latency which a table of a
million flows otherwise costs. A record closed during a call stays readable until the next.
"""

from __future__ import annotations

from typing import Any

from poolwatch.kernels import BYTES, INT32S, SLOTS, b1, i8, kernel, part, row, rows, u8, void
from poolwatch.kernels.carriers import decode_carried
from poolwatch.kernels.decode import CARRIED, decode_frame
from poolwatch.kernels.endpoints import find_endpoint
from poolwatch.kernels.gate import HOLD, OPENERS, PASS, gate_first, gate_payload
from poolwatch.kernels.intrinsics import fold, prefetch
from poolwatch.kernels.names import NAMES_TYPE
from poolwatch.kernels.neighbours import announcement, find_arp, hand_out, note_neighbours
from poolwatch.kernels.openings import (
    NAME_OPENERS,
    ROWS_PER_PAYLOAD,
    mark_flow,
    opens_name,
    read_datagram,
    read_payload,
)
from poolwatch.layouts import (
    CARRIER_SHIFT,
    COUNTERS,
    DEAD,
    ENDPOINT,
    FLOW,
    FLOW_START,
    FRAME,
    NAMES,
    NEIGHBOUR,
    PACKET,
    SEGMENT,
    TABLE,
    TUNNEL_SHIFT,
    Carrier,
    FlowFlag,
    Gate,
    Reason,
    SegmentBit,
    What,
)

_SYN_A = int(FlowFlag.SYN_A)
_FIN_A = int(FlowFlag.FIN_A)
_RST = int(FlowFlag.RST)
_DATA_A = int(FlowFlag.DATA_A)
_SEEN_A = int(FlowFlag.SEEN_A)
_SEEN_B = int(FlowFlag.SEEN_B)
_FIRST_B = int(FlowFlag.FIRST_B)
_CANDIDATE = int(FlowFlag.CANDIDATE)
_DISMISSED = int(FlowFlag.DISMISSED)
_LISTED = int(FlowFlag.LISTED)
_INHERITED = int(FlowFlag.INHERITED)
_LATER = int(FlowFlag.LATER)
_DATA = int(FlowFlag.DATA_A | FlowFlag.DATA_B)
USED_UP = int(FlowFlag.DATA_A | FlowFlag.DATA_B | FlowFlag.FIN_A | FlowFlag.FIN_B | FlowFlag.RST)
"""A flow with any of these is over when a new SYN comes."""

_REPORTED = _CANDIDATE | _LISTED | _INHERITED

_OPENING = int(Gate.OPENING_A | Gate.OPENING_B)
_DNS_PORT = 53
_ROWS_PER_PACKET = 2 + ROWS_PER_PAYLOAD  # a closing, the payload, the names in it

_HTTP = int(Gate.HTTP)
_TLS = int(Gate.TLS)
_OPEN = int(SegmentBit.OPEN)
_START_A = int(SegmentBit.START_A)
_UNSURE = int(SegmentBit.UNSURE)
_WHAT_DATA = int(What.DATA)
_WHAT_HEAD = int(What.HEAD)
_WHAT_KEPT = int(What.KEPT)
_WHAT_CLOSE = int(What.CLOSE)

_NOT_IP = int(Reason.NOT_IP)

_TCP_FIN = 1
_TCP_SYN = 2
_TCP_RST = 4
_TCP_ACK = 16

GTP_FLOWS = 4
"""Flows of one pair of ends in different GTP tunnels that are told apart both ways."""

_GTP = int(Carrier.GTP)
_TAG = 0xFFFFFFFF
_TAG_SHIFT = 32
_REORDER_WINDOW = 1 << 20  # bytes beyond the expected start that count as out of order


@kernel(u8(rows(TABLE), u8, u8, u8, u8, u8, u8, u8), inline=True)
def hash_key(
    table: Any, a_hi: int, a_lo: int, b_hi: int, b_lo: int, ports: int, tags: int, kind: int
) -> int:
    """Seeded 64-bit hash of a flow key, by folded 128-bit products."""
    t = table[0]
    h = fold(a_hi ^ t["seed_a"], a_lo ^ t["seed_b"]) ^ t["seed_c"]
    h = fold(h + b_hi, b_lo ^ t["seed_d"])
    low, high = tags & u8(_TAG), tags >> u8(TUNNEL_SHIFT)
    return fold(h ^ ((ports << u8(32)) | low), t["seed_b"] ^ kind ^ (high << u8(8)))


@kernel(u8(rows(TABLE), row(FLOW)))
def hash_flow(table: Any, flow: Any) -> int:
    """`hash_key` of a flow record, living or dead."""
    return hash_key(
        table,
        flow["a_hi"],
        flow["a_lo"],
        flow["b_hi"],
        flow["b_lo"],
        u8(flow["ports"]),
        flow["tags"],
        u8(flow["kind"]) & u8(0x7F),
    )


@kernel(void(SLOTS, SLOTS))
def regrow(old: Any, new: Any) -> None:
    """Move every slot of `old` into the empty, larger `new`."""
    mask = new.shape[0] - 1
    for index in range(old.shape[0]):
        slot = old[index]
        if slot != 0:
            home = i8(slot >> u8(_TAG_SHIFT)) & mask
            while new[home] != 0:
                home = (home + 1) & mask
            new[home] = slot


@kernel(void(SLOTS, u8, i8))
def put_slot(slots: Any, tag: int, record: int) -> None:
    """Enter a record under its hash tag."""
    mask = slots.shape[0] - 1
    slot = i8(tag) & mask
    while slots[slot] != 0:
        slot = (slot + 1) & mask
    slots[slot] = (tag << u8(_TAG_SHIFT)) | u8(record + 1)


@kernel(void(SLOTS, u8, i8))
def drop_slot(slots: Any, tag: int, record: int) -> None:
    """Remove a record; entries behind it move up, so no tombstones are left."""
    mask = slots.shape[0] - 1
    entry = (tag << u8(_TAG_SHIFT)) | u8(record + 1)
    hole = i8(tag) & mask
    while slots[hole] != entry:
        if slots[hole] == 0:
            return
        hole = (hole + 1) & mask
    probe = (hole + 1) & mask
    while slots[probe] != 0:
        home = i8(slots[probe] >> u8(_TAG_SHIFT)) & mask
        if ((probe - home) & mask) >= ((probe - hole) & mask):
            slots[hole] = slots[probe]
            hole = probe
        probe = (probe + 1) & mask
    slots[hole] = 0


@part(void(rows(TABLE), row(FLOW), row(FLOW_START), rows(COUNTERS)))
def account(table: Any, flow: Any, start: Any, counters: Any) -> None:
    """Count a flow for coverage when it closes."""
    count = counters[0]
    flags = i8(flow["flags"])
    one_way = (flags & (_SEEN_A | _SEEN_B)) != (_SEEN_A | _SEEN_B)
    if one_way and flags & _DATA and i8(flow["kind"]) & 1:  # TCP payload, nothing came back
        count["one_way"] += 1
    if i8(flow["gate"]) & _TLS:
        count["encrypted"] += 1
        if flow["last_ns"] - start["first_ns"] >= table[0]["long_ns"]:
            count["encrypted_long"] += 1


@part(b1(rows(TABLE), row(FLOW), row(FLOW_START)), inline=True)
def _is_reported(table: Any, flow: Any, start: Any) -> bool:
    """Whether somebody asks for a flow when it closes."""
    if i8(flow["flags"]) & _REPORTED or start["named"] != 0 or start["prefix"] >= 0:
        return True
    lasted_ns = flow["last_ns"] - start["first_ns"]
    return i8(flow["gate"]) & _TLS != 0 and lasted_ns >= table[0]["long_ns"]


@kernel(
    i8(
        i8,
        SLOTS,
        rows(FLOW),
        rows(FLOW_START),
        INT32S,
        rows(TABLE),
        rows(SEGMENT),
        i8,
        rows(COUNTERS),
    )
)
def close_flow(
    record: int,
    slots: Any,
    flows: Any,
    starts: Any,
    free: Any,
    table: Any,
    segments: Any,
    written: int,
    counters: Any,
) -> int:
    """Close one flow; report it if somebody reads it. Returns the new number of segments."""
    t = table[0]
    flow = flows[record]
    drop_slot(slots, hash_flow(table, flow) & u8(_TAG), record)
    flow["kind"] = i8(flow["kind"]) | DEAD
    free[t["free_tail"] % free.shape[0]] = record
    t["free_tail"] += 1
    t["live"] -= 1
    flags = i8(flow["flags"])
    first_of_slice = t["keep"] != 0 and not flags & _LATER
    if not first_of_slice:
        account(table, flow, starts[record], counters)
    # In a slice every flow is: what came before may have taught its address.
    if t["keep"] != 0 or _is_reported(table, flow, starts[record]):
        segment = segments[written]
        segment["ts_ns"] = flow["last_ns"]
        segment["packet"] = t["packets"]
        segment["flow"] = record
        segment["length"] = 0
        segment["side"] = 0
        segment["what"] = _WHAT_CLOSE
        segment["bits"] = 0
        written += 1
    return written


@part(b1(u8), inline=True)
def is_gtp(tags: int) -> bool:
    """Whether a flow's packets came through GTP, with a TEID of its own each way."""
    return i8(tags >> u8(CARRIER_SHIFT)) & 0xFF == _GTP


@part(void(row(FLOW_START), row(FRAME)))
def _note_teid(start: Any, frame: Any) -> None:
    if frame["side"]:
        start["teid_b"] = frame["teid"]
    else:
        start["teid_a"] = frame["teid"]


@part(i8(row(FRAME), i8, SLOTS, i8, rows(FLOW), rows(FLOW_START), INT32S, i8, rows(TABLE)))
def _open_flow(
    frame: Any,
    ts_ns: int,
    slots: Any,
    slot: int,
    flows: Any,
    starts: Any,
    free: Any,
    reusable: int,
    table: Any,
) -> int:
    """A record for the frame's flow, entered at the empty `slot`."""
    t = table[0]
    if t["free_head"] < reusable:
        record = i8(free[t["free_head"] % free.shape[0]])
        t["free_head"] += 1
    else:
        record = t["used"]
        t["used"] += 1
    flow = flows[record]
    flow["a_hi"] = frame["a_hi"]
    flow["a_lo"] = frame["a_lo"]
    flow["b_hi"] = frame["b_hi"]
    flow["b_lo"] = frame["b_lo"]
    flow["ports"] = frame["ports"]
    flow["tags"] = frame["tags"]
    flow["kind"] = frame["kind"]
    flow["last_ns"] = ts_ns
    flow["gate"] = 0
    answers = (i8(frame["tcp"]) & (_TCP_SYN | _TCP_ACK)) == (_TCP_SYN | _TCP_ACK)
    flow["flags"] = _FIRST_B if (i8(frame["side"]) == 1) != answers else 0
    start = starts[record]
    start["first_ns"] = ts_ns
    start["first_packet"] = t["packets"]
    start["endpoint"] = -1
    start["teid_a"] = 0
    start["teid_b"] = 0
    if is_gtp(frame["tags"]):
        _note_teid(start, frame)
    start["prefix"] = -1
    start["named"] = 0
    start["opening_a"] = 0
    start["opening_b"] = 0
    slots[slot] = ((frame["hash"] & u8(_TAG)) << u8(_TAG_SHIFT)) | u8(record + 1)
    t["live"] += 1
    return record


@part(b1(row(FLOW), i8, i8))
def _is_unsure(flow: Any, ts_ns: int, idle_ns: int) -> bool:
    """In a slice: a SYN closes an inherited flow that, as far as seen here, was unused."""
    flags = i8(flow["flags"])
    return flags & _INHERITED != 0 and flags & USED_UP == 0 and ts_ns - flow["last_ns"] <= idle_ns


@part(
    i8(
        row(FRAME),
        i8,
        i8,
        SLOTS,
        rows(FLOW),
        rows(FLOW_START),
        INT32S,
        i8,
        rows(TABLE),
        rows(ENDPOINT),
        INT32S,
        rows(SEGMENT),
        rows(COUNTERS),
    )
)
def _begin_flow(
    frame: Any,
    ts_ns: int,
    previous: int,
    slots: Any,
    flows: Any,
    starts: Any,
    free: Any,
    reusable: int,
    table: Any,
    endpoints: Any,
    endpoint_slots: Any,
    segments: Any,
    counters: Any,
) -> int:
    """Open the frame's flow, closing the `previous` one of its key (-1: none).

    Returns its record, or -1 when none is left; nothing has changed then.
    """
    t = table[0]
    if t["free_head"] >= reusable and t["used"] >= flows.shape[0]:
        return -1
    later = 0
    if previous >= 0:
        unsure = _is_unsure(flows[previous], ts_ns, t["idle_ns"])
        t["segments"] = close_flow(
            previous, slots, flows, starts, free, table, segments, t["segments"], counters
        )
        if unsure:
            segments[t["segments"] - 1]["bits"] = _UNSURE
        elif t["keep"]:
            later = _LATER
    mask = slots.shape[0] - 1
    slot = i8(frame["hash"] & u8(mask))
    while slots[slot] != 0:
        slot = (slot + 1) & mask
    record = _open_flow(frame, ts_ns, slots, slot, flows, starts, free, reusable, table)
    counters[0]["flows"] += 1
    flow = flows[record]
    flags = i8(flow["flags"]) | later
    fresh_syn = (i8(frame["tcp"]) & (_TCP_SYN | _TCP_ACK)) == _TCP_SYN
    if t["keep"] and not later and not fresh_syn:
        flags |= _INHERITED
    ports = i8(flow["ports"])
    listed = i8(-1)
    if (t["endpoint_ports"] >> u8(ports & 63)) & u8(1):
        listed = find_endpoint(
            endpoints, endpoint_slots, flow["b_hi"], flow["b_lo"], ports & 0xFFFF
        )
    if listed < 0 and (t["endpoint_ports"] >> u8((ports >> 16) & 63)) & u8(1):
        listed = find_endpoint(endpoints, endpoint_slots, flow["a_hi"], flow["a_lo"], ports >> 16)
    if listed >= 0:
        flags |= _LISTED
        starts[record]["endpoint"] = listed
        counters[0]["listed"] += 1
    flow["flags"] = flags
    return record


@part(b1(row(FLOW), row(FRAME)), inline=True)
def _same_key(flow: Any, frame: Any) -> bool:
    # Without branches: after the tag has fitted, nearly every key is the same.
    return (
        (flow["a_lo"] ^ frame["a_lo"])
        | (flow["b_lo"] ^ frame["b_lo"])
        | (flow["a_hi"] ^ frame["a_hi"])
        | (flow["b_hi"] ^ frame["b_hi"])
        | u8(flow["ports"] ^ frame["ports"])
        | u8(flow["tags"] ^ frame["tags"])
        | u8(flow["kind"] ^ frame["kind"])
    ) == u8(0)


@part(b1(row(FLOW), i8, i8, i8), inline=True)
def starts_anew(flow: Any, tcp: int, ts_ns: int, idle_ns: int) -> bool:
    """Whether a packet of a flow's key begins another flow: after a pause, or by a new SYN."""
    if ts_ns - flow["last_ns"] > idle_ns:
        return True
    fresh_syn = (tcp & (_TCP_SYN | _TCP_ACK)) == _TCP_SYN
    return fresh_syn and (i8(flow["flags"]) & (USED_UP | _INHERITED)) != 0


@part(void(row(FRAME), rows(TABLE)))
def _hash_frame(frame: Any, table: Any) -> None:
    frame["hash"] = hash_key(
        table,
        frame["a_hi"],
        frame["a_lo"],
        frame["b_hi"],
        frame["b_lo"],
        u8(frame["ports"]),
        frame["tags"],
        u8(frame["kind"]),
    )


@part(void(BYTES, rows(PACKET), i8, i8, rows(FRAME), rows(TABLE)))
def _decode_carried(
    buffer: Any, packets: Any, base: int, size: int, frames: Any, table: Any
) -> None:
    """Look into the packets of a block that may carry others: apart, or all would be slower."""
    for index in range(size):
        frame = frames[index]
        reason = i8(frame["reason"])
        if reason & CARRIED:
            frame["reason"] = decode_carried(buffer, packets[base + index], reason, frame)
            _hash_frame(frame, table)


@part(i8(row(FRAME), rows(TABLE), SLOTS, rows(FLOW), i8))
def _find_numbered(frame: Any, table: Any, slots: Any, flows: Any, number: int) -> int:
    """The record with the frame's ends and that number in its tags, or -1; the key is set so."""
    low = frame["tags"] & u8(_TAG)
    frame["tags"] = low | (u8(number) << u8(TUNNEL_SHIFT))
    _hash_frame(frame, table)
    mask = slots.shape[0] - 1
    tag = frame["hash"] & u8(_TAG)
    slot = i8(tag) & mask
    while slots[slot] != 0:
        if slots[slot] >> u8(_TAG_SHIFT) == tag:
            record = i8(slots[slot] & u8(_TAG)) - 1
            if _same_key(flows[record], frame):
                return record
        slot = (slot + 1) & mask
    return -1


@part(i8(row(FRAME), i8, rows(TABLE), SLOTS, rows(FLOW), rows(FLOW_START)))
def _place_gtp(frame: Any, ts_ns: int, table: Any, slots: Any, flows: Any, starts: Any) -> int:
    """The flow of a packet that came through GTP, or -1 for a new one; the key is set so.

    TEIDs differ by direction and the packets do not say which two belong together, so flows
    with the same ends are numbered in their tags. A packet belongs to the one that saw its
    TEID from its side, else to the first that saw none from there; else it opens the first
    number not in use, and with all in use one for its TEID alone.
    """
    teid = i8(frame["teid"])
    fitting = -1
    vacant = -1
    for number in range(GTP_FLOWS):
        record = _find_numbered(frame, table, slots, flows, number)
        if record < 0:
            if vacant < 0:
                vacant = number
            continue
        start = starts[record]
        seen = i8(start["teid_b"]) if frame["side"] else i8(start["teid_a"])
        if seen == teid:
            return record
        over = ts_ns - flows[record]["last_ns"] > table[0]["idle_ns"]
        if (seen == 0 or over) and fitting < 0:
            fitting = number
    number = fitting if fitting >= 0 else vacant
    if number < 0:
        number = (teid + GTP_FLOWS) & _TAG
    record = _find_numbered(frame, table, slots, flows, number)
    if record >= 0 and not starts_anew(flows[record], i8(frame["tcp"]), ts_ns, table[0]["idle_ns"]):
        _note_teid(starts[record], frame)
    return record


@part(
    i8(
        BYTES,
        row(PACKET),
        row(FRAME),
        row(FLOW),
        i8,
        i8,
        rows(SEGMENT),
        i8,
    ),
    inline=True,
)
def read_tcp(
    buffer: Any,
    packet: Any,
    frame: Any,
    flow: Any,
    record: int,
    number: int,
    segments: Any,
    written: int,
) -> int:
    """Flags and payload of one TCP packet; returns the new number of segments."""
    side = i8(frame["side"])
    tcp = i8(frame["tcp"])
    flags = i8(flow["flags"])
    seq = i8(frame["seq"])
    if tcp & _TCP_SYN:
        seq = (seq + 1) & 0xFFFFFFFF
        flags |= _SYN_A << side
        if flags & (_DATA_A << side):  # too late: whoever reads the flow must not be misled
            pass
        elif side:
            flow["next_b"] = seq
        else:
            flow["next_a"] = seq
    if tcp & _TCP_FIN:
        flags |= _FIN_A << side
    if tcp & _TCP_RST:
        flags |= _RST
    length = i8(frame["length"])
    if length == 0:
        flow["flags"] = flags
        return written
    position = i8(frame["payload"])
    settled = flags & (_DATA_A << side) and not flags & (_CANDIDATE | _INHERITED)
    if settled and not OPENERS[buffer[position]]:  # nothing this payload could change
        flow["flags"] = flags
        return written
    bits = 0
    for end in range(2):  # which sides' beginnings are still known
        if flags & (_SYN_A << end) and not flags & (_DATA_A << end):
            bits |= _START_A << end
    what = _WHAT_DATA
    wanted = (flags & (_CANDIDATE | _INHERITED)) != 0 and not flags & _DISMISSED
    if not flags & (_CANDIDATE | _DISMISSED):
        gate = i8(flow["gate"])
        verdict = gate
        if OPENERS[buffer[position]] and not gate & _TLS:  # nothing else begins a greeting
            other_silent = not flags & (_DATA_A << (1 - side))
            verdict = gate_payload(buffer, position, position + length, gate, side, other_silent)
            flow["gate"] = verdict & 0xFF
        # The first payload out of order: what it opens with is not known yet.
        if bits & (_START_A << side) and not verdict & (PASS | HOLD | _TLS | _HTTP):
            expected = i8(flow["next_b"]) if side else i8(flow["next_a"])
            ahead = (seq - expected) & 0xFFFFFFFF
            if 0 < ahead < _REORDER_WINDOW:
                verdict |= PASS
        if not flags & (_DATA_A << side) and not verdict & (PASS | HOLD | _TLS | _HTTP):
            other_silent = not flags & (_DATA_A << (1 - side))
            verdict = gate_first(buffer, position, position + length, verdict, side, other_silent)
            flow["gate"] = verdict & 0xFF
        if verdict & PASS:
            flags |= _CANDIDATE
            bits |= _OPEN
            wanted = True
        elif verdict & HOLD:
            what = _WHAT_HEAD
            wanted = True
        if flags & _INHERITED:
            what = _WHAT_KEPT
    elif flags & _INHERITED:
        what = _WHAT_KEPT
    flags |= _DATA_A << side
    flow["flags"] = flags
    if wanted:
        segment = segments[written]
        segment["ts_ns"] = packet["ts_ns"]
        segment["packet"] = number
        segment["flow"] = record
        segment["offset"] = position
        segment["length"] = length
        segment["wire"] = frame["wire"]
        segment["seq"] = seq
        segment["frame_offset"] = position - i8(packet["offset"])
        segment["side"] = side
        segment["what"] = what
        segment["bits"] = bits
        written += 1
    return written


@part(b1(BYTES, row(FRAME), row(FLOW)), inline=True)
def may_hold_names(buffer: Any, frame: Any, flow: Any) -> bool:
    """Whether a payload is worth looking into for names: DNS, or the beginning of TLS or HTTP.

    Payload of a flow that began before the slice is looked into when the slices are merged,
    except DNS, whose messages stand for themselves.
    """
    ports = i8(frame["ports"])
    if ports >> 16 == _DNS_PORT or ports & 0xFFFF == _DNS_PORT:
        return True
    if not i8(frame["kind"]) & 1 or i8(flow["flags"]) & _INHERITED:
        return False
    position = i8(frame["payload"])
    if i8(flow["gate"]) & _OPENING:
        return True
    return NAME_OPENERS[buffer[position]] and opens_name(
        buffer, position, position + i8(frame["length"])
    )


@part(
    i8(
        BYTES,
        i8,
        i8,
        row(FRAME),
        row(FLOW),
        row(FLOW_START),
        i8,
        i8,
        NAMES_TYPE,
        rows(SEGMENT),
        i8,
    ),
    inline=True,
)
def read_names(
    buffer: Any,
    ts_ns: int,
    frame_offset: int,
    frame: Any,
    flow: Any,
    start: Any,
    record: int,
    number: int,
    names: Any,
    segments: Any,
    written: int,
) -> int:
    """The names in one payload; returns the new number of segments."""
    position = i8(frame["payload"])
    length = i8(frame["length"])
    side = i8(frame["side"])
    if not i8(frame["kind"]) & 1:
        return read_datagram(
            buffer,
            position,
            length,
            side,
            ts_ns,
            number,
            frame_offset,
            flow,
            start,
            record,
            names,
            segments,
            written,
        )
    seq = i8(frame["seq"])
    if i8(frame["tcp"]) & _TCP_SYN:
        seq = (seq + 1) & 0xFFFFFFFF
    return read_payload(
        buffer,
        position,
        length,
        length < i8(frame["wire"]),
        seq,
        side,
        ts_ns,
        number,
        frame_offset,
        flow,
        start,
        record,
        names,
        segments,
        written,
    )


@kernel(
    i8(
        BYTES,
        rows(PACKET),
        i8,
        i8,
        rows(FRAME),
        SLOTS,
        rows(FLOW),
        rows(FLOW_START),
        INT32S,
        rows(TABLE),
        rows(ENDPOINT),
        INT32S,
        rows(NAMES),
        rows(NEIGHBOUR),
        SLOTS,
        rows(SEGMENT),
        rows(COUNTERS),
        INT32S,
    )
)
def scan_packets(
    buffer: Any,
    packets: Any,
    begin: int,
    count: int,
    frames: Any,
    slots: Any,
    flows: Any,
    starts: Any,
    free: Any,
    table: Any,
    endpoints: Any,
    endpoint_slots: Any,
    names: Any,
    neighbours: Any,
    told: Any,
    segments: Any,
    counters: Any,
    records: Any,
) -> int:
    """Scan `packets[begin:count]`; return the index of the first packet not scanned.

    It stops early when `segments` is nearly full (read them and call again) or when no
    flow record is left (`table.live` equals the capacity: make room and call again).
    `frames` is scratch; its length is the block size. `records[i]` becomes the flow record of
    `packets[i]`, as far as it is long enough; where a packet is of no flow it is left alone.
    """
    t = table[0]
    known = names[0]
    tally = counters[0]
    reasons = tally["reasons"]
    mask = u8(slots.shape[0] - 1)
    reusable = t["free_tail"]
    idle_ns = t["idle_ns"]
    back_ns = t["back_ns"]
    number = t["packets"]
    now_ns = t["now_ns"]
    wire_bytes = i8(0)
    captured_bytes = i8(0)
    truncated = i8(0)
    probes = i8(0)
    written = i8(0)
    block = frames.shape[0]
    base = begin
    stopped = False
    while base < count and not stopped:
        size = min(block, count - base)
        marks = i8(0)
        for index in range(size):
            frame = frames[index]
            reason = decode_frame(buffer, packets[base + index], frame)
            frame["reason"] = reason
            marks |= reason
            if reason == 0:
                hashed = hash_key(
                    table,
                    frame["a_hi"],
                    frame["a_lo"],
                    frame["b_hi"],
                    frame["b_lo"],
                    u8(frame["ports"]),
                    frame["tags"],
                    u8(frame["kind"]),
                )
                frame["hash"] = hashed
                prefetch(slots, i8(hashed & mask))
        if marks & CARRIED:
            _decode_carried(buffer, packets, base, size, frames, table)
        for index in range(size):
            frame = frames[index]
            if frame["reason"] == 0:
                entry = slots[i8(frame["hash"] & mask)]
                if entry >> u8(_TAG_SHIFT) == frame["hash"] & u8(_TAG) and entry != 0:
                    prefetch(flows, i8(entry & u8(_TAG)) - 1)
        for index in range(size):
            frame = frames[index]
            packet = packets[base + index]
            ts_ns = packet["ts_ns"]
            if frame["reason"] == 0:
                tag = frame["hash"] & u8(_TAG)
                slot = i8(frame["hash"] & mask)
                record = i8(-1)
                entry = slots[slot]
                while entry != 0:
                    if entry >> u8(_TAG_SHIFT) == tag:
                        found = i8(entry & u8(_TAG)) - 1
                        if _same_key(flows[found], frame):
                            record = found
                            break
                    slot = (slot + 1) & i8(mask)
                    entry = slots[slot]
                    probes += 1
                if is_gtp(frame["tags"]):
                    record = _place_gtp(frame, ts_ns, table, slots, flows, starts)
                tcp = i8(frame["tcp"])
                if written + _ROWS_PER_PACKET > segments.shape[0]:
                    stopped = True
                    size = index
                    break
                if record < 0 or starts_anew(flows[record], tcp, ts_ns, idle_ns):
                    t["packets"] = number + 1
                    t["segments"] = written
                    record = _begin_flow(
                        frame,
                        ts_ns,
                        record,
                        slots,
                        flows,
                        starts,
                        free,
                        reusable,
                        table,
                        endpoints,
                        endpoint_slots,
                        segments,
                        counters,
                    )
                    written = t["segments"]
                    if record < 0:
                        stopped = True
                        size = index
                        break
                    if known["learned"] > 0 or known["prefixes_count"] > 0:
                        mark_flow(known, flows[record], starts[record])
                if base + index < records.shape[0]:
                    records[base + index] = record
                flow = flows[record]
                if ts_ns > flow["last_ns"] or flow["last_ns"] - ts_ns > back_ns:
                    flow["last_ns"] = ts_ns
                seen = _SEEN_A << i8(frame["side"])
                flags = i8(flow["flags"])
                if not flags & seen:
                    newest_ns = max(now_ns, ts_ns)
                    note_neighbours(buffer, packet, frame, newest_ns, neighbours, counters)
                flags |= seen
                flow["flags"] = flags
                if tcp & (_TCP_SYN | _TCP_FIN | _TCP_RST) or (
                    frame["length"] > 0 and i8(frame["kind"]) & 1
                ):
                    written = read_tcp(
                        buffer, packet, frame, flow, record, number + 1, segments, written
                    )
                if frame["length"] > 0 and may_hold_names(buffer, frame, flow):
                    written = read_names(
                        buffer,
                        i8(ts_ns),
                        i8(frame["payload"]) - i8(packet["offset"]),
                        frame,
                        flow,
                        starts[record],
                        record,
                        number + 1,
                        known,
                        segments,
                        written,
                    )
                elif frame["length"] > 0 and not i8(frame["kind"]) & 1:
                    how = announcement(buffer, frame)
                    if how != 0:
                        written = hand_out(
                            buffer,
                            packet,
                            how,
                            i8(frame["payload"]),
                            i8(frame["length"]),
                            record,
                            i8(frame["side"]),
                            number + 1,
                            told,
                            table,
                            counters,
                            segments,
                            written,
                        )
            else:
                if frame["reason"] == _NOT_IP:
                    if written + _ROWS_PER_PACKET > segments.shape[0]:
                        stopped = True
                        size = index
                        break
                    position = find_arp(buffer, packet)
                    if position > 0:
                        written = hand_out(
                            buffer,
                            packet,
                            1,
                            position,
                            28,
                            -1,
                            0,
                            number + 1,
                            told,
                            table,
                            counters,
                            segments,
                            written,
                        )
                reasons[i8(frame["reason"])] += 1
            number += 1
            now_ns = max(now_ns, ts_ns)
            wire_bytes += i8(packet["wirelen"])
            captured_bytes += i8(packet["caplen"])
            truncated += i8(packet["caplen"] < packet["wirelen"])
        base += size
    t["packets"] = number
    t["now_ns"] = now_ns
    t["segments"] = written
    tally["packets"] += base - begin
    tally["bytes"] += wire_bytes
    tally["captured_bytes"] += captured_bytes
    tally["truncated"] += truncated
    tally["probes"] += probes
    return base


@kernel(
    i8(
        i8,
        i8,
        b1,
        SLOTS,
        rows(FLOW),
        rows(FLOW_START),
        INT32S,
        rows(TABLE),
        rows(SEGMENT),
        rows(COUNTERS),
    )
)
def close_before(
    begin: int,
    before_ns: int,
    candidates_too: bool,
    slots: Any,
    flows: Any,
    starts: Any,
    free: Any,
    table: Any,
    segments: Any,
    counters: Any,
) -> int:
    """Close every living flow last seen before `before_ns`, from record `begin` on.

    Candidates are spared unless `candidates_too`. Returns where to go on when the
    segments were full, or the number of records used when done.
    """
    written = 0
    t = table[0]
    for record in range(begin, t["used"]):
        if written + 1 > segments.shape[0]:
            t["segments"] = written
            return record
        flow = flows[record]
        if i8(flow["kind"]) & DEAD or flow["last_ns"] >= before_ns:
            continue
        spared = (i8(flow["flags"]) & (_CANDIDATE | _DISMISSED)) == _CANDIDATE
        if spared and not candidates_too:
            continue
        written = close_flow(record, slots, flows, starts, free, table, segments, written, counters)
    t["segments"] = written
    return t["used"]


@kernel(
    i8(
        i8,
        INT32S,
        SLOTS,
        rows(FLOW),
        rows(FLOW_START),
        INT32S,
        rows(TABLE),
        rows(SEGMENT),
        rows(COUNTERS),
    )
)
def close_chosen(
    begin: int,
    chosen: Any,
    slots: Any,
    flows: Any,
    starts: Any,
    free: Any,
    table: Any,
    segments: Any,
    counters: Any,
) -> int:
    """Close the living flows `chosen` by record, from that place in it on.

    Returns where to go on when the segments were full, or the length when done.
    """
    written = 0
    t = table[0]
    for index in range(begin, chosen.shape[0]):
        if written + 1 > segments.shape[0]:
            t["segments"] = written
            return index
        record = i8(chosen[index])
        if i8(flows[record]["kind"]) & DEAD:
            continue
        written = close_flow(record, slots, flows, starts, free, table, segments, written, counters)
    t["segments"] = written
    return chosen.shape[0]


@kernel(
    i8(i8, rows(FLOW), rows(FLOW_START), rows(TABLE), rows(SEGMENT), rows(COUNTERS)),
)
def end_flows(begin: int, flows: Any, starts: Any, table: Any, segments: Any, counters: Any) -> int:
    """The capture is over: count every living flow from record `begin` on, report the read ones.

    The table is of no use afterwards. Returns where to go on when the segments were full,
    or the number of records used when done.
    """
    written = 0
    t = table[0]
    for record in range(begin, t["used"]):
        if written + 1 > segments.shape[0]:
            t["segments"] = written
            return record
        flow = flows[record]
        if i8(flow["kind"]) & DEAD:
            continue
        account(table, flow, starts[record], counters)
        if _is_reported(table, flow, starts[record]):
            segment = segments[written]
            segment["ts_ns"] = flow["last_ns"]
            segment["packet"] = t["packets"]
            segment["flow"] = record
            segment["length"] = 0
            segment["side"] = 0
            segment["what"] = _WHAT_CLOSE
            segment["bits"] = 0
            written += 1
    t["segments"] = written
    return t["used"]
