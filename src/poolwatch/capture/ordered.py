"""Packets of several rings in the order of their times.

A tap gives each direction on an interface of its own, and the kernel hands over each ring's
blocks when it likes: an answer would come before its question. So packets wait until no other
ring can still have earlier ones, and are copied together. They do not wait where that would
cost packets: a ring that is half full is read at once, and that is counted.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import numpy as np

from poolwatch.capture.live import RingSettings
from poolwatch.capture.packet_socket import Bytes, PacketRing
from poolwatch.capture.port import Port
from poolwatch.capture.source import BATCH_ROWS, Batch
from poolwatch.kernels.ring import copy_packets, give_back, walk_block
from poolwatch.layouts import PACKET

_NEVER = int(np.iinfo(np.int64).max)
_ON_THE_WAY_NS = 2_000_000  # from when the kernel takes a packet's time until it is in the ring
_HALF = 0.5


class _Lane:
    """What was walked of one port's block and not given yet."""

    def __init__(self, port: Port) -> None:
        self.port = port
        self.rows = np.zeros(BATCH_ROWS, PACKET)
        self.at = self.count = 0
        self._ring: PacketRing | None = None
        self._block: Bytes | None = None

    @property
    def holding(self) -> bool:
        """Whether there are packets that wait."""
        return self.at < self.count

    def fill(self) -> None:
        """Walk on, when all that was walked is given."""
        if self.holding:
            return
        if self._block is None:
            ring = self.port.ring
            if ring is None or not ring.ready:
                return
            self.port.note_fill()
            self._ring, self._block = ring, ring.block
        self.at, self.count = 0, max(walk_block(self._block, self.rows, self.port.counts), 0)
        self._finish()

    def _finish(self) -> None:
        """Hand the block back once everything in it is given."""
        if self.holding or self.port.counts["left"][0] or self._block is None:
            return
        assert self._ring is not None
        give_back(self._block)
        self._ring.go_on()
        self._ring = self._block = None

    def known_until(self, now_ns: int) -> int:
        """The time up to which no packet of this ring is still to come."""
        if self.holding:
            return int(self.rows["ts_ns"][self.count - 1])
        ring = self.port.ring
        if ring is None or self.port.counts["hardware"][0]:  # whose clock is another one
            return _NEVER
        return 0 if ring.holds_packets else now_ns - _ON_THE_WAY_NS

    def give(self, until_ns: int, out: Any, place: int, rows: Any, count: int) -> tuple[int, int]:
        """Copy the packets up to a time; return how many bytes and rows there are then."""
        late = self.rows["ts_ns"][self.at : self.count] > until_ns
        due = int(np.argmax(late)) if late.any() else self.count - self.at
        if due and self._block is not None:
            place = copy_packets(self._block, self.rows, self.at, due, out, place, rows, count)
            self.at += due
            count += due
        self._finish()
        return place, count


class Ordered:
    """The rings of several ports, read together."""

    def __init__(self, ports: list[Port], settings: RingSettings) -> None:
        self._lanes = [_Lane(port) for port in ports]
        self._buffer = np.zeros(len(ports) * settings.block_bytes, np.uint8)
        self._rows = np.zeros(len(ports) * BATCH_ROWS, PACKET)

    @property
    def holding(self) -> bool:
        """Whether there are packets that wait for those of others."""
        return any(lane.holding for lane in self._lanes)

    def due(self) -> Iterator[Batch]:
        """One batch of what is due, if anything is."""
        now_ns = time.time_ns()  # before the look into the rings: what comes later is later
        for lane in self._lanes:
            lane.fill()
        until_ns = min(lane.known_until(now_ns) for lane in self._lanes)
        for lane in self._lanes:
            ring = lane.port.ring
            if lane.holding and ring is not None and ring.fill() > _HALF:
                lane.port.rushed += 1
                until_ns = _NEVER
        place = count = 0
        for lane in self._lanes:
            place, count = lane.give(until_ns, self._buffer, place, self._rows, count)
        if count:
            rows = self._rows[:count]
            rows[:] = rows[np.argsort(rows["ts_ns"], kind="stable")]
            yield Batch(self._buffer, self._rows, count)
