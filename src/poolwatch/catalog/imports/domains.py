"""A plain list: one name, address or network a line, `#` begins a comment."""

from __future__ import annotations

from collections.abc import Iterator

from poolwatch.catalog.imports.entry import Entry, Fault, numbered_lines, read_target, too_long

_COMMENTS = ("#", ";", "//", "!")


def looks_like(head: str) -> bool:
    """Whatever is nothing else may be a plain list."""
    return bool(head.strip())


def read(text: str) -> Iterator[Entry | Fault]:
    """The lines of a plain list."""
    for number, line in numbered_lines(text):
        target = line.partition("#")[0].strip()
        if not target or line.startswith(_COMMENTS):
            continue
        yield too_long(number, line) or read_target(number, target)
