"""What is fuzzed: each target takes bytes, does what poolwatch does with bytes, and holds it to
what must always be true. No fuzzer is needed here, so a find can be replayed by any test.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from poolwatch.match.message import Piece, Segment, Tally
from poolwatch.match.reassembly import Reassembler
from poolwatch.settings import Limits
from tests.running import MINER, POOL, ROOT, Reading, check_reading

if TYPE_CHECKING:
    from poolwatch.match.prefilter import FlowTable
    from tests.kernels.test_bounds import Brink

FOUND = Path(__file__).resolve().parent / "found"
"""Bytes that once broke a target: `found/TARGET/NAME`."""

MARK = b"\x1e"  # between the messages of one input
TIGHT = Limits(
    line_bytes=200,
    head_bytes=200,
    body_bytes=300,
    stream_bytes=300,
    reorder_segments=2,
    open_requests=3,
    evidence_spans=2,
    quote_chars=10,
    text_chars=10,
    json_depth=5,
)


def dialects(data: bytes) -> None:
    """A conversation: a byte for the bounds, then messages, each begun by the side that speaks.

    The hit is judged, so every dialect, the fields and the grades are behind this door.
    """
    reading = Reading(TIGHT if data[:1] == b"t" else Limits())
    for message in data[1:].split(MARK):
        if len(message) > 1:
            reading.send(POOL if message[0] & 1 else MINER, message[1:])
    check_reading(reading)


def reassembly(data: bytes) -> None:
    """Segments of six bytes each: where, how long, how much was captured, how much later."""
    tally = Tally()
    limits = Limits(reorder_segments=4, stream_bytes=200, reorder_seconds=3)
    source = bytes(range(1, 256)) * 3
    into = Reassembler(limits, tally, 2**32 - 40 if data[:1] > b"\x80" else None)
    now_ns, pieces, given = 10**18, [], {}
    for number, (at, wire, kept, wait) in enumerate(struct.iter_unpack("<HHBB", _whole(data, 6))):
        start, wire = at % 600, wire % 160
        now_ns += wait * 10**8
        text = source[start : start + min(kept, wire)]
        segment = Segment(now_ns, number, MINER, (2**32 - 40 + start) % 2**32, wire, 54, text)
        given[number] = segment
        pieces += into.push(segment)
        assert 0 <= into.waiting_bytes <= limits.stream_bytes
    pieces += into.finish()
    assert into.waiting_bytes == 0
    _check_pieces(pieces, given)


def _check_pieces(pieces: list[Piece], given: dict[int, Segment]) -> None:
    """Every piece is a part of its segment, and without a gap it goes on where the last ended."""
    end: int | None = None
    for piece in pieces:
        segment = given[piece.packet]
        inside = piece.offset - segment.offset
        if piece.data:
            assert segment.data[inside : inside + len(piece.data)] == piece.data
        begin = (segment.seq + inside) % 2**32
        assert piece.gap or end is None or begin == end
        end = (begin + len(piece.data)) % 2**32


def walkers(data: bytes) -> None:
    """A capture file of any bytes, read in pieces; what is read is then scanned."""
    from poolwatch.capture import open_source
    from poolwatch.errors import PoolwatchError
    from tests import builders

    limits = Limits(record_bytes=2000, read_bytes=700)
    table = _table()
    try:
        for batch in open_source(builders.trickle(data, [len(data) % 300 + 1]), limits).batches():
            for _ in table.scan(batch):
                pass
    except PoolwatchError:
        pass


def decoder(data: bytes) -> None:
    """Frames, each with its link type before it, at the brink of readable memory."""
    import numpy as np

    from poolwatch.kernels.doors import decode_frames, decode_packets
    from poolwatch.kernels.gate import gate_payload
    from poolwatch.layouts import FRAME
    from tests import builders

    packets = []
    for number, message in enumerate(data[1:].split(MARK)[:20]):
        if not message:
            continue
        frame = builders.Packet(message[1:], 10**18 + number, link=message[0] % 16)
        packets.append(frame)
        one = builders.batch([frame])
        edge = _brink().place(one.buffer[:-1].tobytes())
        frames = np.zeros(1, FRAME)
        decode_frames(edge, one.packets, 1, frames)
        decode_packets(edge, one.packets, 1, frames)
        if frame.data:
            gate_payload(edge, 1, len(edge), data[0] % 16, 0, bool(data[0] & 16))
    if packets:
        for _ in _table().scan(builders.batch(packets)):
            pass


def logs(data: bytes) -> None:
    """A log of any bytes: what it looks like is read, and lines by the kernel and without it."""
    import os
    import tempfile

    from poolwatch.logs.load import HEAD, load_logs

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x.log"
        seen = []
        for padding in (b"\n", b"\n" * HEAD):
            path.write_bytes(data + padding)
            os.utime(path, (1_630_893_600, 1_630_893_600))  # some logs rest on it
            book = load_logs([path])
            seen.append(list(book.records()))
        if not data.startswith(b"\0\x0a"):  # IPFIX has no lines
            assert seen[0] == seen[1]


TARGETS: dict[str, Callable[[bytes], None]] = {
    "walkers": walkers,
    "decoder": decoder,
    "reassembly": reassembly,
    "dialects": dialects,
    "logs": logs,
}


def replay(name: str, path: Path) -> None:
    """Run one input of a target again."""
    TARGETS[name](path.read_bytes())


def seeds(name: str) -> Iterator[bytes]:
    """Inputs to begin with, made of the scenarios in `pcaps/`."""
    for path in sorted((ROOT / "pcaps").glob("*/capture.pcap")):
        data = path.read_bytes()
        if name == "walkers" and len(data) < 8000:
            yield data
        elif name == "decoder" and "carrier" in path.parent.name:
            frames = [b"\1" + frame for frame in _frames(data)]
            yield b"\0" + MARK.join(frames[:6])
        elif name == "dialects" and path.parent.name.endswith(("-clean", "-refused")):
            yield b"l" + MARK.join(_said(data))
    if name == "logs":
        for path in sorted((ROOT / "tests" / "data" / "logs").iterdir()):
            yield path.read_bytes()
    if name == "reassembly":
        yield b"".join(struct.pack("<HHBB", n * 30, 40, 40, 1) for n in (0, 2, 1, 3))


def words() -> Iterator[str]:
    """Texts that messages are made of, for the fuzzer to put in."""
    from poolwatch.catalog.load import load_rows

    for placed in load_rows().needles:
        row = placed.row
        yield from (word for word in (row.method, row.header) if word)
        yield from (part for path in row.fields for part in path.split(".") if part.isalpha())


def _frames(capture: bytes) -> Iterator[bytes]:
    """The packets of a classic pcap in little-endian order."""
    at = 24
    while at + 16 <= len(capture):
        size = struct.unpack_from("<I", capture, at + 8)[0]
        yield capture[at + 16 : at + 16 + size]
        at += 16 + size


def _said(capture: bytes) -> Iterator[bytes]:
    """The TCP payloads of Ethernet and IPv4 frames, each behind the side that sends it."""
    first: int | None = None
    for frame in _frames(capture):
        if frame[12:14] != b"\x08\0" or frame[23] != 6:
            continue
        tcp = 14 + (frame[14] & 15) * 4
        end = 14 + int.from_bytes(frame[16:18], "big")
        payload = frame[tcp + (frame[tcp + 12] >> 4) * 4 : end]
        port = int.from_bytes(frame[tcp : tcp + 2], "big")
        first = port if first is None else first
        if payload:
            yield (b"0" if port == first else b"1") + payload


def _whole(data: bytes, size: int) -> bytes:
    return data[: len(data) // size * size]


@cache
def _table() -> FlowTable:
    from poolwatch.match.prefilter import Endpoints, FlowTable
    from tests.builders import endpoint

    rows = (endpoint("192.0.2.9", 3333), endpoint("10.0.0.1", 0))
    return FlowTable(Limits(flows=64), Endpoints(rows), seed=1, keep=False)


@cache
def _brink() -> Brink:
    from tests.kernels.test_bounds import Brink

    return Brink()
