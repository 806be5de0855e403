"""Record walkers: capture file bytes in, PACKET rows out.

State is an int64 array: [position, status, detail]; positions are offsets into the buffer.
"""

from __future__ import annotations

from typing import Any

from poolwatch.kernels import BYTES, INT64S, b1, i8, kernel, part, rows
from poolwatch.kernels.intrinsics import big16, big32, little16, little32
from poolwatch.layouts import INTERFACE, PACKET

# Why a walker returned.
MORE = 0  # the next record is not whole in the buffer, or the rows are full
BAD_LENGTH = 1  # a length that cannot be; detail: the length
CONTROL = 2  # pcapng: a block for Python stands at position; detail: its type
TOO_LONG = 3  # pcapng: a block beyond the record bound, not a packet; detail: its length

_NS = 1_000_000_000
_SECTION = 0x0A0D0D0A
_INTERFACE = 1
_OLD_PACKET = 2
_SIMPLE_PACKET = 3
_STATISTICS = 5
_ENHANCED_PACKET = 6


@kernel(i8(BYTES, i8, i8, b1, i8, i8, i8, rows(PACKET), INT64S))
def walk_pcap(
    buffer: Any,
    start: int,
    end: int,
    swapped: bool,
    tick_ns: int,
    link: int,
    max_record: int,
    packets: Any,
    state: Any,
) -> int:
    """Walk classic pcap records in `buffer[start:end]`; return the number of rows written.

    Format: draft-ietf-opsawg-pcap. `tick_ns` is 1000 for µs and 1 for ns files.
    """
    count = 0
    position = start
    state[1] = MORE
    while count < packets.shape[0] and position + 16 <= end:
        if swapped:
            seconds = big32(buffer, position)
            ticks = big32(buffer, position + 4)
            caplen = big32(buffer, position + 8)
            wirelen = big32(buffer, position + 12)
        else:
            seconds = little32(buffer, position)
            ticks = little32(buffer, position + 4)
            caplen = little32(buffer, position + 8)
            wirelen = little32(buffer, position + 12)
        if caplen > max_record:
            state[1] = BAD_LENGTH
            state[2] = caplen
            break
        if position + 16 + caplen > end:
            break
        packet = packets[count]
        packet["ts_ns"] = seconds * _NS + ticks * tick_ns
        packet["offset"] = position + 16
        packet["caplen"] = caplen
        packet["wirelen"] = wirelen
        packet["link"] = link
        packet["interface"] = 0
        count += 1
        position += 16 + caplen
    state[0] = position
    return count


@part(i8(BYTES, i8, b1))
def _u32(buffer: Any, index: int, swapped: bool) -> int:
    return big32(buffer, index) if swapped else little32(buffer, index)


@part(i8(BYTES, i8, b1))
def _u16(buffer: Any, index: int, swapped: bool) -> int:
    return big16(buffer, index) if swapped else little16(buffer, index)


@kernel(i8(i8, i8, i8, i8))
def ticks_to_ns(high: int, low: int, power: int, binary: int) -> int:
    """A 64-bit pcapng timestamp in units of 10**-power or 2**-power seconds, as ns."""
    ticks = (high << 32) | low
    if ticks < 0:  # beyond 2**63: no clock says this
        return 0
    if binary:
        if power > 62:
            return 0
        seconds = ticks >> power
        part = ticks & ((1 << power) - 1)
        if power > 32:
            return seconds * _NS + ((part >> (power - 32)) * _NS >> 32)
        return seconds * _NS + (part * _NS >> power)
    ns = ticks
    step = power
    while step < 9:
        ns *= 10
        step += 1
    while step > 9 and ns > 0:
        ns //= 10
        step -= 1
    return ns


@kernel(i8(BYTES, i8, i8, b1, rows(INTERFACE), i8, i8, rows(PACKET), INT64S))
def walk_pcapng(
    buffer: Any,
    start: int,
    end: int,
    swapped: bool,
    interfaces: Any,
    known: int,
    max_record: int,
    packets: Any,
    state: Any,
) -> int:
    """Walk pcapng blocks in `buffer[start:end]`; return the number of rows written.

    Format: draft-ietf-opsawg-pcapng. Section, interface and statistics blocks are left to
    Python (CONTROL), `known` interfaces stand in `interfaces`, unknown blocks are skipped.
    `state[3]` counts packets without an interface, `state[4]` packets without a time;
    `state[5]` holds the last time seen, which those packets take.
    """
    count = 0
    position = start
    state[1] = MORE
    while count < packets.shape[0] and position + 12 <= end:
        kind = _u32(buffer, position, swapped)
        if kind == _SECTION or kind == _INTERFACE or kind == _STATISTICS:
            state[1] = CONTROL
            state[2] = kind
            break
        length = _u32(buffer, position + 4, swapped)
        if length < 12 or length % 4 != 0:
            state[1] = BAD_LENGTH
            state[2] = length
            break
        is_packet = kind == _ENHANCED_PACKET or kind == _SIMPLE_PACKET or kind == _OLD_PACKET
        if length > max_record + 64:
            state[1] = BAD_LENGTH if is_packet else TOO_LONG
            state[2] = length
            break
        if position + length > end:
            break
        if _u32(buffer, position + length - 4, swapped) != length:
            state[1] = BAD_LENGTH
            state[2] = _u32(buffer, position + length - 4, swapped)
            break
        if is_packet:
            body = position + 8
            room = length - 12
            interface = 0
            data = body + 20
            fits = room >= 20
            if kind == _SIMPLE_PACKET:
                data = body + 4
                fits = room >= 4
            elif fits and kind == _ENHANCED_PACKET:
                interface = _u32(buffer, body, swapped)
            elif fits:
                interface = _u16(buffer, body, swapped)
            if fits and interface < known:
                iface = interfaces[interface]
                if kind == _SIMPLE_PACKET:
                    wirelen = _u32(buffer, body, swapped)
                    caplen = min(wirelen, room - 4)
                    if iface["snaplen"] > 0:
                        caplen = min(caplen, i8(iface["snaplen"]))
                    ts_ns = state[5]
                    state[4] += 1
                else:
                    caplen = _u32(buffer, body + 12, swapped)
                    wirelen = _u32(buffer, body + 16, swapped)
                    ts_ns = ticks_to_ns(
                        _u32(buffer, body + 4, swapped),
                        _u32(buffer, body + 8, swapped),
                        i8(iface["power"]),
                        i8(iface["binary"]),
                    )
                    ts_ns += i8(iface["offset_ns"])
                    state[5] = ts_ns
                if data + caplen > position + length - 4:
                    state[1] = BAD_LENGTH
                    state[2] = caplen
                    break
                packet = packets[count]
                packet["ts_ns"] = ts_ns
                packet["offset"] = data
                packet["caplen"] = caplen
                packet["wirelen"] = wirelen
                packet["link"] = iface["link"]
                packet["interface"] = interface
                count += 1
            else:
                state[3] += 1
        position += length
    state[0] = position
    return count
