"""Recognises packets that come twice, as when a mirror port copies both legs of a way.

What a switch or router changes on the way (MAC addresses, VLAN tags, TTL, header checksum) does
not count. A packet sent again by its sender is none that came twice: it has another IPv4 id, or
another TCP timestamp; so packets that have neither are not looked at.
"""

from __future__ import annotations

from typing import Any

from poolwatch.kernels import BYTES, SLOTS, b1, i8, kernel, part, row, rows, u8, void
from poolwatch.kernels.decode import is_vlan
from poolwatch.kernels.intrinsics import big16, big64, fold, prefetch
from poolwatch.layouts import PACKET, SIGHT, SIGHTS, Link

_ETHERNET = int(Link.ETHERNET)
_RAW = int(Link.RAW_IP)
_STEPS = 5  # of 8 bytes each that are hashed behind the IP header; a checksum is among them
_TAGS = 2
_AHEAD = 4  # packets whose headers are asked for before they are read
_KEY = 0x9E3779B97F4A7C15


@part(i8(BYTES, i8, i8, i8))
def _ip_place(buffer: Any, link: int, position: int, end: int) -> int:
    """Where the IP header stands, -1: nowhere that is known."""
    if link == _RAW:
        return position
    if link != _ETHERNET or position + 14 > end:
        return -1
    place = position + 12
    for _ in range(_TAGS):
        if place + 6 > end or not is_vlan(big16(buffer, place)):
            break
        place += 4
    if place + 2 > end:
        return -1
    ethertype = big16(buffer, place)
    return place + 2 if ethertype == 0x0800 or ethertype == 0x86DD else -1


@part(u8(BYTES, i8, i8, u8))
def _hash_bytes(buffer: Any, position: int, end: int, hashed: int) -> int:
    """The hash of at most 40 bytes."""
    value = u8(hashed)
    for _ in range(_STEPS):
        if position + 8 > end:
            break
        value = fold(value ^ big64(buffer, position), u8(_KEY))
        position += 8
    else:
        return value
    rest = u8(end - position)
    while position < end:
        rest = (rest << u8(8)) | u8(buffer[position])
        position += 1
    return fold(value ^ rest, u8(_KEY))


@part(b1(BYTES, i8, i8, i8))
def _tcp_data(buffer: Any, position: int, stop: int, end: int) -> bool:
    """Whether a TCP segment that ends at `stop` has payload."""
    if position + 13 > end:
        return False
    return position + (i8(buffer[position + 12]) >> 4) * 4 < stop


@kernel(u8(BYTES, i8, i8, i8, u8))
def sight_hash(buffer: Any, link: int, position: int, end: int, seed: int) -> int:
    """A number that a packet shares with its double alone, 0 for one not looked at.

    The captured frame stands in `buffer[position:end]`.
    """
    place = _ip_place(buffer, link, position, end)
    if place < 0 or place + 20 > end:
        return u8(0)
    version = i8(buffer[place]) >> 4
    if version == 4:
        length = big16(buffer, place + 2)
        header = (i8(buffer[place]) & 15) * 4
        behind = place + header
        stop = place + length
        if header < 20 or length < header:
            return u8(0)
        marked = big16(buffer, place + 4) != 0
        tcp = i8(buffer[place + 9]) == 6
        if not marked and not (tcp and _tcp_data(buffer, behind, stop, end)):
            return u8(0)
        value = (u8(big16(buffer, place + 2)) << u8(48)) | (u8(big16(buffer, place + 4)) << u8(32))
        value |= (u8(big16(buffer, place + 6)) << u8(16)) | u8(buffer[place + 9])
        value = fold(value ^ seed, u8(_KEY))
        value = fold(value ^ big64(buffer, place + 12), u8(_KEY))
    elif version == 6 and place + 40 <= end:
        behind = place + 40
        stop = behind + big16(buffer, place + 4)
        if i8(buffer[place + 6]) != 6 or not _tcp_data(buffer, behind, stop, end):
            return u8(0)
        value = fold(u8(big16(buffer, place + 4)) ^ seed, u8(_KEY))
        for i in range(4):
            value = fold(value ^ big64(buffer, place + 8 + 8 * i), u8(_KEY))
    else:
        return u8(0)
    value = _hash_bytes(buffer, behind, min(stop, end), value)
    return value if value != u8(0) else u8(1)


@part(void(u8, i8, u8, rows(SIGHT), row(SIGHTS)), inline=True)
def _note(value: int, ts_ns: int, mask: int, sights: Any, seen: Any) -> None:
    """Count one packet; it is a duplicate, or one whose double is awaited from now on."""
    window = i8(seen["window_ns"])
    seen["looked_at"] += 1
    one = i8(value & mask)
    other = one + 1
    if sights[one]["hash"] == value and abs(ts_ns - sights[one]["ts_ns"]) <= window:
        seen["duplicates"] += 1
        return
    if sights[other]["hash"] == value and abs(ts_ns - sights[other]["ts_ns"]) <= window:
        seen["duplicates"] += 1
        return
    if sights[other]["ts_ns"] < sights[one]["ts_ns"]:
        one = other
    sight = sights[one]
    if sight["hash"] != u8(0) and abs(ts_ns - sight["ts_ns"]) <= window:
        seen["forgotten"] += 1
    sight["hash"] = value
    sight["ts_ns"] = ts_ns


@kernel(void(BYTES, rows(PACKET, readonly=True), i8, rows(SIGHT), rows(SIGHTS), SLOTS))
def look_for_doubles(
    buffer: Any, packets: Any, count: int, sights: Any, state: Any, hashes: Any
) -> None:
    """Count the packets that came twice within the window.

    `sights` has a power of two of rows, used as pairs; the older of a pair makes room. `hashes`
    is scratch: so many packets are hashed, and their sights asked for, before they are compared.
    """
    seen = state[0]
    mask = u8(sights.shape[0] - 1) & ~u8(1)
    stage = i8(hashes.shape[0])
    for begin in range(0, count, stage):
        size = min(stage, count - begin)
        for index in range(size):
            if begin + index + _AHEAD < count:
                prefetch(buffer, i8(packets[begin + index + _AHEAD]["offset"]))
            packet = packets[begin + index]
            start = i8(packet["offset"])
            end = start + i8(packet["caplen"])
            value = sight_hash(buffer, i8(packet["link"]), start, end, seen["seed"])
            hashes[index] = value
            prefetch(sights, i8(value & mask))
        for index in range(size):
            if hashes[index] != u8(0):
                _note(hashes[index], i8(packets[begin + index]["ts_ns"]), mask, sights, seen)
