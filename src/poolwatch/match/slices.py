"""Joining the matchers of consecutive slices of one capture.

The answer is that of one matcher reading the whole, as long as no bound bit, and it does
not matter which neighbours are joined first. What a slice kept unread of flows that began
before it is read once the slice in front is there.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from poolwatch.kernels.flows import GTP_FLOWS, USED_UP
from poolwatch.kernels.merge import (
    find_flow,
    insert_flow,
    join_flow,
    join_start,
    merge_neighbours,
    merge_plain,
    name_flow,
    replay_segment,
)
from poolwatch.layouts import (
    COUNTERS,
    DEAD,
    FRAME,
    NAMED,
    PACKET,
    TUNNEL_SHIFT,
    Carrier,
    FlowFlag,
    SegmentBit,
    tunnel_of,
)
from poolwatch.match.matcher import NO_BYTES, Closed, Kept, Matcher
from poolwatch.match.prefilter import key_of
from poolwatch.match.stream import Stream
from poolwatch.terms import Hit

_TCP = 6
_DNS_PORT = 53
_READ = int(FlowFlag.CANDIDATE | FlowFlag.DISMISSED)
_DATA = int(FlowFlag.DATA_A | FlowFlag.DATA_B)
_TEIDS = ("teid_a", "teid_b")
_SYN = int(FlowFlag.SYN_A | FlowFlag.SYN_B)


def merge(first: Matcher, later: Matcher) -> list[Hit]:
    """Continue `first` with what `later` found in the slice behind it.

    `later` is used up. Returns the hits that are settled now.
    """
    base = first.table.packets
    _renumber(later, base)
    first.tally += later.tally
    for name in COUNTERS.names or ():
        first.table.counters[name] += later.table.counters[name]
    ours, theirs = first.table.table, later.table.table
    ours["packets"] += theirs["packets"]
    before_ns = int(ours["now_ns"][0])
    ours["now_ns"] = max(before_ns, theirs["now_ns"][0])
    merge_neighbours(
        first.table.neighbours, later.table.neighbours, before_ns, first.table.counters
    )
    first.identities.adopt(later.identities)
    _adopt_names(first, later, base)
    for closed in sorted(later.closed, key=lambda closed: not _is_dns(closed.flow[0])):
        _merge_flow(first, closed)
    # What an answer cut in two taught comes before the flows to the addresses it named.
    for record in [r for r in later.kept if _is_dns(later.table.flows[r])]:
        _merge_flow(first, _living(later, record), still_open=True)
        later.table.flows["kind"][record] |= np.uint8(DEAD)
    for record in _merge_plain(first, later):
        _merge_flow(first, _living(later, record), still_open=True)
    for closed in later.over:
        _settle(first, closed)
    first.table.names.learn(later.table.names)  # not before: it came behind the flows above
    if first.companions is not None and later.companions is not None:
        first.companions.merge(later.companions, base)
    first.lookups += later.lookups
    return first.give() + later.give()


def _living(later: Matcher, record: int) -> Closed:
    """A flow that is still open at the end of the later slice."""
    return Closed(
        later.table.flows[record : record + 1].copy(),
        later.table.starts[record : record + 1].copy(),
        later.streams.get(record),
        later.kept.get(record),
        later.heads.get(record),
        later.names.flows.get(record),
        unsure=False,
    )


def _is_dns(flow: Any) -> bool:
    """Whether a flow may be DNS over TCP."""
    key = key_of(flow)
    return key.protocol == _TCP and _DNS_PORT in (key.a_port, key.b_port)


def _renumber(matcher: Matcher, base: int) -> None:
    """Count packets from the beginning of the slices in front."""
    matcher.table.starts["first_packet"] += base
    parts: list[Stream | Kept | Hit] = [*matcher.streams.values(), *matcher.kept.values()]
    for part in parts + list(matcher.hits):
        part.shift(base)
    for hit in matcher.lookups:
        hit.shift(base)
    matcher.names.shift(base)
    _renumber_names(matcher.table.starts, base)
    for record, head in matcher.heads.items():
        matcher.heads[record] = head._replace(packet=head.packet + base)
    for closed in matcher.closed + matcher.over:
        closed.start["first_packet"] += base
        _renumber_names(closed.start, base)
        if closed.names:
            closed.names.shift(base)
        if closed.stream:
            closed.stream.shift(base)
        if closed.kept:
            closed.kept.shift(base)
        if closed.head:
            closed.head = closed.head._replace(packet=closed.head.packet + base)


def _renumber_names(starts: Any, base: int) -> None:
    starts["named"][starts["named"] > 0] += base


def _adopt_names(first: Matcher, later: Matcher, base: int) -> None:
    """Take over the openings and lessons of a later slice, before its flows."""
    numbers = first.table.names.adopt(later.table.names, base)
    starts = [later.table.starts, *(closed.start for closed in later.closed + later.over)]
    for start in starts:
        for side in ("opening_a", "opening_b"):
            start[side][start[side] > 0] += np.uint32(numbers)
    learned = later.table.names.arrays["learned"]
    learned["packet"] += base
    first.names.lessons |= later.names.lessons
    first.long_flows.adopt(later.long_flows, base)


def _settle(first: Matcher, closed: Closed) -> None:
    """A flow that began and closed in the later slice: only an answer in front can matter."""
    name_flow(first.table.names.state, closed.flow, closed.start, 0)
    if closed.stream is not None:
        closed.stream.count_in(first.tally)
    if first.table.keep and len(first.over) < first.limits.held_flows:
        first.over.append(closed)
        return
    if first.table.keep:
        first.tally["slice_flows_shed"] += 1
    first.note_companion(closed)
    first.draw(closed)


def _merge_plain(first: Matcher, later: Matcher) -> list[int]:
    """Merge the flows nobody reads; return the records of the others."""
    into, out = first.table, later.table
    into.fold()
    used = int(out.table["used"][0])
    left = np.zeros(used, np.int32)
    into.reserve(used)
    count = merge_plain(
        into.slots,
        into.flows,
        into.starts,
        into.free,
        into.table,
        into.counters,
        into.names.state,
        out.flows,
        out.starts,
        used,
        left,
    )
    records: list[int] = left[:count].tolist()
    return records


def _merge_flow(first: Matcher, closed: Closed, *, still_open: bool = False) -> None:
    """Take over one flow that needs more than its record joined."""
    table = first.table
    record = _find(first, closed)
    if record >= 0 and _ends_before(first, record, closed):
        _close(first, record, unsure=_is_unsure(first, record, closed))
        record = -1
    if record >= 0:
        table.counters["flows"] -= 1  # both slices counted it
        if int(closed.flow["flags"][0]) & FlowFlag.LISTED:
            table.counters["listed"] -= 1
        for teid in _TEIDS:
            table.starts[teid][record] = table.starts[teid][record] or closed.start[teid][0]
        join_start(table.starts, record, closed.start, 0)
        if closed.kept is None:
            join_flow(table.flows, record, closed.flow, 0)
        else:
            _join_kept(first, record, closed.flow, closed.kept)
        _adopt(first, record, closed)
    else:
        record = _insert(first, closed)
        if record < 0:
            return
        name_flow(table.names.state, table.flows, table.starts, record)
        _adopt(first, record, closed)
        inherited = int(table.flows["flags"][record]) & FlowFlag.INHERITED
        if closed.kept is not None and inherited:
            first.kept[record] = closed.kept
            first.kept_bytes += closed.kept.bytes
        elif closed.kept is not None:
            _read_kept(first, record, closed.kept)
    if still_open:
        return
    flags = int(table.flows["flags"][record])
    if closed.unsure and not flags & (USED_UP | FlowFlag.INHERITED):
        return  # that SYN only repeated the one we saw: the flow goes on
    _close(first, record, unsure=closed.unsure and bool(flags & FlowFlag.INHERITED))


def _find(first: Matcher, closed: Closed) -> int:
    """Our record of the flow that a later slice's continues, or -1.

    Flows below GTP are numbered anew, as `_place_gtp` does for their packets.
    """
    table = first.table
    tags = int(closed.flow["tags"][0])
    if tunnel_of(tags)[0] is not Carrier.GTP or tunnel_of(tags)[1] >= GTP_FLOWS:
        return int(find_flow(table.slots, table.flows, table.table, closed.flow, 0))
    base = tags & ((1 << TUNNEL_SHIFT) - 1)
    fitting: list[int] = []
    vacant: list[int] = []
    for number in range(GTP_FLOWS):
        closed.flow["tags"] = base | number << TUNNEL_SHIFT
        record = int(find_flow(table.slots, table.flows, table.table, closed.flow, 0))
        if record < 0:
            vacant.append(number)
        elif _same_tunnels(first, record, closed):
            return record
        elif _same_tunnels(first, record, closed) is None or _paused(first, record, closed):
            fitting.append(number)
    theirs = next((int(closed.start[teid][0]) for teid in _TEIDS if closed.start[teid][0]), 0)
    number = [*fitting, *vacant, (theirs + GTP_FLOWS) & 0xFFFFFFFF][0]
    closed.flow["tags"] = base | number << TUNNEL_SHIFT
    return int(find_flow(table.slots, table.flows, table.table, closed.flow, 0))


def _same_tunnels(first: Matcher, record: int, closed: Closed) -> bool | None:
    """Whether two flows came in the same GTP tunnels; None when no side was seen in both."""
    starts = first.table.starts
    pairs = [(int(starts[teid][record]), int(closed.start[teid][0])) for teid in _TEIDS]
    both = [ours == theirs for ours, theirs in pairs if ours and theirs]
    return all(both) if both else None


def _ends_before(first: Matcher, record: int, closed: Closed) -> bool:
    """Whether our flow of that key was over when the later slice's began."""
    flags = int(first.table.flows["flags"][record])
    fresh = not int(closed.flow["flags"][0]) & FlowFlag.INHERITED
    return _paused(first, record, closed) or (
        fresh and bool(flags & (USED_UP | FlowFlag.INHERITED))
    )


