"""Rules for the names of pools: too wide, glued together, or at odds with another row."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec

from poolwatch.catalog.load import Placed, Rows
from poolwatch.catalog.names import suffixes
from poolwatch.catalog.rows import PoolRow
from poolwatch.catalog.wide import Wide

PlacedPool = Placed[PoolRow]

_TELLING_COLUMNS = ("pool", "use", "coins", "nursery")


def wide_suffixes(rows: Rows) -> Iterator[str]:
    """A suffix is a host name under which no strangers live."""
    wide = Wide(placed.row for placed in rows.shared_suffixes)
    for placed in rows.pools:
        fault = wide.fault(placed.row.suffix)
        if fault:
            yield f"{placed.place}: {fault}"


def repeated_suffixes(rows: Rows) -> Iterator[str]:
    """A suffix stands once. Where it does not, both places are named.

    A full row of another folder may stand for a nursery row read before it: its owner vouches
    for what one source said.
    """
    seen: dict[str, PlacedPool] = {}
    for placed in rows.pools:
        first = seen.setdefault(placed.row.suffix, placed)
        if first is placed:
            continue
        if _promotes(placed, first):
            seen[placed.row.suffix] = placed
        else:
            yield f"{placed.place}: {clash(placed.row, first)}"


def _promotes(placed: PlacedPool, first: PlacedPool) -> bool:
    promoted = msgspec.structs.replace(first.row, nursery=False)
    alike = all(getattr(placed.row, name) == getattr(promoted, name) for name in _TELLING_COLUMNS)
    return first.row.nursery and alike and not _beside(placed, first)


def _beside(placed: PlacedPool, other: PlacedPool) -> bool:
    return Path(placed.file).parent == Path(other.file).parent


def clash(row: PoolRow, first: PlacedPool) -> str:
    """How a row stands to an earlier one for the same suffix."""
    other = first.row
    for column in _TELLING_COLUMNS:
        mine, theirs = getattr(row, column), getattr(other, column)
        if mine != theirs:
            return f"{row.suffix!r}: {column} is {mine!r} here and {theirs!r} at {first.place}"
    return f"{row.suffix!r} stands at {first.place} already"


def hidden_nursery_rows(rows: Rows) -> Iterator[str]:
    """A nursery row below a full one can say nothing: the full one covers it.

    The full row of a folder read later is not held against it.
    """
    full = {placed.row.suffix: placed for placed in rows.pools if not placed.row.nursery}
    order = {placed.file: index for index, placed in enumerate(rows.pools)}
    for placed in rows.pools:
        above = _covering(placed.row.suffix, full) if placed.row.nursery else None
        if above is not None and order[above.file] <= order[placed.file]:
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
    """The two known names a text is made of; None for a plain name.

    One known name is not enough: `pool.support` stands in `pool.supportmonero.example` too.
    """
    if any(above in known for above in list(suffixes(name))[1:]):
        return None
    for cut in range(1, len(name)):
        head, tail = name[:cut], name[cut:]
        if head in known and tail in known and not {head[-1], tail[0]} & {".", "-"}:
            return head, tail
    return None
