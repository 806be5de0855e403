"""`Report`: what a scan found, as data frames, files, pictures and a page in a notebook."""

from __future__ import annotations

import os
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from poolwatch.outputs.columns import BY_NAME, FINDINGS, FLOWS, STATS, TABLES, UNITS, Table
from poolwatch.outputs.eve_reader import BadLine, Reading
from poolwatch.outputs.rows import Row

if TYPE_CHECKING:
    import pandas as pd

    from poolwatch.report.plots import Plots


_IDENTITIES = {FLOWS.name: "flow_id", FINDINGS.name: "finding_id"}


class Rows:
    """Rows of all tables, up to a bound each.

    A sensor tells of a conversation, and of a host, again when it got further: of the lines with
    one id the last one counts.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._rows: dict[str, list[Row]] = {table.name: [] for table in TABLES}
        self._places: dict[tuple[str, object], int] = {}  # table and id: where its row stands
        self._ids = {
            table.name: [column.name for column in table.columns].index(_IDENTITIES[table.name])
            for table in TABLES
            if table.name in _IDENTITIES
        }
        self.left_out = dict.fromkeys(self._rows, 0)

    def add(self, table: Table, row: Row) -> None:
        """Keep a row, or count that there was no room for it."""
        rows = self._rows[table.name]
        at = self._ids.get(table.name)
        identity = None if at is None else row[at]
        if identity is not None:
            place = self._places.setdefault((table.name, identity), len(rows))
            if place < len(rows):
                rows[place] = row
                return
        if len(rows) < self._most:
            rows.append(row)
        else:
            self.left_out[table.name] += 1

    def of(self, table: Table) -> list[Row]:
        """The rows of one table."""
        return self._rows[table.name]


class Report:
    """What a scan found. Made by `poolwatch.scan` and `poolwatch.read_eve`.

    The frames hold raw values, wallets and accounts too. docs/columns.md says what each
    column is. They are made when first asked for, and are yours to change.
    """

    def __init__(self, source: str, rows: Rows, reading: Reading | None = None) -> None:
        self.source = source
        self._rows = rows
        self._reading = reading or Reading(stats=len(rows.of(STATS)))

    @cached_property
    def flows(self) -> pd.DataFrame:
        """One row a conversation with any evidence of mining."""
        return self._frame(FLOWS)

    @cached_property
    def findings(self) -> pd.DataFrame:
        """One row a host: the surest first, then the furthest."""
        return self._frame(FINDINGS)

    @cached_property
    def units(self) -> pd.DataFrame:
        """One row a unit, and a place in the tree above units; empty without unit tables."""
        return self._frame(UNITS)

    @cached_property
    def stats(self) -> pd.DataFrame:
        """One row a scan: what was looked at, and what was not."""
        return self._frame(STATS)

    @property
    def plot(self) -> Plots:
        """Pictures: `report.plot.timeline()`, `report.plot.hashrate()`. Needs matplotlib."""
        from poolwatch.report.plots import Plots

        return Plots(self)

    @property
    def whole(self) -> bool:
        """Whether the stats are there, without which nobody knows what was not seen."""
        return self._reading.stats > 0

    @property
    def bad_lines(self) -> list[BadLine]:
        """Lines of an EVE file that could not be used: number and reason, the first of them."""
        return list(self._reading.bad_lines)

    @property
    def bad_line_count(self) -> int:
        """How many there were of them."""
        return self._reading.bad

    @property
    def rows_left_out(self) -> dict[str, int]:
        """Rows there was no room for, by frame (the limit `report_rows`)."""
        return dict(self._rows.left_out)

    def to_csv(self, folder: str | os.PathLike[str], *, bom: bool = False) -> None:
        """Write a CSV file a frame, as `scan --format csv -o` does. Raises PoolwatchError.

        `bom`: begin them with a byte order mark, as spreadsheet programs want.
        """
        self._write("csv", folder, bom=bom)

    def to_parquet(self, folder: str | os.PathLike[str]) -> None:
        """Write a Parquet file a frame, as `scan --format parquet -o` does. Needs pyarrow.

        Raises PoolwatchError.
        """
        self._write("parquet", folder)

    def __repr__(self) -> str:
        from poolwatch.report.page import headline

        return f"<Report: {headline(self)}>"

    def _repr_html_(self) -> str:
        from poolwatch.report.page import page

        return page(self)

    def rows(self, name: str) -> list[dict[str, object]]:
        """The rows of a frame as plain dicts, without pandas; times as microseconds UTC."""
        table = BY_NAME[name]
        names = [column.name for column in table.columns]
        return [dict(zip(names, row, strict=True)) for row in self._rows.of(table)]

    def _frame(self, table: Table) -> pd.DataFrame:
        from poolwatch.report.frames import frame_of

        return frame_of(table, self._rows.of(table))

    def _write(self, name: str, folder: str | os.PathLike[str], *, bom: bool = False) -> None:
        from contextlib import closing

        from poolwatch.outputs.folder import open_tables

        with closing(open_tables(name, Path(folder), bom=bom)) as tables:
            for table in TABLES:
                for row in self._rows.of(table):
                    tables.write(table, row)
