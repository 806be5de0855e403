"""One AF_PACKET socket with a TPACKET_V3 ring (packet(7), Documentation/networking/packet_mmap).

Nothing comes in before `let_in`: the socket begins with a filter that lets nothing through, so
that it can join its fanout group, and its neighbours too, before the first packet is dealt out.
"""

from __future__ import annotations

import contextlib
import mmap
import socket
import struct
from typing import Any

import numpy as np

from poolwatch.capture import fanout
from poolwatch.capture.bpf import REJECT_ALL, Program, with_program
from poolwatch.capture.interfaces import Interface
from poolwatch.capture.live import CaptureRightError, RingSettings
from poolwatch.errors import UsageError
from poolwatch.kernels.ring import COUNT, STATUS, TAG_BYTES, USER

Bytes = np.ndarray[Any, np.dtype[np.uint8]]

_SOL_PACKET = 263
_ADD_MEMBERSHIP = 1
_RX_RING = 5
_STATISTICS = 6
_VERSION = 10
_RESERVE = 12
_TIMESTAMP = 17
_IGNORE_OUTGOING = 23
_SO_ATTACH_FILTER = 26
_TPACKET_V3 = 2
_PROMISCUOUS = 1
_RAW_HARDWARE = 1 << 6  # SOF_TIMESTAMPING_RAW_HARDWARE
_ALL_PROTOCOLS = 3
_FRAME_BYTES = 2048  # of no consequence with this version, but checked

_RIGHT = (
    "run it as root, or give it CAP_NET_RAW: AmbientCapabilities=CAP_NET_RAW in a systemd unit, "
    "or setcap cap_net_raw+ep on the interpreter"
)


class PacketRing:
    """A socket bound to one interface, and its ring mapped into memory."""

    def __init__(
        self,
        interface: Interface,
        settings: RingSettings,
        program: Program,
        fanout_group: int | None,
    ) -> None:
        """`fanout_group`: share the packets with all sockets of this number.

        Raises CaptureRightError, UsageError, and OSError when the interface went meanwhile.
        """
        self.interface = interface
        self._program = program
        self._block_bytes = settings.block_bytes
        self._count = settings.ring_bytes // settings.block_bytes
        self._next = 0
        try:
            self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        except PermissionError as error:
            raise CaptureRightError("this process may not capture packets", _RIGHT) from error
        except OSError as error:
            raise CaptureRightError(
                f"no packet sockets here ({error.strerror})", "let backend be auto or libpcap"
            ) from error
        try:
            self._set_up(settings)
            self._attach(REJECT_ALL)
            self._socket.bind((interface.name, _ALL_PROTOCOLS))
            self._join(settings, fanout_group)
            self._map()
        except BaseException:
            self._socket.close()
            raise

    def _set_up(self, settings: RingSettings) -> None:
        self._set(_VERSION, _TPACKET_V3)
        self._set(_RESERVE, TAG_BYTES)
        if settings.hardware_time and self.interface.stamped:
            self._set(_TIMESTAMP, _RAW_HARDWARE)
        if self.skips_outgoing(settings):
            with contextlib.suppress(OSError):  # Linux before 4.20: then the walk skips them
                self._set(_IGNORE_OUTGOING, 1)
        request = struct.pack(
            "7I",
            self._block_bytes,
            self._count,
            _FRAME_BYTES,
            self._count * (self._block_bytes // _FRAME_BYTES),
            settings.tick_ms,
            0,
            0,
        )
        try:
            self._socket.setsockopt(_SOL_PACKET, _RX_RING, request)
        except OSError as error:
            raise UsageError(
                f"no ring of {self._count * self._block_bytes} bytes ({error.strerror})",
                "choose a smaller ring_bytes or block_bytes",
            ) from error

    def skips_outgoing(self, settings: RingSettings) -> bool:
        """Whether what this host sends is left out: on the loopback it comes in as well."""
        return not settings.outgoing or self.interface.loopback

    def _join(self, settings: RingSettings, fanout_group: int | None) -> None:
        if settings.promiscuous:
            member = struct.pack("iHH8x", self.interface.index, _PROMISCUOUS, 0)
            self._socket.setsockopt(_SOL_PACKET, _ADD_MEMBERSHIP, member)
        if fanout_group is not None:
            fanout.join(self._socket, fanout_group, settings.share_by)

    def _map(self) -> None:
        size = self._count * self._block_bytes
        self._memory = mmap.mmap(
            self._socket.fileno(), size, mmap.MAP_SHARED, mmap.PROT_READ | mmap.PROT_WRITE
        )
        ring = np.frombuffer(self._memory, np.uint8)
        self.blocks: list[Bytes] = list(ring.reshape(self._count, self._block_bytes))
        words = ring.view(np.uint32).reshape(self._count, self._block_bytes // 4)
        self._states = words[:, STATUS // 4]
        self._counts = words[:, COUNT // 4]

    def _set(self, option: int, value: int) -> None:
        self._socket.setsockopt(_SOL_PACKET, option, value)

    def _attach(self, program: Program) -> None:
        with with_program(program) as value:
            self._socket.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, value)

    def let_in(self) -> None:
        """Let through what the filter lets through."""
        self._attach(self._program)

    def shut_out(self) -> None:
        """Let nothing in any more; what has come stays."""
        self._attach(REJECT_ALL)

    def fileno(self) -> int:
        """For poll."""
        return self._socket.fileno()

    @property
    def block(self) -> Bytes:
        """The block that is read next."""
        return self.blocks[self._next]

    @property
    def ready(self) -> bool:
        """Whether the next block is ours to read."""
        return bool(self._states[self._next] & USER)

    def go_on(self) -> None:
        """The block was read and handed back: the next one."""
        self._next = (self._next + 1) % self._count

    def fill(self) -> float:
        """The part of the ring that waits to be read, 0..1."""
        return float(np.count_nonzero(self._states & USER)) / self._count

    @property
    def holds_packets(self) -> bool:
        """Whether a block waits, or the one being filled has packets in it."""
        return bool(self._states[self._next] & USER or self._counts[self._next])

    def take_statistics(self) -> tuple[int, int]:
        """Drops and freezes since the last call."""
        data = self._socket.getsockopt(_SOL_PACKET, _STATISTICS, 12)
        _, drops, freezes = struct.unpack("3I", data)
        return drops, freezes

    def take_error(self) -> int:
        """The errno that waits at the socket, 0 without; ENETDOWN when the interface went down."""
        return self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)

    def close(self) -> None:
        """Leave the interface. A batch that somebody still holds keeps the memory a while."""
        self.blocks = []
        self._states = self._counts = np.zeros(1, np.uint32)
        with contextlib.suppress(BufferError):
            self._memory.close()
        self._socket.close()
