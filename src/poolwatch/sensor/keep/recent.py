"""The pre-trigger buffers of one pipeline thread, from outside the kernel."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from poolwatch.kernels.recent import Ring
from poolwatch.layouts import RECENT, RECENT_STATE

if TYPE_CHECKING:
    from collections.abc import Iterator

_MEAN_BYTES = 256  # of a packet; smaller ones use up the rows first


class Packet(NamedTuple):
    """One packet on its way to a file."""

    ts_ns: int
    number: int
    wirelen: int
    link: int
    interface: int
    data: bytes


def make_ring(size_bytes: int, flows: int) -> Ring:
    """An empty ring of `size_bytes` for a table of `flows` records."""
    return Ring(
        np.zeros(_rows(size_bytes), RECENT),
        np.zeros(size_bytes, np.uint8),
        np.zeros(1, RECENT_STATE),
        np.full(flows, -1, np.int64),
    )


def ring_bytes(size_bytes: int, flows: int) -> int:
    """Memory of such a ring."""
    return size_bytes + _rows(size_bytes) * RECENT.itemsize + 8 * flows


def _rows(size_bytes: int) -> int:
    """How many rows, a power of two."""
    return 1 << max((size_bytes // _MEAN_BYTES).bit_length() - 1, 4)


def packets_of(ring: Ring, record: int, first: int, end: int) -> Iterator[Packet]:
    """What a ring still has of a flow record, packets `first` up to before `end`, newest first."""
    state = ring.state[0]
    written, capacity = int(state["rows"]), len(ring.rows)
    oldest_byte = int(state["bytes"]) - len(ring.data)
    at = int(ring.last[record])
    while at >= 0 and at >= written - capacity:
        row = ring.rows[at % capacity]
        number = int(row["number"])
        if number < first or int(row["at"]) < oldest_byte:
            return
        if number < end:
            yield copy_packet(ring.data, int(row["at"]) % len(ring.data), row, number)
        at = int(row["previous"])


def copy_packet(buffer: Any, at: int, row: Any, number: int) -> Packet:
    """A packet whose bytes stand in a buffer; `row` says what else is known of it."""
    data = buffer[at : at + int(row["caplen"])].tobytes()
    return Packet(
        int(row["ts_ns"]),
        number,
        int(row["wirelen"]),
        int(row["link"]),
        int(row["interface"]),
        data,
    )
