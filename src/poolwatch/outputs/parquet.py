"""Parquet files, one a table, in a folder. Needs pyarrow, which is loaded here only."""

from __future__ import annotations

import json
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Self

from poolwatch import __version__
from poolwatch.errors import UsageError
from poolwatch.outputs.columns import TABLES, Column, Kind, Table
from poolwatch.outputs.rows import Row

_ROWS_HELD = 8192
"""Rows of one table that wait to be written together."""


class ParquetFolder:
    """One file a table, in a folder."""

    def __init__(self, folder: Path) -> None:
        self._files = ExitStack()
        with ExitStack() as stack:  # nothing stays open if one cannot be made
            self._writers = {
                table.name: stack.enter_context(_ParquetWriter(table, folder)) for table in TABLES
            }
            self._files = stack.pop_all()

    def write(self, table: Table, row: Row) -> None:
        """Write one row of one table."""
        self._writers[table.name].write(row)

    def close(self) -> None:
        """Finish the files."""
        self._files.close()


class _ParquetWriter:
    """Rows of one table into one file."""

    def __init__(self, table: Table, folder: Path) -> None:
        arrow, parquet = _pyarrow()
        self._arrow = arrow
        self._table = table
        self._schema = _schema(table, arrow)
        self._rows: list[Row] = []
        self._file = (folder / f"{table.name}.parquet").open("wb")
        self._writer = parquet.ParquetWriter(self._file, self._schema, compression="zstd")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self._flush()
            self._writer.close()
        finally:
            self._file.close()

    def write(self, row: Row) -> None:
        self._rows.append(row)
        if len(self._rows) == _ROWS_HELD:
            self._flush()

    def _flush(self) -> None:
        if not self._rows:
            return
        arrays = [
            self._arrow.array([_as_stored(column, row[at]) for row in self._rows], field.type)
            for at, (column, field) in enumerate(
                zip(self._table.columns, self._schema, strict=True)
            )
        ]
        self._rows = []
        self._writer.write_batch(self._arrow.RecordBatch.from_arrays(arrays, schema=self._schema))


def _as_stored(column: Column, cell: Any) -> Any:
    """Objects are stored as JSON: their members may grow with a release."""
    if column.kind in (Kind.COUNTS, Kind.RECORDS) and cell is not None:
        return json.dumps(cell, ensure_ascii=False)
    return cell


def _schema(table: Table, arrow: Any) -> Any:
    fields = [
        arrow.field(
            column.name,
            _type(column.kind, arrow),
            metadata={"about": column.about, "unit": column.unit},
        )
        for column in table.columns
    ]
    return arrow.schema(fields, metadata={"poolwatch": __version__})


def _type(kind: Kind, arrow: Any) -> Any:
    text = arrow.string()
    types = {
        Kind.TEXT: text,
        Kind.WORD: arrow.dictionary(arrow.int32(), text),
        Kind.INTEGER: arrow.int64(),
        Kind.REAL: arrow.float64(),
        Kind.TRUTH: arrow.bool_(),
        Kind.TIME: arrow.timestamp("us", tz="UTC"),
        Kind.TEXTS: arrow.list_(text),
        Kind.INTEGERS: arrow.list_(arrow.int64()),
        Kind.COUNTS: text,
        Kind.RECORDS: text,
    }
    return types[kind]


def _pyarrow() -> tuple[Any, Any]:
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        raise UsageError(
            "parquet needs pyarrow, which is not installed",
            'install it: pip install "poolwatch[notebook]"',
        ) from error
    return pyarrow, pyarrow.parquet


def open_tables(folder: Path, *, bom: bool = False) -> ParquetFolder:  # noqa: ARG001 one door for all
    """All tables into `folder`."""
    return ParquetFolder(folder)
