"""What makes a row of grounds or of malware unfit although it can be read."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from pathlib import Path

from poolwatch.catalog.cause_rows import MalwareRow
from poolwatch.catalog.figures import Figures
from poolwatch.catalog.grounds import Grounds
from poolwatch.catalog.load import Rows, shipped_folder
from poolwatch.catalog.names import suffixes
from poolwatch.errors import CatalogError

_NAME = re.compile(r"[a-z0-9_-]+(\.[a-z0-9_-]+)+")
_SHORTEST = {"wallet": 8, "url": 8, "url_path": 8}


def grounds(rows: Rows) -> Iterator[str]:
    """A ground has a known checker with its parameters, and the same fields in both languages."""
    for table in rows.figures:
        if table.path.name == "grounds.csv":
            try:
                _ = Grounds((table,)).rules
            except CatalogError as error:
                yield str(error)
    seen: dict[tuple[str, str], str] = {}
    for placed in Figures(rows.figures).placed("grounds.csv"):
        key = (placed.file, placed.row.id)
        if key in seen:
            yield f"{placed.place}: {placed.row.id!r} stands at {seen[key]} already"
        seen.setdefault(key, placed.place)


def malware(rows: Rows) -> Iterator[str]:
    """A value has the form of its kind, is no pool's name, and stands once."""
    shipped = str(shipped_folder())
    pools = {
        placed.row.suffix: str(Path(placed.file).parent)
        for placed in reversed(rows.pools)  # where a shipped row says the same, it counts
    }
    seen: dict[tuple[str, str, str], str] = {}
    for placed in Figures(rows.figures).placed("malware.csv"):
        row = placed.row
        if not _fits(row):
            yield f"{placed.place}: {row.value[:80]!r} is no {row.kind}"
        # A pool of one's own, that may be too wide, is no complaint about the shipped list.
        folders = {shipped, str(Path(placed.file).parent)}
        above = suffixes(row.value) if row.kind == "domain" else ()
        if any(pools.get(name) in folders for name in above):
            yield f"{placed.place}: {row.value!r} is a pool's name in pools.csv"
        key = (placed.file, row.kind, row.value)
        if key in seen:
            yield f"{placed.place}: {row.value[:80]!r} stands at {seen[key]} already"
        seen.setdefault(key, placed.place)


def _fits(row: MalwareRow) -> bool:
    if len(row.value) < _SHORTEST.get(row.kind, 0) or row.value.split() != [row.value]:
        return False
    if row.kind == "domain":
        return bool(_NAME.fullmatch(row.value))
    if row.kind == "url_path":
        return row.value.startswith("/")
    if row.kind == "ip_port":
        return _is_endpoint(row.value)
    return "://" not in row.value


def _is_endpoint(text: str) -> bool:
    address, _, port = text.rpartition(":")
    try:
        ipaddress.ip_address(address)
    except ValueError:
        return False
    return port.isascii() and port.isdecimal() and 0 < int(port) < 65536
