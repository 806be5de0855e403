"""Packets of a capture read once more, by their numbers, through the readers of `capture`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from poolwatch.capture import open_source
from poolwatch.capture.bytestream import ByteStream
from poolwatch.capture.identity import stream_id
from poolwatch.capture.source import Batch
from poolwatch.errors import CaptureError
from poolwatch.settings import Limits


class Frame(NamedTuple):
    """A captured packet, from the first byte of its frame on."""

    packet: int
    ts_ns: int
    data: bytes


def read_frames(path: Path, packets: Iterable[int], limits: Limits) -> Iterator[Frame]:
    """The packets of these numbers, from 1, in one pass that ends at the last of them.

    Numbers beyond the end of the capture give nothing. Raises CaptureError.
    """
    wanted = sorted(set(packets))
    with closing(_opened(path, limits)) as stream:
        first = 1
        for batch in open_source(stream, limits).batches():
            behind = first + batch.count
            while wanted and wanted[0] < behind:
                number = wanted.pop(0)
                if number >= first:
                    yield _frame(batch, number - first, number)
            if not wanted:
                return
            first = behind


def digest_of(path: Path, limits: Limits) -> str:
    """SHA-256 of a capture as it stands, in hex. Raises CaptureError."""
    with closing(_opened(path, limits)) as stream:
        return stream.digest()


def stream_id_of(path: Path, sensor: str, limits: Limits) -> str:
    """What a capture was known by if a sensor read it from a pipe. Raises CaptureError."""
    with closing(_opened(path, limits)) as stream:
        first = next(iter(open_source(stream, limits).batches()), None)
        return stream_id(sensor, first) if first is not None and first.count else ""


def _frame(batch: Batch, row: int, number: int) -> Frame:
    packet = batch.packets[row]
    start = int(packet["offset"])
    data = batch.buffer[start : start + int(packet["caplen"])].tobytes()
    return Frame(number, int(packet["ts_ns"]), data)


def _opened(path: Path, limits: Limits) -> ByteStream:
    if not path.is_file():  # nobody waits for a pipe here
        raise CaptureError("no file")
    return ByteStream(str(path), limits.expansion_ratio, limits.unpack_bytes)
