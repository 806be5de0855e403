"""Live capture through libpcap, whose functions scapy finds: where AF_PACKET is not to be had.

Each packet costs Python its part, so it is for small links and other systems. Only this file
and `capture/bpf.py` import scapy (GPL-2.0-only, `poolwatch[live]`).
"""

from __future__ import annotations

import ctypes
import select
import threading
import time
import warnings
from collections.abc import Iterator, Sequence
from types import ModuleType
from typing import Any

import numpy as np

from poolwatch.capture.live import CaptureRightError, InterfaceCounts, LiveCounts, RingSettings
from poolwatch.capture.source import LINKS, Batch, Coverage
from poolwatch.errors import PoolwatchError, PoolwatchWarning, UsageError
from poolwatch.layouts import PACKET, Link

_BATCH_BYTES = 1 << 20
_MOST_PACKETS = 4096
_ERROR_BYTES = 256
_BUFFER_BYTES_MOST = (1 << 31) - 1
_MS = 0.001
_PATIENCE_TICKS = 3
_OPTIMISE = 1
_NO_MASK = -1  # of the network: only `ip broadcast` would ask


def _load() -> ModuleType:
    """The bindings of scapy to libpcap. Raises UsageError without them."""
    try:
        import scapy.libs.winpcapy as bindings  # the name notwithstanding, of any libpcap
    except (ImportError, OSError) as error:
        raise UsageError(
            "libpcap cannot be used: scapy or libpcap is missing",
            "pip install 'poolwatch[live]', and libpcap as the system's package",
        ) from error
    return bindings


class _Handle:
    """An activated libpcap handle."""

    def __init__(self, pcap: ModuleType, name: str, settings: RingSettings) -> None:
        self._pcap = pcap
        self._problem = ctypes.create_string_buffer(_ERROR_BYTES)
        self._header = ctypes.POINTER(pcap.pcap_pkthdr)()
        self._data = ctypes.POINTER(ctypes.c_ubyte)()
        self._handle = pcap.pcap_create(name.encode(), self._problem)
        if not self._handle:
            raise UsageError(f"{name}: {_text(self._problem.value)}")
        try:
            self._activate(name, settings)
        except BaseException:
            self.close()
            raise
        self.link = LINKS.get(pcap.pcap_datalink(self._handle), Link.UNKNOWN)
        self.linktype = int(pcap.pcap_datalink(self._handle))

    def _activate(self, name: str, settings: RingSettings) -> None:
        pcap, handle = self._pcap, self._handle
        pcap.pcap_set_snaplen(handle, settings.snap_bytes)
        pcap.pcap_set_promisc(handle, int(settings.promiscuous))
        pcap.pcap_set_timeout(handle, settings.tick_ms)
        pcap.pcap_set_buffer_size(handle, min(settings.ring_bytes, _BUFFER_BYTES_MOST))
        status = pcap.pcap_activate(handle)
        if status < 0:
            what = _text(pcap.pcap_geterr(handle)) or _text(pcap.pcap_statustostr(status))
            if status == pcap.PCAP_ERROR_PERM_DENIED:
                raise CaptureRightError(
                    f"{name}: this process may not capture packets ({what})",
                    "run it as root, or give it the right to capture: CAP_NET_RAW on Linux",
                )
            raise UsageError(f"{name}: {what}")
        pcap.pcap_setnonblock(handle, 1, self._problem)
        if settings.bpf.strip():
            self._filter(settings.bpf)

    def _filter(self, text: str) -> None:
        pcap = self._pcap
        program = pcap.bpf_program()
        place = ctypes.byref(program)
        compiled = pcap.pcap_compile(self._handle, place, text.encode(), _OPTIMISE, _NO_MASK)
        if compiled < 0:
            raise UsageError(
                f"bpf = {text!r}: {_text(pcap.pcap_geterr(self._handle))}", "see pcap-filter(7)"
            )
        failed = pcap.pcap_setfilter(self._handle, place) < 0
        pcap.pcap_freecode(place)
        if failed:
            raise UsageError(f"bpf = {text!r}: {_text(pcap.pcap_geterr(self._handle))}")

    def next(self) -> tuple[int, int, bytes] | None:
        """Time, length on the wire, and bytes of the next packet; None: none is there yet.

        Raises OSError when the interface is gone.
        """
        status = self._pcap.pcap_next_ex(
            self._handle, ctypes.byref(self._header), ctypes.byref(self._data)
        )
        if status < 0:
            raise OSError(_text(self._pcap.pcap_geterr(self._handle)))
        if status == 0:
            return None
        header = self._header.contents
        ts_ns = (header.ts.tv_sec * 1_000_000 + header.ts.tv_usec) * 1000
        return ts_ns, header.len & 0xFFFFFFFF, ctypes.string_at(self._data, header.caplen)

    def drops(self) -> int:
        """Packets dropped as the buffer was full, since the handle was opened."""
        statistics = self._pcap.pcap_stat()
        if self._pcap.pcap_stats(self._handle, ctypes.byref(statistics)) < 0:
            return 0
        return int(statistics.ps_drop) & 0xFFFFFFFF

    def fileno(self) -> int:
        """For poll, -1 where there is nothing to wait for."""
        return int(self._pcap.pcap_get_selectable_fd(self._handle))

    def close(self) -> None:
        """Give the handle back."""
        if self._handle:
            self._pcap.pcap_close(self._handle)
            self._handle = None


