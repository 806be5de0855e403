"""A Zeek intel file: tab-separated, one indicator a line.

Zeek's intelligence framework compares whole names and bare addresses. So a pool's row covers the
listed name alone, not those below it, and an address is written only where every port is the
pool's.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from poolwatch.catalog.exports.selection import Selection
from poolwatch.catalog.exports.text import comment

_FIELDS = ("indicator", "indicator_type", "meta.source", "meta.desc")


def lines(chosen: Selection, version: str) -> Iterator[str]:
    """The file, line by line."""
    others: Counter[str] = Counter()
    others["needles: Zeek's intel has no patterns"] = len(chosen.needles)
    body = [*_names(chosen), *_addresses(chosen, others), *_networks(chosen)]
    for sentence in (
        *chosen.head("Zeek intel", version),
        "Whole names are compared: names below these are not covered.",
        "A match says that a name was used; it is no proof of mining. meta.desc has the highest",
        "grade poolwatch itself would give for it alone.",
        *chosen.tail(+others),
    ):
        yield f"# {comment(sentence)}"
    yield "\t".join(("#fields", *_FIELDS))
    yield from body


def _names(chosen: Selection) -> Iterator[str]:
    for pool in chosen.pools:
        row = pool.row
        most = "noted" if row.nursery or row.use == "web" else "suspected"
        about = f"{pool.id}; {row.pool}; use {row.use}; at most {most}"
        yield _line(pool.name, "DOMAIN", about, row.nursery, row.sources, str(row.date))


def _addresses(chosen: Selection, others: Counter[str]) -> Iterator[str]:
    for row in chosen.endpoints:
        if row.port:
            others["addresses with a port: Zeek's intel compares no ports"] += 1
            continue
        most = "suspected" if row.use == "stratum" and not row.nursery else "noted"
        about = f"endpoint:{row.address}:0; {row.pool}; use {row.use}; at most {most}"
        yield _line(row.address, "ADDR", about, row.nursery, row.sources, str(row.date))


def _networks(chosen: Selection) -> Iterator[str]:
    for row in chosen.prefixes:
        about = f"prefix:{row.network}; {row.pool}; use {row.use}; at most noted"
        yield _line(row.network, "SUBNET", about, row.nursery, row.sources, str(row.date))


def _line(indicator: str, kind: str, about: str, nursery: bool, sources: str, date: str) -> str:
    grade = "; one source alone says so" if nursery else ""
    text = comment(f"{about}{grade}; {sources}; {date}")
    return "\t".join((indicator, f"Intel::{kind}", "poolwatch", text))
