"""What else the host of a finding did: rows of the matcher's tables, as a finding tells them."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping

from poolwatch.inventory.addresses import address_of, position
from poolwatch.match.companions import CompanionTable, HostCompanions, Row
from poolwatch.terms import Companions, Endpoint, Fan, Fetch, Finding, Inbound


def accompany(finding: Finding, table: CompanionTable, captures: Mapping[int, str | None]) -> None:
    """Write into the finding of an inside host what else it did.

    `captures`: the ids of captures by the numbers the matcher gave them.
    """
    if not finding.inside:
        return
    address = ipaddress.ip_address(finding.host)
    found = table.of(position(address.version, int(address)))
    finding.companions = companions_of(found, captures) if found else Companions()


def companions_of(found: HostCompanions, captures: Mapping[int, str | None]) -> Companions:
    """The terms of one host's rows: those with most peers, then flows, first.

    Where nothing ever came to the host, or from it, one side alone was captured: then nobody
    knows what had no answer, and no flow counts as failed for that.
    """
    one = found.capture is not None
    capture = captures.get(found.capture) if found.capture is not None else None
    ordered = sorted(found.rows, key=lambda row: (-row.peers, -row.flows, row.first_ns, row))
    fans = (
        Fan(
            "udp" if row.udp else "tcp",
            row.port,
            row.peers,
            row.flows,
            _failed(row, known=found.heard),
            row.first_ns,
            row.last_ns,
            row.first_packet if one else 0,
            row.inside,
        )
        for row in ordered
        if not row.inbound
    )
    inbound = (
        Inbound(
            row.port,
            str(address_of(row.peer)),
            not row.inside,
            row.flows,
            _failed(row, known=found.spoke),
            row.first_ns,
            row.last_ns,
            row.first_packet if one else 0,
        )
        for row in ordered
        if row.inbound
    )
    fetches = (
        Fetch(
            Endpoint(str(address_of(fetched.server)), fetched.port),
            fetched.path,
            fetched.ts_ns,
            fetched.packet if one else 0,
        )
        for fetched in found.fetched
    )
    return Companions(tuple(fans), tuple(inbound), tuple(fetches), found.left_out, capture)


def _failed(row: Row, *, known: bool) -> int:
    """Flows without an answer or reset before any payload; of the former none if not `known`."""
    return row.reset + (row.silent if known else 0)
