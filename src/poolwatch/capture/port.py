"""One interface of a live source: its ring while there is one, and what was counted over all."""

from __future__ import annotations

import errno
import time
import warnings

import numpy as np

from poolwatch.capture.bpf import Program, compile_filter
from poolwatch.capture.interfaces import DLT, dropped, find, look_up
from poolwatch.capture.live import InterfaceCounts, RingSettings
from poolwatch.capture.packet_socket import PacketRing
from poolwatch.errors import PoolwatchError, PoolwatchWarning, UsageError
from poolwatch.layouts import RING, Link

PATIENCE_TICKS = 5
"""How long what has come already may take to be handed over."""
MS = 0.001


class Port:
    """One interface of a source: its ring while there is one, and what was counted over all."""

    def __init__(
        self, name: str, place: int, settings: RingSettings, fanout_group: int | None
    ) -> None:
        self.name = name
        self.ring: PacketRing | None = None
        self.counts = np.zeros(1, RING)
        self.counts["interface"] = place
        self.rushed = 0
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
                f"another program may have fanout group {self._fanout_group}: start again"
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
        patience = PATIENCE_TICKS * self._settings.tick_ms * MS
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
            rushed=self.rushed,
            trouble=self._trouble,
        )
