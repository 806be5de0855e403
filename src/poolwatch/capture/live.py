"""Live capture: what every live source looks like from outside, and how one is opened.

A live source is a `Source` (capture/source.py) without an end: its batches come until
`stop()` is called from another thread.

    source = open_live(["eth1"], RingSettings())
    for batch in source.batches():  # at least one a tick; it may be of no packets
        ...
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import msgspec

from poolwatch.capture.source import Batch, Coverage
from poolwatch.errors import PoolwatchError, PoolwatchWarning, UsageError

_PAGE_BYTES = 4096
_MOST_RING_BYTES = 1 << 32
_LEAST_BLOCK_BYTES = 1 << 17
_MOST_SLOTS = 1 << 24


class CaptureRightError(PoolwatchError):
    """This process may not capture; the advice says how it may."""


class RingSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`[capture]` of a sensor. Sizes are bytes, times milliseconds."""

    backend: Literal["auto", "ring", "libpcap"] = "auto"
    """`ring`: AF_PACKET alone; `auto`: libpcap, with a warning, where that is not to be had."""
    ring_bytes: int = 1 << 26
    """Memory of each ring: there is one for each interface and thread."""
    block_bytes: int = 1 << 20
    """What the kernel fills and hands over at a time, a power of two."""
    tick_ms: int = 100
    """After this long a block is handed over though not full, and a batch comes though empty."""
    snap_bytes: int = 1 << 18
    """Bytes kept of a frame; what is longer is cut, and counted."""
    promiscuous: bool = True
    """Take frames that are addressed to others: what a mirror port gets."""
    outgoing: bool = True
    """Take what this host itself sends; never on the loopback, where all would come twice."""
    bpf: str = ""
    """A filter in the language of tcpdump; the kernel drops what it does not let through."""
    hardware_time: bool = True
    """Take the time of the interface's clock, where somebody has switched that on."""
    share_by: Literal["addresses", "flow"] = "addresses"
    """How threads share packets: by the pair of outer addresses, or by the kernel's hash over
    ports too, which is more even but tears apart what travels in VXLAN or GENEVE."""
    recheck_ms: int = 1000
    """How often to look whether an interface is there and up."""
    duplicate_ms: int = 20
    """A packet that comes again within this time was mirrored twice; 0: nobody looks for such."""
    duplicate_slots: int = 1 << 16
    """Packets remembered for that, a power of two; each takes 16 bytes."""

    def __post_init__(self) -> None:
        """Raises ValueError for what no kernel would take."""
        if self.block_bytes < _LEAST_BLOCK_BYTES or self.block_bytes & (self.block_bytes - 1):
            raise ValueError(
                f"block_bytes = {self.block_bytes}: not a power of two from {_LEAST_BLOCK_BYTES} on"
            )
        if not 2 * self.block_bytes <= self.ring_bytes <= _MOST_RING_BYTES:
            raise ValueError(
                f"ring_bytes = {self.ring_bytes}: not from two blocks "
                f"({2 * self.block_bytes}) to {_MOST_RING_BYTES}"
            )
        if not 1 <= self.tick_ms <= 10_000:
            raise ValueError(f"tick_ms = {self.tick_ms}: not from 1 to 10000")
        if not 64 <= self.snap_bytes <= self.block_bytes - _PAGE_BYTES:
            raise ValueError(
                f"snap_bytes = {self.snap_bytes}: not from 64 to block_bytes - {_PAGE_BYTES}"
            )
        if not 1 <= self.recheck_ms <= 60_000:
            raise ValueError(f"recheck_ms = {self.recheck_ms}: not from 1 to 60000")
        if not 0 <= self.duplicate_ms <= 10_000:
            raise ValueError(f"duplicate_ms = {self.duplicate_ms}: not from 0 to 10000")
        slots = self.duplicate_slots
        if not 2 <= slots <= _MOST_SLOTS or slots & (slots - 1):
            raise ValueError(
                f"duplicate_slots = {slots}: not a power of two from 2 to {_MOST_SLOTS}"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class InterfaceCounts:
    """What one thread counted at one interface since it was opened; nothing ever goes back."""

    name: str
    packets: int = 0  # handed on
    bytes: int = 0  # of them, on the wire
    cut: int = 0  # of them, longer than what was kept
    outgoing: int = 0  # of them, sent by this host
    untimed_hardware: int = 0  # of them, without the hardware time that was asked for
    drops: int = 0  # by the kernel, as the ring was full
    interface_drops: int = 0  # by the interface, as its driver counts them; threads see the same
    freezes: int = 0  # times the ring was full
    damaged: int = 0  # blocks that were not what the kernel writes
    fill: float = 0.0  # part of the ring waiting to be read, 0..1
    fill_peak: float = 0.0  # the most since the last time it was asked
    up: bool = False
    times_gone: int = 0  # times it vanished or went down
    last_ns: int = 0  # time of the newest packet, 0: none yet
    rushed: int = 0  # batches given out of the order of several interfaces, as the ring filled
    trouble: str = ""  # why it cannot be opened again, empty: it is open, down, or not there


@dataclass(frozen=True, slots=True)
class LiveCounts:
    """What a live source counted, by interface."""

    interfaces: tuple[InterfaceCounts, ...]

    @property
    def packets(self) -> int:
        """Packets handed on."""
        return sum(one.packets for one in self.interfaces)

    @property
    def bytes(self) -> int:
        """Bytes on the wire of these packets."""
        return sum(one.bytes for one in self.interfaces)

    @property
    def drops(self) -> int:
        """Packets the kernel dropped because a ring was full."""
        return sum(one.drops for one in self.interfaces)

    @property
    def drops_by_interface(self) -> dict[str, int]:
        """The same by the interface's name."""
        return {one.name: one.drops for one in self.interfaces}

    @property
    def freezes(self) -> int:
        """Times a ring was full."""
        return sum(one.freezes for one in self.interfaces)

    @property
    def fill(self) -> float:
        """The fullest ring, 0..1."""
        return max((one.fill for one in self.interfaces), default=0.0)

    @property
    def up(self) -> bool:
        """Whether every interface is there and up."""
        return all(one.up for one in self.interfaces)

    @property
    def times_gone(self) -> int:
        """Times an interface vanished or went down."""
        return sum(one.times_gone for one in self.interfaces)

    @property
    def last_ns(self) -> int:
        """Time of the newest packet, 0: none yet. A sign of life of the capture itself."""
        return max((one.last_ns for one in self.interfaces), default=0)


class LiveSource(Protocol):
    """Packets of one or more interfaces, as they come."""

    name: str
    coverage: Coverage

    def start(self) -> None:
        """Let packets in. `batches` does so itself; with several threads, open all, then start."""
        ...

    def batches(self) -> Iterator[Batch]:
        """Packets until `stop`, at least one batch a tick, maybe of no packets.

        A batch's buffer is good until the generator is resumed: then the kernel gets it back.
        Packets come in the order of their times, those of several interfaces too: a tap has one
        for each direction. PACKET.interface is the place in the list of interfaces.
        """
        ...

    def statistics(self) -> LiveCounts:
        """What was counted until now; may be called from any thread, also after the end."""
        ...

    def stop(self) -> None:
        """End `batches` within a tick, once it has given what is there; from any thread."""
        ...

    def close(self) -> None:
        """Give the sockets back. The end of `batches` does so itself."""
        ...


def open_live(
    interfaces: Sequence[str],
    settings: RingSettings,
    *,
    thread: int = 0,
    threads: int = 1,
    fanout_group: int = 0,
) -> LiveSource:
    """The source of one thread of `threads`, which share the packets by flow.

    `fanout_group` is a number from 0 to 65535 that all these threads give and no other program
    on the machine; interface number N takes the one N above it. Raises CaptureRightError where
    capturing is not allowed, UsageError for an interface that is not there or a bad filter.
    """
    if settings.backend == "libpcap":
        return _open_libpcap(interfaces, settings, threads)
    try:
        return _open_ring(interfaces, settings, thread, threads, fanout_group)
    except CaptureRightError as error:
        if settings.backend == "ring":
            raise
        try:
            source = _open_libpcap(interfaces, settings, threads)
        except PoolwatchError:
            raise error from None  # what would help is what the better way lacks
        warnings.warn(
            f"{error}: capturing through libpcap instead, which is slower and loses more",
            PoolwatchWarning,
            stacklevel=2,
        )
        return source


def _open_ring(
    interfaces: Sequence[str],
    settings: RingSettings,
    thread: int,
    threads: int,
    fanout_group: int,
) -> LiveSource:
    if sys.platform != "linux":
        raise CaptureRightError("AF_PACKET is Linux's own", "let backend be auto or libpcap")
    from poolwatch.capture.ring import RingSource

    return RingSource(
        interfaces, settings, thread=thread, threads=threads, fanout_group=fanout_group
    )


def _open_libpcap(interfaces: Sequence[str], settings: RingSettings, threads: int) -> LiveSource:
    from poolwatch.capture.libpcap import LibpcapSource

    if threads > 1:
        raise UsageError("libpcap cannot share packets between threads", "use one thread")
    return LibpcapSource(interfaces, settings)
