"""A table with a head: `domain`, and where it is known `port`, `pool`, `coin`."""

from __future__ import annotations

import csv
import dataclasses
from collections.abc import Iterator

from poolwatch.catalog.imports.entry import (
    LONGEST_LINE,
    Entry,
    Fault,
    numbered_lines,
    read_port,
    read_target,
    shown,
    too_long,
)

_COLUMNS = {
    "domain": ("domain", "host", "hostname", "name", "suffix", "domain_suffix", "indicator"),
    "port": ("port",),
    "pool": ("pool", "pool_name"),
    "coin": ("coin", "coins", "symbol"),
}
_SEPARATORS = ",;\t"


def looks_like(head: str) -> bool:
    """Whether the first line is a head that names a column of domains, and another one."""
    for _, line in numbered_lines(head):
        if not line.startswith("#"):
            cells = _cells(line[:LONGEST_LINE], _separator(line))
            return "domain" in _places(cells) and len(cells) > 1
    return False


def read(text: str) -> Iterator[Entry | Fault]:
    """The rows of a table. A row ends with its line, so an open quote costs one row."""
    places: dict[str, int] = {}
    separator = ","
    for number, line in enumerate(text.split("\n"), 1):  # a blank at an end may be an empty cell
        fault = too_long(number, line)
        if fault:
            yield fault
        elif not line.strip() or line.startswith("#"):
            continue
        elif places:
            yield _read_row(number, _cells(line, separator), places)
        else:
            separator = _separator(line)
            places = _places(_cells(line, separator))
            if "domain" not in places:
                yield Fault(number, "no column named domain")
                return


def _read_row(number: int, cells: list[str], places: dict[str, int]) -> Entry | Fault:
    values = {
        column: cells[place].strip() if place < len(cells) else ""
        for column, place in places.items()
    }
    if not values["domain"]:
        return Fault(number, "the row names no domain")
    entry = read_target(number, values["domain"])
    if isinstance(entry, Fault):
        return entry
    port = read_port(values.get("port", ""))
    if port is None:
        return Fault(number, f"{shown(values['port'])} is no port")
    coin = values.get("coin", "").upper()
    return dataclasses.replace(
        entry, port=port or entry.port, pool=values.get("pool", ""), coin=coin
    )


def _cells(line: str, separator: str) -> list[str]:
    try:
        return next(csv.reader([line], delimiter=separator), [])
    except csv.Error:
        return []


def _separator(line: str) -> str:
    return max(_SEPARATORS, key=line[:LONGEST_LINE].count)


def _places(cells: list[str]) -> dict[str, int]:
    names = [cell.strip().lower() for cell in cells]
    return {
        column: names.index(found)
        for column, known in _COLUMNS.items()
        if (found := next((name for name in known if name in names), None))
    }
