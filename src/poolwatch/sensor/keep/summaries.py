"""Flow summaries of inside hosts: a ring a host in memory, a file once it is a finding."""

from __future__ import annotations

import ipaddress
import os
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from poolwatch.aggregate.places import address_text
from poolwatch.layouts import SUMMARY, FlowFlag, Kind, vlans_of
from poolwatch.outputs.times import timestamp
from poolwatch.sensor.keep.files import append_to, append_whole
from poolwatch.sensor.keep.settings import KeepSettings

Host = tuple[int, int]
"""IP version and address."""

_HOUR_NS = 3600 * 1_000_000_000
_FIRST_ROWS = 16
_HOST_BYTES = 256  # what a host costs beside its rows
_MOST_WAITING = 1 << 16  # rows on their way to files


class HostRows:
    """The newest summaries of one host: a ring that grows up to `most`."""

    __slots__ = ("_most", "_rows", "total")

    def __init__(self, most: int) -> None:
        self._most = most
        self._rows = np.zeros(min(_FIRST_ROWS, most), SUMMARY)
        self.total = 0  # ever added

    @property
    def bytes(self) -> int:
        """Memory it takes."""
        return self._rows.nbytes + _HOST_BYTES

    @property
    def overwritten(self) -> int:
        """Rows that are gone."""
        return max(self.total - self._most, 0)

    def add(self, rows: Any) -> None:
        """Add rows, oldest first."""
        self.total += max(len(rows) - self._most, 0)
        rows = rows[-self._most :]
        wanted = min(self.total + len(rows), self._most)
        if wanted > len(self._rows):  # nothing was overwritten so far
            size = min(self._most, 1 << (wanted - 1).bit_length())
            grown = np.zeros(size, SUMMARY)
            grown[: len(self._rows)] = self._rows
            self._rows = grown
        places = (np.arange(len(rows)) + self.total) % len(self._rows)
        self._rows[places] = rows
        self.total += len(rows)

    def newest(self, since_ns: int) -> Any:
        """Rows whose flow was seen since then, by their first packet; each flow once."""
        rows = self._rows[: min(self.total, len(self._rows))]
        rows = rows[rows["last_ns"] >= since_ns]
        rows = rows[np.argsort(rows["last_ns"], kind="stable")]
        latest = {
            (int(row["first_ns"]), int(row["peer_lo"]), int(row["peer_port"]), int(row["port"])): i
            for i, row in enumerate(rows)
        }
        rows = rows[sorted(latest.values())]
        return rows[np.argsort(rows["first_ns"], kind="stable")]


