"""A stretch of a capture held in memory, stamped anew with addresses and times for each copy."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.templates import NOWHERE, RECORD_BYTES, Flow

Array = np.ndarray[Any, np.dtype[Any]]

START_SECONDS = 1_768_204_800
STEP_US = 5  # 200 k packets a second: about 1 Gbit/s
FIRST_CLIENT = 0x0A000000  # 10.0.0.0

FILE_HEADER = bytes.fromhex("d4c3b2a1020004000000000000000000ffff000001000000")


class Chunk:
    """Packets in capture order.

    `data`: their pcap records. `flows`: per packet the number of its flow.
    """

    def __init__(self, records: list[bytes], client_at: Array, flows: Array) -> None:
        self.data = np.frombuffer(bytearray(b"".join(records)), np.uint8)
        self.flows = flows
        self.count = len(records)
        lengths = np.fromiter(map(len, records), np.int64, self.count)
        starts = np.cumsum(lengths) - lengths
        self._stamped = np.flatnonzero(client_at != NOWHERE)
        at = starts[self._stamped] + client_at[self._stamped]
        self._address_at = at[:, None] + np.arange(4)
        self._time_at = starts[:, None] + np.arange(8)

    @property
    def captured_bytes(self) -> int:
        """Bytes of the packets, without record headers."""
        return len(self.data) - self.count * RECORD_BYTES

    def stamp(self, clients: Array, packets_before: int) -> None:
        """Set each packet's client address (uint32, one per packet) and time."""
        chosen = clients[self._stamped].astype(">u4")
        self.data[self._address_at] = chosen.view(np.uint8).reshape(-1, 4)
        microseconds = (packets_before + np.arange(self.count, dtype=np.int64)) * STEP_US
        seconds, rest = np.divmod(microseconds, 1_000_000)
        times = np.stack([seconds + START_SECONDS, rest], axis=1).astype("<u4")
        self.data[self._time_at] = times.view(np.uint8).reshape(-1, 8)


def interleave(flows: list[Flow], seed: int) -> Chunk:
    """The flows' packets mixed: each flow begins anywhere and lasts anything up to the end."""
    rng = np.random.default_rng(seed)
    sizes = np.array([len(flow.records) for flow in flows])
    number = np.repeat(np.arange(len(flows)), sizes)
    rank = np.arange(len(number)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    begin = rng.random(len(flows))
    span = rng.random(len(flows)) * (1 - begin)
    order = np.argsort(begin[number] + span[number] * rank / sizes[number], kind="stable")
    records = [record for flow in flows for record in flow.records]
    client_at = np.array([at for flow in flows for at in flow.client_at], np.int64)
    return Chunk([records[index] for index in order], client_at[order], number[order])
