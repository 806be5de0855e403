"""What every format of unit table gives: sheets of rows of text cells."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from poolwatch.errors import UnitsError

Row = tuple[int, list[str]]
"""A row's number, as a spreadsheet program shows it, and its cells."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet being read; `label` is the file's name, with the sheet's if there are several."""

    label: str
    rows: Iterator[Row]


def read_bounded(path: Path, bound: int) -> bytes:
    """The content of a file. Raises UnitsError when it is unreadable or too large."""
    try:
        with path.open("rb") as file:
            data = file.read(bound + 1)
    except OSError as error:
        raise UnitsError(f"{path}: {error.strerror or error}") from error
    if len(data) > bound:
        raise UnitsError(
            f"{path}: larger than {bound} bytes",
            "is it a unit table? If so, --limit unit_file_bytes=N raises the bound",
        )
    return data
