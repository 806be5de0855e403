"""A live source read by a thread of its own, and what it gave."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator, Sequence

from poolwatch.capture.live import LiveCounts, LiveSource, RingSettings, open_live
from tests.capture.reading import rows_of
from tests.live.netns import Namespace
from tests.naive import Row

PATIENCE_SECONDS = 10.0
SMALL = RingSettings(ring_bytes=1 << 22, block_bytes=1 << 18, snap_bytes=1 << 17, tick_ms=20)
"""A ring that a test fills in no time, and ticks that it need not wait for."""
QUICK = RingSettings(tick_ms=20, recheck_ms=50)


class Capturing:
    """Reads a source until `end`; keeps every packet, and the time of every batch."""

    def __init__(self, source: LiveSource, namespace: Namespace) -> None:
        self.source = source
        self.rows: list[Row] = []
        self.batches: list[tuple[float, int]] = []
        self.error: BaseException | None = None
        self._namespace = namespace
        self._thread = threading.Thread(target=self._read)

    def begin(self) -> None:
        self.source.start()  # from here on nothing is missed
        self._thread.start()

    def _read(self) -> None:
        try:
            with self._namespace.inside():
                for batch in self.source.batches():
                    self.batches.append((time.monotonic(), batch.count))
                    self.rows += rows_of(batch)
        except BaseException as error:
            self.error = error
            raise

    def end(self) -> None:
        self.source.stop()
        if self._thread.ident is not None:
            self._thread.join(PATIENCE_SECONDS)
        assert not self._thread.is_alive()
        assert self.error is None

    @property
    def bodies(self) -> list[bytes]:
        return [row.data for row in self.rows]

    def counts(self) -> LiveCounts:
        with self._namespace.inside():
            return self.source.statistics()

    def wait_for(self, packets: int) -> None:
        wait_until(lambda: len(self.rows) >= packets)


def wait_until(true: Callable[[], bool]) -> None:
    """Wait until something holds; fail when it takes too long."""
    until = time.monotonic() + PATIENCE_SECONDS
    while not true():
        assert time.monotonic() < until, "waited too long"
        time.sleep(0.01)


@contextlib.contextmanager
def capturing(
    namespace: Namespace,
    interfaces: Sequence[str],
    settings: RingSettings = QUICK,
    *,
    threads: int = 1,
) -> Iterator[list[Capturing]]:
    """Capture in a namespace while the block lasts, with one reader a thread."""
    readers: list[Capturing] = []
    try:
        with namespace.inside():
            for thread in range(threads):
                source = open_live(
                    interfaces, settings, thread=thread, threads=threads, fanout_group=4711
                )
                readers.append(Capturing(source, namespace))
        for reader in readers:
            reader.begin()
        yield readers
    finally:
        for reader in readers:
            reader.end()
            reader.source.close()
