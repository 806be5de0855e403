"""Blocks of a TPACKET_V3 ring as the kernel writes them, and a plain-Python twin of the walk."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass, field

from poolwatch.layouts import Link
from tests.naive import NS

HEADER = 68  # tpacket3_hdr, aligned, and sockaddr_ll
ROOM = 14  # between it and the packet, on Ethernet with four reserved bytes
VLAN = 1 << 4
TPID = 1 << 6
HARDWARE = 1 << 31
OUTGOING = 4


@dataclass(frozen=True, slots=True)
class Frame:
    data: bytes
    seconds: int = 1
    nanoseconds: int = 0
    longer: int = 0  # bytes on the wire beyond what was kept
    status: int = 1
    tci: int = 0
    tpid: int = 0
    kind: int = 0  # packet type
    room: int = ROOM


def block(frames: Sequence[Frame], size: int, *, ours: bool = True) -> bytes:
    """A block with these frames, padded to `size`."""
    out = bytearray(48)
    for number, frame in enumerate(frames):
        mac = HEADER + frame.room
        step = -(-(mac + len(frame.data)) // 16) * 16
        header = struct.pack(
            "<6I2H2I2H8x",
            step if number < len(frames) - 1 else 0,
            frame.seconds,
            frame.nanoseconds,
            len(frame.data),
            len(frame.data) + frame.longer,
            frame.status,
            mac,
            mac + 14,
            0,
            frame.tci,
            frame.tpid,
            0,
        )
        address = struct.pack("<HHiHBB8x", 17, 0x0300, 2, 1, frame.kind, 6)
        body = header + address + bytes(frame.room) + frame.data
        out += body.ljust(step, b"\0")
    struct.pack_into("<5I", out, 0, 3, 48, int(ours), len(frames), 48)
    return bytes(out.ljust(size, b"\0"))


@dataclass(slots=True)
class Walked:
    """What a walk gives: time, bytes, length on the wire of each packet, and the counts."""

    rows: list[tuple[int, bytes, int]] = field(default_factory=list)
    cut: int = 0
    outgoing: int = 0
    untimed: int = 0
    damaged: int = 0


def walk(given: bytes, link: Link, *, skip_outgoing: bool, hardware: bool) -> Walked:
    """The twin: what `walk_block` should give of a block that is ours."""
    walked = Walked()
    data = bytearray(given)
    left, position = struct.unpack_from("<2I", data, 12)
    while left:
        if not 48 <= position <= len(data) - HEADER:
            walked.damaged += 1
            break
        step, seconds, nanoseconds, kept, length, status = struct.unpack_from("<6I", data, position)
        (mac,) = struct.unpack_from("<H", data, position + 24)
        tci, tpid = struct.unpack_from("<IH", data, position + 32)
        start = position + mac
        if mac < HEADER or start + kept > len(data) or (step < HEADER and left > 1):
            walked.damaged += 1
            break
        left -= 1
        kind = data[position + 58]
        if kind == OUTGOING and skip_outgoing:
            position += step
            continue
        packet = bytes(data[start : start + kept])
        walked.outgoing += kind == OUTGOING
        walked.cut += kept < length
        if status & VLAN and link is Link.ETHERNET and kept >= 12 and mac >= HEADER + 4:
            tag = struct.pack(">2H", tpid if status & TPID else 0x8100, tci & 0xFFFF)
            packet = packet[:12] + tag + packet[12:]
            length += 4
            data[start - 4 : start + kept] = packet  # where hostile frames overlap, it shows
        walked.untimed += hardware and not status & HARDWARE
        walked.rows.append((seconds * NS + nanoseconds, packet, length))
        position += step
    return walked
