"""Whose host a finding is about, and where a session's pool stands."""

from __future__ import annotations

import ipaddress
from dataclasses import replace

from poolwatch.inventory.geo import Geo
from poolwatch.inventory.unit_rows import UnitRow
from poolwatch.inventory.units import UnitTable
from poolwatch.terms import Finding, Session


def attribute(finding: Finding, table: UnitTable) -> None:
    """Name the unit that held the host at the time of the finding's evidence.

    What is then still not known is said: no row for that time, or another unit's row at the
    beginning or end of what was seen.
    """
    hit = finding.best.hit
    row = _row_at(finding.host, hit.seen_first_ns or hit.first_ns, table)
    unknown = [entry for entry in finding.unknown if entry[0] != "unit"]
    if row is None:
        unknown.append(("unit_row", "unit_table_row"))
    else:
        finding.unit = row.unit
        ends = (_row_at(finding.host, ns, table) for ns in (finding.first_ns, finding.last_ns))
        if any(end is None or end.unit.path != row.unit.path for end in ends):
            unknown.append(("unit_changed", "sessions_by_unit"))
    finding.unknown = unknown


def locate(session: Session, geo: Geo) -> Session:
    """The session with country and network of its pool's address."""
    miner, pool = session.miner.address, session.pool_end.address
    place = geo.find(pool)
    miner_inside = session.inside and (session.host == miner)
    return replace(
        session,
        dest_country=place.country,
        dest_asn=place.asn,
        cross_border=geo.crosses_border((miner, miner_inside), (pool, session.pool_inside)),
    )


def _row_at(host: str, ts_ns: int, table: UnitTable) -> UnitRow | None:
    address = ipaddress.ip_address(host)
    return table.find(address.version, int(address), ts_ns)
