"""A response policy zone: a resolver that loads it answers listed names with NXDOMAIN.

It acts, where the other formats only tell. So it holds full rows alone, none of web pages only,
and no addresses: RPZ would block every name that leads to them, whatever the port.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from poolwatch.catalog.exports.selection import NamedPool, Selection
from poolwatch.catalog.exports.text import comment
from poolwatch.catalog.names import suffixes

_BLOCK = "."
_PASS = "rpz-passthru."  # noqa: S105 — an action of RPZ
_LONGEST = 200  # of a name, so that the zone's own fits behind it


def lines(chosen: Selection, version: str) -> Iterator[str]:
    """The zone, line by line; names are relative to the zone's own."""
    others: Counter[str] = Counter()
    blocked = [pool for pool in chosen.pools if _is_blocked(pool, others)]
    known = {pool.name for pool in blocked}
    others["needles: a resolver sees names only"] = len(chosen.needles)
    others["addresses or networks: RPZ compares no ports"] = len(chosen.endpoints)
    others["addresses or networks: RPZ compares no ports"] += len(chosen.prefixes)
    for sentence in (
        *chosen.head("Response policy zone", version),
        "Listed names and all below them do not exist to who asks a resolver with this zone,",
        "web pages of the pools among them.",
        *chosen.tail(+others),
    ):
        yield f"; {comment(sentence)}"
    yield "$TTL 3600"
    serial = chosen.day.strftime("%Y%m%d00")
    yield f"@ IN SOA localhost. hostmaster.localhost. {serial} 3600 900 604800 3600"
    yield "@ IN NS localhost."
    for pool in blocked:
        if any(above in known for above in suffixes(pool.name.partition(".")[2])):
            continue  # the wildcard of the name above covers it
        yield from _name(pool)


def _is_blocked(pool: NamedPool, others: Counter[str]) -> bool:
    if pool.row.nursery:
        others["nursery names: one source is no ground to block"] += 1
    elif pool.row.use == "web":
        others["names of web pages only"] += 1
    elif len(pool.name) > _LONGEST:
        others["names too long for a zone"] += 1
    else:
        return True
    return False


def _name(pool: NamedPool) -> Iterator[str]:
    row = pool.row
    about = f"{pool.id}; {row.pool}; use {row.use}; {row.sources}; {row.date}"
    yield f"; {comment(about)}"
    for name, action in ((pool.name, _BLOCK), *((web, _PASS) for web in pool.excepted)):
        yield f"{name} CNAME {action}"
        yield f"*.{name} CNAME {action}"
