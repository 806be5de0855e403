"""The matcher: batches of packets in, hits out, one per flow that shows mining."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from poolwatch.layouts import COUNTERS, REASONS, FlowFlag, Gate, SegmentBit, Told, What, tunnel_of
from poolwatch.match.companions import CompanionTable
from poolwatch.match.dialects import require_known
from poolwatch.match.encrypted import LongFlow, LongFlows
from poolwatch.match.headers import Header, read_header
from poolwatch.match.identities import Identities
from poolwatch.match.message import Segment, Span, Tally
from poolwatch.match.names import FlowNames, NameWatch, Row
from poolwatch.match.nametables import NameTables
from poolwatch.match.prefilter import Endpoints, FlowTable, Rows, key_of, secret_seeds
from poolwatch.match.stream import Stream
from poolwatch.terms import FlowKey, Hit, Machine, NameSeen, Stage, TlsSeen, Via

if TYPE_CHECKING:
    from poolwatch.capture.source import Batch
    from poolwatch.catalog import Catalog
    from poolwatch.settings import Limits

_SYN = int(FlowFlag.SYN_A | FlowFlag.SYN_B)
_NS = 1_000_000_000
_ENDED = int(FlowFlag.RST | FlowFlag.FIN_A | FlowFlag.FIN_B)
_OPEN = int(SegmentBit.OPEN)
_START = int(SegmentBit.START_A | SegmentBit.START_B)
_HEAD_A = int(Gate.HEAD_A)
_DATA = int(What.DATA)
_HEAD = int(What.HEAD)
_CLOSE = int(What.CLOSE)
_TOLD = int(What.TOLD)
_TLS = int(Gate.TLS)
_ROOM = 16  # one part in so many is freed when there are too many candidates
NO_BYTES = np.zeros(1, np.uint8)


@dataclass(slots=True)
class Kept:
    """Payload of a flow that began before the slice, unread.

    `begun` has one entry a segment: the sides whose SYN had been seen when it came; `headers`
    what stood in front of it.
    """

    segments: list[Segment] = field(default_factory=list)
    headers: list[Header | None] = field(default_factory=list)
    begun: list[int] = field(default_factory=list)  # SegmentBit
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
    names: FlowNames | None
    unsure: bool  # closed by a SYN that may have been a repetition


class Matcher:
    """Reads one capture, or (`first=False`) a slice of one that is not its first.

    A slice holds back what it cannot judge alone: payload of flows that may have begun
    before it (`kept`), and the first flow of each key that closed in it (`closed`).
    `poolwatch.match.slices.merge` joins it with the slice in front.

    `insides`: PREFIX rows of the addresses that are inside; then it is kept what else their hosts
    did (`companions`), over all captures.
    """

    def __init__(
        self,
        catalog: Catalog,
        limits: Limits,
        *,
        first: bool = True,
        seed: int | None = None,
        insides: Any = None,
    ) -> None:
        require_known(catalog)
        self.limits = limits
        tables = NameTables(catalog.pools, [row.network for row in catalog.prefixes], limits)
        self.companions: CompanionTable | None = None
        if insides is not None:
            self.companions = CompanionTable(limits, insides, tables, secret_seeds(seed)[2:])
        self.table = FlowTable(
            limits,
            Endpoints(catalog.endpoints),
            seed=seed,
            keep=not first,
            names=tables,
            companions=self.companions,
        )
        self.tally: Tally = Tally()
        self.names = NameWatch(catalog, tables, limits, self.tally)
        self.long_flows = LongFlows(limits.encrypted_flows)
        self.identities = Identities(limits)
        self.lookups: list[Hit] = []  # until it is known who resolves for others
        self.over: list[Closed] = []  # in a slice: later flows of a key, closed
        self.streams: dict[int, Stream] = {}
        self.heads: dict[int, Segment] = {}
        self.kept: dict[int, Kept] = {}
        self.kept_bytes = 0
        self._waiting = 0  # bytes that wait in all streams
        self.closed: list[Closed] = []
        self.closed_keys: set[FlowKey] = set()  # closed for certain
        self.hits: list[Hit] = []
        self.promising = False  # something of mining was recognised: there will be hits
        self.changed: set[int] | None = None  # records with news, if somebody asks for them
        self._catalog = catalog
        self._seed = seed
        self.captures = 0  # begun with `reuse`

    def reuse(self) -> None:
        """Begin another capture with the same memory."""
        self.table.reuse(seed=self._seed, keep=False)
        self.captures += 1
        if self.companions is not None:
            self.companions.begin_capture(self.captures)
        self.tally = Tally()
        self.streams, self.heads, self.kept = {}, {}, {}
        self.closed, self.hits, self.over, self.lookups = [], [], [], []
        self.names = NameWatch(self._catalog, self.table.names, self.limits, self.tally)
        self.long_flows = LongFlows(self.limits.encrypted_flows)
        self.identities = Identities(self.limits)
        self.closed_keys = set()
        self.kept_bytes = self._waiting = 0
        self.promising = False

    def feed(self, batch: Batch) -> list[Hit]:
        """Read a batch; return the hits of flows that closed meanwhile."""
        for rows in self.table.scan(batch):
            self.take(rows, batch.buffer)
        return self.give()

    def expire(self, now: int) -> None:
        """Close flows that are idle for too long, by the monotonic clock, of a live wire."""
        for rows in self.table.expire(now):
            self.take(rows, NO_BYTES)

    def shed(self) -> None:
        """Free part of the memory: streams and flows of least worth go, as when a bound bites."""
        if self.streams:
            self._make_room()
        for rows in self.table.make_room():
            self.take(rows, NO_BYTES)

    def settle_lookups(self) -> None:
        """Give the lookups of flows that are over, by what is known of resolvers now."""
        self._settle_lookups()

    def state_of(self, record: int) -> object:
        """What of an open flow is worth telling at once when it changes."""
        stream, names = self.streams.get(record), self.names.flows.get(record)
        return (
            stream.conversation.state if stream else None,
            len(names.names) if names else 0,
        )

    def peek(self, record: int) -> Hit | None:
        """The state of an open flow, None without anything in it; asking changes nothing."""
        row = slice(record, record + 1)
        names = self.names.flows.get(record)
        closed = Closed(
            self.table.flows[row],
            self.table.starts[row],
            None,
            None,
            None,
            names.copy() if names else None,
            unsure=False,
        )
        stream = self.streams.get(record)
        hit = self._begin(closed, read=stream is not None)
        if hit is None:
            return None
        hit.open = True
        if stream is not None:
            stream.peek(hit)
        self.names.count_in(Tally())  # what is asked for early is not counted as forgotten
        self._fill_names(hit, closed)
        self.names.count_in(self.tally)
        if hit.stage is Stage.LOOKED_UP:
            self._note_resolver(hit, self.table.names.servers())
        self._fill_machines(hit)
        return hit if hit.signatures or hit.names or self._marked(closed) else None

    def use(self, catalog: Catalog) -> None:
        """Go by another catalogue from now on; flows stay open. Raises CatalogError.

        Listed addresses count for open flows too, names and networks for what comes.
        """
        require_known(catalog)
        before = [row.network for row in self._catalog.prefixes]
        now = [row.network for row in catalog.prefixes]
        self.table.names.use(catalog.pools, now)
        self.table.use(Endpoints(catalog.endpoints), (before, now))
        self.names.use(catalog)
        for stream in self.streams.values():
            stream.use(catalog)
        self._catalog = catalog

    def finish(self, *, last: bool = True) -> list[Hit]:
        """The capture is over: the hits of all flows still open.

        `last`: no other follows, so companions are only kept of hosts that have hits.
        """
        assert not self.table.keep, "a slice is finished by merging it into a first one"
        for rows in self.table.end():
            self.take(rows, NO_BYTES)
        self._settle_lookups()
        if self.companions is not None:
            self.companions.finish(self.table, last=last)
        return self.give()

    @property
    def encrypted_flows(self) -> list[LongFlow]:
        """The longest of the encrypted flows that nobody could judge."""
        return self.long_flows.longest()

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
        return counts | self.table.names.counts() | dict(self.tally) | self.identities.counts

    def not_understood(self) -> dict[str, int]:
        """Packets that could not be read, by reason."""
        reasons = self.table.counters[0]["reasons"]
        return {REASONS[i]: int(reasons[i]) for i in range(1, len(REASONS)) if reasons[i]}

    def give(self) -> list[Hit]:
        """The hits drawn up since the last call."""
        hits, self.hits = self.hits, []
        return hits

    def take(self, rows: Rows, buffer: Any, header: Header | None = None) -> None:
        """Act on segment rows whose bytes are in `buffer`; `header`: of a payload alone there."""
        view = memoryview(buffer)
        streams = self.streams
        for row in rows:
            ts_ns, packet, record, start, length, wire, seq, offset, side, what, bits, _ = row
            if what == _CLOSE:
                self._close(record, bool(bits & SegmentBit.UNSURE))
                continue
            if what > _CLOSE:
                self._take_found(row, view)
                continue
            data = bytes(view[start : start + length])
            if what == _DATA and length == wire:
                stream = streams.get(record)
                if stream is not None and stream.read_again(side, ts_ns, seq, data):
                    if stream.wants_header(side, ts_ns):
                        stream.sample(side, ts_ns, header or self._header(row, view))
                    if self.changed is not None:
                        self.changed.add(record)
                    continue
            segment = Segment(ts_ns, packet, side, seq, wire, offset, data)
            if what == _HEAD:
                self.hold_head(record, segment)
            elif what == _DATA:
                self._read(record, segment, bits)
                stream = streams.get(record)
                if stream is not None and stream.wants_header(side, ts_ns):
                    stream.sample(side, ts_ns, header or self._header(row, view))
            else:
                self._keep(record, segment, bits, header or self._header(row, view))

    def _take_found(self, row: tuple[Any, ...], view: memoryview) -> None:
        """Something in which the kernel found a name, or a host says who it is."""
        ts_ns, packet, record, start, length, wire, _, offset, side, what, bits, _ = row
        data = bytes(view[start : start + length])
        if what == _TOLD:
            self._take_told(Told(bits), record, side, ts_ns, data)
            return
        at = Span(packet, offset, length)
        self._take_name(what, Row(record, side, ts_ns, packet, ((0, at),)), wire, data)

    def _header(self, row: tuple[Any, ...], view: memoryview) -> Header | None:
        """The headers of a row's payload."""
        _, _, record, start, _, _, seq, offset, side, _, _, _ = row
        if offset > start:  # the payload alone is there
            return None
        flow = self.table.flows[record]
        ends = int(flow["ports"]) >> 16, int(flow["ports"]) & 0xFFFF
        ports = (ends[side], ends[1 - side])
        carrier, _ = tunnel_of(int(flow["tags"]))
        return read_header(bytes(view[start - offset : start]), ports, seq, carrier)

    def _read(self, record: int, segment: Segment, bits: int) -> None:
        """Payload of a candidate."""
        stream = self.streams.get(record)
        if stream is None:
            # Without the opening bit it was dismissed or shed within this batch.
            if not bits & _OPEN:
                return
            stream = self._open(record, bits)
        before = stream.waiting_bytes
        stream.feed(segment)
        self._waiting += stream.waiting_bytes - before
        if self._waiting > self.limits.waiting_bytes:
            self._shed_waiting()
        if stream.conversation.promising:
            self.promising = True
            if self.changed is not None:
                self.changed.add(record)
        elif stream.hopeless:
            self._dismiss(record, "candidates_dismissed")

    def _take_told(self, how: Told, record: int, side: int, ts_ns: int, data: bytes) -> None:
        """A host says who it is."""
        sender = None
        if record >= 0:
            key = key_of(self.table.flows[record])
            sender = (key.version, key.b_address if side else key.a_address)
        self.identities.take(how, ts_ns, data, sender)

    def _fill_machines(self, hit: Hit) -> None:
        """Write into a hit what is known of its two ends by the time of its last packet."""
        key = hit.key
        hit.machines = (
            self._machine((key.version, key.a_address), hit, 0),
            self._machine((key.version, key.b_address), hit, 1),
        )

    def _machine(self, address: tuple[int, int], hit: Hit, side: int) -> Machine:
        return self.identities.machine(address, hit.last_ns, hit.traits[side], self.table)

    def _take_name(self, what: int, row: Row, number: int, data: bytes) -> None:
        """Something in which the kernel found a name; `number` is that of an opening."""
        if what == What.HOST:
            self.names.read_host(row, data)
        elif what == What.DNS:
            self.names.read_dns(row, key_of(self.table.flows[row.record]), data)
        else:
            self.names.read_opening(row, number, key_of(self.table.flows[row.record]))
        self.promising |= row.record in self.names.flows
        if self.changed is not None and row.record in self.names.flows:
            self.changed.add(row.record)

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

    def _open(self, record: int, bits: int) -> Stream:
        """A stream for a new candidate."""
        self.tally["candidates"] += 1
        if len(self.streams) >= self.limits.candidates:
            self._make_room()
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
            self._waiting += stream.waiting_bytes
        return stream

    def adopt(self, record: int, stream: Stream) -> None:
        """Go on with a stream that a later slice was reading."""
        stream.count_in(self.tally)
        self.streams[record] = stream
        self._waiting += stream.waiting_bytes

    def _dismiss(self, record: int, why: str) -> None:
        self.tally[why] += 1
        self._forget(record)
        self.table.dismiss(record)

    def _forget(self, record: int) -> Stream | None:
        stream = self.streams.pop(record, None)
        if stream is not None:
            self._waiting -= stream.waiting_bytes
        return stream

    def _make_room(self) -> None:
        """Finish the streams of connections that have ended; if that frees too few, shed others.

        First those without anything of mining go, then the longest silent; what was found in
        them stays.
        """
        flows = self.table.flows
        records = np.fromiter(self.streams, np.int64, len(self.streams))
        ended = records[(flows["flags"][records] & _ENDED) != 0]
        for record in ended.tolist():
            self._finish_early(record, "candidates_ended_early")
        wanted = max(self.limits.candidates // _ROOM, 1) - len(ended)
        if wanted > 0:
            records = np.fromiter(self.streams, np.int64, len(self.streams))
            found = np.array([stream.conversation.found for stream in self.streams.values()])
            order = np.lexsort((flows["last_ns"][records], found))
            for record in records[order[:wanted]].tolist():
                self._finish_early(record, "candidates_shed")

    def _finish_early(self, record: int, why: str) -> None:
        stream = self._forget(record)
        self._mark_mining(record, stream)
        self._add_hit(record, stream)
        self.table.untell(record)
        self._dismiss(record, why)

    def _mark_mining(self, record: int, stream: Stream | None) -> None:
        """Note with a flow's record that it was mining, before its stream is gone."""
        if stream is not None and stream.conversation.found:
            self.table.flows["flags"][record] |= np.uint16(FlowFlag.MINING)

    def _shed_waiting(self) -> None:
        """Too many bytes wait in all streams together: those that hold most go."""
        by_size = sorted(self.streams, key=lambda r: -self.streams[r].waiting_bytes)
        for record in by_size:
            if self._waiting <= self.limits.waiting_bytes // 2:
                return
            self._finish_early(record, "candidates_shed_for_bytes")

    def _close(self, record: int, unsure: bool) -> None:
        """A flow closed: its hit, or in a slice what a merge will need."""
        stream = self._forget(record)
        head = self.heads.pop(record, None)
        self._mark_mining(record, stream)
        flags = int(self.table.flows["flags"][record])
        if not self.table.keep:
            self._add_hit(record, stream)
            return
        kept = self.kept.pop(record, None)
        flow = self.table.flows[record : record + 1].copy()
        start = self.table.starts[record : record + 1].copy()
        names = self.names.flows.pop(record, None)
        closed = Closed(flow, start, stream, kept, head, names, unsure)
        if not flags & FlowFlag.LATER:
            self.closed.append(closed)
            if not unsure:
                self.closed_keys.add(key_of(flow[0]))
        elif len(self.over) < self.limits.held_flows:
            self.over.append(closed)
        else:
            self.tally["slice_flows_shed"] += 1
            self.note_companion(closed)
            self.draw(closed)

    def note_companion(self, closed: Closed) -> None:
        """Note of a flow that is over what it says of its hosts."""
        if self.companions is not None:
            self.companions.take(closed.flow, closed.start)

    def _add_hit(self, record: int, stream: Stream | None) -> None:
        names = self.names.flows.pop(record, None)
        flow = self.table.flows[record : record + 1]
        start = self.table.starts[record : record + 1]
        self.draw(Closed(flow, start, stream, None, None, names, unsure=False))

    def draw(self, closed: Closed) -> None:
        """The hit of a flow that is over, if there is anything in it."""
        stream = closed.stream
        hit = self._begin(closed, read=stream is not None)
        if hit is None:
            return
        if stream is not None:
            stream.finish(hit)
            if hit.contradictory:
                self.tally["candidates_contradictory"] += 1
        openings = self._fill_names(hit, closed)
        lasted_ns = hit.last_ns - hit.first_ns
        encrypted = bool(int(closed.flow["gate"][0]) & _TLS)
        if hit.signatures or self._marked(closed) or hit.names:
            self._fill_machines(hit)
            self._add(hit)
        elif encrypted and lasted_ns >= self.limits.long_flow_seconds * _NS:
            self.long_flows.offer(hit, openings, self.names)

    def _marked(self, closed: Closed) -> bool:
        """Whether an end of a flow is listed."""
        listed = bool(int(closed.flow["flags"][0]) & FlowFlag.LISTED)
        return listed or int(closed.start["prefix"][0]) >= 0

    def _begin(self, closed: Closed, *, read: bool) -> Hit | None:
        """A hit with what the flow's record says, None for one nobody asks for."""
        flow, start = closed.flow[0], closed.start[0]
        flags = int(flow["flags"])
        encrypted = bool(int(flow["gate"]) & _TLS)
        if not (read or encrypted or int(start["named"]) or self._marked(closed)):
            return None
        return Hit(
            key=key_of(flow),
            first_packet=int(start["first_packet"]),
            first_ns=int(start["first_ns"]),
            # On a live wire the clock may be set back while a flow lasts.
            last_ns=max(int(flow["last_ns"]), int(start["first_ns"])),
            initiator=1 if flags & FlowFlag.FIRST_B else 0,
            opened=bool(flags & _SYN),
            payload=(bool(flags & FlowFlag.DATA_A), bool(flags & FlowFlag.DATA_B)),
            encrypted=encrypted,
            endpoint=int(start["endpoint"]),
            teids=(int(start["teid_a"]), int(start["teid_b"])),
            prefix=int(start["prefix"]),
        )

    def _fill_names(self, hit: Hit, closed: Closed) -> tuple[int, int]:
        """Write into a hit what its flow's names say; the numbers of the flow's openings."""
        start, flags = closed.start[0], int(closed.flow["flags"][0])
        openings = (int(start["opening_a"]), int(start["opening_b"]))
        self._add_names(
            hit,
            closed.names,
            int(start["named"]),
            openings,
            seen=bool(hit.signatures) or self._marked(closed),
            both_syn=flags & _SYN == _SYN,
        )
        return openings

    def _add_names(
        self,
        hit: Hit,
        names: FlowNames | None,
        named: int,
        openings: tuple[int, int],
        *,
        seen: bool,
        both_syn: bool,
    ) -> None:
        """Write into a hit the names of its flow, and what its handshake shows."""
        found = self.names.finish(names, hit.key, named, openings, seen=seen)
        if found is None:
            return
        listed = [one for one in found.names.values() if not _turned_round(one, hit, both_syn)]
        listed.sort(key=lambda one: (one.packet, one.via, one.name))
        if any(one.suffix for one in listed):
            hit.names = tuple(listed)
        if found.tls != TlsSeen():
            hit.tls = found.tls
        own = [one for one in hit.names if one.suffix and one.via is not Via.ADDRESS]
        if own:
            first, last = own[0], max(one.ts_ns for one in own)
            hit.seen_first_packet = min(hit.seen_first_packet or first.packet, first.packet)
            hit.seen_first_ns = min(hit.seen_first_ns or first.ts_ns, first.ts_ns)
            hit.seen_last_ns = max(hit.seen_last_ns, last)
        if not hit.signatures and own and all(one.via is Via.LOOKUP for one in own):
            hit.stage = Stage.LOOKED_UP

    def _add(self, hit: Hit) -> None:
        """Give a hit; a lookup only at the end, when it is known who resolves for others."""
        if self.companions is not None:
            self.companions.want(hit.key)
        if hit.stage is not Stage.LOOKED_UP:
            self.hits.append(hit)
            return
        self.lookups.append(hit)
        if len(self.lookups) > self.limits.lookups:
            self.tally["lookups_settled_early"] += len(self.lookups)
            self._settle_lookups()

    def _settle_lookups(self) -> None:
        servers = self.table.names.servers() if self.lookups else set()
        for hit in self.lookups:
            self._note_resolver(hit, servers)
        self.hits += self.lookups
        self.lookups = []

    def _note_resolver(self, hit: Hit, servers: set[int]) -> None:
        client = (hit.key.a_address, hit.key.b_address)[hit.names[0].side]
        hit.asks_for_others = client in servers

    def _keep(self, record: int, segment: Segment, bits: int, header: Header | None) -> None:
        """Keep payload of a flow that began before this slice, within bounds."""
        kept = self.kept.setdefault(record, Kept())
        kept.worth_reading |= bool(bits & _OPEN)
        size = len(segment.data)
        over = self.kept_bytes + size > self.limits.held_bytes or (
            not kept.worth_reading and kept.bytes + size > self.limits.held_flow_bytes
        )
        if not over:
            kept.segments.append(segment)
            kept.headers.append(header)
            kept.begun.append(bits & _START)
            kept.bytes += size
            self.kept_bytes += size
            return
        if not kept.shed:
            kept.shed = True
            self.tally["slice_payload_shed"] += 1
        if not kept.worth_reading:
            self.table.dismiss(record)


def _turned_round(seen: NameSeen, hit: Hit, both_syn: bool) -> bool:
    """Whether the side that would be the client of a learned address was itself called."""
    return seen.via is Via.ADDRESS and both_syn and hit.initiator != seen.side
