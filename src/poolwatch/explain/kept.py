"""Quoted messages among the packets a sensor kept.

A segment has packet numbers of its own, so a message is found by flow, place in the frame and
what it says.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from poolwatch.errors import CaptureError, UsageError
from poolwatch.explain.facts import Flow, Message, Piece
from poolwatch.explain.frames import Frame, read_frames
from poolwatch.explain.spelling import agrees, begins_like, unpacked
from poolwatch.sensor.keep.blocks import whole_blocks
from poolwatch.sensor.keep.segments import SUFFIX, index_of, read_index
from poolwatch.settings import Limits

_PACKETS = "packets"


class KeptPiece(NamedTuple):
    """Bytes found in a segment."""

    path: Path
    packet: int
    data: bytes


class _Packet(NamedTuple):
    path: Path
    frame: Frame


class Kept:
    """A folder of kept packets, as `poolwatch watch` writes it. Raises UsageError for none."""

    def __init__(self, folder: Path, limits: Limits) -> None:
        inner = folder / _PACKETS
        self._folder = inner if inner.is_dir() else folder
        if not self._folder.is_dir():
            raise UsageError(f"--kept {folder}: no folder")
        self._limits = limits
        self._flow: tuple[int | None, list[_Packet]] = (None, [])
        self.problems: list[str] = []

    def find(self, flow: Flow, message: Message) -> list[KeptPiece | None]:
        """The pieces of a message, None for those that are not there."""
        packets = self._packets(flow)
        for start, packet in enumerate(packets):
            first = _cut(packet, message.pieces[0])
            if first is None or not self._opens(first.data, message):
                continue
            found = [first, *_rest(packets[start + 1 :], message.pieces[1:])]
            whole = b"".join(piece.data for piece in found if piece)
            if None in found or _reads(whole, message.text):
                return found
        return [None] * len(message.pieces)

    def _opens(self, data: bytes, message: Message) -> bool:
        if len(message.pieces) == 1:
            return _reads(data, message.text)
        return begins_like(data, message.text) or unpacked(data) is not None

    def _packets(self, flow: Flow) -> list[_Packet]:
        """The kept packets of a flow, in order; those of the last flow asked for are held."""
        if flow.flow_id is None:
            return []
        if self._flow[0] != flow.flow_id:
            self._flow = (flow.flow_id, list(self._read(flow.flow_id)))
        return self._flow[1]

    def _read(self, flow_id: int) -> Iterator[_Packet]:
        left = self._limits.explain_packets
        for path in sorted(self._folder.glob(f"*{SUFFIX}")):
            if path.is_symlink() or not left:
                continue
            try:
                if not _may_hold(path, flow_id):
                    continue
                numbers = list(_numbers(path, flow_id))[:left]
                left -= len(numbers)
                for frame in read_frames(path, numbers, self._limits):
                    yield _Packet(path, frame)
            except (OSError, CaptureError) as error:
                self.problems.append(f"{path.name}: {error}")


def _may_hold(path: Path, flow_id: int) -> bool:
    """Whether the index of a segment names a flow; without an index it may."""
    index = index_of(path)
    return not index.exists() or flow_id in read_index(index)[0]


def _numbers(path: Path, flow_id: int) -> Iterator[int]:
    """The numbers, from 1, of a flow's packets in a segment."""
    comment = f"flow_id {flow_id}"
    number = 0
    for block in whole_blocks(path):
        if block.is_packet:
            number += 1
            if comment in block.comments:
                yield number


def _rest(packets: list[_Packet], pieces: tuple[Piece, ...]) -> list[KeptPiece | None]:
    """The next packets that are long enough and end where a piece does."""
    found: list[KeptPiece | None] = []
    at = 0
    for piece in pieces:
        one = None
        while at < len(packets) and one is None:
            one = _cut(packets[at], piece, to_the_end=piece is not pieces[-1])
            at += 1
        found.append(one)
    return found


def _cut(packet: _Packet, piece: Piece, *, to_the_end: bool = False) -> KeptPiece | None:
    data = packet.frame.data[piece.offset : piece.offset + piece.length]
    if len(data) < piece.length:
        return None
    if to_the_end and len(packet.frame.data) > piece.offset + piece.length:
        return None
    return KeptPiece(packet.path, packet.frame.packet, data)


def _reads(data: bytes, text: str) -> bool:
    if agrees(data, text):
        return True
    inner = unpacked(data)
    return bool(inner) and agrees(inner or b"", text)
