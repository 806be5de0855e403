"""The only wiring: sources → matcher → judge → findings. Start reading here.

for item in Engine(catalog, limits, inside, sensor).run(["day.pcap"]):
    ...  # sessions as their flows close, then findings, then one Stats

`LiveEngine` is the same for packets that never end: batches in, states of sessions out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import asdict
from typing import TYPE_CHECKING

from poolwatch import __version__
from poolwatch.aggregate.attribute import attribute, locate
from poolwatch.aggregate.cause import Ranker
from poolwatch.aggregate.companions import accompany
from poolwatch.aggregate.estimate import Estimator
from poolwatch.aggregate.findings import findings_within
from poolwatch.aggregate.judge import Judge, flow_id
from poolwatch.aggregate.live import Withdrawn
from poolwatch.aggregate.logged import identify
from poolwatch.aggregate.places import Inside, address_text
from poolwatch.capture import open_source
from poolwatch.capture.bytestream import ByteStream
from poolwatch.capture.identity import stream_id
from poolwatch.capture.inputs import Input, find_inputs, shown_name
from poolwatch.capture.source import LINKS, Batch, Coverage, Source
from poolwatch.catalog import Catalog
from poolwatch.chain.trace import Tracer
from poolwatch.errors import CaptureError
from poolwatch.inventory.geo import Geo
from poolwatch.inventory.units import UnitTable
from poolwatch.match.companions import inside_rows
from poolwatch.match.encrypted import LongFlow
from poolwatch.match.live import LiveMatcher, LiveSettings
from poolwatch.match.matcher import Matcher
from poolwatch.settings import Limits
from poolwatch.tables import Tables
from poolwatch.terms import Capture, EncryptedFlow, Endpoint, Finding, Hit, Problem, Session, Stats

if TYPE_CHECKING:
    from poolwatch.inventory.exemptions import Exemptions

Item = Session | Finding | Stats
State = Session | Withdrawn
Progress = Callable[[str, int], None]
"""Called with a capture's name and the packets read of it."""

HITS_HELD = 20_000
"""Hits waiting for their capture's digest; then it is waited for."""


