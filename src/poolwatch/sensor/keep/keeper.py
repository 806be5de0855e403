"""The packets of mining flows, and the summaries of hosts, into files that last.

In its directory (0700, files 0600): `packets/NAME.pcapng`, the segments; `packets/NAME.jsonl`,
the index of each, one line a flow; `summaries/ADDRESS.jsonl`, what a host that became a finding
did; `deletions.jsonl`, what was deleted, how much, why and when.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from poolwatch import __version__
from poolwatch.aggregate.places import address_text
from poolwatch.beats import Beating, unforeseen
from poolwatch.sensor.keep.archive import Archive
from poolwatch.sensor.keep.recent import Packet, ring_bytes
from poolwatch.sensor.keep.segments import Heading
from poolwatch.sensor.keep.settings import KeepSettings, RetentionSettings
from poolwatch.sensor.keep.summaries import Summaries

if TYPE_CHECKING:
    from poolwatch.match.prefilter import FlowTable
    from poolwatch.sensor.keep.lane import Lane

_PIECES = 4096  # packets written at once
_PACKET_BYTES = 400  # what a packet in the queue costs beside its bytes
_RETRY_SECONDS = 1.0
_CARE_SECONDS = 60.0  # between two looks at quotas and ages
_WRITE_SECONDS = 1.0  # between two looks for summaries to write

Piece = tuple[int, str, Packet]
"""A flow's id, its host and one of its packets."""


