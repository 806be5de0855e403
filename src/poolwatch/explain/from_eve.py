"""Subjects of an EVE file. It may come from anyone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from poolwatch.errors import UsageError
from poolwatch.explain.events import coverage_of, finding_of, flow_of
from poolwatch.explain.facts import Coverage, Finding, Flow
from poolwatch.explain.subjects import LISTED, Found, Wanted, is_wanted, put_together
from poolwatch.outputs.columns import FINDINGS, FLOWS, STATS, Table
from poolwatch.outputs.eve_reader import Reading, read_rows
from poolwatch.outputs.rows import Row, UnfitError
from poolwatch.settings import Limits


class EveSubjects:
    """Subjects of an EVE file, which is read twice: for findings, then for their flows.

    `reading`: the lines that could not be used. Of several states of one finding or flow the
    last holds, as a sensor writes them.
    """

    def __init__(self, path: Path, limits: Limits) -> None:
        self._path = path
        self._limits = limits
        self.reading = Reading()

    def find(self, ids: Iterable[Wanted]) -> Found:
        """The subjects of these ids; without any that of the only finding, or a choice."""
        ids = list(ids)
        findings, coverage, names = self._findings(ids)
        flows = self._flows(ids, findings)
        return put_together(ids, findings, flows, coverage, names)

    def _findings(self, ids: list[Wanted]) -> tuple[list[Finding], Coverage | None, int]:
        """Findings that may be wanted, the last coverage, and how many more there are."""
        kept: dict[object, Finding] = {}
        more = 0
        coverage = None
        flows = {one.number for one in ids if one.number is not None}
        for table, row in self._rows(self.reading):
            if table is STATS:
                coverage = coverage_of(row)
            if table is not FINDINGS:
                continue
            finding = finding_of(row)
            key = finding.finding_id if finding.finding_id is not None else finding.host
            if not ids:
                if key in kept or len(kept) < LISTED:
                    kept[key] = finding
                else:
                    more += 1
            elif is_wanted(finding, ids) or not flows.isdisjoint(finding.flows):
                kept.pop(key, None)
                kept[key] = finding
        return list(kept.values()), coverage, more

    def _flows(self, ids: list[Wanted], findings: list[Finding]) -> dict[object, Flow]:
        if not ids and len(findings) != 1:
            return {}
        numbers = {one.number for one in ids} | {f for finding in findings for f in finding.flows}
        hosts = {one.host for one in ids if one.host}
        kept: dict[object, Flow] = {}
        for table, row in self._rows(Reading()):
            if table is not FLOWS:
                continue
            flow = flow_of(row, self._limits.explain_pieces)
            ends = {flow.miner[0], flow.pool_end[0]}
            if flow.flow_id in numbers or not hosts.isdisjoint(ends):
                key = flow.flow_id if flow.flow_id is not None else (flow.miner, flow.pool_end)
                if key in kept or len(kept) < self._limits.finding_entries:
                    kept[key] = flow
        return kept

    def _rows(self, reading: Reading) -> Iterator[tuple[Table, Row]]:
        """Rows that can be used; a row whose evidence does not fit is named like a bad line."""
        try:
            with self._path.open("rb") as stream:
                rows = read_rows(stream, self._limits.eve_line_bytes, reading)
                for table, row in rows:
                    try:
                        if table is FLOWS:
                            flow_of(row, self._limits.explain_pieces)
                        elif table is FINDINGS:
                            finding_of(row)
                    except UnfitError as error:
                        reading.refuse(str(error))
                        continue
                    yield table, row
        except OSError as error:
            raise UsageError(f"--eve {self._path}: {error.strerror}") from error
