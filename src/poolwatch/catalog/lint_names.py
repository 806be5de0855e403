"""Rules for the names of pools: too wide, glued together, or at odds with another row."""

from __future__ import annotations

from collections.abc import Iterator

from poolwatch.catalog.load import Placed, Rows
from poolwatch.catalog.names import suffixes
from poolwatch.catalog.rows import PoolRow
from poolwatch.catalog.wide import Wide, ends_well

PlacedPool = Placed[PoolRow]

_GLUED = 5  # a shorter rest is chance: `pool.co` stands in `pool.com`


def wide_suffixes(rows: Rows) -> Iterator[str]:
    """A suffix is a host name under which no strangers live."""
    wide = Wide(placed.row for placed in rows.shared)
    for placed in rows.pools:
        fault = wide.fault(placed.row.suffix)
        if fault:
            yield f"{placed.place}: {fault}"


def repeated_suffixes(rows: Rows) -> Iterator[str]:
    """A suffix stands once. Where it does not, both places are named."""
    seen: dict[str, PlacedPool] = {}
    for placed in rows.pools:
        first = seen.setdefault(placed.row.suffix, placed)
        if first is not placed:
            yield f"{placed.place}: {clash(placed.row, first)}"


def clash(row: PoolRow, first: PlacedPool) -> str:
    """How a row stands to an earlier one for the same suffix."""
    other = first.row
    for column in ("pool", "use", "coins", "nursery"):
        mine, theirs = getattr(row, column), getattr(other, column)
        if mine != theirs:
            return f"{row.suffix!r}: {column} is {mine!r} here and {theirs!r} at {first.place}"
    return f"{row.suffix!r} stands at {first.place} already"


def hidden_nursery_rows(rows: Rows) -> Iterator[str]:
    """A nursery row below a full one can say nothing: the full one covers it."""
    full = {placed.row.suffix: placed for placed in rows.pools if not placed.row.nursery}
    for placed in rows.pools:
        above = _covering(placed.row.suffix, full) if placed.row.nursery else None
        if above is not None:
            yield (
                f"{placed.place}: nursery row {placed.row.suffix!r} adds nothing to "
                f"{above.row.suffix!r} at {above.place}"
            )


def _covering(suffix: str, full: dict[str, PlacedPool]) -> PlacedPool | None:
    above = list(suffixes(suffix))[1:]
    return next((full[name] for name in above if name in full), None)


def glued_suffixes(rows: Rows) -> Iterator[str]:
    """Two names are not run together into one, which no host would ever have."""
    known = {placed.row.suffix for placed in rows.pools}
    for placed in rows.pools:
        parts = unglue(placed.row.suffix, known)
        if parts:
            yield f"{placed.place}: {placed.row.suffix!r} looks like {parts[0]} and {parts[1]}"


def unglue(name: str, known: set[str]) -> tuple[str, str] | None:
    """The two names a text seems to be made of, one of them known; None for a plain name."""
    for cut in range(_GLUED, len(name) - _GLUED + 1):
        if "." in (name[cut - 1], name[cut]) or "-" in (name[cut - 1], name[cut]):
            continue
        head, tail = name[:cut], name[cut:]
        if "." in head and "." in tail and (head in known or tail in known) and ends_well(head):
            return head, tail
    return None
