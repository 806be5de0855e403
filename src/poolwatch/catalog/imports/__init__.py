"""Other people's lists, read into a catalogue of one's own. One file a format, one row here.

A reader takes the text of a list and yields an `Entry` for what it understands and a `Fault`
for what it does not; it judges nothing. `sieve.py` says which entries may become rows, and
`folder.py` writes them.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from poolwatch.catalog.imports.entry import Entry, Fault
from poolwatch.errors import UsageError

Reader = Callable[[str], Iterator[Entry | Fault]]


@dataclass(frozen=True, slots=True)
class Format:
    """A list format: where its reader is, what its items are counted in, what it looks like."""

    module: str
    item: str  # what `Entry.number` counts: a line, or an entry of a list
    summary: str


FORMATS: dict[str, Format] = {
    "misp": Format("misp", "entry", "a MISP warning list, in JSON"),
    "suricata": Format("suricata", "line", "Suricata rules that name domains or addresses"),
    "maltrail": Format("maltrail", "line", "a trail list of maltrail, with its references"),
    "hosts": Format("hosts", "line", "a hosts file: an address, then names"),
    "csv": Format("table", "line", "a table with the columns domain[,port][,pool][,coin]"),
    "domains": Format("domains", "line", "one name, address or network a line"),
}
"""By name, in the order in which `auto` tries them."""


def get_reader(name: str) -> Reader:
    """The reader of a format."""
    reader: Reader = _module(name).read
    return reader


def detect_format(text: str) -> str:
    """The format a text is in, told by its beginning."""
    head = text[:65536]
    for name in FORMATS:
        if _module(name).looks_like(head):
            return name
    raise UsageError("the format of the list is not recognised", f"--format {'|'.join(FORMATS)}")


def _module(name: str) -> Any:
    return importlib.import_module(f"poolwatch.catalog.imports.{FORMATS[name].module}")