class Keeper:
    """All threads' keeping. Construction is inert; `start()` repairs, and begins the thread that
    writes.

    `interfaces`: the names by which `PACKET.interface` numbers them. `about` is the comment of
    every section: the sensor's place. `inside` says of an address, as text, whether it is.
    """

    def __init__(
        self,
        settings: KeepSettings,
        directory: Path,
        *,
        sensor: str,
        interfaces: Sequence[str],
        retention: RetentionSettings | None = None,
        about: str = "",
        inside: Callable[[str], bool] = lambda _: False,
    ) -> None:
        comment = f"sensor {sensor}; {about}" if about else f"sensor {sensor}"
        heading = Heading(f"poolwatch {__version__}", comment, tuple(interfaces))
        self._settings = settings
        self._archive = Archive(settings, retention or RetentionSettings(), directory, heading)
        self._summaries = Summaries(settings, directory / "summaries", sensor)
        self._inside = inside
        self._state = threading.Condition()
        self._queue: list[Piece] = []
        self._queued_bytes = 0
        self._flows = 0
        self._wanted = self._synced = self._failures = 0
        self._stopping = False
        self._problem = ""
        self._counts: Counter[str] = Counter()
        self._thread = Beating(self._run, "keep")
        self._cared = self._wrote = 0.0

    def start(self) -> None:
        """Repair segments cut by a crash, then begin to write. Raises PoolwatchError."""
        self._archive.open()
        self._thread.start()

    def lane(self, table: FlowTable) -> Lane:
        """The side of a pipeline thread with its own flow table; asks the table for records."""
        from poolwatch.sensor.keep.lane import Lane
        from poolwatch.sensor.keep.sweep import Sweep

        sweep = None
        if self._settings.summaries:
            sweep = Sweep(
                table,
                self._summaries,
                self._settings.sweep_seconds,
                lambda version, number: self._inside(address_text(version, number)),
            )
        return Lane(self._settings, table, self, sweep)

    def keep_host(self, host: str) -> None:
        """A host became a finding: write out its flow summaries, and go on doing so."""
        if self._settings.summaries:
            self._summaries.keep(host)

    def unresolved(self, hosts: Iterable[str] | None) -> None:
        """The hosts whose findings are not resolved; None (at first): all are."""
        self._archive.unresolved = None if hosts is None else frozenset(hosts)

    def put(self, flow_id: int, host: str, packet: Packet) -> bool:
        """Queue a packet; False: there is no room. For lanes."""
        size = len(packet.data) + _PACKET_BYTES
        with self._state:
            if self._queued_bytes + size > self._settings.queue_bytes or self._stopping:
                self._counts["keep_packets_lost"] += 1
                return False
            if not self._queue:
                self._state.notify_all()
            self._queue.append((flow_id, host, packet))
            self._queued_bytes += size
        return True

    def count(self, name: str, number: int = 1) -> None:
        """Count something. For lanes."""
        with self._state:
            self._counts[name] += number

    def claim(self) -> bool:
        """Whether one flow more may be kept. For lanes."""
        with self._state:
            if self._flows >= self._settings.flows:
                return False
            self._flows += 1
        return True

    def release(self) -> None:
        """A flow is kept no more. For lanes."""
        with self._state:
            self._flows -= 1

    def sync(self, timeout: float = 5.0) -> bool:
        """Whether all taken or seen so far is on the disk. Call it before a finding is told."""
        with self._state:
            self._wanted += 1
            wanted, failures = self._wanted, self._failures
            self._state.notify_all()
            self._state.wait_for(
                lambda: self._synced >= wanted or self._failures != failures, timeout
            )
            done = self._synced >= wanted
            if not done:
                self._counts["keep_syncs_failed"] += 1
        return done

    def threads(self) -> list[Beating]:
        """Those that must move, once it is started."""
        return [self._thread]

    def counts(self) -> dict[str, int]:
        """Counters and gauges: packets and bytes kept, lost by cause, segments, deletions."""
        with self._state:
            counts = dict.fromkeys(_COUNTERS, 0) | dict(self._counts)
            counts |= {
                "keep_flows_now": self._flows,
                "keep_queue_packets": len(self._queue),
                "keep_queue_bytes": self._queued_bytes,
                "keep_writing": int(self._thread.is_alive()),
            }
        return counts | self._archive.counts() | self._summaries.counts()

    def problem(self) -> str:
        """What keeps packets from being written just now; empty: nothing."""
        return self._problem

    def close(self, timeout: float = 5.0) -> bool:
        """Write what waits, close segment and index. False: something was left."""
        with self._state:
            self._stopping = True
            self._state.notify_all()
        if self._thread.ident is None:
            return True
        self._thread.join(timeout)
        with self._state:
            return not self._thread.is_alive() and not self._queue and not self._problem

    def _run(self) -> None:
        while not self._turn():
            pass
        self._finish()

    def _turn(self) -> bool:
        """Write what waits; True when it is time to stop."""
        self._thread.move()
        with self._state:
            self._state.wait_for(self._has_work, _WRITE_SECONDS)
            pieces = self._queue[:_PIECES]
            wanted = self._wanted if len(pieces) == len(self._queue) else self._synced
            stopping = self._stopping and len(pieces) == len(self._queue)
        try:
            self._archive.write(pieces)
            with self._state:
                self._take_off(pieces)
            if wanted > self._synced:
                self._archive.sync()
            self._problem = ""
            with self._state:
                self._synced = wanted
                self._state.notify_all()
            self._care(time.monotonic())
        except Exception as error:  # noqa: BLE001 - whatever it is, packets must go on
            self._fail(error)
            return self._stopping
        return stopping

    def _has_work(self) -> bool:
        return bool(self._queue) or self._wanted > self._synced or self._stopping

    def _take_off(self, pieces: list[Piece]) -> None:
        del self._queue[: len(pieces)]
        size = sum(len(packet.data) for _, _, packet in pieces)
        self._queued_bytes -= size + _PACKET_BYTES * len(pieces)
        self._counts["keep_packets"] += len(pieces)
        self._counts["keep_bytes"] += size

    def _fail(self, error: Exception) -> None:
        """Say what is wrong, and wait a little; what waits stays in the queue."""
        self._problem = _said(error)
        with self._state:
            self._counts["keep_write_failures"] += 1
            self._failures += 1
            self._state.notify_all()
            self._state.wait_for(lambda: self._stopping, _RETRY_SECONDS)

    def _care(self, now: float) -> None:
        """What is done once a while. Raises OSError."""
        if now - self._wrote >= _WRITE_SECONDS:
            self._wrote = now
            self._archive.keep_reserve()
            self._archive.rotate()
            self._summaries.write()
        if now - self._cared >= _CARE_SECONDS:
            self._cared = now
            self._archive.retain(time.time_ns())

    def _finish(self) -> None:
        try:
            self._summaries.write()
            self._archive.close()
        except Exception as error:  # noqa: BLE001 - the thread must not end of it
            self._problem = _said(error)


def _said(error: Exception) -> str:
    reason = (error.strerror or error) if isinstance(error, OSError) else unforeseen(error)
    return f"packets cannot be written: {reason}"


_COUNTERS = (
    "keep_packets",
    "keep_bytes",
    "keep_packets_lost",
    "keep_packets_over_flow",
    "keep_flows",
    "keep_flows_cut",
    "keep_flows_refused",
    "keep_flows_unknown",
    "keep_beginnings_missing",
    "keep_write_failures",
    "keep_syncs_failed",
)


def memory_bytes(settings: KeepSettings, flows: int, threads: int) -> int:
    """What keeping may take of memory, with flow tables of so many flows."""
    total = 0
    if settings.packets:
        rings = (settings.beginnings_bytes, settings.candidates_bytes)
        total += threads * (sum(ring_bytes(size, flows) for size in rings) + 8 * flows)
        total += settings.queue_bytes + 512 * settings.flows
    if settings.summaries:
        total += threads * 8 * flows + settings.summary_bytes
    return total
