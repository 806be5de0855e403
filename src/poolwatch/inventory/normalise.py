"""A unit table written out plainly: one prefix or range a row, one header, UTF-8."""

from __future__ import annotations

import csv
from typing import IO

from poolwatch.inventory import dates
from poolwatch.inventory.text import spreadsheet_text
from poolwatch.inventory.unit_rows import UnitRow, join_path
from poolwatch.inventory.units import UnitTable

HEADER = (
    "prefix",
    "unit",
    "path",
    "kind",
    "contact",
    "valid_from",
    "valid_to",
    "priority",
    "source",
    "status",
)


def write_normalised(table: UnitTable, stream: IO[str]) -> None:
    """Write the rows in their order; reading them back gives the same table."""
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(HEADER)
    for row in table.rows:
        writer.writerow([spreadsheet_text(cell) for cell in _cells(row)])


def _cells(row: UnitRow) -> tuple[str, ...]:
    unit = row.unit
    return (
        unit.prefix,
        unit.name,
        join_path(unit.path),
        unit.kind or "",
        unit.contact or "",
        dates.write(row.from_ns),
        dates.write(row.to_ns),
        str(row.priority or ""),
        unit.source or "",
        "container" if row.container else "",
    )
