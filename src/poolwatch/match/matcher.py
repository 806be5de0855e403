"""The matcher: batches of packets in, hits out, one per flow that shows mining."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from poolwatch.layouts import COUNTERS, REASONS, FlowFlag, Gate, SegmentBit, What
from poolwatch.match.dialects import require_known
from poolwatch.match.message import Segment, Tally
from poolwatch.match.prefilter import Endpoints, FlowTable, Rows, key_of
from poolwatch.match.stream import Stream
from poolwatch.terms import FlowKey, Hit

if TYPE_CHECKING:
    from poolwatch.capture.source import Batch
    from poolwatch.catalog import Catalog
    from poolwatch.settings import Limits

_SYN = int(FlowFlag.SYN_A | FlowFlag.SYN_B)
_ENDED = int(FlowFlag.RST | FlowFlag.FIN_A | FlowFlag.FIN_B)
_OPEN = int(SegmentBit.OPEN)
_HEAD_A = int(Gate.HEAD_A)
_DATA = int(What.DATA)
_HEAD = int(What.HEAD)
_CLOSE = int(What.CLOSE)
NO_BYTES = np.zeros(1, np.uint8)


@dataclass(slots=True)
class Kept:
    """Payload of a flow that began before the slice, unread."""

    segments: list[Segment] = field(default_factory=list)
    bytes: int = 0
    worth_reading: bool = False
    shed: bool = False

    def shift(self, packets: int) -> None:
        """Count packets from an earlier beginning."""
        self.segments = [
            segment._replace(packet=segment.packet + packets) for segment in self.segments
        ]


@dataclass(slots=True)
class Closed:
    """The first flow of its key in a slice, closed there; whole only after merging."""

    flow: Any  # one FLOW row
    start: Any  # one FLOW_START row
    stream: Stream | None
    kept: Kept | None
    head: Segment | None
    unsure: bool  # closed by a SYN that may have been a repetition


class Matcher:
    """Reads one capture, or (`first=False`) a slice of one that is not its first.

    A slice holds back what it cannot judge alone: payload of flows that may have begun
    before it (`kept`), and the first flow of each key that closed in it (`closed`).
    `poolwatch.match.slices.merge` joins it with the slice in front.
    """

    def __init__(
        self,
        catalog: Catalog,
        limits: Limits,
        *,
        first: bool = True,
        seed: int | None = None,
    ) -> None:
        require_known(catalog)
        self.limits = limits
        self.table = FlowTable(limits, Endpoints(catalog.endpoints), seed=seed, keep=not first)
        self.tally: Tally = Tally()
        self.streams: dict[int, Stream] = {}
        self.heads: dict[int, Segment] = {}
        self.kept: dict[int, Kept] = {}
        self.kept_bytes = 0
        self.closed: list[Closed] = []
        self.closed_keys: set[FlowKey] = set()  # closed for certain
        self.hits: list[Hit] = []
        self.promising = False  # something of mining was recognised: there will be hits
        self._catalog = catalog
        self._seed = seed

    def reuse(self) -> None:
        """Begin another capture with the same memory."""
        self.table.reuse(seed=self._seed, keep=False)
        self.tally = Tally()
        self.streams, self.heads, self.kept = {}, {}, {}
        self.closed, self.hits = [], []
        self.closed_keys = set()
        self.kept_bytes = 0
        self.promising = False

    def feed(self, batch: Batch) -> list[Hit]:
        """Read a batch; return the hits of flows that closed meanwhile."""
        for rows in self.table.scan(batch):
            self.take(rows, batch.buffer)
        return self.give()

    def finish(self) -> list[Hit]:
        """The capture is over: the hits of all flows still open."""
        assert not self.table.keep, "a slice is finished by merging it into a first one"
        for rows in self.table.end():
            self.take(rows, NO_BYTES)
        return self.give()

    @property
    def last_ns(self) -> int:
        """Time of the newest packet read."""
        return int(self.table.table["now_ns"][0])

    def counts(self) -> dict[str, int]:
        """What was counted: packets, flows, bounds that bit."""
        row = self.table.counters[0]
        counts = {
            name: int(row[name])
            for name in COUNTERS.names or ()
            if name not in ("reasons", "probes")
        }
        return counts | dict(self.tally)

    def not_understood(self) -> dict[str, int]:
        """Packets that could not be read, by reason."""
        reasons = self.table.counters[0]["reasons"]
        return {REASONS[i]: int(reasons[i]) for i in range(1, len(REASONS)) if reasons[i]}

    def give(self) -> list[Hit]:
        """The hits drawn up since the last call."""
        hits, self.hits = self.hits, []
        return hits

    def take(self, rows: Rows, buffer: Any) -> None:
        """Act on segment rows whose bytes are in `buffer`."""
        view = memoryview(buffer)
        streams = self.streams
        for row in rows:
            ts_ns, packet, record, start, length, wire, seq, offset, side, what, bits, _ = row
            if what == _CLOSE:
                self._close(record, bool(bits & SegmentBit.UNSURE))
                continue
            data = bytes(view[start : start + length])
            segment = Segment(ts_ns, packet, side, seq, wire, offset, data)
            if what == _DATA:
                stream = streams.get(record)
                if stream is None:
                    # Without the opening bit it was dismissed or shed within this batch.
                    stream = self._open(record, bits) if bits & _OPEN else None
                    if stream is None:
                        continue
                stream.feed(segment)
                if stream.conversation.found:
                    self.promising = True
                elif stream.hopeless:
                    self._dismiss(record, "candidates_dismissed")
            elif what == _HEAD:
                self.hold_head(record, segment)
            else:
                self._keep(record, segment, bits)

    def hold_head(self, record: int, head: Segment) -> None:
        """Keep an HTTP head until its body shows whether the flow is worth reading."""
        self.heads[record] = head
        if len(self.heads) > self.limits.heads:
            self._forget_heads()

    def _awaited(self, record: int, head: Segment) -> bool:
        """Whether a head is its flow's own and its body has not shown yet."""
        flow = self.table.flows[record]
        own = head.packet >= int(self.table.starts["first_packet"][record])
        return own and bool(int(flow["gate"]) & (_HEAD_A << head.side))

    def _forget_heads(self) -> None:
        """Drop the heads nobody waits for, and if need be the oldest of the others."""
        awaited = [(r, head) for r, head in self.heads.items() if self._awaited(r, head)]
        surplus = max(len(awaited) - self.limits.heads // 2, 0)
        if surplus:
            self.tally["heads_forgotten"] += surplus
        self.heads = dict(awaited[surplus:])

    def _open(self, record: int, bits: int) -> Stream | None:
        """A stream for a new candidate; None when there is no room for one."""
        self.tally["candidates"] += 1
        if len(self.streams) >= self.limits.candidates:
            self._retire_ended()
        if len(self.streams) >= self.limits.candidates:
            self._dismiss(record, "candidates_shed")
            return None
        flow = self.table.flows[record]
        head = self.heads.pop(record, None)
        if head is not None and not self._awaited(record, head):
            head = None
        begins = [
            int(flow["next_a"]) if bits & SegmentBit.START_A else None,
            int(flow["next_b"]) if bits & SegmentBit.START_B else None,
        ]
        if head is not None:
            begins[head.side] = None  # the head is what comes first
        stream = Stream(self._catalog, self.limits, self.tally, (begins[0], begins[1]))
        self.streams[record] = stream
        if head is not None:
            stream.feed(head)
        return stream

    def _dismiss(self, record: int, why: str) -> None:
        self.tally[why] += 1
        self.streams.pop(record, None)
        self.table.dismiss(record)

    def _retire_ended(self) -> None:
        """Finish the streams of connections that have ended, to make room."""
        flags = self.table.flows["flags"]
        for record in [r for r in self.streams if flags[r] & _ENDED]:
            self._add_hit(record, self.streams[record])
            self._dismiss(record, "candidates_ended_early")

    def _close(self, record: int, unsure: bool) -> None:
        """A flow closed: its hit, or in a slice what a merge will need."""
        stream = self.streams.pop(record, None)
        head = self.heads.pop(record, None)
        flags = int(self.table.flows["flags"][record])
        if not self.table.keep or flags & FlowFlag.LATER:
            self._add_hit(record, stream)
            return
        kept = self.kept.pop(record, None)
        flow = self.table.flows[record : record + 1].copy()
        start = self.table.starts[record : record + 1].copy()
        self.closed.append(Closed(flow, start, stream, kept, head, unsure))
        if not unsure:
            self.closed_keys.add(key_of(flow[0]))

    def _add_hit(self, record: int, stream: Stream | None) -> None:
        flow, start = self.table.flows[record], self.table.starts[record]
        flags = int(flow["flags"])
        listed = flags & FlowFlag.LISTED
        if stream is None and not listed:
            return
        hit = Hit(
            key=key_of(flow),
            first_packet=int(start["first_packet"]),
            first_ns=int(start["first_ns"]),
            last_ns=int(flow["last_ns"]),
            initiator=1 if flags & FlowFlag.FIRST_B else 0,
            opened=bool(flags & _SYN),
            payload=(bool(flags & FlowFlag.DATA_A), bool(flags & FlowFlag.DATA_B)),
            encrypted=bool(int(flow["gate"]) & Gate.TLS),
            endpoint=int(start["endpoint"]),
            teids=(int(start["teid_a"]), int(start["teid_b"])),
        )
        if stream is not None:
            stream.finish(hit)
        if hit.signatures or listed:
            self.hits.append(hit)

    def _keep(self, record: int, segment: Segment, bits: int) -> None:
        """Keep payload of a flow that began before this slice, within bounds."""
        kept = self.kept.setdefault(record, Kept())
        kept.worth_reading |= bool(bits & _OPEN)
        size = len(segment.data)
        over = self.kept_bytes + size > self.limits.held_bytes or (
            not kept.worth_reading and kept.bytes + size > self.limits.held_flow_bytes
        )
        if not over:
            kept.segments.append(segment)
            kept.bytes += size
            self.kept_bytes += size
            return
        if not kept.shed:
            kept.shed = True
            self.tally["slice_payload_shed"] += 1
        if not kept.worth_reading:
            self.table.dismiss(record)
