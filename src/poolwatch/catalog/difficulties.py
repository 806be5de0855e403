"""What a bare difficulty stands for, by the algorithm it is of."""

from __future__ import annotations

import re

from poolwatch.catalog.rows import DifficultyRow

_NOISE = re.compile(r"[^a-z0-9+]")


class Difficulties:
    """Rows of `difficulties.csv`, found however an algorithm is written."""

    def __init__(self, rows: tuple[DifficultyRow, ...]) -> None:
        self._rows = {algorithm_key(row.algorithm): row for row in reversed(rows)}

    def find(self, algorithm: str | None) -> DifficultyRow | None:
        """The row of an algorithm; None for one that is not listed, or for several."""
        return self._rows.get(algorithm_key(algorithm)) if algorithm else None


def algorithm_key(algorithm: str) -> str:
    """An algorithm's name without what people write differently: case, blanks, hyphens."""
    return _NOISE.sub("", algorithm.lower())
