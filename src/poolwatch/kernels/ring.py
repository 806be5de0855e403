"""Walks the blocks of an AF_PACKET ring (TPACKET_V3) in place: frames in, PACKET rows out.

The layout is that of `linux/if_packet.h`: a block descriptor, then frames, each a tpacket3_hdr,
a sockaddr_ll, room, and the packet. The kernel has taken the outermost VLAN tag out of the
packet; it is put back by moving the two MAC addresses forward into the room.
"""

from __future__ import annotations

from typing import Any

from poolwatch.kernels import BYTES, WRITABLE, i8, kernel, rows, void
from poolwatch.kernels.intrinsics import acquire32, little16, little32, release32
from poolwatch.layouts import PACKET, RING, Link

# Block descriptor.
STATUS = 8
COUNT = 12
FIRST = 16
USER = 1  # in the status: the block is ours

# tpacket3_hdr, and the packet type in the sockaddr_ll behind it.
HEADER_BYTES = 68
TAG_BYTES = 4
_SECONDS = 4
_NANOSECONDS = 8
_KEPT = 12
_LENGTH = 16
_FRAME_STATUS = 20
_MAC = 24
_TCI = 32
_TPID = 36
_TYPE = 58
_OUTGOING = 4

_TAGGED = 1 << 4
_TPID_GIVEN = 1 << 6
_HARDWARE = 1 << 31
_NS = 1_000_000_000
_ETHERNET = int(Link.ETHERNET)

NOT_OURS = -1


@kernel(i8(WRITABLE, rows(PACKET), rows(RING)))
def walk_block(block: Any, packets: Any, ring: Any) -> int:
    """Write a row for each frame of a block; return their number, NOT_OURS if the kernel has it.

    `ring["left"]` frames are still to come when the rows are full: call again with the same
    block. A block whose lengths do not fit is left where that shows, and counted.
    """
    state = ring[0]
    size = i8(block.shape[0])
    if state["position"] == 0:
        if size < 48 or acquire32(block, STATUS) & USER == 0:
            return NOT_OURS
        state["left"] = little32(block, COUNT)
        state["position"] = little32(block, FIRST)
    count = 0
    position = i8(state["position"])
    left = i8(state["left"])
    while left > 0 and count < packets.shape[0]:
        if position < 48 or position + HEADER_BYTES > size:
            state["damaged"] += 1
            left = 0
            break
        step = little32(block, position)
        caplen = little32(block, position + _KEPT)
        wirelen = little32(block, position + _LENGTH)
        status = little32(block, position + _FRAME_STATUS)
        mac = little16(block, position + _MAC)
        start = position + mac
        if mac < HEADER_BYTES or start + caplen > size or (step < HEADER_BYTES and left > 1):
            state["damaged"] += 1
            left = 0
            break
        outgoing = i8(block[position + _TYPE]) == _OUTGOING
        left -= 1
        if outgoing and state["skip_outgoing"] != 0:
            position += step
            continue
        if outgoing:
            state["outgoing"] += 1
        if caplen < wirelen:
            state["cut"] += 1
        tagged = status & _TAGGED != 0 and i8(state["link"]) == _ETHERNET and caplen >= 12
        if tagged and mac >= HEADER_BYTES + TAG_BYTES:
            start -= TAG_BYTES
            for i in range(12):
                block[start + i] = block[start + i + TAG_BYTES]
            tpid = i8(0x8100)
            if status & _TPID_GIVEN != 0:
                tpid = little16(block, position + _TPID)
            tci = little16(block, position + _TCI)
            block[start + 12] = tpid >> 8
            block[start + 13] = tpid & 0xFF
            block[start + 14] = tci >> 8
            block[start + 15] = tci & 0xFF
            caplen += TAG_BYTES
            wirelen += TAG_BYTES
        if state["hardware"] != 0 and status & _HARDWARE == 0:
            state["untimed"] += 1
        ts_ns = little32(block, position + _SECONDS) * _NS
        ts_ns += little32(block, position + _NANOSECONDS)
        packet = packets[count]
        packet["ts_ns"] = ts_ns
        packet["offset"] = start
        packet["caplen"] = caplen
        packet["wirelen"] = wirelen
        packet["link"] = state["link"]
        packet["interface"] = state["interface"]
        count += 1
        state["bytes"] += wirelen
        if ts_ns > state["last_ns"]:
            state["last_ns"] = ts_ns
        position += step
    state["packets"] += count
    state["left"] = left
    state["position"] = position if left > 0 else 0
    return count


@kernel(void(WRITABLE))
def give_back(block: Any) -> None:
    """Hand a block back to the kernel."""
    release32(block, STATUS, 0)


@kernel(i8(BYTES, rows(PACKET, readonly=True), i8, i8, WRITABLE, i8, rows(PACKET), i8))
def copy_packets(
    block: Any, packets: Any, first: int, count: int, out: Any, place: int, copied: Any, at: int
) -> int:
    """Copy `count` packets and their rows to `out[place:]` and `copied[at:]`; return the end.

    The caller sees to it that there is room for the block.
    """
    for index in range(count):
        packet = packets[first + index]
        start = i8(packet["offset"])
        size = i8(packet["caplen"])
        for i in range(size):
            out[place + i] = block[start + i]
        row = copied[at + index]
        row["ts_ns"] = packet["ts_ns"]
        row["offset"] = place
        row["caplen"] = packet["caplen"]
        row["wirelen"] = packet["wirelen"]
        row["link"] = packet["link"]
        row["interface"] = packet["interface"]
        place += size
    return place