class Engine:
    """Scans captures one after another; each is a capture of its own.

    `identify`: work out flow and finding ids, which costs a digest of each capture in which
    something is found. `vantage`: `inside` or `outside`, the side of address translation the
    captures were taken on. `zone`: the time zone in which offices are open.
    """

    def __init__(
        self,
        catalog: Catalog,
        limits: Limits,
        inside: Inside,
        sensor: str,
        *,
        identify: bool = True,
        units: UnitTable | None = None,
        geo: Geo | None = None,
        tracer: Tracer | None = None,
        exemptions: Exemptions | None = None,
        zone: str = "UTC",
        vantage: str | None = None,
        seed: int | None = None,
    ) -> None:
        self._limits = limits
        self._sensor = sensor
        self._identify = identify
        self._units = units
        self._geo = geo
        self._tracer = tracer
        self._judge = Judge(catalog, inside, sensor)
        insides = inside_rows(inside.spans())
        self._matcher = Matcher(catalog, limits, seed=seed, insides=insides)
        self._captures: dict[int, str | None] = {}  # ids, by the matcher's numbers
        self._more = False  # whether captures follow the present one
        self._findings = findings_within(limits)
        self._findings.vantage = vantage
        self._estimator = Estimator(catalog)
        self._ranker = Ranker(catalog, limits, units=units, exemptions=exemptions, zone=zone)
        self._stats = Stats(__version__, catalog.digest, sensor, limits=asdict(limits))

    def run(self, names: list[str], progress: Progress | None = None) -> Iterator[Item]:
        """Sessions as they are settled, then the findings, then the stats."""
        for wanted, more in followed(find_inputs(names)):
            if wanted.skipped:
                self._skip(wanted)
                continue
            self._stats.files += 1
            self._more = more
            for session in self._scan(wanted.path, progress):
                self._findings.add(session)
                self._ranker.note(session)
                yield session
        companions = self._matcher.companions
        window = (self._stats.first_ns, self._stats.last_ns)
        for finding in self._findings.all():
            if self._units is not None:
                attribute(finding, self._units)
            if self._tracer is not None:
                identify(finding, self._tracer)
            self._estimator.fill(finding)
            if companions is not None:
                accompany(finding, companions, self._captures)
            self._ranker.fill(finding, window if all(window) else None)
            yield finding
        if self._units is not None:
            self._stats.counts |= self._units.counts()
        if self._tracer is not None:
            self._stats.counts |= self._tracer.counts()
        self._stats.counts |= self._findings.counts() | self._ranker.sharing.counts()
        if companions is not None:
            self._stats.counts |= companions.counts()
        yield self._stats

    def _scan(self, path: str, progress: Progress | None) -> Iterator[Session]:
        """The sessions of one capture."""
        try:
            limits = self._limits
            stream = ByteStream(path, limits.expansion_ratio, limits.unpack_bytes)
        except CaptureError as error:
            self._add_problem(path, error.offset, str(error), error.advice())
            return
        with closing(stream):
            try:
                source = open_source(stream, self._limits)
            except CaptureError as error:
                reason = stream.damage or str(error)
                self._add_problem(path, error.offset, reason, error.advice())
                return
            yield from self._scan_source(path, stream, source, progress)

    def _scan_source(
        self, path: str, stream: ByteStream, source: Source, progress: Progress | None
    ) -> Iterator[Session]:
        matcher = self._matcher
        matcher.reuse()
        held: list[Hit] = []
        capture: Capture | None = None
        start_id = ""
        packets = 0
        for batch in source.batches():
            if not packets:
                self._note_start(batch)
                start_id = stream_id(self._sensor, batch)
            packets += batch.count
            held += matcher.feed(batch)
            if matcher.promising and self._identify:
                stream.start_digest()
            if len(held) > HITS_HELD or (held and capture):
                capture = capture or self._capture(path, stream, start_id)
                yield from self._settle(held, capture)
                held = []
            if progress:
                progress(shown_name(path), packets)
        held += matcher.finish(last=not self._more)
        if held:
            yield from self._settle(held, capture or self._capture(path, stream, start_id))
        for mac in matcher.table.gateways():
            self._findings.gateways.learn(mac)
        self._note_coverage(path, source.coverage)

    def _settle(self, hits: list[Hit], capture: Capture) -> Iterator[Session]:
        for hit in hits:
            session = self._judge.judge(hit, capture)
            if session is not None:
                yield locate(session, self._geo) if self._geo else session

    def _capture(self, path: str, stream: ByteStream, start_id: str) -> Capture:
        """The capture's name and id; waits for its digest."""
        name = shown_name(path)
        if not self._identify:
            return Capture(name, None)
        found = Capture(name, stream.digest() if stream.is_file else start_id)
        self._captures[self._matcher.captures] = found.id
        return found

    def _note_start(self, batch: Batch) -> None:
        first_ns = int(batch.packets["ts_ns"][0])
        stats = self._stats
        if first_ns:  # else the capture has no clock
            stats.first_ns = min(stats.first_ns or first_ns, first_ns)

    def _note_coverage(self, path: str, coverage: Coverage) -> None:
        stats = self._stats
        counts = self._matcher.counts()
        if counts["packets"]:
            stats.last_ns = max(stats.last_ns, self._matcher.last_ns)
        counts["no_timestamp"] = coverage.no_timestamp
        counts["blocks_skipped"] = coverage.skipped_blocks
        counts["interfaces_left_out"] = coverage.interfaces_left_out
        # A capturing program may say that a packet was shorter than what it wrote of it.
        counts["bytes"] = max(counts["bytes"], counts["captured_bytes"])
        reasons = self._matcher.not_understood()
        if coverage.no_interface:
            counts["packets"] += coverage.no_interface
            reasons["interface_unknown"] = coverage.no_interface
        for name, count in counts.items():
            stats.counts[name] = stats.counts.get(name, 0) + count
        for reason, count in reasons.items():
            stats.not_understood[reason] = stats.not_understood.get(reason, 0) + count
        for number, count in coverage.link_types.items():
            if number not in LINKS:
                known = stats.link_types_unknown.get(number, 0)
                stats.link_types_unknown[number] = known + count
        stats.encrypted_flows += map(encrypted_flow, self._matcher.encrypted_flows)
        stats.encrypted_flows.sort(key=lambda flow: (-flow.ns, flow.first_ns))
        del stats.encrypted_flows[self._limits.encrypted_flows :]
        if coverage.drops is not None:
            stats.drops = (stats.drops or 0) + coverage.drops
        self._note_damage(path, coverage, orphans=coverage.no_interface == counts["packets"] > 0)

    def _note_damage(self, path: str, coverage: Coverage, *, orphans: bool) -> None:
        """What kept a capture from being read; `orphans`: no packet has an interface."""
        if coverage.damage:
            damage = coverage.damage
            self._add_problem(path, damage.offset, damage.reason, damage.advice)
        elif coverage.link_types and not coverage.known_link:
            numbers = ", ".join(str(number) for number in sorted(coverage.link_types))
            self._add_problem(path, 0, f"no interface of a known link type (LINKTYPE_ {numbers})")
        elif orphans:
            self._add_problem(path, 0, "no packet is of an interface that the file describes")

    def _add_problem(self, path: str, offset: int, reason: str, advice: str = "") -> None:
        self._stats.problems.append(Problem(shown_name(path), offset, reason, advice))

    def _skip(self, wanted: Input) -> None:
        if wanted.skipped == "folder_unreadable":
            self._add_problem(wanted.path, 0, "the folder cannot be listed")
            return
        skipped = self._stats.files_skipped
        skipped[wanted.skipped] = skipped.get(wanted.skipped, 0) + 1


