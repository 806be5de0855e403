"""A trail list of maltrail: names and `address:port`, below comments that say who said so."""

from __future__ import annotations

from collections.abc import Iterator

from poolwatch.catalog.imports.entry import Entry, Fault, numbered_lines, read_target, too_long

_REFERENCE = "# Reference:"
_LONGEST_REFERENCE = 300


def looks_like(head: str) -> bool:
    """Whether comments name references as maltrail's do."""
    return any(line.startswith(_REFERENCE) for _, line in numbered_lines(head))


def read(text: str) -> Iterator[Entry | Fault]:
    """The trails, each with the reference that stands above it."""
    reference = ""
    for number, line in numbered_lines(text):
        if line.startswith(_REFERENCE):
            reference = line.removeprefix(_REFERENCE).strip()[:_LONGEST_REFERENCE]
        target = line.partition("#")[0].strip()
        if target:
            yield too_long(number, line) or read_target(number, target, reference)
