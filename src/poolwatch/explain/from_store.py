"""Subjects of a store."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, TypeVar

import msgspec

from poolwatch.explain.events import coverage_of, finding_of, flow_of
from poolwatch.explain.facts import Coverage, Finding, Flow
from poolwatch.explain.subjects import LISTED, Found, Wanted, put_together
from poolwatch.outputs.columns import STATS
from poolwatch.outputs.eve_reader import Reading
from poolwatch.outputs.rows import Row, UnfitError, rows_of
from poolwatch.settings import Limits

if TYPE_CHECKING:
    from poolwatch.store import FindingRow, Store

_T = TypeVar("_T", Finding, Flow)


class StoreSubjects:
    """Subjects of a store."""

    def __init__(self, store: Store, limits: Limits) -> None:
        self._store = store
        self._limits = limits
        self.reading = Reading()

    def find(self, ids: Iterable[Wanted]) -> Found:
        """The subjects of these ids; without any that of the only finding, or a choice."""
        ids = list(ids)
        findings = self._findings(ids)
        flows: dict[object, Flow] = {}
        if ids or len(findings) == 1:
            flows = self._flows(ids, findings)
            sought = {one.number for one in ids} - {finding.finding_id for finding in findings}
            if sought & flows.keys() and not findings:
                findings = self._holding(flows)
        more = max(len(findings) - LISTED, 0) if not ids else 0
        return put_together(ids, findings, flows, self._coverage(findings), more)

    def _findings(self, ids: list[Wanted]) -> list[Finding]:
        if not ids:
            rows = (row.event for row in self._with_decisions(self._store.findings()))
            return list(self._read(rows, finding_of))
        found: list[Finding] = []
        for one in ids:
            number = one.number if one.number is not None and one.number < 1 << 63 else None
            if one.host or number is not None:
                events = self._store.findings(host=one.host, finding_id=number)
                decided = self._with_decisions(events)
                found += self._read((row.event for row in decided), finding_of)
        return found

    def _with_decisions(self, findings: Iterable[FindingRow]) -> Iterator[FindingRow]:
        from poolwatch.store import with_decisions

        return with_decisions(self._store, findings)

    def _flows(self, ids: list[Wanted], findings: list[Finding]) -> dict[object, Flow]:
        """Sessions of the findings, and those with a wanted number."""
        kept: dict[object, Flow] = {}
        for finding in findings:
            rows = self._store.sessions(sensor=finding.sensor, finding_id=finding.finding_id)
            for flow in self._read((row.event for row in rows), self._flow):
                if len(kept) < self._limits.finding_entries:
                    kept[flow.flow_id] = flow
        numbers = {one.number for one in ids if one.number is not None}
        numbers -= {finding.finding_id for finding in findings}
        for number in numbers - kept.keys():
            if number is None or number >= 1 << 63:
                continue
            rows = self._store.sessions(flow_id=number)
            for flow in self._read((row.event for row in rows), self._flow):
                kept[flow.flow_id] = flow
        return kept

    def _flow(self, row: Row) -> Flow:
        return flow_of(row, self._limits.explain_pieces)

    def _holding(self, flows: dict[object, Flow]) -> list[Finding]:
        """Findings about either end of some flows that rest on them."""
        hosts = {end[0] for flow in flows.values() for end in (flow.miner, flow.pool_end)}
        found: list[Finding] = []
        for host in sorted(hosts):
            rows = self._store.findings(host=host)
            read = self._read((row.event for row in rows), finding_of)
            found += [one for one in read if not flows.keys().isdisjoint(one.flows)]
        return found

    def _coverage(self, findings: list[Finding]) -> Coverage | None:
        """Of the time of the findings, added up: a scan has one row, a sensor one a minute."""
        if not findings:
            return None
        times = [us for f in findings for us in (f.first_us, f.last_us) if us is not None]
        since, until = (min(times) * 1000, max(times) * 1000 + 1) if times else (None, None)
        total: Coverage | None = None
        for row in self._store.coverage(sensor=findings[0].sensor, since_ns=since, until_ns=until):
            part = Coverage(
                catalogue=row.catalogue,
                drops=sum(row.drops.values()),
                truncated=int(row.counts.get("truncated", 0)),
                gaps=int(row.counts.get("stream_gaps", 0)),
                one_way=int(row.counts.get("one_way", 0)),
                encrypted_long=int(row.counts.get("encrypted_long", 0)),
                not_understood=sum(row.not_understood.values()),
                counts={name: int(count) for name, count in row.counts.items()},
            )
            if row.event is not None:  # a scan: what its capturing program told stands there
                part = _of_event(row.event) or part
            total = part if total is None else _added(total, part)
        return total

    def _read(self, events: Iterable[str], make: Callable[[Row], _T]) -> Iterator[_T]:
        """What events of one kind say; those that do not fit are named like bad lines."""
        for text in events:
            self.reading.lines += 1
            try:
                yield from (make(row) for _, row in rows_of(msgspec.json.decode(text)))
            except (msgspec.MsgspecError, UnfitError) as error:
                self.reading.refuse(str(error))


def _of_event(text: str) -> Coverage | None:
    try:
        for table, row in rows_of(msgspec.json.decode(text)):
            if table is STATS:
                return coverage_of(row)
    except (msgspec.MsgspecError, UnfitError):
        return None
    return None


def _added(one: Coverage, other: Coverage) -> Coverage:
    drops = None
    if one.drops is not None or other.drops is not None:
        drops = (one.drops or 0) + (other.drops or 0)
    names = one.counts.keys() | other.counts.keys()
    return Coverage(
        catalogue=other.catalogue,
        drops=drops,
        truncated=one.truncated + other.truncated,
        gaps=one.gaps + other.gaps,
        one_way=one.one_way + other.one_way,
        encrypted_long=one.encrypted_long + other.encrypted_long,
        not_understood=one.not_understood + other.not_understood,
        problems=one.problems + other.problems,
        counts={name: one.counts.get(name, 0) + other.counts.get(name, 0) for name in names},
    )
