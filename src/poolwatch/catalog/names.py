"""From a host name to the pool it belongs to: by suffix, at label boundaries, longest first.

`PoolNames` answers for one name. `pack_suffixes` makes the same question answerable by a
kernel over many names, and `find_packed` says in plain Python what that kernel must answer.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, np.dtype[Any]]

FNV_OFFSET = 0xCBF29CE484222325
FNV_PRIME = 0x100000001B3
_MASK64 = (1 << 64) - 1
_LONGEST = 255  # of a name as text, with its final dot, and one to spare


class Listed(Protocol):
    """What PoolNames asks of a row."""

    @property
    def nursery(self) -> bool:
        """Whether the row raises no grade."""


Row = TypeVar("Row", bound=Listed)


def normal_name(host: str) -> str:
    """A host name as the catalogue writes it: lower case, no final dot, IDNA in its ASCII form.

    A label that is no IDNA stays as it is: it equals no listed one, and what stands behind it
    still counts. A text longer than a name can be is none, and comes back empty.
    """
    if len(host) > _LONGEST:
        return ""
    name = host.strip().rstrip(".").lower()
    if name.isascii():
        return name
    try:
        return name.encode("idna").decode("ascii").lower()
    except UnicodeError:
        return ".".join(map(_ascii_label, name.split(".")))


def _ascii_label(label: str) -> str:
    try:
        return label.encode("idna").decode("ascii").lower()
    except UnicodeError:
        return label


def suffixes(name: str) -> Iterator[str]:
    """The name and every name above it, longest first: `a.b.c`, `b.c`, `c`."""
    while name:
        yield name
        _, _, name = name.partition(".")


class PoolNames(Generic[Row]):
    """Rows by suffix. A nursery row never hides a full one that stands above it."""

    def __init__(self, rows: Mapping[str, Row]) -> None:
        self._rows = dict(rows)

    def find(self, host: str) -> tuple[str, Row] | None:
        """The longest listed suffix of a host name, and its row; None for a name not listed."""
        nursery: tuple[str, Row] | None = None
        for suffix in suffixes(normal_name(host)):
            row = self._rows.get(suffix)
            if row is None:
                continue
            if not row.nursery:
                return suffix, row
            nursery = nursery or (suffix, row)
        return nursery


def suffix_hash(suffix: bytes) -> int:
    """FNV-1a, 64 bits, over the lower-cased ASCII bytes of a suffix, such as `nanopool.org`."""
    value = FNV_OFFSET
    for byte in suffix:
        lowered = byte | 0x20 if 0x41 <= byte <= 0x5A else byte
        value = ((value ^ lowered) * FNV_PRIME) & _MASK64
    return value


@dataclass(frozen=True, slots=True)
class PackedSuffixes:
    """Suffixes as a kernel reads them.

    `hashes` is sorted; `rows[i]` is the position, in the order given to `pack_suffixes`, of the
    suffix with `hashes[i]`. `slots` is an open-addressing table over them: the search for a
    hash begins at `hash & (len(slots) - 1)` and goes on by one, around the end; a slot holds
    1 + i, and 0 ends the search. At least half of the slots are 0.

    No listed suffix has more than `most_labels` labels, so a kernel need not look at longer
    ones, however many labels a name has. It need not compare bytes either: a name whose hash
    is found is a candidate, and whoever judges it asks PoolNames.
    """

    hashes: Array  # uint64
    rows: Array  # int32
    slots: Array  # int32
    most_labels: int


def pack_suffixes(names: Iterable[str]) -> PackedSuffixes:
    """Pack suffixes, already in the form of `normal_name`. Raises ValueError if two collide."""
    import numpy as np  # the other users of this module need none of it

    listed = list(names)
    ordered = sorted((suffix_hash(name.encode("ascii")), row) for row, name in enumerate(listed))
    for (one, first), (other, second) in itertools.pairwise(ordered):
        if one == other:
            raise ValueError(f"{listed[first]} and {listed[second]} have one hash")
    count = 2
    while count < 2 * len(ordered) + 1:
        count *= 2
    slots = np.zeros(count, np.int32)
    for index, (value, _) in enumerate(ordered):
        slot = value & (count - 1)
        while slots[slot]:
            slot = (slot + 1) & (count - 1)
        slots[slot] = index + 1
    return PackedSuffixes(
        np.array([value for value, _ in ordered], np.uint64),
        np.array([row for _, row in ordered], np.int32),
        slots,
        max((name.count(".") + 1 for name in listed), default=0),
    )


def find_packed(packed: PackedSuffixes, name: bytes) -> int:
    """The row of the longest packed suffix of a name, -1 for none: the kernel's plain twin.

    The name is as it stands in a packet: any case, with or without a final dot.
    """
    labels = name.removesuffix(b".").split(b".")
    for first in range(max(len(labels) - packed.most_labels, 0), len(labels)):
        index = _find_slot(packed, suffix_hash(b".".join(labels[first:])))
        if index >= 0:
            return int(packed.rows[index])
    return -1


def _find_slot(packed: PackedSuffixes, value: int) -> int:
    mask = len(packed.slots) - 1
    slot = value & mask
    while packed.slots[slot]:
        index = int(packed.slots[slot]) - 1
        if int(packed.hashes[index]) == value:
            return index
        slot = (slot + 1) & mask
    return -1
