"""Packets from AF_PACKET rings, one an interface, read in place.

An interface may go down or vanish and come back: the source goes on with the others, or with
empty batches, and takes it up again.
"""

from __future__ import annotations

import errno
import select
import threading
import time
import warnings
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from poolwatch.capture.bpf import Program, compile_filter
from poolwatch.capture.interfaces import DLT, dropped, find, look_up
from poolwatch.capture.live import InterfaceCounts, LiveCounts, RingSettings
from poolwatch.capture.packet_socket import PacketRing
from poolwatch.capture.source import BATCH_ROWS, Batch, Coverage
from poolwatch.errors import PoolwatchError, PoolwatchWarning, UsageError
from poolwatch.kernels.ring import NOT_OURS, give_back, walk_block
from poolwatch.layouts import PACKET, RING, Link

_NO_BYTES = np.zeros(1, np.uint8)
_PATIENCE_TICKS = 5  # how long what has come already may take to be handed over
_LINKTYPES = {Link.ETHERNET: 1, Link.RAW_IP: 101}
_MS = 0.001


class Port:
    """One interface of a source: its ring while there is one, and what was counted over all."""

    def __init__(
        self, name: str, place: int, settings: RingSettings, fanout_group: int | None
    ) -> None:
        self.name = name
        self.ring: PacketRing | None = None
        self.counts = np.zeros(1, RING)
        self.counts["interface"] = place
        self.letting_in = False
        self._settings = settings
        self._fanout_group = fanout_group
        self._up = False
        self._drops = self._freezes = self._times_gone = 0
        self._interface_drops = 0
        self._interface_drops_before: int | None = None
        self._fill_peak = 0.0
        self._lost_at: float | None = None
        self._trouble = ""
        self._programs: dict[Link, Program] = {}

    def _program(self, link: Link) -> Program:
        """The filter for a link layer, compiled once: later the compiler may be out of reach."""
        if link not in self._programs:
            settings = self._settings
            self._programs[link] = compile_filter(settings.bpf, DLT[link], settings.snap_bytes)
        return self._programs[link]

    def open_first(self) -> None:
        """Open an interface that has to be there. Raises PoolwatchError."""
        interface = find(self.name)
        self._program(interface.link)
        try:
            self.look()
        except OSError as error:
            raise UsageError(
                f"{self.name}: cannot be opened ({error.strerror})",
                f"another program may have fanout group {self._fanout_group}: choose another"
                if self._fanout_group is not None and error.errno == errno.EINVAL
                else "",
            ) from error
        if not self._up:
            warnings.warn(
                f"{self.name} is down: nothing is seen of it before it is up "
                f"(ip link set {self.name} up)",
                PoolwatchWarning,
                stacklevel=5,
            )

    def look(self) -> bool:
        """See whether the interface is there and up; whether its ring was opened or given up.

        Raises OSError when it went away while it was opened.
        """
        interface = look_up(self.name)
        up = interface is not None and interface.up
        if self._up and not up:
            self._times_gone += 1
        self._up = up
        if self.ring is not None:
            if interface is not None and interface.index == self.ring.interface.index:
                return False
            return self._lose()
        if interface is None or not up:
            return False
        settings = self._settings
        ring = PacketRing(interface, settings, self._program(interface.link), self._fanout_group)
        if self.letting_in:
            ring.let_in()
        row = self.counts[0]
        row["link"] = int(interface.link)
        row["skip_outgoing"] = ring.skips_outgoing(settings)
        row["hardware"] = settings.hardware_time and interface.stamped
        row["position"] = row["left"] = 0
        self.ring = ring
        self._lost_at = None
        return True

    def look_again(self) -> bool:
        """The same for an interface that was there: what fails now is tried again later."""
        try:
            changed = self.look()
        except (OSError, PoolwatchError) as error:
            self._trouble = str(error)
            return False
        self._trouble = ""
        return changed

    def note_error(self) -> None:
        """The socket has an error to tell: the interface went, though it may be back already."""
        if self.ring is not None and self.ring.take_error() == errno.ENETDOWN and self._up:
            self._times_gone += 1
            self._up = False

    def _lose(self) -> bool:
        """The interface vanished: give its ring up, once what had come was read."""
        assert self.ring is not None
        now = time.monotonic()
        self._lost_at = self._lost_at or now
        patience = _PATIENCE_TICKS * self._settings.tick_ms * _MS
        if self.ring.holds_packets and now - self._lost_at < patience:
            return False
        self.close()
        return True

    @property
    def losing(self) -> bool:
        """Whether the ring is only read to its end."""
        return self._lost_at is not None

    def let_in(self) -> None:
        """Let packets in, now and whenever the interface comes back."""
        self.letting_in = True
        if self.ring is not None:
            self.ring.let_in()

    def shut_out(self) -> None:
        """Let no more in."""
        self.letting_in = False
        if self.ring is not None:
            self.ring.shut_out()

    def note_fill(self) -> None:
        """Remember how full the ring was."""
        if self.ring is not None:
            self._fill_peak = max(self._fill_peak, self.ring.fill())

    def close(self) -> None:
        """Give the ring back, its last counts taken."""
        if self.ring is not None:
            self._take_statistics()
            self.ring.close()
            self.ring = None

    def _take_statistics(self) -> None:
        if self.ring is not None:
            drops, freezes = self.ring.take_statistics()
            self._drops += drops
            self._freezes += freezes
        now = dropped(self.name) if self.ring is not None else None
        if now is None:
            self._interface_drops_before = None
            return
        before = self._interface_drops_before
        self._interface_drops += max(now - before, 0) if before is not None else 0
        self._interface_drops_before = now

    def told(self) -> InterfaceCounts:
        """What was counted until now."""
        self._take_statistics()
        self.note_fill()
        row = self.counts[0]
        peak, self._fill_peak = self._fill_peak, 0.0
        return InterfaceCounts(
            name=self.name,
            packets=int(row["packets"]),
            bytes=int(row["bytes"]),
            cut=int(row["cut"]),
            outgoing=int(row["outgoing"]),
            untimed_hardware=int(row["untimed"]),
            drops=self._drops,
            interface_drops=self._interface_drops,
            freezes=self._freezes,
            damaged=int(row["damaged"]),
            fill=self.ring.fill() if self.ring is not None else 0.0,
            fill_peak=peak,
            up=self._up,
            times_gone=self._times_gone,
            last_ns=int(row["last_ns"]),
            trouble=self._trouble,
        )


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
        try:
            for place, name in enumerate(interfaces):
                group = fanout_group + place if threads > 1 else None
                port = Port(name, place, settings, group)
                self._ports.append(port)
                port.open_first()
        except BaseException:
            self.close()
            raise
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
        tick = self._settings.tick_ms * _MS
        shut_at = 0.0
        try:
            while True:
                port = self._next_port()
                if port is not None:
                    yield from self._read(port)
                else:
                    self._wait(tick)
                    if self._next_port() is None:
                        yield Batch(_NO_BYTES, self._packets, 0)
                if time.monotonic() - self._looked_at > self._settings.recheck_ms * _MS:
                    self._look()
                if self._stopping.is_set():
                    shut_at = shut_at or self._shut_out()
                    if self._drained(shut_at + _PATIENCE_TICKS * tick):
                        return
        finally:
            self.close()

    def _next_port(self) -> Port | None:
        """The interface whose next block is ready and was begun first."""
        ready = [
            (since, number)
            for number, port in enumerate(self._ports)
            if port.ring is not None and (since := port.ring.ready_since_ns)
        ]
        return self._ports[min(ready)[1]] if ready else None

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
                batch = Batch(block, self._packets, count)
                yield batch
                batch.buffer = _NO_BYTES  # from here on the bytes are the kernel's
            if not state["left"][0]:
                break
        give_back(block)
        ring.go_on()

    def _wait(self, tick: float) -> None:
        """Sleep until a block is handed over, an interface goes, or the tick is over."""
        for descriptor, event in self._poll.poll(tick / _MS):
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
            drops: Any = [port.told().drops for port in self._ports]
            self.coverage.drops = sum(drops)
