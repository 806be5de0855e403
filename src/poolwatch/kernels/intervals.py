"""Whose address at that time: the address space cut into intervals, searched by halves."""

from __future__ import annotations

from typing import Any

from poolwatch.kernels import INT32S, b1, i8, kernel, row, rows, void
from poolwatch.layouts import ADDRESS, CANDIDATE, INTERVAL


@kernel(b1(row(INTERVAL), row(ADDRESS)), inline=True)
def _begins_after(interval: Any, address: Any) -> bool:
    if interval["hi"] != address["hi"]:
        return interval["hi"] > address["hi"]
    return interval["lo"] > address["lo"]


@kernel(i8(rows(INTERVAL, readonly=True), row(ADDRESS)))
def _interval_of(intervals: Any, address: Any) -> int:
    """The last interval that begins at or before the address, or -1."""
    low, high = i8(0), i8(intervals.shape[0])
    while low < high:
        middle = (low + high) >> 1
        if _begins_after(intervals[middle], address):
            high = middle
        else:
            low = middle + 1
    return low - 1


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
    for index in range(addresses.shape[0]):
        address = addresses[index]
        out[index] = -1
        found = _interval_of(intervals, address)
        if found < 0:
            continue
        first = i8(intervals[found]["first"])
        for place in range(first, first + i8(intervals[found]["count"])):
            candidate = candidates[place]
            if candidate["from_ns"] <= address["ts_ns"] < candidate["to_ns"]:
                out[index] = candidate["row"]
                break
