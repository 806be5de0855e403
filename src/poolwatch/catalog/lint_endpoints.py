"""Rules for addresses and networks: dates that can be, and one pool for one address."""

from __future__ import annotations

import datetime
import ipaddress
from collections.abc import Iterator

from poolwatch.catalog.load import Placed, Rows
from poolwatch.catalog.rows import EndpointRow

_WIDEST = {4: 16, 6: 32}  # a network wider than this is a provider's, not a pool's


def seen_dates(rows: Rows) -> Iterator[str]:
    """Nobody has seen an address first on a day to come; until when it holds may be a guess."""
    today = datetime.datetime.now(datetime.UTC).date()
    dated = [(placed.place, placed.row.seen_from) for placed in rows.endpoints]
    dated += [(placed.place, placed.row.seen_from) for placed in rows.prefixes]
    for place, day in dated:
        if day > today:
            yield f"{place}: seen_from {day} lies in the future"


def clashing_endpoints(rows: Rows) -> Iterator[str]:
    """One address and port belongs to one pool at a time."""
    seen: dict[tuple[str, int], list[Placed[EndpointRow]]] = {}
    for placed in rows.endpoints:
        row = placed.row
        earlier = seen.setdefault((row.address, row.port), [])
        for first in earlier:
            if _overlap(row, first.row):
                yield f"{placed.place}: {_clash(row, first)}"
                break
        earlier.append(placed)


def _overlap(row: EndpointRow, other: EndpointRow) -> bool:
    return row.seen_from <= other.seen_until and other.seen_from <= row.seen_until


def _clash(row: EndpointRow, first: Placed[EndpointRow]) -> str:
    where = f"{row.address}:{row.port}"
    if row.pool != first.row.pool:
        return f"{where}: pool is {row.pool!r} here and {first.row.pool!r} at {first.place}"
    return f"{where} stands at {first.place} already for some of these days"


def wide_networks(rows: Rows) -> Iterator[str]:
    """A network is a pool's, not a provider's."""
    for placed in rows.prefixes:
        fault = network_fault(placed.row.network)
        if fault:
            yield f"{placed.place}: {fault}"


def network_fault(text: str) -> str:
    """What is wrong with a network; empty when nothing is."""
    try:
        network = ipaddress.ip_network(text)
    except ValueError as error:
        return str(error)
    widest = _WIDEST[network.version]
    if network.prefixlen < widest:
        return f"{text} is too wide: the widest network allowed is /{widest}"
    return ""