class _Port:
    """One interface, and what was counted over all handles to it."""

    def __init__(self, pcap: ModuleType, name: str, place: int, settings: RingSettings) -> None:
        self.name, self.place = name, place
        self.packets = self.bytes = self.cut = self.last_ns = self.times_gone = 0
        self.trouble = ""
        self._pcap, self._settings = pcap, settings
        self._drops_before = 0
        self.handle: _Handle | None = _Handle(pcap, name, settings)

    def drops(self) -> int:
        return self._drops_before + (self.handle.drops() if self.handle else 0)

    def close(self) -> None:
        if self.handle:
            self._drops_before = self.drops()
            self.handle.close()
            self.handle = None

    def lose(self, why: str) -> None:
        """The interface went down or away."""
        self.trouble = why
        self.times_gone += 1
        self.close()

    def reopen(self) -> None:
        """Try whether the interface is back."""
        try:
            self.handle = _Handle(self._pcap, self.name, self._settings)
            self.trouble = ""
        except (PoolwatchError, OSError) as error:
            self.trouble = str(error)


class LibpcapSource:
    """A live source over libpcap handles, one an interface."""

    def __init__(self, interfaces: Sequence[str], settings: RingSettings) -> None:
        if not interfaces or len(set(interfaces)) != len(interfaces):
            raise UsageError(
                f"interfaces: {', '.join(interfaces) or 'none'}", "name each one, and once"
            )
        self.name = ",".join(interfaces)
        self.coverage = Coverage()
        self._settings = settings
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._buffer = np.zeros(_BATCH_BYTES + settings.snap_bytes, np.uint8)
        self._packets = np.zeros(_MOST_PACKETS, PACKET)
        self._looked_at = time.monotonic()
        if not settings.outgoing:
            warnings.warn(
                "outgoing = false: libpcap takes what this host sends all the same",
                PoolwatchWarning,
                stacklevel=4,
            )
        pcap = _load()
        self._ports: list[_Port] = []
        try:
            for place, name in enumerate(interfaces):
                port = _Port(pcap, name, place, settings)
                self._ports.append(port)
                if port.handle:
                    self.coverage.link_types[port.handle.linktype] = 1
        except BaseException:
            self.close()
            raise

    def start(self) -> None:
        """Packets come in from the opening on: nothing to do."""

    def batches(self) -> Iterator[Batch]:
        """Packets until `stop`, and what had come before it."""
        tick = self._settings.tick_ms * _MS
        began = time.monotonic()
        until = 0.0  # once stopped: what has come is handed over within some ticks
        try:
            while True:
                count = self._gather()
                now = time.monotonic()
                if count or now - began >= tick:
                    yield Batch(self._buffer, self._packets, count)
                    began = time.monotonic()
                if not count:
                    if self._stopping.is_set():
                        until = until or now + _PATIENCE_TICKS * tick
                        if now >= until:
                            return
                    self._wait(tick - (now - began))
                if now - self._looked_at > self._settings.recheck_ms * _MS:
                    self._look()
        finally:
            self.close()

    def _gather(self) -> int:
        """The packets that are there, of all interfaces, as far as one batch holds."""
        count = end = 0
        view = memoryview(self._buffer)  # type: ignore[arg-type]
        for port in self._ports:
            while port.handle and count < _MOST_PACKETS and end < _BATCH_BYTES:
                try:
                    packet = port.handle.next()
                except OSError as error:
                    with self._lock:
                        port.lose(str(error))
                    break
                if packet is None:
                    break
                ts_ns, wirelen, data = packet
                view[end : end + len(data)] = data
                row: Any = (ts_ns, end, len(data), wirelen, int(port.handle.link), port.place)
                self._packets[count] = row
                port.packets += 1
                port.bytes += wirelen
                port.cut += len(data) < wirelen
                port.last_ns = max(port.last_ns, ts_ns)
                count += 1
                end += len(data)
        return count

    def _wait(self, seconds: float) -> None:
        poll = select.poll()
        for port in self._ports:
            if port.handle and port.handle.fileno() >= 0:
                poll.register(port.handle.fileno(), select.POLLIN)
        poll.poll(max(seconds, _MS) / _MS)

    def _look(self) -> None:
        self._looked_at = time.monotonic()
        with self._lock:
            for port in self._ports:
                if port.handle is None:
                    port.reopen()

    def statistics(self) -> LiveCounts:
        """What was counted until now; libpcap does not say how full its buffer is."""
        with self._lock:
            return LiveCounts(tuple(_told(port) for port in self._ports))

    def stop(self) -> None:
        """End `batches` soon."""
        self._stopping.set()

    def close(self) -> None:
        """Give the handles back."""
        with self._lock:
            for port in self._ports:
                port.close()
            self.coverage.drops = sum(port.drops() for port in self._ports)


def _told(port: _Port) -> InterfaceCounts:
    return InterfaceCounts(
        name=port.name,
        packets=port.packets,
        bytes=port.bytes,
        cut=port.cut,
        drops=port.drops(),
        up=port.handle is not None,
        times_gone=port.times_gone,
        last_ns=port.last_ns,
        trouble=port.trouble,
    )


def _text(message: bytes | None) -> str:
    return (message or b"").decode(errors="replace").strip()