def _paused(first: Matcher, record: int, closed: Closed) -> bool:
    pause = int(closed.start["first_ns"][0]) - int(first.table.flows["last_ns"][record])
    return pause > int(first.table.table["idle_ns"][0])


def _is_unsure(first: Matcher, record: int, closed: Closed) -> bool:
    flags = int(first.table.flows["flags"][record])
    unused = bool(flags & FlowFlag.INHERITED) and not flags & USED_UP
    return unused and not _paused(first, record, closed)


def _close(first: Matcher, record: int, *, unsure: bool) -> None:
    rows = first.table.close(record)
    if unsure:
        rows = [(*row[:10], row[10] | int(SegmentBit.UNSURE), *row[11:]) for row in rows]
    first.take(rows, NO_BYTES)


def _insert(first: Matcher, closed: Closed) -> int:
    """A record for a flow whose key we have not; -1 when the table has no room."""
    table = first.table
    if table.keep and key_of(closed.flow[0]) in first.closed_keys:
        flags = int(closed.flow["flags"][0]) & ~int(FlowFlag.INHERITED)
        closed.flow["flags"] = flags | FlowFlag.LATER  # it began here: nothing to wait for
    for _ in range(2):
        table.fold()
        table.reserve(1)
        record: int = insert_flow(
            table.slots,
            table.flows,
            table.starts,
            table.free,
            table.table,
            closed.flow,
            closed.start,
            0,
        )
        if record >= 0:
            return record
        for rows in table.make_room():
            first.take(rows, NO_BYTES)
    return -1


