"""The findings of an EVE file as questions to logs: each conversation with its ports and time."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, Any

from poolwatch.chain.hops import Query
from poolwatch.outputs.columns import FINDINGS, FLOWS, Column, Table
from poolwatch.outputs.eve_reader import Reading, read_rows
from poolwatch.outputs.rows import Row
from poolwatch.settings import Limits

_PROTOCOLS = {"TCP": 6, "UDP": 17}
_MICROSECOND = 1000


@dataclass(frozen=True, slots=True)
class FoundHost:
    """A host of a finding, and its conversations as queries, the earliest first.

    `left_out`: conversations beyond the bound, or not in the file.
    """

    host: str
    outside: bool  # seen outside address translation: the address is no machine
    role: str | None
    stage: str
    grade: str
    refused: bool
    queries: tuple[Query, ...]
    left_out: int


def found_hosts(stream: IO[bytes], limits: Limits, reading: Reading) -> list[FoundHost]:
    """The hosts of an EVE file's findings. Lines that cannot be used are noted in `reading`.

    In a file of a sensor a later line takes the place of an earlier one.
    """
    flows: dict[int, dict[str, Any]] = {}
    findings: dict[tuple[str, object], dict[str, Any]] = {}
    for table, row in read_rows(stream, limits.eve_line_bytes, reading):
        if table is FLOWS:
            cells = _named(table, row)
            key = cells["flow_id"]
            if key is not None and (key in flows or len(flows) < limits.report_rows):
                flows[key] = cells
        elif table is FINDINGS:
            cells = _named(table, row)
            findings[(cells["host"], cells["finding_id"])] = cells
    return [_host(cells, flows, limits) for cells in findings.values() if _address(cells["host"])]


def _named(table: Table, row: Row) -> dict[str, Any]:
    columns: tuple[Column, ...] = table.columns
    return dict(zip((column.name for column in columns), row, strict=True))


def _host(cells: dict[str, Any], flows: dict[int, dict[str, Any]], limits: Limits) -> FoundHost:
    ids = cells["flows"] or []
    known = [flows[number] for number in ids if number in flows]
    queries = list(_queries(cells["host"], known))
    queries.sort(key=lambda query: (query.from_ns, query.port or 0))
    kept = tuple(queries[: limits.chain_flows])
    return FoundHost(
        cells["host"],
        cells["vantage"] == "outside",
        cells["role"],
        cells["stage"],
        cells["grade"],
        bool(cells["refused"]),
        kept,
        max(cells["sessions"] or 0, len(ids)) - len(kept),
    )


def _queries(host: str, flows: list[dict[str, Any]]) -> Iterator[Query]:
    for flow in flows:
        ends = [(flow["src_ip"], flow["src_port"]), (flow["dest_ip"], flow["dest_port"])]
        if ends[0][0] != host:
            ends.reverse()
        own, remote = _address(ends[0][0]), _address(ends[1][0])
        first, last = flow["first_seen"], flow["last_seen"]
        if ends[0][0] != host or own is None or first is None:
            continue
        yield Query(
            own,
            first * _MICROSECOND,
            max(first, last or first) * _MICROSECOND + 1,
            _port(ends[0][1]),
            _PROTOCOLS.get(flow["proto"] or ""),
            remote,
            _port(ends[1][1]),
        )


def _port(number: int | None) -> int | None:
    return number if number is not None and 0 < number < 1 << 16 else None


def _address(text: str | None) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(text or "")
    except ValueError:
        return None