class LiveEngine:
    """Batches of one ring in, states of conversations out; the sensor has one a ring.

    `capture`: sensor and start, the same for all rings of a sensor.
    """

    def __init__(
        self,
        tables: Tables,
        limits: Limits,
        settings: LiveSettings,
        sensor: str,
        capture: Capture,
        *,
        seed: int | None = None,
    ) -> None:
        self.live = LiveMatcher(tables.catalog, limits, settings, seed=seed)
        self._sensor = sensor
        self._capture = capture
        self._tables = tables
        self._judge = Judge(tables.catalog, tables.inside, sensor)
        self._told: set[int] = set()  # flow ids of open conversations that were told of

    def feed(self, batch: Batch) -> list[State]:
        """Read a batch; the conversations that ended meanwhile."""
        return self._judged(self.live.feed(batch))

    def tick(self) -> list[State]:
        """What is due to be told of conversations that go on. To be called about every second."""
        return self._judged(self.live.tick())

    def shed(self) -> list[State]:
        """Free part of the memory, of least worth first."""
        return self._judged(self.live.shed())

    def finish(self) -> list[State]:
        """No more packets come: the last state of every conversation."""
        return self._judged(self.live.finish())

    def use(self, tables: Tables) -> None:
        """Go by other tables from the next packet on; no flow is lost. Raises CatalogError."""
        if tables.catalog is not self._tables.catalog:
            self.live.use(tables.catalog)
        self._tables = tables
        self._judge = Judge(tables.catalog, tables.inside, self._sensor)

    def counts(self) -> dict[str, int]:
        """What was counted so far: packets, flows, bounds that bit."""
        return self.live.matcher.counts() | dict(self.live.counts)

    def _judged(self, hits: list[Hit]) -> list[State]:
        states: list[State] = []
        geo = self._tables.geo
        for hit in hits:
            session = self._judge.judge(hit, self._capture)
            if session is not None:
                states.append(locate(session, geo) if geo else session)
                key = session.flow_id
            else:
                key = flow_id(self._capture.id, hit) if self._capture.id else None
                if key in self._told:
                    states.append(Withdrawn(key))
            if key is not None and session is not None and hit.open:
                self._told.add(key)
            elif key is not None:
                self._told.discard(key)
        return states


def followed(inputs: Iterable[Input]) -> Iterator[tuple[Input, bool]]:
    """Inputs, and whether another follows each."""
    before: Input | None = None
    for one in inputs:
        if before is not None:
            yield before, True
        before = one
    if before is not None:
        yield before, False


def encrypted_flow(flow: LongFlow) -> EncryptedFlow:
    """A long flow with its ends as text."""
    key = flow.key
    ends = (
        Endpoint(address_text(key.version, key.a_address), key.a_port),
        Endpoint(address_text(key.version, key.b_address), key.b_port),
    )
    return EncryptedFlow(flow.ns, flow.first_ns, ends[flow.client], ends[1 - flow.client], flow.tls)