class Summaries:
    """Of all hosts. Any thread may call it; files are written by `write` alone."""

    def __init__(self, settings: KeepSettings, directory: Path, sensor: str) -> None:
        self._settings = settings
        self._directory = directory
        self._sensor = sensor
        self._lock = threading.Lock()
        self._hosts: dict[Host, HostRows] = {}  # the longest silent first
        self._bytes = 0
        self._newest_ns = 0
        self._wanted: dict[Host, None] = {}  # hosts that became findings
        self._waiting: list[tuple[Host, Any, int]] = []  # rows for files; what was overwritten
        self._waiting_rows = 0
        self._counts: Counter[str] = Counter()

    def add(self, host: Host, rows: Any, *, spoke: bool) -> None:
        """Summaries of a host, oldest first. `spoke`: it sent something in one of these flows.

        One that was never heard of is only an address that somebody tried.
        """
        settings = self._settings
        with self._lock:
            kept = self._hosts.pop(host, None)
            if kept is None:
                if not spoke:
                    self._counts["summary_flows_unanswered"] += len(rows)
                    return
                kept = HostRows(settings.summary_host_rows)
            else:
                self._bytes -= kept.bytes
            before = kept.overwritten
            kept.add(rows)
            self._counts["summary_rows"] += len(rows)
            self._counts["summary_rows_overwritten"] += kept.overwritten - before
            self._hosts[host] = kept
            self._bytes += kept.bytes
            self._newest_ns = max(self._newest_ns, int(rows["last_ns"].max()))
            if host in self._wanted:
                self._queue(host, rows, -1)
            self._make_room()

    def keep(self, address: str) -> None:
        """A host became a finding: its rows go to a file, and those that follow do."""
        parsed = ipaddress.ip_address(address)
        host = parsed.version, int(parsed)
        with self._lock:
            if host in self._wanted:
                return
            self._wanted[host] = None
            if len(self._wanted) > self._settings.summary_hosts:
                del self._wanted[next(iter(self._wanted))]
                self._counts["summary_files_given_up"] += 1
            kept = self._hosts.get(host)
            since = self._newest_ns - self._settings.summary_hours * _HOUR_NS
            rows = np.zeros(0, SUMMARY) if kept is None else kept.newest(since)
            self._queue(host, rows, 0 if kept is None else kept.overwritten)

    def wanted(self) -> frozenset[Host]:
        """The hosts whose rows go to files."""
        with self._lock:
            return frozenset(self._wanted)

    def write(self) -> None:
        """Write to the files what waits for it. Raises OSError; nothing is lost then."""
        with self._lock:
            waiting, self._waiting = self._waiting, []
            self._waiting_rows = 0
        while waiting:
            try:
                self._write(*waiting[0])
            except OSError:
                with self._lock:
                    self._waiting = waiting + self._waiting
                    self._waiting_rows = sum(len(rows) for _, rows, _ in self._waiting)
                raise
            del waiting[0]

    def counts(self) -> dict[str, int]:
        """Counters, and how much is kept now."""
        with self._lock:
            return {
                "summary_rows": 0,
                "summary_rows_overwritten": 0,
                "summary_hosts_forgotten": 0,
                "summary_flows_unanswered": 0,
                "summary_rows_lost": 0,
                **self._counts,
                "summary_hosts": len(self._hosts),
                "summary_bytes": self._bytes,
                "summary_rows_waiting": self._waiting_rows,
            }

    def _queue(self, host: Host, rows: Any, overwritten: int) -> None:
        if self._waiting_rows + len(rows) > _MOST_WAITING:
            self._counts["summary_rows_lost"] += len(rows)
            return
        self._waiting.append((host, rows, overwritten))
        self._waiting_rows += len(rows)

    def _make_room(self) -> None:
        settings = self._settings
        while len(self._hosts) > settings.summary_hosts or (
            self._bytes > settings.summary_bytes and len(self._hosts) > 1
        ):
            kept = self._hosts.pop(next(iter(self._hosts)))
            self._bytes -= kept.bytes
            self._counts["summary_hosts_forgotten"] += 1

    def _write(self, host: Host, rows: Any, overwritten: int) -> None:
        """Append rows to the host's file, and with `overwritten` 0 or more a heading."""
        descriptor = append_to(self._directory / file_name(host))
        try:
            room = self._settings.summary_file_bytes - os.fstat(descriptor).st_size
            lines = [msgspec.json.encode(line) + b"\n" for line in map(line_of, rows)]
            if overwritten >= 0:
                lines.insert(0, self._heading(host, len(rows), overwritten))
            data = b"".join(lines)
            if len(data) > room:
                self._count("summary_rows_over_file", len(rows))
                return
            append_whole(descriptor, data)
            if overwritten >= 0:
                os.fsync(descriptor)
            self._count("summary_rows_written", len(rows))
        finally:
            os.close(descriptor)

    def _heading(self, host: Host, rows: int, overwritten: int) -> bytes:
        heading = {
            "host": address_text(*host),
            "sensor": self._sensor,
            "written": timestamp(time.time_ns()),
            "hours": self._settings.summary_hours,
            "rows": rows,
            "rows_overwritten": overwritten,
        }
        return msgspec.json.encode(heading) + b"\n"

    def _count(self, name: str, number: int) -> None:
        with self._lock:
            self._counts[name] += number


def file_name(host: Host) -> str:
    """The file of a host: its address, with dashes for colons."""
    return address_text(*host).replace(":", "-") + ".jsonl"


def line_of(row: Any) -> dict[str, Any]:
    """A summary as a line of the file. Of two lines of one flow the later holds."""
    kind, flags, side = int(row["kind"]), int(row["flags"]), int(row["side"])
    version = 4 if kind <= Kind.UDP4 else 6
    opener = 1 if flags & FlowFlag.FIRST_B else 0
    own = dict(_of_side(flags, side))
    peer = dict(_of_side(flags, 1 - side))
    return {
        "first_seen": timestamp(int(row["first_ns"])),
        "last_seen": timestamp(int(row["last_ns"])),
        "direction": "out" if opener == side else "in",
        "proto": "TCP" if kind & 1 else "UDP",
        "port": int(row["port"]),
        "peer": address_text(version, int(row["peer_hi"]) << 64 | int(row["peer_lo"])),
        "peer_port": int(row["peer_port"]),
        "host_sent": own,
        "peer_sent": peer,
        "reset": bool(flags & FlowFlag.RST),
        "vlan": vlans_of(int(row["tags"])),
    }


def _of_side(flags: int, side: int) -> Iterator[tuple[str, bool]]:
    yield "packets", bool(flags & (FlowFlag.SEEN_A << side))
    yield "payload", bool(flags & (FlowFlag.DATA_A << side))
    yield "syn", bool(flags & (FlowFlag.SYN_A << side))
    yield "fin", bool(flags & (FlowFlag.FIN_A << side))
