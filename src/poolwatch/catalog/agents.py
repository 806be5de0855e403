"""What a miner's string says of itself: software, version, and what runs it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from poolwatch.catalog.rows import AgentRow

_PARTS = re.compile(r"[;|]")
_MOST_PARTS = 3
_VERSION = re.compile(r"(?<![\d.])v?(\d+(?:\.\d+)+[a-z]?(?:[-+.]?(?:alpha|beta|rc|dev)[.\d]*)?)")
_VERSION_WITHIN = 64  # characters behind the name


class Agent(NamedTuple):
    """A row of the table that fits, and the version the string gives."""

    row: AgentRow
    version: str | None


class Agents:
    """All known beginnings of such strings; the longest that fits counts."""

    def __init__(self, rows: Iterable[AgentRow]) -> None:
        pairs = ((row.prefix.lower(), row) for row in rows)
        self._rows = sorted(pairs, key=lambda pair: (-len(pair[0]), pair[0]))

    def find(self, text: str) -> Agent | None:
        """The mining software a string names.

        Some firmware puts its build or the model in front (`2026-04-14-0-plus;bosminer-plus-tuner
        0.9`, `Antminer S19|LUXminer 2026.3`), so what stands behind a `;` or `|` is asked too,
        and the last part that fits says most.
        """
        for part in reversed(_PARTS.split(text, maxsplit=_MOST_PARTS)):
            lowered = part.lower()
            for prefix, row in self._rows:
                if lowered.startswith(prefix) and _ends_word(lowered, len(prefix)):
                    return Agent(row, _version(part, len(prefix)))
        return None


def _version(part: str, end: int) -> str | None:
    """The first number with a point behind the name; of a number within a name, all of it."""
    while end and part[end - 1] in "0123456789.":
        end -= 1
    match = _VERSION.search(part, end, end + _VERSION_WITHIN)
    return match[1] if match else None


def _ends_word(text: str, end: int) -> bool:
    """Whether a name that ends there is not the beginning of a longer one."""
    if not text[end - 1].isalnum():
        return True
    rest = text[end:]
    return not rest[:1].isalpha() and not (rest[:1] == " " and rest[1:2].isalpha())
