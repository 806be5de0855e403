"""Live sources made of captures, for tests without a wire, and stand-ins for what is behind."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from poolwatch.capture.live import InterfaceCounts, LiveCounts
from poolwatch.capture.source import Batch, Coverage
from poolwatch.layouts import PACKET
from poolwatch.store import Row


class ReplayingSource:
    """Gives batches one after another, then empty ones until it is stopped, as a ring does."""

    def __init__(
        self, batches: Sequence[Batch], *, name: str = "replay0", once: bool = False
    ) -> None:
        self.name = name
        self.coverage = Coverage()
        self._batches = batches
        self._stopped = threading.Event()
        self._once = once
        self.done = threading.Event()
        self.hold = threading.Event()  # set: gives nothing, and does not come back
        self.up = True
        self.closed = False
        self._packets = 0

    def start(self) -> None:
        pass

    def batches(self) -> Iterator[Batch]:
        for batch in self._batches:
            yield batch
            self._packets += batch.count
        self.done.set()
        while not self._once and not self._stopped.wait(0.01):
            if self.hold.is_set():
                self._stopped.wait()
                return
            yield Batch(np.zeros(1, np.uint8), np.zeros(1, PACKET), 0)

    def statistics(self) -> LiveCounts:
        counts = InterfaceCounts(name=self.name, packets=self._packets, up=self.up)
        return LiveCounts((counts,))

    def stop(self) -> None:
        self._stopped.set()

    def close(self) -> None:
        self.closed = True


@dataclass
class ListedRows:
    """A writer that keeps rows in a list; `durable` says what `flush` answers."""

    rows: list[Row] = field(default_factory=list)
    durable: bool = True
    on_flush: Callable[[], None] = lambda: None

    def put(self, row: Row) -> bool:
        self.rows.append(row)
        return True

    def flush(self, timeout: float) -> bool:
        self.on_flush()
        return self.durable
