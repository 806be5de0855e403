"""A catalogue folder of the user's: rows are added to its tables, each written in one step."""

from __future__ import annotations

import csv
import io
import os
import tempfile
from collections.abc import Iterable
from pathlib import Path

import msgspec

from poolwatch.catalog.load import FILES, read_table
from poolwatch.catalog.rows import EndpointRow, PoolRow, PrefixRow
from poolwatch.errors import CatalogError

AnyRow = PoolRow | EndpointRow | PrefixRow

_TABLES: dict[type[AnyRow], str] = {
    PoolRow: "pools.csv",
    EndpointRow: "endpoints.csv",
    PrefixRow: "prefixes.csv",
}


def has_rows(folder: Path) -> bool:
    """Whether a folder holds a signature file already."""
    return any((folder / name).is_file() for name in FILES)


def add_rows(folder: Path, rows: Iterable[AnyRow]) -> dict[str, int]:
    """Add rows to the tables of a folder, which is made if need be; how many went to each.

    A table is rewritten beside itself and then put in its place: whoever reads it meanwhile
    sees it whole, before or after. Comments and the order of the rows there stay.
    """
    added: dict[type[AnyRow], list[AnyRow]] = {}
    for row in rows:
        added.setdefault(type(row), []).append(row)
    counts: dict[str, int] = {}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for kind, fresh in added.items():
            path = folder / _TABLES[kind]
            _replace(path, _text(path, kind, fresh))
            counts[path.name] = len(fresh)
    except OSError as error:
        raise CatalogError(f"{folder}: {error.strerror}: nothing more was written") from error
    return counts


def _text(path: Path, kind: type[AnyRow], fresh: list[AnyRow]) -> str:
    """The table with the fresh rows behind the old ones, all under one full head."""
    columns = [column.name for column in msgspec.structs.fields(kind)]
    page = io.StringIO()
    writer = csv.writer(page, lineterminator="\n")
    writer.writerow(columns)
    for item in read_table(path, kind) if path.is_file() else ():
        if isinstance(item, str):
            page.write(f"{item}\n")
        else:
            writer.writerow(_cells(item, columns))
    writer.writerows(_cells(row, columns) for row in fresh)
    return page.getvalue()


def _cells(row: AnyRow, columns: list[str]) -> list[str]:
    values = (getattr(row, column) for column in columns)
    return [str(value).lower() if isinstance(value, bool) else str(value) for value in values]


def _replace(path: Path, text: str) -> None:
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
