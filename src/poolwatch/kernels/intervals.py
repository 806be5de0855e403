"""Whose address at that time: the address space cut into intervals, searched by halves.

Addresses are searched for in blocks, each step for the whole block, so that the memory
reads of a step wait together instead of one after another.
"""

from __future__ import annotations

from typing import Any

from poolwatch.kernels import INT32S, b1, i8, kernel, part, row, rows, void
from poolwatch.layouts import ADDRESS, CANDIDATE, INTERVAL

BLOCK = 32


@part(b1(row(INTERVAL), row(ADDRESS)), inline=True)
def _begins_after(interval: Any, address: Any) -> bool:
    if interval["hi"] != address["hi"]:
        return interval["hi"] > address["hi"]
    return interval["lo"] > address["lo"]


@part(
    void(rows(INTERVAL, readonly=True), rows(ADDRESS, readonly=True), INT32S, i8, i8), inline=True
)
def _find_block(intervals: Any, addresses: Any, out: Any, start: int, stop: int) -> None:
    """Into `out` the last interval that begins at or before each address, or -1."""
    for index in range(start, stop):
        out[index] = 0
    size = i8(intervals.shape[0])
    while size > 1:
        half = size >> 1
        for index in range(start, stop):
            middle = i8(out[index]) + half
            if not _begins_after(intervals[middle], addresses[index]):
                out[index] = middle
        size -= half
    for index in range(start, stop):
        if _begins_after(intervals[out[index]], addresses[index]):
            out[index] = -1


@kernel(
    i8(rows(INTERVAL, readonly=True), rows(CANDIDATE, readonly=True), row(ADDRESS), i8),
    inline=True,
)
def _row_at(intervals: Any, candidates: Any, address: Any, found: int) -> int:
    """The first candidate of an interval that holds at the address's time, or -1."""
    first = i8(intervals[found]["first"])
    for place in range(first, first + i8(intervals[found]["count"])):
        candidate = candidates[place]
        if candidate["from_ns"] <= address["ts_ns"] and address["ts_ns"] < candidate["to_ns"]:
            return i8(candidate["row"])
    return -1


@kernel(
    void(
        rows(INTERVAL, readonly=True),
        rows(CANDIDATE, readonly=True),
        rows(ADDRESS, readonly=True),
        INT32S,
    )
)
def find_intervals(intervals: Any, candidates: Any, addresses: Any, out: Any) -> None:
    """Into `out` the preferred row that holds each address at its time, -1 for none."""
    count = i8(addresses.shape[0])
    if intervals.shape[0] == 0:
        for index in range(count):
            out[index] = -1
        return
    for start in range(0, count, BLOCK):
        stop = min(start + BLOCK, count)
        _find_block(intervals, addresses, out, start, stop)
        for index in range(start, stop):
            if out[index] >= 0:
                out[index] = _row_at(intervals, candidates, addresses[index], i8(out[index]))
