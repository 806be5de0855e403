"""The log of what was deleted: appended to, never written anew."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path
from typing import Any

import msgspec

from poolwatch.outputs.times import timestamp
from poolwatch.sensor.keep.files import append_to, append_whole

_MOST_WAITING = 4096
_ONE_AT_A_TIME = threading.Lock()  # who takes back half a line must not take back another's


class DeletionLog:
    """One JSON line a deletion: `time`, `class`, `what`, `why`, how much. Used by one thread;
    another has one of its own, of the same file.

    On a full disk a deletion goes first and its line follows as soon as there is room.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._waiting: list[bytes] = []
        self.lines_lost = 0

    @property
    def waiting(self) -> int:
        """Lines that could not be written yet."""
        return len(self._waiting)

    def add(self, kind: str, what: str, why: str, **amounts: Any) -> None:
        """Log a deletion of class `kind`, durably if the disk allows."""
        row = {"time": timestamp(time.time_ns()), "class": kind, "what": what, "why": why}
        self._waiting.append(msgspec.json.encode(row | amounts) + b"\n")
        self.flush()
        while len(self._waiting) > _MOST_WAITING:
            del self._waiting[0]
            self.lines_lost += 1

    def flush(self) -> None:
        """Try again to write lines that wait."""
        if not self._waiting:
            return
        try:
            with _ONE_AT_A_TIME:
                self._write(b"".join(self._waiting))
        except OSError:
            return
        self._waiting.clear()

    def _write(self, data: bytes) -> None:
        descriptor = append_to(self._path)
        try:
            append_whole(descriptor, data)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
