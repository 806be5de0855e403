"""Rows to pandas data frames, with the same dtypes whatever is in them, or nothing."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
import pandas as pd

from poolwatch.catalog.load import shipped_folder
from poolwatch.outputs.columns import Column, Kind, Table
from poolwatch.outputs.rows import Row

TEXT = pd.StringDtype("python")
"""Texts; said explicitly, as the default depends on whether pyarrow is installed."""


def frame_of(table: Table, rows: Sequence[Row]) -> pd.DataFrame:
    """The rows of a table as a data frame."""
    series = {
        column.name: _series(column, [row[at] for row in rows])
        for at, column in enumerate(table.columns)
    }
    return pd.DataFrame(series)


def words_of(column: Column) -> tuple[str, ...]:
    """The words a column is known to hold, in their order."""
    return _coins() if column.name == "coin" else column.words


def _series(column: Column, cells: list[Any]) -> pd.Series[Any]:
    kind = column.kind
    if kind is Kind.TIME:
        return _times(cells)
    if kind is Kind.WORD:
        return pd.Series(cells, dtype=_categories(column, cells))
    series: pd.Series[Any] = pd.Series(cells, dtype=_DTYPES.get(kind, object))
    return series


def _times(cells: list[Any]) -> pd.Series[Any]:
    # Through numpy: pandas would choose the unit by the values.
    stamps = [np.datetime64("NaT", "us") if cell is None else cell for cell in cells]
    moments: pd.Series[Any] = pd.Series(np.array(stamps, dtype="datetime64[us]"))
    times: pd.Series[Any] = moments.dt.tz_localize("UTC")
    return times


def _categories(column: Column, cells: list[Any]) -> pd.CategoricalDtype:
    """The known words, and after them what else is met where the list is open."""
    known = words_of(column)
    met = sorted({cell for cell in cells if cell is not None} - set(known))
    return pd.CategoricalDtype(pd.Index([*known, *met], dtype=TEXT), ordered=column.ladder)


@cache
def _coins() -> tuple[str, ...]:
    with (shipped_folder() / "coins.csv").open(encoding="utf-8", newline="") as stream:
        return tuple(row["symbol"] for row in csv.DictReader(stream) if row["symbol"])


_DTYPES: dict[Kind, Any] = {
    Kind.TEXT: TEXT,
    Kind.INTEGER: pd.Int64Dtype(),
    Kind.REAL: pd.Float64Dtype(),
    Kind.TRUTH: pd.BooleanDtype(),
}
