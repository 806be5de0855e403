"""pcapng: sections, interfaces, enhanced, simple and old packet blocks
(draft-ietf-opsawg-pcapng). Unknown blocks are skipped.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from poolwatch.capture.pcap import end_damage
from poolwatch.capture.source import LINKS, Batch, Coverage, Damage, Window
from poolwatch.kernels.walk import BAD_LENGTH, CONTROL, TOO_LONG, walk_pcapng
from poolwatch.layouts import INTERFACE, Link

if TYPE_CHECKING:
    from poolwatch.capture.bytestream import ByteStream
    from poolwatch.settings import Limits

_SECTION = 0x0A0D0D0A
_INTERFACE = 1
_STATISTICS = 5
_MAX_INTERFACES = 4096
_MAX_CONTROL_BYTES = 1 << 16

_OPTION_TSRESOL = 9
_OPTION_TSOFFSET = 14
_OPTION_ISB_IFDROP = 5
_OPTION_ISB_OSDROP = 7

_UNREADABLE = "the file is corrupt from here on; everything before was read"


class PcapngSource:
    """Batches of a pcapng capture."""

    def __init__(self, stream: ByteStream, limits: Limits) -> None:
        self.coverage = Coverage()
        self._window = Window(stream, limits)
        self._max_record = limits.record_bytes
        self._interfaces = np.zeros(_MAX_INTERFACES, INTERFACE)
        self._known = 0
        self._order = "<"
        self._section_drops: dict[int, int] = {}
        self._drops: int | None = None

    def batches(self) -> Iterator[Batch]:
        """Packets in capture order."""
        window = self._window
        state = np.zeros(8, np.int64)
        while True:
            count = walk_pcapng(
                window.buffer,
                window.start,
                window.end,
                self._order == ">",
                self._interfaces,
                self._known,
                self._max_record,
                window.packets,
                state,
            )
            window.start = int(state[0])
            if count:
                yield Batch(window.buffer, window.packets, count)
            status = int(state[1])
            if status == CONTROL:
                damage = self._control(int(state[2]))
            elif status == BAD_LENGTH:
                damage = Damage(
                    window.offset, f"a block of impossible length ({int(state[2])})", _UNREADABLE
                )
            elif status == TOO_LONG:
                damage = self._skip_block(int(state[2]))
            elif count == len(window.packets) or window.fill():
                continue
            else:
                damage = end_damage(window, 12)
                break
            if damage:
                break
        self.coverage.damage = damage
        self.coverage.no_interface = int(state[3])
        self.coverage.no_timestamp = int(state[4])
        self._close_section()
        self.coverage.drops = self._drops

    def _control(self, kind: int) -> Damage | None:
        """A section header, interface or statistics block at the front of the window."""
        window = self._window
        at = window.offset
        if not window.need(12):
            return end_damage(window, 12) or Damage(at, "a block header is cut", _UNREADABLE)
        head = bytes(window.view[window.start : window.start + 12])
        if kind == _SECTION:
            if head[8:12] == b"\x1a\x2b\x3c\x4d":
                self._order = ">"
            elif head[8:12] == b"\x4d\x3c\x2b\x1a":
                self._order = "<"
            else:
                return Damage(at, "a section header without a byte-order mark", _UNREADABLE)
        length: int = struct.unpack(self._order + "I", head[4:8])[0]
        least = {_SECTION: 28, _INTERFACE: 20}.get(kind, 24)
        if length < least or length % 4:
            return Damage(at, f"a block of impossible length ({length})", _UNREADABLE)
        if length > _MAX_CONTROL_BYTES:
            # Only comments make these blocks long; what matters stands in front.
            return (
                self._skip_block(length)
                if kind == _STATISTICS
                else Damage(at, f"a header block of {length} bytes", _UNREADABLE)
            )
        if not window.need(length):
            return end_damage(window, 12)
        block = window.take(length)
        if block[-4:] != block[4:8]:
            return Damage(at, "the two lengths of a block differ", _UNREADABLE)
        if kind == _SECTION:
            self._close_section()
            self._known = 0
        elif kind == _INTERFACE:
            self._add_interface(block)
        else:
            self._add_statistics(block)
        return None

    def _add_interface(self, block: bytes) -> None:
        if self._known == _MAX_INTERFACES:
            self.coverage.interfaces_left_out += 1  # their packets count as without one
            return
        link, _, snaplen = struct.unpack(self._order + "HHI", block[8:16])
        self.coverage.link_types[link] = self.coverage.link_types.get(link, 0) + 1
        row = self._interfaces[self._known]
        row["link"] = LINKS.get(link, Link.UNKNOWN)
        row["snaplen"] = snaplen
        row["power"], row["binary"], row["offset_ns"] = 6, 0, 0
        for code, value in self._options(block[16:-4]):
            if code == _OPTION_TSRESOL and len(value) == 1:
                row["power"], row["binary"] = value[0] & 0x7F, value[0] >> 7
            elif code == _OPTION_TSOFFSET and len(value) == 8:
                seconds: int = struct.unpack(self._order + "q", value)[0]
                # Beyond +-292 years int64 ns end; such an offset is no clock's.
                row["offset_ns"] = seconds * 1_000_000_000 if abs(seconds) < 1 << 33 else 0
        self._known += 1

    def _add_statistics(self, block: bytes) -> None:
        interface: int = struct.unpack(self._order + "I", block[8:12])[0]
        drops = [
            int.from_bytes(value, "big" if self._order == ">" else "little")
            for code, value in self._options(block[20:-4])
            if code in (_OPTION_ISB_IFDROP, _OPTION_ISB_OSDROP) and len(value) == 8
        ]
        if drops and interface < self._known:
            self._section_drops[interface] = sum(drops)  # counts run on; the last one holds

    def _close_section(self) -> None:
        if self._section_drops:
            self._drops = (self._drops or 0) + sum(self._section_drops.values())
            self._section_drops.clear()

    def _options(self, data: bytes) -> Iterator[tuple[int, bytes]]:
        position = 0
        while position + 4 <= len(data):
            code, length = struct.unpack(self._order + "HH", data[position : position + 4])
            if code == 0 or position + 4 + length > len(data):
                return
            yield code, data[position + 4 : position + 4 + length]
            position += 4 + length + (-length % 4)

    def _skip_block(self, length: int) -> Damage | None:
        self.coverage.skipped_blocks += 1
        at = self._window.offset
        if self._window.skip(length):
            return None
        reason = self._window.stream.damage or f"the file ends within a block of {length} bytes"
        return Damage(at, reason, _UNREADABLE)


def open_capture(stream: ByteStream, limits: Limits) -> PcapngSource:
    """The source for a stream that begins with a section header block."""
    return PcapngSource(stream, limits)
