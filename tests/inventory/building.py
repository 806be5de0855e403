"""Shared by the tests of units and places: rows, tables, files, and the command line."""

from __future__ import annotations

import datetime
import io
import ipaddress
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import mmdb_writer
import netaddr
import openpyxl

from poolwatch.inventory.addresses import read_piece
from poolwatch.inventory.dates import ALWAYS_FROM, ALWAYS_TO
from poolwatch.inventory.unit_files import load_units
from poolwatch.inventory.unit_rows import UnitRow
from poolwatch.inventory.units import UnitTable
from poolwatch.settings import Limits
from poolwatch.terms import Unit

ROOT = Path(__file__).resolve().parents[2]


def ns(text: str) -> int:
    """A moment in UTC."""
    moment = datetime.datetime.fromisoformat(text).replace(tzinfo=datetime.UTC)
    return int(moment.timestamp()) * 10**9


NOW = ns("2026-01-12T12:00")


def unit_row(
    prefix: str,
    name: str = "unit",
    *,
    from_ns: int = ALWAYS_FROM,
    to_ns: int = ALWAYS_TO,
    priority: int = 0,
    container: bool = False,
    place: str = "made:1",
) -> UnitRow:
    span = read_piece(prefix).span
    unit = Unit(name, (name,), None, None, str(span), None, place)
    return UnitRow(span, unit, from_ns, to_ns, priority, container)


def table_of(
    tmp_path: Path, content: str | bytes, name: str = "units.csv", **more: Any
) -> UnitTable:
    """The table in a file of that content."""
    path = tmp_path / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return load_units((path,), **more)


def workbook(*sheets: Sequence[Sequence[object]], merged: Sequence[str] = ()) -> bytes:
    """An XLSX file; `merged` areas are of its first sheet."""
    book = openpyxl.Workbook()
    for number, rows in enumerate(sheets):
        sheet = book.active if number == 0 else book.create_sheet()
        for row in rows:
            sheet.append(list(row))
    for area in merged:
        book.worksheets[0].merge_cells(area)
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def mmdb(path: Path, records: dict[str, Any], *, kind: str = "Units") -> Path:
    """An MMDB file with those networks."""
    writer = mmdb_writer.MMDBWriter(
        ip_version=6, ipv4_compatible=True, database_type=kind, languages=["en"]
    )
    for network, record in records.items():
        writer.insert_network(netaddr.IPSet([network]), record)
    writer.to_db_file(str(path))
    return path


def find(table: UnitTable, address: str, ts_ns: int = NOW) -> UnitRow | None:
    parsed = ipaddress.ip_address(address)
    return table.find(parsed.version, int(parsed), ts_ns)


def name_at(table: UnitTable, address: str, ts_ns: int = NOW) -> str | None:
    row = find(table, address, ts_ns)
    return row.unit.name if row else None


def path_at(table: UnitTable, address: str, ts_ns: int = NOW) -> str:
    row = find(table, address, ts_ns)
    return "/".join(row.unit.path) if row else ""


def said(table: UnitTable) -> list[tuple[str, int, str, str]]:
    """Kind, row, column and reason of the notes."""
    return [(note.kind.value, note.row, note.column, note.reason.value) for note in table.notes]


def small(**bounds: int) -> Limits:
    return Limits().changed(dict(bounds))


def command_line(*arguments: str | Path, **env: str) -> subprocess.CompletedProcess[str]:
    """Run poolwatch as a user would."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("POOLWATCH_", "LC_"))}
    clean |= {"LANG": "C.UTF-8", "PYTHONWARNINGS": "error"} | env
    return subprocess.run(
        [sys.executable, "-m", "poolwatch", *map(str, arguments)],
        capture_output=True,
        encoding="utf-8",
        env=clean,
        cwd=ROOT,
        timeout=120,
        check=False,
    )
