"""The EVE file: every event a line, put aside by size and time, opened anew on request."""

from __future__ import annotations

import contextlib
import os
import re
import stat
import threading
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

from poolwatch.beats import Beating, unforeseen
from poolwatch.errors import UsageError
from poolwatch.outputs.eve import event_line
from poolwatch.sensor.keep.deletions import DeletionLog
from poolwatch.sensor.keep.files import append_whole, write_all
from poolwatch.sensor.tell.settings import EveSettings

_EVENTS = 1000  # written at once
_RETRY_SECONDS = 1.0
_LOOK_SECONDS = 1.0  # between two looks at the clock
_LINE_BYTES = 100  # what a line in the queue costs beside its bytes
_FLAGS = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC


class EveFile:
    """Its own thread writes. What is not a regular file (a pipe, a terminal) is not put aside.

    `deletions` gets a line before a file that was put aside is deleted. `now` is for
    tests: seconds since 1970.
    """

    name = "eve"

    def __init__(
        self,
        settings: EveSettings,
        now: Callable[[], float] = time.time,
        deletions: DeletionLog | None = None,
    ) -> None:
        self.problem = ""
        self._settings = settings
        self._path = Path(settings.path)
        self._now = now
        self._log = deletions
        self._state = threading.Condition()
        self._queue: deque[bytes] = deque()
        self._queued_bytes = 0
        self._reopen = self._stopping = False
        self._descriptor = -1
        self._size = 0
        self._period = 0  # of rotation, counted from 1970
        self._regular = True
        self._last = ("", 0)  # moment and number of the file put aside last
        self._written = self._dropped = self._rotated = self._deleted = self._failures = 0
        self.thread = Beating(self._run, "tell-eve")

    def start(self) -> None:
        """Open the file and begin. Raises UsageError."""
        try:
            self._open()
        except OSError as error:
            raise UsageError(f"tell.eve.path {self._path}: {error.strerror or error}") from error
        self.thread.start()

    def put(self, event: dict[str, Any]) -> bool:
        """Queue an event; False: there is no room, and it is counted."""
        line = event_line(event).encode()
        size = len(line) + _LINE_BYTES
        with self._state:
            if self._queued_bytes + size > self._settings.queue_bytes or self._stopping:
                self._dropped += 1
                return False
            if not self._queue:
                self._state.notify_all()
            self._queue.append(line)
            self._queued_bytes += size
        return True

    def reopen(self) -> None:
        """Open the file anew by its name, once what waits is written."""
        with self._state:
            self._reopen = True
            self._state.notify_all()

    def counts(self) -> dict[str, int]:
        """Counters, and how many events wait."""
        with self._state:
            return {
                "tell_eve_written": self._written,
                "tell_eve_dropped": self._dropped,
                "tell_eve_rotated": self._rotated,
                "tell_eve_deleted": self._deleted,
                "tell_eve_failures": self._failures,
                "tell_eve_waiting": len(self._queue),
            }

    def close(self, timeout: float) -> bool:
        """Write what waits. False: something was left."""
        with self._state:
            self._stopping = True
            self._state.notify_all()
        if self.thread.ident is not None:
            self.thread.join(timeout)
        return not self._queue

    def _run(self) -> None:
        while self._turn():
            pass
        self._close()

    def _turn(self) -> bool:
        """Write what waits; False when it is time to end."""
        self.thread.move()
        with self._state:
            self._state.wait_for(
                lambda: self._queue or self._reopen or self._stopping, _LOOK_SECONDS
            )
            lines = [self._queue[i] for i in range(min(len(self._queue), _EVENTS))]
            reopen = self._reopen and len(lines) == len(self._queue)
            stopping = self._stopping and len(lines) == len(self._queue)
        try:
            self._write(lines)
            if reopen:
                self._close()
                self._open()
                with self._state:
                    self._reopen = False
        except Exception as error:  # noqa: BLE001 - whatever it is, events must go on
            reason = (error.strerror or error) if isinstance(error, OSError) else unforeseen(error)
            self.problem = f"tell.eve.path {self._path}: {reason}"
            with self._state:
                self._failures += 1
                self._state.wait_for(lambda: self._stopping, _RETRY_SECONDS)
                return not self._stopping
        self.problem = ""
        return not stopping

    def _write(self, lines: list[bytes]) -> None:
        """Append lines: all, or on OSError none."""
        if self._descriptor < 0:
            self._open()
        if self._is_due():
            self._put_aside()
        if not lines:
            return
        data = b"".join(lines)
        if self._regular:
            append_whole(self._descriptor, data)
        else:
            write_all(self._descriptor, data)
        self._size += len(data)
        with self._state:
            for line in lines:
                self._queue.popleft()
                self._queued_bytes -= len(line) + _LINE_BYTES
            self._written += len(lines)

    def _open(self) -> None:
        flags = _FLAGS
        with contextlib.suppress(FileNotFoundError):
            if not stat.S_ISREG(self._path.stat().st_mode):
                flags = os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC
        self._descriptor = os.open(self._path, flags, self._settings.mode)
        found = os.fstat(self._descriptor)
        self._regular = stat.S_ISREG(found.st_mode)
        self._size = found.st_size if self._regular else 0
        self._period = self._period_at(found.st_mtime if self._size else self._now())
        if self._size and os.pread(self._descriptor, 1, self._size - 1) != b"\n":
            write_all(self._descriptor, b"\n")  # a line torn by a crash ends here
            self._size += 1

    def _close(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def _period_at(self, seconds: float) -> int:
        every = self._settings.rotate_seconds
        return int(seconds // every) if every else 0

    def _is_due(self) -> bool:
        if not self._regular or not self._size:
            return False
        most = self._settings.rotate_bytes
        return (most and self._size >= most) or self._period_at(self._now()) != self._period

    def _put_aside(self) -> None:
        """Give the file a name with the time, begin another, delete the oldest ones."""
        aside = self._next_name()
        self._path.rename(aside)
        self._close()
        self._open()
        with self._state:
            self._rotated += 1
        self._delete_oldest()

    def _next_name(self) -> Path:
        """A name that sorts behind all before, those already deleted too."""
        moment = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(self._now()))
        number = self._last[1] + 1 if self._last[0] == moment else 0
        while True:
            more = f"-{number}" if number else ""
            aside = self._path.with_name(f"{self._path.stem}-{moment}{more}{self._path.suffix}")
            if not aside.exists():
                self._last = (moment, number)
                return aside
            number += 1

    def _delete_oldest(self) -> None:
        if not self._settings.files:
            return
        stem, suffix = re.escape(self._path.stem), re.escape(self._path.suffix)
        pattern = re.compile(rf"{stem}-(\d{{8}}T\d{{6}}Z)(?:-(\d+))?{suffix}")
        found = [
            ((match[1], int(match[2] or 0)), path)
            for path in self._path.parent.iterdir()
            if (match := pattern.fullmatch(path.name))
        ]
        for _, path in sorted(found)[: -self._settings.files]:
            with contextlib.suppress(OSError):
                if self._log is not None:
                    size = path.stat().st_size
                    self._log.add("events", path.name, "more than tell.eve.files", bytes=size)
                path.unlink()
                with self._state:
                    self._deleted += 1
