"""The import of one list: read, judge, write, and an account of what became of every line."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from poolwatch.catalog.imports import FORMATS, detect_format, get_reader
from poolwatch.catalog.imports.entry import Fault
from poolwatch.catalog.imports.folder import add_rows, has_rows
from poolwatch.catalog.imports.sieve import AnyRow, Known, Refused, Sieve, Terms
from poolwatch.catalog.load import load_rows, shipped_folder
from poolwatch.errors import CatalogError, UsageError

MOST_BYTES = 64 << 20
MOST_ENTRIES = 200_000


@dataclass(slots=True)
class Outcome:
    """What became of a list."""

    format: str
    written: dict[str, int] = field(default_factory=dict)  # rows by file
    known: int = 0  # entries the catalogue has already, or covers
    refused: int = 0  # entries the lint does not allow
    unread: int = 0  # lines not understood
    complaints: list[str] = field(default_factory=list)  # one for each refused or unread


def import_list(path: Path, format_: str, terms: Terms, into: Path) -> Outcome:
    """Add the rows of a list to the catalogue folder `into`.

    Raises CatalogError when the list or the folder cannot be read, or nothing of it written.
    """
    if into.resolve() == shipped_folder().resolve():
        raise UsageError(f"{into}: these are the shipped signatures", "name a folder of your own")
    text = _read_text(path)
    name = detect_format(text) if format_ == "auto" else format_
    outcome = Outcome(name)
    rows = _sift(path, text, Sieve(load_rows((into,) if has_rows(into) else ()), terms), outcome)
    if rows:
        outcome.written = add_rows(into, rows)
    return outcome


def _sift(path: Path, text: str, sieve: Sieve, outcome: Outcome) -> list[AnyRow]:
    item = FORMATS[outcome.format].item
    rows: list[AnyRow] = []
    for count, entry in enumerate(get_reader(outcome.format)(text)):
        place = f"{path}:{entry.number}" if item == "line" else f"{path}: {item} {entry.number}"
        if count >= MOST_ENTRIES:
            outcome.unread += 1
            outcome.complaints.append(f"{place}: the rest is left: {MOST_ENTRIES} entries")
            break
        if isinstance(entry, Fault):
            outcome.unread += 1
            outcome.complaints.append(f"{place}: {entry.reason}")
            continue
        verdict = sieve.judge(entry)
        if isinstance(verdict, Refused):
            outcome.refused += 1
            outcome.complaints.append(f"{place}: {verdict.reason}")
        elif isinstance(verdict, Known):
            outcome.known += 1
        else:
            rows.append(verdict)
    return rows


def _read_text(path: Path) -> str:
    try:
        with path.open("rb") as stream:
            data = stream.read(MOST_BYTES + 1)
    except OSError as error:
        raise CatalogError(f"{path}: {error.strerror}") from error
    if len(data) > MOST_BYTES:
        raise CatalogError(f"{path}: more than {MOST_BYTES >> 20} MiB", "split the list")
    text = data.decode("utf-8-sig", errors="replace")
    return text.replace("\r\n", "\n").replace("\r", "\n")
