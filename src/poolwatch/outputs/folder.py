"""A scan as a folder with one file a table."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Protocol

from poolwatch.errors import UsageError
from poolwatch.outputs import ROWS, Item, View
from poolwatch.outputs.columns import Table
from poolwatch.outputs.eve import Events
from poolwatch.outputs.rows import Row, rows_of


class Tables(Protocol):
    """The files of a folder being written."""

    def write(self, table: Table, row: Row) -> None:
        """Write one row of one table."""
        ...

    def close(self) -> None:
        """Finish the files."""
        ...


class FolderOutput:
    """Writes the rows of every item as it comes."""

    def __init__(self, tables: Tables, view: View) -> None:
        self._events = Events(view.min_grade)
        self._tables = tables

    def write(self, item: Item) -> None:
        """Write the rows of an item."""
        event = self._events.make(item)
        for table, row in rows_of(event) if event else ():
            self._tables.write(table, row)

    def close(self) -> None:
        """Finish the files."""
        self._tables.close()


def open_folder(name: str, folder: Path, view: View) -> FolderOutput:
    """The output of that name, writing a file a table. Raises UsageError."""
    return FolderOutput(open_tables(name, folder, bom=view.bom), view)


def open_tables(name: str, folder: Path, *, bom: bool = False) -> Tables:
    """Begin the files of all tables in a folder, which is made if need be. Raises UsageError."""
    if folder.suffix == f".{name}":
        raise UsageError(
            f"{folder}: {name} writes a folder with a file a table",
            f"name a folder, for example {folder.with_suffix('')}",
        )
    module = importlib.import_module(f"poolwatch.outputs.{ROWS[name].module}")
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{folder}: is no folder")
    try:
        folder.mkdir(exist_ok=True)
        tables: Tables = module.open_tables(folder, bom=bom)
    except OSError as error:
        raise UsageError(f"{folder}: {error.strerror}") from error
    return tables
