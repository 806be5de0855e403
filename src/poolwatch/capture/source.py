"""What every source of packets looks like from outside, and the buffer they share."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from poolwatch.layouts import PACKET, Link

if TYPE_CHECKING:
    from poolwatch.capture.bytestream import ByteStream
    from poolwatch.settings import Limits

BATCH_ROWS = 16_384

# Link-layer types of pcap and pcapng (the registry of LINKTYPE_ values at tcpdump.org).
LINKS: dict[int, Link] = {
    0: Link.NULL,
    1: Link.ETHERNET,
    9: Link.PPP,
    12: Link.RAW_IP,
    14: Link.RAW_IP,
    50: Link.PPP,
    51: Link.PPPOE,
    101: Link.RAW_IP,
    104: Link.PPP,
    108: Link.LOOP,
    113: Link.LINUX_SLL,
    228: Link.RAW_IP,
    229: Link.RAW_IP,
    276: Link.LINUX_SLL2,
}


@dataclass(slots=True)
class Batch:
    """`count` packets in `packets` (PACKET rows), their bytes in `buffer`.

    Both are reused: what is to outlive the next batch has to be copied.
    """

    buffer: np.ndarray[Any, np.dtype[np.uint8]]
    packets: np.ndarray[Any, np.dtype[np.void]]
    count: int


@dataclass(frozen=True, slots=True)
class Damage:
    """Where and why reading a capture ended early; offsets count unpacked bytes."""

    offset: int
    reason: str
    advice: str = ""


@dataclass(slots=True)
class Coverage:
    """What a source knows about what it could not hand on."""

    damage: Damage | None = None
    drops: int | None = None  # as the capturing program counted them, None: not said
    no_interface: int = 0  # packets that name an interface the file does not describe
    interfaces_left_out: int = 0
    no_timestamp: int = 0
    skipped_blocks: int = 0
    link_types: dict[int, int] = field(default_factory=dict)  # LINKTYPE_ -> interfaces

    @property
    def known_link(self) -> bool:
        """Whether any interface has a link type the decoder knows."""
        return any(number in LINKS for number in self.link_types)


class Source(Protocol):
    """A capture being read: batches once, then its coverage."""

    coverage: Coverage

    def batches(self) -> Iterator[Batch]:
        """Packets in capture order; ends early on damage, which `coverage` then names."""
        ...


class Window:
    """A reused buffer sliding over a byte stream: unread bytes move to its front."""

    def __init__(self, stream: ByteStream, limits: Limits) -> None:
        self.stream = stream
        self.read_bytes = limits.read_bytes
        capacity = limits.read_bytes + max(limits.record_bytes, 1 << 16) + 4096
        self.buffer = np.zeros(capacity, np.uint8)
        self.view = memoryview(self.buffer)  # type: ignore[arg-type]
        self.packets = np.zeros(BATCH_ROWS, PACKET)
        self.base = 0  # stream offset of buffer[0]
        self.start = 0
        self.end = 0

    @property
    def offset(self) -> int:
        """Stream offset of the first unread byte."""
        return self.base + self.start

    @property
    def available(self) -> int:
        """Unread bytes in the buffer."""
        return self.end - self.start

    def fill(self) -> bool:
        """Read more behind the unread bytes; False at the end of the stream."""
        if self.start:
            self.view[: self.available] = self.view[self.start : self.end]
            self.base += self.start
            self.end -= self.start
            self.start = 0
        room = min(len(self.buffer) - self.end, self.read_bytes)
        got = self.stream.readinto(self.view[self.end : self.end + room])
        self.end += got
        return got > 0

    def need(self, count: int) -> bool:
        """Make `count` unread bytes available, within the buffer; False if they never come."""
        while self.available < count:
            if count > len(self.buffer) or not self.fill():
                return False
        return True

    def take(self, count: int) -> bytes:
        """`count` available bytes, now read."""
        data = bytes(self.view[self.start : self.start + count])
        self.start += count
        return data

    def skip(self, count: int) -> bool:
        """Pass over `count` bytes, however many; False if the stream ends before."""
        while count > self.available:
            count -= self.available
            self.start = self.end
            if not self.fill():
                return False
        self.start += count
        return True
