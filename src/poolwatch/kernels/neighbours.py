"""Whose hardware address carries many addresses, and what hosts say of themselves.

The first packet of each side of a flow says which address its hardware address carries: one with
more than a host has is a gateway's. ARP, DHCP, NBNS and mDNS packets are handed out, each once in
a while however often it is repeated, and so many a second at most.
"""

from __future__ import annotations

from typing import Any

from poolwatch.kernels import BYTES, SLOTS, b1, i8, part, row, rows, u8, void
from poolwatch.kernels.decode import is_vlan
from poolwatch.kernels.intrinsics import big16, big32, fold
from poolwatch.layouts import (
    COUNTERS,
    FRAME,
    NEIGHBOUR,
    NEIGHBOUR_PLACES,
    PACKET,
    SEGMENT,
    TABLE,
    Link,
    Told,
    What,
)

TOLD_A_SECOND = 256
"""Announcements handed out for each second of the capture."""

_ETHERNET = int(Link.ETHERNET)
USED = 1 << 48
"""Added to a hardware address, so that no row that is used is 0."""

MIX = 0x9E3779B97F4A7C15
_MULTICAST = 1 << 40
PROBES = 8
"""Rows looked at for one hardware address."""

_LINK_LOCAL = 0xFE80 << 48
_MOST_READ = 512  # bytes of an announcement that tell it from others
_ARP_BYTES = 28
_WHAT_TOLD = int(What.TOLD)
_ARP = int(Told.ARP)
_DHCP = int(Told.DHCP)
_NBNS = int(Told.NBNS)
_MDNS = int(Told.MDNS)


@part(void(rows(NEIGHBOUR), rows(COUNTERS), u8, u8, i8))
def note_place(neighbours: Any, counters: Any, mac: int, place: int, ts_ns: int) -> None:
    """A frame of a hardware address had an IP address in it."""
    if mac == 0 or mac & u8(_MULTICAST) or place == 0 or place == u8(_LINK_LOCAL):
        return
    mask = neighbours.shape[0] - 1
    wanted = mac | u8(USED)
    slot = i8(fold(mac, u8(MIX)) & u8(mask))
    for _ in range(PROBES):
        neighbour = neighbours[slot]
        if neighbour["mac"] == wanted:
            count = neighbour["count"]
            for index in range(count):
                if neighbour["places"][index] == place:
                    neighbour["first_ns"][index] = min(neighbour["first_ns"][index], ts_ns)
                    return
            if count < NEIGHBOUR_PLACES:
                neighbour["places"][count] = place
                neighbour["first_ns"][count] = ts_ns
                neighbour["count"] = count + 1
                return
            latest = 0  # of more than a host has, the earliest are remembered
            for index in range(1, NEIGHBOUR_PLACES):
                if neighbour["first_ns"][index] > neighbour["first_ns"][latest]:
                    latest = index
            if ts_ns < neighbour["first_ns"][latest]:
                neighbour["places"][latest] = place
                neighbour["first_ns"][latest] = ts_ns
            return
        if neighbour["mac"] == 0:
            neighbour["mac"] = wanted
            neighbour["places"][0] = place
            neighbour["first_ns"][0] = ts_ns
            neighbour["count"] = 1
            return
        slot = (slot + 1) & mask
    counters[0]["neighbours_left_out"] += 1


@part(void(BYTES, row(PACKET), row(FRAME), i8, rows(NEIGHBOUR), rows(COUNTERS)))
def note_neighbours(
    buffer: Any, packet: Any, frame: Any, now_ns: int, neighbours: Any, counters: Any
) -> None:
    """The first packet of a side of a flow: which address its hardware address carries.

    `now_ns`: the latest time of all packets so far. Packets that are out of order in time must
    not seem to have told what they told later.
    """
    if i8(packet["link"]) != _ETHERNET or frame["tags"] >> u8(24) != u8(0):
        return
    at = i8(packet["offset"])
    source = (u8(big16(buffer, at + 6)) << u8(32)) | u8(big32(buffer, at + 8))
    is_v4 = i8(frame["kind"]) <= 2
    if frame["side"]:
        place = frame["b_lo"] if is_v4 else frame["b_hi"]
    else:
        place = frame["a_lo"] if is_v4 else frame["a_hi"]
    note_place(neighbours, counters, source, place, now_ns)


