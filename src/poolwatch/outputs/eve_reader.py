"""Reads EVE lines back. The file may come from anyone: nothing in it is believed unseen.

A line that cannot be used is counted and named, and the rest is read; a line longer than the
bound is passed over without being held.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import IO, Any, NamedTuple

import msgspec

from poolwatch.outputs.columns import TABLES, Table
from poolwatch.outputs.eve import VERSION
from poolwatch.outputs.rows import Row, UnfitError, rows_of

_BOM = b"\xef\xbb\xbf"
_OURS = frozenset(table.event for table in TABLES)
_NAMED = 1000
"""Lines named with their reason; the rest are counted."""
_PIECE = 1 << 20


class BadLine(NamedTuple):
    """A line that cannot be used, and why."""

    line: int
    reason: str


@dataclass(slots=True)
class Reading:
    """What was met in a file, beside the rows."""

    lines: int = 0
    events: int = 0
    stats: int = 0
    others: int = 0  # events of other programs, or of kinds not known here
    bad: int = 0
    bad_lines: list[BadLine] = field(default_factory=list)

    def refuse(self, reason: str) -> None:
        """Note that the line just read cannot be used."""
        self.bad += 1
        if len(self.bad_lines) < _NAMED:
            self.bad_lines.append(BadLine(self.lines, reason))


def read_rows(
    stream: IO[bytes] | IO[str], line_bytes: int, reading: Reading
) -> Iterator[tuple[Table, Row]]:
    """The rows of all events that can be used; `reading` says what else there was."""
    for line in _lines(stream, line_bytes, reading):
        if not line.strip():
            continue
        try:
            event = _event(line)
            rows = list(rows_of(event)) if event else []
        except UnfitError as error:
            reading.refuse(str(error))
            continue
        if event is None:
            reading.others += 1
            continue
        reading.events += 1
        reading.stats += event["event_type"] == "stats"
        yield from rows


def _event(line: bytes) -> dict[str, Any] | None:
    """An event of ours; None for one of another program. Raises UnfitError."""
    try:
        event = msgspec.json.decode(line)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise UnfitError(f"no JSON: {error}") from None
    except RecursionError:
        raise UnfitError("no JSON that can be read: too deep") from None
    if not isinstance(event, dict):
        raise UnfitError("no JSON object")
    version = event.get("v")
    if version is None or event.get("event_type") not in _OURS:
        return None
    if version != VERSION or isinstance(version, bool):
        raise UnfitError(f"v: written for another reader than that of version {VERSION}")
    return event


def _lines(stream: IO[bytes] | IO[str], most: int, reading: Reading) -> Iterator[bytes]:
    """Lines no longer than the bound; longer ones are refused."""
    while line := _piece(stream, most + 1):
        reading.lines += 1
        if len(line) > most and not line.endswith(b"\n"):
            reading.refuse(f"longer than {most} bytes")
            while line and not line.endswith(b"\n"):
                line = _piece(stream, _PIECE)
            continue
        yield line.removeprefix(_BOM) if reading.lines == 1 else line


def _piece(stream: IO[bytes] | IO[str], most: int) -> bytes:
    line = stream.readline(most)
    return line if isinstance(line, bytes) else line.encode("utf-8", "replace")
