"""Rows of findings and conversations, from EVE files or a store."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from poolwatch.errors import UsageError
from poolwatch.outputs.columns import FINDINGS, FLOWS, STATS
from poolwatch.outputs.eve_reader import Reading, read_rows
from poolwatch.outputs.rows import Row
from poolwatch.report import Rows
from poolwatch.settings import Limits
from poolwatch.terms import Grade, Stage

if TYPE_CHECKING:
    from poolwatch.store import CoverageRow

Between = tuple[int | None, int | None]

_US = 1000  # ns
_WORKS = Stage.RECEIVING_WORK  # from that on a conversation is mining and not a mere greeting
_SURE = (Grade.PROBABLE.word, Grade.CONFIRMED.word)
_STAGES = frozenset(stage.word for stage in Stage if stage >= _WORKS)


@dataclass(frozen=True, slots=True)
class Events:
    """Rows by table, each as `outputs/columns.py` has it."""

    findings: list[Row]
    flows: list[Row]
    stats: list[Row]
    coverage: list[CoverageRow] = field(default_factory=list)  # of a store
    left_out: int = 0  # rows there was no room for


def read_events(
    files: Sequence[Path],
    store: str | None,
    limits: Limits,
    complain: Callable[[str], None],
    between: Between = (None, None),
) -> Events:
    """All rows; `complain` is told, once a file, of lines that cannot be used.

    The file `-` is standard input. Of a store only what reaches into the time `between`, ns.
    Raises UsageError for a file that cannot be read or holds no event, StoreError for a store.
    """
    rows = Rows(limits.report_rows)
    for path in files:
        try:
            if str(path) == "-":
                _read("-", sys.stdin.buffer, rows, limits, complain)
                continue
            with path.open("rb") as stream:
                _read(str(path), stream, rows, limits, complain)
        except OSError as error:
            raise UsageError(f"{path}: {error.strerror}") from error
    coverage = []
    if store is not None:
        coverage = _read_store(store, rows, limits, complain, between)
    for name, count in rows.left_out.items():
        if count:
            complain(f"{count} rows of {name} were left out; raise it with --limit report_rows=N")
    left_out = sum(rows.left_out.values())
    return Events(rows.of(FINDINGS), rows.of(FLOWS), rows.of(STATS), coverage, left_out)


def times_of(events: Events) -> tuple[list[tuple[str, int, int]], list[tuple[int, int]]]:
    """When which host mined, and when anything was captured, ns."""
    flows = [_cells(FLOWS.columns, row) for row in events.flows]
    spans = [
        (flow["src_ip"], flow["first_seen"] * _US, flow["last_seen"] * _US)
        for flow in flows
        if flow["grade"] in _SURE
        and flow["stage"] in _STAGES
        and None not in (flow["src_ip"], flow["first_seen"], flow["last_seen"])
    ]
    stats = [_cells(STATS.columns, row) for row in events.stats]
    seen = [
        (stat["first_seen"] * _US, stat["last_seen"] * _US)
        for stat in stats
        if stat["first_seen"] is not None and stat["last_seen"] is not None
    ]
    seen += [(row.first_ns, row.last_ns) for row in events.coverage]
    return spans, seen or [(first, last) for _, first, last in spans]


def _read(
    name: str,
    stream: IO[bytes] | IO[str],
    rows: Rows,
    limits: Limits,
    complain: Callable[[str], None],
) -> None:
    reading = Reading()
    for table, row in read_rows(stream, limits.eve_line_bytes, reading):
        rows.add(table, row)
    if reading.bad:
        first = reading.bad_lines[0]
        complain(f"{name}: {reading.bad} line(s) not used; line {first.line}: {first.reason}")
    if not reading.events:
        raise UsageError(
            f"{name}: holds no event of poolwatch", "it is made by: poolwatch scan --format eve"
        )


def _read_store(
    url: str, rows: Rows, limits: Limits, complain: Callable[[str], None], between: Between
) -> list[CoverageRow]:
    """Takes the events of a store; what it says of what was looked at."""
    from poolwatch.store import open_store, with_decisions
    from poolwatch.store.urls import read_url

    parsed = read_url(url)
    if parsed.drivername.startswith("sqlite") and not Path(str(parsed.database)).is_file():
        raise UsageError(f"--store {url}: no such file", "a store is made by scan --store or watch")
    with open_store(url, "report") as store:
        since, until = between
        findings = with_decisions(store, store.findings(since_ns=since, until_ns=until))
        for kind in (findings, store.sessions(since_ns=since, until_ns=until)):
            for stored in kind:
                reading = Reading()
                line = io.StringIO(stored.event + "\n")
                for table, row in read_rows(line, limits.eve_line_bytes, reading):
                    rows.add(table, row)
                for bad in reading.bad_lines:
                    complain(f"--store: an event is not used: {bad.reason}")
        return list(store.coverage(since_ns=since, until_ns=until))


def _cells(columns: Sequence[Any], row: Row) -> dict[str, Any]:
    return {column.name: cell for column, cell in zip(columns, row, strict=True)}
