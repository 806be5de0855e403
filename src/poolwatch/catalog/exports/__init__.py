"""The catalogue for other tools: Suricata rules, a Zeek intel file, an RPZ zone.

One file a format, one row here. `selection.py` says which rows may leave, `text.py` how text of
rows is written so that it stays text. What a format cannot say is left out and counted in the
head of the file: a rule wider than its row would accuse strangers.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from poolwatch.catalog.exports.selection import Selection

Writer = Callable[[Selection, str], Iterator[str]]
"""The lines of a file, of a selection and the version of the program that writes it."""


@dataclass(frozen=True, slots=True)
class Format:
    """An export format: where its writer is, whether it may hold nursery rows, what it is."""

    module: str
    nursery: bool  # whether what one source alone says does no harm there
    summary: str


FORMATS: dict[str, Format] = {
    "suricata": Format("suricata", True, "rules for Suricata 6 and later"),
    "zeek": Format("zeek", True, "an intel file for Zeek"),
    "rpz": Format("rpz", False, "a response policy zone for DNS resolvers"),
}


def get_writer(name: str) -> Writer:
    """The writer of a format."""
    module = importlib.import_module(f"poolwatch.catalog.exports.{FORMATS[name].module}")
    writer: Writer = module.lines
    return writer
