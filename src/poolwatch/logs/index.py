"""Where the rows of one address, machine or port stand, for lookups by time."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np

from poolwatch.logs.settle import sorted_order

LEVELS = 17  # blocks of 1 port to 65536
BLOCK = 64
_ALL = np.iinfo(np.int64)


class Index:
    """Entries sorted by key, then by the beginning of their row."""

    def __init__(self, keys: Any, numbers: Any, from_ns: Any, until_ns: Any) -> None:
        """`numbers` are the rows of the entries; times are those of all rows."""
        times = from_ns[numbers]
        order = sorted_order(keys, times, np.arange(len(keys), dtype=np.uint32))
        del times
        self.keys = keys[order]
        self.rows = numbers[order]
        self._from_ns, self._until_ns = from_ns, until_ns

    def overlapping(self, first_key: int, last_key: int, from_ns: int, until_ns: int) -> Any:
        """Rows with a key in [first_key, last_key] that overlap [from_ns, until_ns)."""
        low = np.searchsorted(self.keys, np.uint64(first_key), "left")
        high = np.searchsorted(self.keys, np.uint64(last_key), "right")
        rows = self.rows[low:high]
        begun = self._from_ns[rows] < until_ns
        return rows[begun & (self._until_ns[rows] > from_ns)]

    @cached_property
    def tops(self) -> Any:
        """The greatest end of each block of entries, so that walks can skip blocks."""
        count = len(self.rows)
        tops = np.full((count + BLOCK - 1) // BLOCK, _ALL.min, np.int64)
        for at in range(0, count, 1 << 18):  # a multiple of BLOCK
            until = self._until_ns[self.rows[at : at + (1 << 18)]]
            part = np.maximum.reduceat(until, np.arange(0, len(until), BLOCK))
            tops[at // BLOCK : at // BLOCK + len(part)] = part
        return tops


def port_key(code: int, level: int, block: int) -> int:
    """The key of an aligned block of 2**level ports of an address."""
    return code << 21 | level << 16 | block


def address_keys(code: int) -> tuple[int, int]:
    """The first and last key of an address, whatever the ports."""
    return code << 21, (code << 21) | 0x1F_FFFF


def port_entries(codes: Any, lows: Any, highs: Any) -> tuple[Any, Any]:
    """Keys and rows: each range of ports as the fewest aligned blocks that make it up.

    A lookup of one port then asks for one block of each size, so that whole addresses, blocks
    of ports and sessions are found in the same way.
    """
    single = np.flatnonzero(lows == highs).astype(np.uint32)
    keys = [(codes[single].astype(np.uint64) << np.uint64(21)) | lows[single].astype(np.uint64)]
    rows = [single]
    left = np.flatnonzero(lows < highs).astype(np.uint32)
    low, high = lows[left].astype(np.int64), highs[left].astype(np.int64)
    while len(left):
        level = np.minimum(_zeros(low), _log2(high - low + 1))
        key = codes[left].astype(np.uint64) << np.uint64(21)
        key |= level.astype(np.uint64) << np.uint64(16)
        keys.append(key | (low >> level).astype(np.uint64))
        rows.append(left)
        low = low + (np.int64(1) << level)
        more = low <= high
        left, low, high = left[more], low[more], high[more]
    return np.concatenate(keys), np.concatenate(rows)


def _zeros(value: Any) -> Any:
    """Zero bits at the low end, 16 for 0."""
    lowest = value & -value
    return np.where(value == 0, 16, _log2(np.maximum(lowest, 1)))


def _log2(value: Any) -> Any:
    return np.floor(np.log2(value)).astype(np.int64)


def levels_of(keys: Any) -> tuple[int, ...]:
    """The sizes of blocks there are, as powers of two."""
    return tuple(int(level) for level in np.unique((keys >> np.uint64(16)) & np.uint64(31)))
