"""One pipeline thread's side of keeping: its pre-trigger buffers and the flows it keeps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from poolwatch.kernels.recent import keep_recent
from poolwatch.layouts import DEAD
from poolwatch.sensor.keep.recent import Packet, copy_packet, make_ring, packets_of
from poolwatch.sensor.keep.settings import KeepSettings

if TYPE_CHECKING:
    from poolwatch.capture.source import Batch
    from poolwatch.match.prefilter import FlowTable
    from poolwatch.sensor.keep.sweep import Sweep

_NS = 1_000_000_000
_NO_END = 1 << 62
_TIDY = 1024  # batches between two looks for kept flows that have ended


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptFlow:
    """A mining flow whose packets are wanted.

    `record` and `first_packet` are its FLOW_START row's number and column; with `record` -1 it
    is looked for by `first_packet`. `last_ns`: of a flow that has closed, its last packet.
    """

    flow_id: int
    first_packet: int
    host: str  # the host its finding is about
    record: int = -1
    last_ns: int | None = None


class Sink(Protocol):
    """Where packets go. Safe to call from any thread; never waits."""

    def put(self, flow_id: int, host: str, packet: Packet) -> bool:
        """Queue a packet; False: there is no room."""
        ...

    def count(self, name: str, number: int = 1) -> None:
        """Count something."""
        ...

    def claim(self) -> bool:
        """Whether one flow more may be kept."""
        ...

    def release(self) -> None:
        """A flow is kept no more."""
        ...


@dataclass(slots=True)
class _Kept:
    """A flow being kept, and what of it was so far."""

    flow: KeptFlow
    packets: int = 0
    bytes: int = 0
    full: bool = False


class Lane:
    """Made by `Keeper.lane`; used by the one thread that owns its flow table.

    The table's `reuse` must not be called once it has a lane.
    """

    def __init__(
        self, settings: KeepSettings, table: FlowTable, sink: Sink, sweep: Sweep | None
    ) -> None:
        flows = len(table.flows)
        self._settings = settings
        self._table = table
        self._sink = sink
        self._sweep = sweep
        self._young_ns = settings.young_seconds * _NS
        self._young = make_ring(settings.beginnings_bytes, flows)
        self._read = make_ring(settings.candidates_bytes, flows)
        self._first = np.zeros(flows, np.int64)  # first packet of the kept flow at each record
        self._picked = np.zeros(1, np.int32)
        self._kept: dict[int, _Kept] = {}  # by record
        self._over: dict[int, None] = {}  # ids of flows that were kept, the newest
        self._batches = 0
        table.note_records()

    def see(self, batch: Batch, records: Any) -> None:
        """Look at a batch the table has just scanned, before the next one is.

        `records` is the table's, of that batch. Copies what may turn out to be a flow's
        beginning, hands on packets of kept flows.
        """
        count = batch.count
        if not count or not self._settings.packets:
            return
        if len(self._picked) < count:
            self._picked = np.zeros(count, np.int32)
        first_number = self._table.packets - count + 1
        found = keep_recent(
            batch.buffer,
            batch.packets,
            count,
            first_number,
            records,
            self._table.flows,
            self._table.starts,
            self._young_ns,
            self._settings.young_packets,
            self._first,
            self._young,
            self._read,
            self._picked,
        )
        for index in self._picked[:found].tolist():
            kept = self._kept[int(records[index])]
            if not self._is_full(kept):
                self._add(kept, _packet_of(batch, index, first_number + index))
        self._batches += 1
        if self._batches % _TIDY == 0:
            self._tidy()

    def take(self, flow: KeptFlow) -> bool:
        """Keep a flow from now on, and what the buffers have of it. Again: nothing happens.

        Call it after `see`, before the next batch is scanned. False: a bound bit, or it is
        not known.
        """
        if not self._settings.packets:
            return False
        if flow.flow_id in self._over:
            return True
        record = flow.record if flow.record >= 0 else self._record_of(flow)
        if record < 0:
            self._sink.count("keep_flows_unknown")
            return False
        there = self._kept.get(record)
        if there is not None:
            if there.flow.first_packet == flow.first_packet:
                return True
            self._let_go(record)
        if not self._sink.claim():
            self._sink.count("keep_flows_refused")
            return False
        kept = _Kept(flow)
        self._sink.count("keep_flows")
        begin = int(self._table.starts["first_packet"][record])
        for packet in self._before(flow, record, begin):
            if not self._is_full(kept):
                self._add(kept, packet)
        dead = int(self._table.flows["kind"][record]) & DEAD
        if begin == flow.first_packet and not dead and flow.last_ns is None:
            self._kept[record] = kept
            self._first[record] = flow.first_packet
        else:  # it has ended: there is nothing more to come
            self._end(flow.flow_id)
        return True

    def sweep(self, now_ns: int) -> None:
        """Go over a part of the flow table, for summaries; call it about ten times a second."""
        if self._sweep is not None:
            self._sweep.step(now_ns)

    def close(self) -> None:
        """The thread ends: let go of all flows, and summarise those of hosts that are findings."""
        for record in list(self._kept):
            self._let_go(record)
        if self._sweep is not None:
            self._sweep.finish()

    def _before(self, flow: KeptFlow, record: int, begin: int) -> list[Packet]:
        """What the buffers have of a flow, in order."""
        end = begin if begin > flow.first_packet else _NO_END
        found = [
            packet
            for ring in (self._young, self._read)
            for packet in packets_of(ring, record, flow.first_packet, end)
            if flow.last_ns is None or packet.ts_ns <= flow.last_ns
        ]
        found.sort(key=lambda packet: packet.number)
        if not found or found[0].number != flow.first_packet:
            self._sink.count("keep_beginnings_missing")
        return found

    def _record_of(self, flow: KeptFlow) -> int:
        """The record whose flow, now, began with that packet; -1 for none."""
        used = int(self._table.table["used"][0])
        found = np.flatnonzero(self._table.starts["first_packet"][:used] == flow.first_packet)
        return int(found[0]) if len(found) else -1

    def _is_full(self, kept: _Kept) -> bool:
        settings = self._settings
        if kept.packets < settings.flow_packets and kept.bytes < settings.flow_bytes:
            return False
        if not kept.full:
            kept.full = True
            self._sink.count("keep_flows_cut")
        self._sink.count("keep_packets_over_flow")
        return True

    def _add(self, kept: _Kept, packet: Packet) -> None:
        if self._sink.put(kept.flow.flow_id, kept.flow.host, packet):
            kept.packets += 1
            kept.bytes += len(packet.data)

    def _tidy(self) -> None:
        """Let go of flows that have ended."""
        for record, kept in list(self._kept.items()):
            first = int(self._table.starts["first_packet"][record])
            dead = int(self._table.flows["kind"][record]) & DEAD
            if dead or first != kept.flow.first_packet:
                self._let_go(record)

    def _let_go(self, record: int) -> None:
        kept = self._kept.pop(record)
        self._first[record] = 0
        self._end(kept.flow.flow_id)

    def _end(self, flow_id: int) -> None:
        """A flow is kept no more; remembered, so that its last state does not begin it anew."""
        self._sink.release()
        self._over[flow_id] = None
        if len(self._over) > self._settings.flows:
            del self._over[next(iter(self._over))]


def _packet_of(batch: Batch, index: int, number: int) -> Packet:
    row = batch.packets[index]
    return copy_packet(batch.buffer, int(row["offset"]), row, number)
