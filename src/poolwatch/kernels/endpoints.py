"""Lookup of address:port in the catalogue's endpoint list: open addressing, built once."""

from __future__ import annotations

from typing import Any

from poolwatch.kernels import INT32S, i8, kernel, rows, u8, void
from poolwatch.kernels.intrinsics import fold
from poolwatch.layouts import ENDPOINT


@kernel(u8(u8, u8, i8))
def _hash(hi: int, lo: int, port: int) -> int:
    return fold(hi ^ u8(0x9E3779B97F4A7C15), lo ^ (u8(port) << u8(48)) ^ u8(0xD6E8FEB86659FD93))


@kernel(void(rows(ENDPOINT), INT32S))
def index_endpoints(endpoints: Any, slots: Any) -> None:
    """Fill `slots` (a power of two, at least twice the rows, all zero) with row number + 1."""
    mask = slots.shape[0] - 1
    for index in range(endpoints.shape[0]):
        entry = endpoints[index]
        slot = i8(_hash(entry["hi"], entry["lo"], i8(entry["port"])) & u8(mask))
        while slots[slot] != 0:
            slot = (slot + 1) & mask
        slots[slot] = index + 1


@kernel(i8(rows(ENDPOINT), INT32S, u8, u8, i8))
def find_endpoint(endpoints: Any, slots: Any, hi: int, lo: int, port: int) -> int:
    """The list row of an address:port, or -1. Port 0 in the list stands for every port."""
    if endpoints.shape[0] == 0:
        return -1
    mask = slots.shape[0] - 1
    for wanted in (port, 0):
        slot = i8(_hash(hi, lo, wanted) & u8(mask))
        while slots[slot] != 0:
            entry = endpoints[slots[slot] - 1]
            if entry["lo"] == lo and entry["hi"] == hi and entry["port"] == wanted:
                return i8(entry["row"])
            slot = (slot + 1) & mask
    return -1
