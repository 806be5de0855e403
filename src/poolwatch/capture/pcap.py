"""Classic pcap, µs and ns, either byte order (draft-ietf-opsawg-pcap)."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from poolwatch.capture.source import LINKS, Batch, Coverage, Damage, Window
from poolwatch.kernels.walk import BAD_LENGTH, walk_pcap
from poolwatch.layouts import Link

if TYPE_CHECKING:
    from poolwatch.capture.bytestream import ByteStream
    from poolwatch.settings import Limits

_HEADER_BYTES = 24
_RECORD_BYTES = 16


class PcapSource:
    """Batches of a classic pcap capture."""

    def __init__(self, stream: ByteStream, limits: Limits) -> None:
        self.coverage = Coverage()
        self._window = Window(stream, limits)
        self._max_record = limits.record_bytes

    def batches(self) -> Iterator[Batch]:
        """Packets in capture order."""
        window = self._window
        if not window.need(_HEADER_BYTES):
            reason = window.stream.damage or "the file header is cut"
            self.coverage.damage = Damage(window.base + window.end, reason)
            return
        header = window.take(_HEADER_BYTES)
        swapped = header[0] in (0xA1,)  # big-endian; our machine order is little-endian
        tick_ns = 1 if b"\x3c" in header[:4] else 1000
        link_field: int = struct.unpack((">" if swapped else "<") + "I", header[20:24])[0]
        number = link_field & 0xFFFF  # above it stand frame check sequence bits
        self.coverage.link_types[number] = 1
        link = int(LINKS.get(number, Link.UNKNOWN))  # an enum would be slow to pass
        state = np.zeros(8, np.int64)
        while True:
            count = walk_pcap(
                window.buffer,
                window.start,
                window.end,
                swapped,
                tick_ns,
                link,
                self._max_record,
                window.packets,
                state,
            )
            window.start = int(state[0])
            if count:
                yield Batch(window.buffer, window.packets, count)
            if state[1] == BAD_LENGTH:
                self.coverage.damage = Damage(
                    window.offset,
                    f"a record claims {int(state[2])} bytes, "
                    f"more than the bound of {self._max_record}",
                    "the file is corrupt from here on; raise limits.record_bytes "
                    "if its packets really are that long",
                )
                return
            if count < len(window.packets) and not window.fill():
                break
        self.coverage.damage = end_damage(window, _RECORD_BYTES)


def end_damage(window: Window, header_bytes: int) -> Damage | None:
    """What is wrong with the end of a capture whose stream gave no more bytes."""
    if window.stream.damage:
        return Damage(window.offset, window.stream.damage)
    if window.available:
        what = "header" if window.available < header_bytes else "record"
        return Damage(
            window.offset,
            f"the file ends within a {what} ({window.available} bytes of it are there)",
            "the capture was cut; everything before was read",
        )
    return None


def open_capture(stream: ByteStream, limits: Limits) -> PcapSource:
    """The source for a stream that begins with a pcap magic number."""
    return PcapSource(stream, limits)
