"""Rings of recent packets: what comes before a flow is known to matter.

Packets of kept flows are picked out; of the others, those of flows that are being read go
into one ring, those of young flows into another, so that a flood of new flows does not push
out what is more likely to be wanted. Each packet points to the one before of its flow record.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from poolwatch.kernels import BYTES, INT32S, INT64S, bundle, i8, kernel, part, row, rows, void
from poolwatch.kernels.intrinsics import copy_bytes, prefetch
from poolwatch.layouts import FLOW, FLOW_START, PACKET, RECENT, RECENT_STATE, FlowFlag

_READ = int(FlowFlag.CANDIDATE | FlowFlag.LISTED)
_DISMISSED = int(FlowFlag.DISMISSED)
_NO_END = 1 << 62
_FAR, _NEAR = 24, 8  # packets


class Ring(NamedTuple):
    """`rows` (RECENT, a power of two), their bytes, `state` (RECENT_STATE, one row), and of each
    flow record its last row, counted over all rows ever written (-1: none).
    """

    rows: Any
    data: Any
    state: Any
    last: Any


RING: Any = bundle(Ring, rows(RECENT), BYTES.copy(readonly=False), rows(RECENT_STATE), INT64S)


@part(void(BYTES, row(PACKET), i8, i8, i8, i8, RING))
def _put(
    buffer: Any, packet: Any, number: int, record: int, begin: int, most: int, ring: Any
) -> None:
    """One packet into a ring, unless it has `most` of its flow; its bytes never go around the end.

    `begin`: the flow's first packet.
    """
    state = ring.state[0]
    mask = i8(ring.rows.shape[0]) - 1
    before = ring.last[record]
    count = i8(1)
    if before >= 0 and before >= state["rows"] - ring.rows.shape[0]:
        entry = ring.rows[before & mask]
        if entry["number"] >= begin:
            count = i8(entry["count"]) + 1
    if count > most:
        return
    size = i8(ring.data.shape[0])
    caplen = i8(packet["caplen"])
    if caplen > size:
        return
    place = state["place"]
    if place + caplen > size:
        state["bytes"] += size - place
        place = i8(0)
    copy_bytes(ring.data, place, buffer, i8(packet["offset"]), caplen)
    entry = ring.rows[state["rows"] & mask]
    entry["ts_ns"] = packet["ts_ns"]
    entry["number"] = number
    entry["at"] = state["bytes"]
    entry["previous"] = before
    entry["count"] = count
    entry["record"] = record
    entry["caplen"] = caplen
    entry["wirelen"] = packet["wirelen"]
    entry["link"] = packet["link"]
    entry["interface"] = packet["interface"]
    ring.last[record] = state["rows"]
    state["rows"] += 1
    state["bytes"] += caplen
    state["place"] = place + caplen if place + caplen < size else 0


@kernel(
    i8(
        BYTES,
        rows(PACKET),
        i8,
        i8,
        INT32S,
        rows(FLOW),
        rows(FLOW_START),
        i8,
        i8,
        INT64S,
        RING,
        RING,
        INT32S,
    )
)
def keep_recent(
    buffer: Any,
    packets: Any,
    count: int,
    first_number: int,
    records: Any,
    flows: Any,
    starts: Any,
    young_ns: int,
    young_packets: int,
    kept: Any,
    young: Any,
    read: Any,
    picked: Any,
) -> int:
    """Sort the packets of a batch just scanned; `first_number` is the first one's.

    A flow counts as young for `young_ns`, and for so many packets.

    `kept[record]` is the first packet of the kept flow there, 0 for none; the indexes of its
    packets go into `picked`, and their number is returned. A record that is another flow's by
    now tells so by its own first packet.
    """
    found = i8(0)
    mask = i8(young.rows.shape[0]) - 1
    for index in range(count):
        if index + _FAR < count:  # each packet is of another flow: ask for memory ahead
            ahead = i8(records[index + _FAR])
            if ahead >= 0:
                prefetch(kept, ahead)
                prefetch(flows, ahead)
                prefetch(starts, ahead)
                prefetch(young.last, ahead)
            ahead = i8(records[index + _NEAR])
            if ahead >= 0:
                prefetch(young.rows, young.last[ahead] & mask)
        record = i8(records[index])
        if record < 0:
            continue
        number = first_number + index
        start = starts[record]
        begin = i8(start["first_packet"])
        is_own = number >= begin  # else the record has been given to a later flow
        wanted = kept[record]
        if wanted > 0 and number >= wanted and (begin == wanted or not is_own):
            picked[found] = index
            found += 1
            continue
        flags = i8(flows[record]["flags"])
        is_read = (flags & _READ) != 0 and (flags & _DISMISSED) == 0
        if is_read or start["named"] != 0 or start["prefix"] >= 0:
            _put(buffer, packets[index], number, record, begin, _NO_END, read)
        elif not is_own or packets[index]["ts_ns"] - start["first_ns"] <= young_ns:
            _put(buffer, packets[index], number, record, begin, young_packets, young)
    return found
