"""What a scan found, written down. One file and one row a format."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import IO, Literal, Protocol

from poolwatch.messages import Messages
from poolwatch.terms import Finding, Grade, Session, Stats

Item = Session | Finding | Stats


@dataclass(frozen=True, slots=True)
class View:
    """How the user wants to see it."""

    messages: Messages
    min_grade: Grade = Grade.NOTED
    reveal: bool = False
    zone: str = "UTC"
    colour: bool = False
    most: int = 1000  # findings listed where people read them
    bom: bool = False  # CSV begins with a byte order mark


class Output(Protocol):
    """A format being written; the last item is the stats."""

    def write(self, item: Item) -> None:
        """Take the next item."""
        ...


@dataclass(frozen=True, slots=True)
class OutputRow:
    """A format: its name, what it is, its code, and how it is written.

    `shows_ids`: a flow's identity rests on the digest of its whole capture, so it is worked
    out only for the formats that show it. `goes_to`: one stream, a folder with a file a
    table, or either. `tells_stats`: whether the stream holds what was and was not read.
    """

    name: str
    title: str
    module: str
    shows_ids: bool
    goes_to: tuple[Literal["stream", "folder"], ...] = ("stream",)
    tells_stats: bool = True


OUTPUTS = (
    OutputRow("table", "a table and a sentence per finding, for people", "table", shows_ids=False),
    OutputRow("eve", "JSON lines in the manner of Suricata's EVE", "eve", shows_ids=True),
    OutputRow(
        "csv",
        "findings for spreadsheets; with -o FOLDER a file a table",
        "csv_table",
        shows_ids=True,
        goes_to=("stream", "folder"),
        tells_stats=False,
    ),
    OutputRow("parquet", "a file a table", "parquet", shows_ids=True, goes_to=("folder",)),
)


ROWS = {row.name: row for row in OUTPUTS}


def open_output(name: str, stream: IO[str], view: View) -> Output:
    """The output of that name, writing to `stream`. Raises KeyError for an unknown one."""
    module = importlib.import_module(f"poolwatch.outputs.{ROWS[name].module}")
    output: Output = module.open_output(stream, view)
    return output
