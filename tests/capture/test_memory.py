"""Memory does not grow with the capture."""

from __future__ import annotations

import gzip
import os
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from threading import Thread

import pytest

from poolwatch.capture import open_source
from poolwatch.capture.bytestream import ByteStream
from poolwatch.match.prefilter import Endpoints, FlowTable
from poolwatch.settings import Limits
from tests.builders import (
    enhanced,
    ethernet,
    interface,
    ipv4,
    pcap_header,
    pcap_record,
    section,
    tcp,
)

FRAME = ethernet(ipv4(tcp(b"SSH-2.0" + bytes(800))))
CHUNK_PACKETS = 1000
LIMITS = Limits(flows=1000)


@contextmanager
def pipe(path: Path, head: bytes, chunk: bytes, count: int) -> Iterator[None]:
    """A writer that never holds more than a chunk of the capture."""
    os.mkfifo(path)

    def write() -> None:
        with path.open("wb", buffering=0) as out:
            for piece in (head, *(chunk for _ in range(count))):
                rest = memoryview(piece)
                while rest:
                    rest = rest[out.write(rest) or 0 :]

    writer = Thread(target=write)
    writer.start()
    yield
    writer.join()


def peak_of(path: Path) -> tuple[int, int]:
    """Packets read from a pipe, and the bytes held at most while reading."""
    tracemalloc.start()
    try:
        with closing(ByteStream(str(path), LIMITS.expansion_ratio)) as stream:
            table = FlowTable(LIMITS, Endpoints(()), seed=1, keep=False)
            source = open_source(stream, LIMITS)
            tables = tracemalloc.get_traced_memory()[0]  # of fixed size, whatever is read
            tracemalloc.reset_peak()
            for batch in source.batches():
                for _ in table.scan(batch):
                    pass
        assert source.coverage.damage is None
        return table.packets, tracemalloc.get_traced_memory()[1] - tables
    finally:
        tracemalloc.stop()


def plain(body: bytes) -> bytes:
    return body


def packed(body: bytes) -> bytes:
    return gzip.compress(body, compresslevel=1, mtime=0)


@pytest.mark.parametrize(
    ("head", "record"),
    [(pcap_header(), pcap_record(FRAME)), (section() + interface(), enhanced(FRAME))],
    ids=["pcap", "pcapng"],
)
@pytest.mark.parametrize("wrap", [plain, packed])
def test_ten_times_the_capture_takes_no_more_memory(
    wrap: Callable[[bytes], bytes], head: bytes, record: bytes, tmp_path: Path
) -> None:
    chunk = wrap(record * CHUNK_PACKETS)
    peaks = []
    for count in (4, 60):
        path = tmp_path / f"pipe{count}"
        with pipe(path, wrap(head), chunk, count):
            packets, peak = peak_of(path)
        assert packets == count * CHUNK_PACKETS
        peaks.append(peak)
    assert 60 * len(record) * CHUNK_PACKETS > 10 * peaks[0]
    assert peaks[1] < peaks[0] + 300_000