def _adopt(first: Matcher, record: int, closed: Closed) -> None:
    """Go on with what the later slice was reading of this flow."""
    if closed.kept is None:
        carried = int(closed.flow["flags"][0]) & _READ
        first.table.flows["flags"][record] |= np.uint16(carried)
    if closed.stream is not None:
        first.adopt(record, closed.stream)
    if closed.head is not None:
        first.hold_head(record, closed.head)
    if closed.names is not None:
        first.names.adopt(record, closed.names)
        if closed.names.listed and not first.table.starts["named"][record]:
            first.table.starts["named"][record] = NAMED


def _join_kept(first: Matcher, record: int, flow: Any, kept: Kept) -> None:
    """Continue our flow with payload the later slice kept."""
    table = first.table
    if table.keep and int(table.flows["flags"][record]) & FlowFlag.INHERITED:
        ours = first.kept.setdefault(record, Kept())
        begun = _begun(int(table.flows["flags"][record]))
        ours.segments += kept.segments
        ours.headers += kept.headers
        ours.begun += [bits | begun for bits in kept.begun]
        ours.bytes += kept.bytes
        ours.worth_reading |= kept.worth_reading
        ours.shed |= kept.shed
        first.kept_bytes += kept.bytes
        join_flow(table.flows, record, flow, 0)
        return
    flags, seen = int(table.flows["flags"][record]), int(flow["flags"][0])
    for syn, data, begins in (
        (FlowFlag.SYN_A, FlowFlag.DATA_A, "next_a"),
        (FlowFlag.SYN_B, FlowFlag.DATA_B, "next_b"),
    ):
        if seen & syn and not flags & data:  # a handshake the cut went through
            table.flows[begins][record] = flow[begins][0]
    _replay(first, record, kept)
    gate = table.flows["gate"][record]  # what the whole shows, not what the slice alone did
    join_flow(table.flows, record, flow, 0)
    table.flows["gate"][record] = gate


