"""Packets from AF_PACKET rings, one an interface, read in place.

An interface may go down or vanish and come back: the source goes on with the others, or with
empty batches, and takes it up again.
"""

from __future__ import annotations

import select
import threading
import time
from collections.abc import Iterator, Sequence

import msgspec
import numpy as np

from poolwatch.capture.live import LiveCounts, RingSettings
from poolwatch.capture.ordered import Ordered
from poolwatch.capture.port import MS, PATIENCE_TICKS, Port
from poolwatch.capture.source import BATCH_ROWS, Batch, Coverage
from poolwatch.errors import UsageError
from poolwatch.kernels.ring import NOT_OURS, give_back, walk_block
from poolwatch.layouts import PACKET, Link

_NO_BYTES = np.zeros(1, np.uint8)
_LINKTYPES = {Link.ETHERNET: 1, Link.RAW_IP: 101}
_SHORT_TICK_MS = 10  # of several interfaces: each waits for the blocks of the others


class RingSource:
    """A live source of one thread: a ring an interface, read block by block."""

    def __init__(
        self,
        interfaces: Sequence[str],
        settings: RingSettings,
        *,
        thread: int = 0,
        threads: int = 1,
        fanout_group: int = 0,
    ) -> None:
        if not interfaces or len(set(interfaces)) != len(interfaces):
            raise UsageError(
                f"interfaces: {', '.join(interfaces) or 'none'}", "name each one, and once"
            )
        self.name = ",".join(interfaces) + (f"#{thread}" if threads > 1 else "")
        self.coverage = Coverage()
        self._settings = settings
        self._lock = threading.Lock()  # over opening, closing, and counting from outside
        self._stopping = threading.Event()
        self._packets = np.zeros(BATCH_ROWS, PACKET)
        self._poll = select.poll()
        self._looked_at = time.monotonic()
        self._ports: list[Port] = []
        self._ordered: Ordered | None = None
        if len(interfaces) > 1:
            quick = min(settings.tick_ms, _SHORT_TICK_MS)
            settings = msgspec.structs.replace(settings, tick_ms=quick)
        try:
            for place, name in enumerate(interfaces):
                group = fanout_group + place if threads > 1 else None
                port = Port(name, place, settings, group)
                self._ports.append(port)
                port.open_first()
        except BaseException:
            self.close()
            raise
        if len(interfaces) > 1:
            self._ordered = Ordered(self._ports, settings)
        self._register()

    def _register(self) -> None:
        """Wait for the sockets there are now; one whose interface is gone only fills a block."""
        self._poll = select.poll()
        for port in self._ports:
            if port.ring is not None:
                self._poll.register(port.ring.fileno(), select.POLLIN)
                number = _LINKTYPES[port.ring.interface.link]
                self.coverage.link_types.setdefault(number, 1)

    def start(self) -> None:
        """Let packets in."""
        with self._lock:
            for port in self._ports:
                if not port.letting_in:
                    port.let_in()

    def batches(self) -> Iterator[Batch]:
        """Packets until `stop`, and what had come before it."""
        self.start()
        tick = self._settings.tick_ms * MS
        told_at = shut_at = 0.0
        try:
            while True:
                given = False
                for batch in self._some():
                    given = True
                    yield batch
                    batch.buffer = _NO_BYTES  # from here on the bytes are the kernel's
                if not given:
                    self._wait(tick)
                if given or self._quiet(told_at + tick):
                    if not given:
                        yield Batch(_NO_BYTES, self._packets, 0)
                    told_at = time.monotonic()
                if time.monotonic() - self._looked_at > self._settings.recheck_ms * MS:
                    self._look()
                if self._stopping.is_set():
                    shut_at = shut_at or self._shut_out()
                    if self._drained(shut_at + PATIENCE_TICKS * tick):
                        return
        finally:
            self.close()

    def _some(self) -> Iterator[Batch]:
        """The packets of the next block; of several interfaces those that are due."""
        if self._ordered is not None:
            yield from self._ordered.due()
        else:
            port = self._ports[0]
            if port.ring is not None and port.ring.ready:
                yield from self._read(port)

    def _quiet(self, until: float) -> bool:
        """Whether nothing waits to be given, and a tick is over."""
        if self._ordered is not None:
            return time.monotonic() >= until
        ring = self._ports[0].ring
        return ring is None or not ring.ready

    def _read(self, port: Port) -> Iterator[Batch]:
        """The packets of one block, which is handed back afterwards."""
        ring = port.ring
        assert ring is not None
        port.note_fill()
        block = ring.block
        state = port.counts
        while True:
            count = walk_block(block, self._packets, state)
            assert count != NOT_OURS
            if count:
                yield Batch(block, self._packets, count)
            if not state["left"][0]:
                break
        give_back(block)
        ring.go_on()

    def _wait(self, tick: float) -> None:
        """Sleep until a block is handed over, an interface goes, or the tick is over."""
        if self._ordered is not None and self._ordered.holding:
            time.sleep(MS)  # blocks are there already, so poll would not wait
            tick = 0
        for descriptor, event in self._poll.poll(tick / MS):
            if event & ~select.POLLIN:
                self._note_error(descriptor)

    def _note_error(self, descriptor: int) -> None:
        with self._lock:
            for port in self._ports:
                if port.ring is not None and port.ring.fileno() == descriptor:
                    port.note_error()
        self._look()

    def _look(self) -> None:
        self._looked_at = time.monotonic()
        with self._lock:
            changed = [port.look_again() for port in self._ports]
        if any(changed):
            self._register()
        if any(port.losing for port in self._ports):
            self._looked_at = float("-inf")  # again after the next block

    def _shut_out(self) -> float:
        with self._lock:
            for port in self._ports:
                port.shut_out()
        return time.monotonic()

    def _drained(self, until: float) -> bool:
        if self._ordered is not None and self._ordered.holding:
            return False
        rings = [port.ring for port in self._ports if port.ring is not None]
        return time.monotonic() > until or not any(ring.holds_packets for ring in rings)

    def statistics(self) -> LiveCounts:
        """What was counted until now."""
        with self._lock:
            return LiveCounts(tuple(port.told() for port in self._ports))

    def stop(self) -> None:
        """End `batches` soon."""
        self._stopping.set()

    def close(self) -> None:
        """Give the sockets back."""
        with self._lock:
            for port in self._ports:
                port.close()
            self.coverage.drops = sum(port.told().drops for port in self._ports)
