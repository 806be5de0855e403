"""Segments: pcapng files of bounded size, each with an index of the flows in it."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import msgspec

from poolwatch.outputs.times import timestamp
from poolwatch.sensor.keep import blocks
from poolwatch.sensor.keep.files import (
    append_to,
    append_whole,
    create,
    replace_whole,
    sync_directory,
)
from poolwatch.sensor.keep.recent import Packet

SUFFIX = ".pcapng"
_INDEX = ".jsonl"
_FLOW = "flow_id "
_HOST = "host "
_MOST_INDEX_BYTES = 1 << 28


class FlowLine(msgspec.Struct, kw_only=True):
    """A line of an index: what of a flow stands in its segment. The last line of a flow holds."""

    flow_id: int
    host: str
    packets: int = 0
    bytes: int = 0
    first_ns: int = 0
    last_ns: int = 0

    def add(self, ts_ns: int, size: int) -> None:
        """Count a packet."""
        self.first_ns = min(self.first_ns, ts_ns) if self.packets else ts_ns
        self.last_ns = max(self.last_ns, ts_ns)
        self.packets += 1
        self.bytes += size


class ClosedLine(msgspec.Struct, kw_only=True):
    """The last line of the index of a segment that is complete."""

    closed: bool
    packets: int
    bytes: int
    first_ns: int
    last_ns: int
    repaired: bool = False
    cut_bytes: int = 0  # torn off behind the last whole block


@dataclass(slots=True)
class Segment:
    """A segment on the disk that is complete."""

    path: Path
    number: int
    bytes: int
    packets: int
    first_ns: int
    last_ns: int
    hosts: dict[str, int]
    """Bytes of packets, by the host of the finding."""

    def delete(self) -> None:
        """Remove its index and it: the other way round would leave one without the other.

        Raises OSError.
        """
        index_of(self.path).unlink(missing_ok=True)
        self.path.unlink(missing_ok=True)


class Heading(NamedTuple):
    """What stands at the beginning of every segment."""

    application: str
    comment: str
    interfaces: tuple[str, ...]

    def name(self, number: int) -> str:
        """Of an interface."""
        return self.interfaces[number] if number < len(self.interfaces) else f"interface {number}"


@dataclass(slots=True)
class Writing:
    """A segment being written: whole blocks at a time, so that a crash tears only the last."""

    path: Path
    number: int
    heading: Heading
    opened: float  # monotonic
    size: int = 0
    _descriptor: int = -1
    _flows: dict[int, FlowLine] = field(default_factory=dict)
    _changed: set[int] = field(default_factory=set)
    _interfaces: dict[tuple[int, int], int] = field(default_factory=dict)
    _unsynced: bool = True

    def open(self) -> None:
        """Make the file. Raises OSError, and leaves none then."""
        self._descriptor = create(self.path)
        try:
            head = blocks.section(self.heading.application, self.heading.comment)
            append_whole(self._descriptor, head)
            self.size = len(head)
            sync_directory(self.path.parent)
        except OSError:
            self._discard()
            raise

    def write(self, pieces: list[tuple[int, str, Packet]]) -> None:
        """Append packets with their flow ids and hosts: all, or on OSError none."""
        known = dict(self._interfaces)
        data = b"".join(self._encoded(*piece, known) for piece in pieces)
        append_whole(self._descriptor, data)
        self._interfaces = known
        self.size += len(data)
        self._unsynced = True
        for flow_id, host, packet in pieces:
            line = self._flows.get(flow_id)
            if line is None:
                line = self._flows[flow_id] = FlowLine(flow_id=flow_id, host=host)
            line.add(packet.ts_ns, len(packet.data))
            self._changed.add(flow_id)

    def _encoded(
        self, flow_id: int, host: str, packet: Packet, known: dict[tuple[int, int], int]
    ) -> bytes:
        key = (packet.interface, packet.link)
        head = b""
        if key not in known:
            head = blocks.interface(self.heading.name(packet.interface), packet.link)
            known[key] = len(known)
        comments = (f"{_FLOW}{flow_id}", f"{_HOST}{host}")
        return head + blocks.packet(known[key], packet.ts_ns, packet.wirelen, packet.data, comments)

    def sync(self) -> None:
        """Make durable what was written, and the index of it. Raises OSError."""
        if not self._unsynced:
            return
        os.fsync(self._descriptor)
        changed = [self._flows[flow_id] for flow_id in self._changed]
        if changed:
            _append(index_of(self.path), encode_lines(changed))
        self._changed.clear()
        self._unsynced = False

    def close(self) -> Segment:
        """Complete it. Raises OSError; a later repair completes it then."""
        try:
            os.fsync(self._descriptor)
        finally:
            os.close(self._descriptor)
            self._descriptor = -1
        return _complete(self.path, self.number, self.size, list(self._flows.values()))

    def as_it_is(self) -> Segment:
        """What stands on the disk of a segment that could not be completed."""
        lines = self._flows.values()
        return Segment(
            self.path,
            self.number,
            self.size,
            sum(line.packets for line in lines),
            min((line.first_ns for line in lines), default=0),
            max((line.last_ns for line in lines), default=0),
            _by_host(lines),
        )

    def _discard(self) -> None:
        os.close(self._descriptor)
        self._descriptor = -1
        with contextlib.suppress(OSError):
            self.path.unlink()


def encode_lines(lines: list[FlowLine]) -> bytes:
    """Lines of an index; times stand there as people write them, too."""
    return b"".join(
        msgspec.json.encode(
            msgspec.structs.asdict(line)
            | {"first_seen": timestamp(line.first_ns), "last_seen": timestamp(line.last_ns)}
        )
        + b"\n"
        for line in lines
    )


def index_of(path: Path) -> Path:
    """The index of a segment."""
    return path.with_suffix(_INDEX)


def read_index(path: Path) -> tuple[dict[int, FlowLine], ClosedLine | None]:
    """What an index says; lines that are torn or strange are passed over. Raises OSError."""
    flows: dict[int, FlowLine] = {}
    closed: ClosedLine | None = None
    with path.open("rb") as file:
        data = file.read(_MOST_INDEX_BYTES)
    for line in data.split(b"\n"):
        with contextlib.suppress(msgspec.MsgspecError):
            flow = msgspec.json.decode(line, type=FlowLine)
            flows[flow.flow_id] = flow
        with contextlib.suppress(msgspec.MsgspecError):
            closed = msgspec.json.decode(line, type=ClosedLine)
    return flows, closed


def open_segment(path: Path, number: int) -> tuple[Segment | None, int]:
    """A segment found at start, repaired if it was not closed, and how many bytes were cut off.

    None: not even its beginning was whole, and it is gone. Raises OSError.
    """
    index = index_of(path)
    flows, closed = read_index(index) if index.exists() else ({}, None)
    size = path.stat().st_size
    if closed is not None and closed.bytes == size:
        hosts = _by_host(flows.values())
        return Segment(
            path, number, size, closed.packets, closed.first_ns, closed.last_ns, hosts
        ), 0
    return repair(path, number)


def repair(path: Path, number: int) -> tuple[Segment | None, int]:
    """Cut a segment at its last whole block and make its index anew. Raises OSError."""
    size = path.stat().st_size
    flows: dict[int, FlowLine] = {}
    end = 0
    for block in blocks.whole_blocks(path):
        if block.is_packet:
            flow_id, host = _named(block.comments)
            line = flows.setdefault(flow_id, FlowLine(flow_id=flow_id, host=host))
            line.add(block.ts_ns, block.caplen)
        end = block.end
    if not flows:  # a section without packets says nothing
        path.unlink()
        index_of(path).unlink(missing_ok=True)
        return None, size
    if end < size:
        descriptor = os.open(path, os.O_WRONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
        try:
            os.ftruncate(descriptor, end)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    return _complete(path, number, end, list(flows.values()), cut=size - end, repaired=True), (
        size - end
    )


def _by_host(lines: Iterable[FlowLine]) -> dict[str, int]:
    found: dict[str, int] = {}
    for line in lines:
        found[line.host] = found.get(line.host, 0) + line.bytes
    return found


def _named(comments: tuple[str, ...]) -> tuple[int, str]:
    """The flow id and the host in a packet's comments."""
    flow_id, host = 0, ""
    for comment in comments:
        if comment.startswith(_FLOW) and comment[len(_FLOW) :].isdecimal():
            flow_id = int(comment[len(_FLOW) :])
        elif comment.startswith(_HOST):
            host = comment[len(_HOST) :]
    return flow_id, host


def _complete(
    path: Path,
    number: int,
    size: int,
    flows: list[FlowLine],
    *,
    cut: int = 0,
    repaired: bool = False,
) -> Segment:
    """Write the index of a complete segment, one line a flow. Raises OSError."""
    packets = sum(flow.packets for flow in flows)
    first_ns = min((flow.first_ns for flow in flows), default=0)
    last_ns = max((flow.last_ns for flow in flows), default=0)
    closed = ClosedLine(
        closed=True,
        packets=packets,
        bytes=size,
        first_ns=first_ns,
        last_ns=last_ns,
        repaired=repaired,
        cut_bytes=cut,
    )
    replace_whole(index_of(path), encode_lines(flows) + msgspec.json.encode(closed) + b"\n")
    hosts = _by_host(flows)
    return Segment(path, number, size, packets, first_ns, last_ns, hosts)


def _append(path: Path, data: bytes) -> None:
    is_new = not path.exists()
    descriptor = append_to(path)
    try:
        append_whole(descriptor, data)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    if is_new:
        sync_directory(path.parent)