def _read_kept(first: Matcher, record: int, kept: Kept) -> None:
    """Read what was kept of a flow: nothing will come in front of it any more."""
    flows = first.table.flows
    flags = int(flows["flags"][record])
    flows["flags"][record] = flags & ~(_DATA | _SYN | _READ | int(FlowFlag.INHERITED))
    flows["gate"][record] = 0
    _replay(first, record, kept)
    flows["flags"][record] |= np.uint16(flags & (_DATA | _SYN))


def _begun(flags: int) -> int:
    """The sides whose SYN a flow has seen, as bits of a segment."""
    bits = int(SegmentBit.START_A) if flags & FlowFlag.SYN_A else 0
    return bits | (int(SegmentBit.START_B) if flags & FlowFlag.SYN_B else 0)


def _replay(first: Matcher, record: int, kept: Kept) -> None:
    """Show kept payload to the gate and the streams as if it came now."""
    packets, frames = np.zeros(1, PACKET), np.zeros(1, FRAME)
    table = first.table
    flows = table.flows
    frames["kind"] = flows["kind"][record]
    for segment, begun, header in zip(kept.segments, kept.begun, kept.headers, strict=True):
        for start, syn in (
            (SegmentBit.START_A, FlowFlag.SYN_A),
            (SegmentBit.START_B, FlowFlag.SYN_B),
        ):
            if begun & start:
                flows["flags"][record] |= np.uint16(syn)
        buffer = np.frombuffer(segment.data, np.uint8)
        packets["ts_ns"] = segment.ts_ns
        frames["length"], frames["wire"] = len(buffer), segment.wire
        frames["seq"], frames["side"] = segment.seq, segment.side
        count = replay_segment(
            buffer,
            packets,
            frames,
            table.flows,
            table.starts,
            record,
            segment.packet,
            segment.offset,
            table.names.state,
            table.segments,
        )
        if count:
            first.take(table.segments[:count].tolist(), buffer, header)