@part(i8(BYTES, row(FRAME)), inline=True)
def announcement(buffer: Any, frame: Any) -> int:
    """In which way a UDP packet may say who its sender is, 0 for none.

    Of NBNS only what registers a name, of mDNS only answers.
    """
    low = i8(frame["ports"]) & 0xFFFF
    high = i8(frame["ports"]) >> 16
    if low + high == 67 + 68:
        return _DHCP
    if low != high or frame["length"] < 12:
        return 0
    flags = i8(buffer[i8(frame["payload"]) + 2])
    if low == 137 and flags & 0x80 == 0 and flags & 0x78 != 0:
        return _NBNS
    if low == 5353 and flags & 0x80 != 0:
        return _MDNS
    return 0


@part(i8(BYTES, row(PACKET)))
def find_arp(buffer: Any, packet: Any) -> int:
    """Where an ARP packet for IPv4 over Ethernet begins, 0 where there is none."""
    if i8(packet["link"]) != _ETHERNET:
        return 0
    position = i8(packet["offset"]) + 14
    end = i8(packet["offset"]) + i8(packet["caplen"])
    if position > end:
        return 0
    ethertype = big16(buffer, position - 2)
    for _ in range(2):
        if not is_vlan(ethertype):
            break
        if position + 4 > end:
            return 0
        ethertype = big16(buffer, position + 2)
        position += 4
    if ethertype != 0x0806 or position + _ARP_BYTES > end:
        return 0
    return position if big32(buffer, position) == 0x00010800 else 0


@part(b1(BYTES, i8, i8, SLOTS), inline=False)
def _is_news(buffer: Any, position: int, length: int, told: Any) -> bool:
    """Whether these bytes were not handed out before, as far as remembered."""
    value = u8(0xCBF29CE484222325) ^ u8(length)
    for index in range(position, position + min(length, _MOST_READ)):
        value = (value ^ u8(buffer[index])) * u8(0x100000001B3)
    slot = i8(value & u8(told.shape[0] - 1))
    if told[slot] == value:
        return False
    told[slot] = value
    return True


@part(
    i8(
        BYTES,
        row(PACKET),
        i8,
        i8,
        i8,
        i8,
        i8,
        i8,
        SLOTS,
        rows(TABLE),
        rows(COUNTERS),
        rows(SEGMENT),
        i8,
    )
)
def hand_out(
    buffer: Any,
    packet: Any,
    how: int,
    position: int,
    length: int,
    record: int,
    side: int,
    number: int,
    told: Any,
    table: Any,
    counters: Any,
    segments: Any,
    written: int,
) -> int:
    """Hand out an announcement that is new; returns the new number of segments."""
    if not _is_news(buffer, position, length, told):
        return written
    second = packet["ts_ns"] // 1_000_000_000
    if table[0]["told_second"] != second:
        table[0]["told_second"] = second
        table[0]["told"] = 0
    if table[0]["told"] >= TOLD_A_SECOND:
        counters[0]["announcements_left_out"] += 1
        return written
    table[0]["told"] += 1
    segment = segments[written]
    segment["ts_ns"] = packet["ts_ns"]
    segment["packet"] = number
    segment["flow"] = record
    segment["offset"] = position
    segment["length"] = length
    segment["wire"] = length
    segment["seq"] = 0
    segment["frame_offset"] = position - i8(packet["offset"])
    segment["side"] = side
    segment["what"] = _WHAT_TOLD
    segment["bits"] = how
    return written + 1
