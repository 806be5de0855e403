"""Rows on the disk until the store has them: a queue of segments, appended to and eaten up."""

from __future__ import annotations

import contextlib
import fcntl
import os
import threading
from collections.abc import Container, Sequence
from itertools import islice
from pathlib import Path

from poolwatch.errors import StoreError
from poolwatch.store.records import NAMES, Record, records_in
from poolwatch.store.segments import (
    Segment,
    check_segment,
    find_segments,
    open_segment,
    sync_folder,
    write_all,
)
from poolwatch.store.shedding import LaterStates, is_detail

_HEAD_BYTES = 1 << 20
"""Bytes read at a time for the store."""
_ASIDE_BYTES = 1 << 24
"""Bytes kept of rows that no store takes."""


class Spool:
    """A folder of segments. One thread appends, syncs and sheds; another reads and advances."""

    def __init__(self, folder: Path, segment_bytes: int) -> None:
        self._folder = folder
        self._segment_bytes = segment_bytes
        self._segments: list[Segment] = []
        self._current: Segment | None = None  # the last of them, while it is appended to
        self._descriptor = -1
        self._guard = -1  # holds the lock on the folder
        self._lock = threading.Lock()
        self._next = 1
        self.damaged_bytes = 0
        """Bytes that could not be read back: torn when the power or the program went."""
        self.went: dict[str, int] = {}
        """Rows that went for want of room: by kind of row, and `superseded`."""

    def start(self) -> None:
        """Take the folder into use. Raises StoreError."""
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
            self._guard = os.open(self._folder / "lock", flags, 0o600)
            fcntl.flock(self._guard, fcntl.LOCK_EX | fcntl.LOCK_NB)
            found = find_segments(self._folder)
            self.damaged_bytes += sum(map(check_segment, found))
        except BlockingIOError:
            self.close()
            raise StoreError(
                f"{self._folder}: another program uses this spool", "give each sensor its own"
            ) from None
        except OSError as error:
            self.close()
            raise StoreError(
                f"{self._folder}: {error.strerror}", "name a folder that can be written to"
            ) from error
        for segment in found:
            if not segment.records:
                segment.path.unlink(missing_ok=True)
        self._segments = [segment for segment in found if segment.records]
        self._next = max((segment.number for segment in found), default=0) + 1

    @property
    def rows(self) -> int:
        """Rows the store has not."""
        return sum(segment.left for segment in list(self._segments))

    @property
    def bytes(self) -> int:
        """Bytes on the disk."""
        return sum(segment.size for segment in list(self._segments))

    def append(self, records: Sequence[Record]) -> None:
        """Write records behind all others, into one segment. Raises OSError: none is written."""
        data = b"".join(record.data for record in records)
        with self._lock:
            current = self._current
            if current is not None and current.size + len(data) > self._segment_bytes:
                self._roll()
                current = None
            if current is None:
                current = self._open()
            try:
                write_all(self._descriptor, data)
            except BaseException:
                try:
                    os.ftruncate(self._descriptor, current.size)
                except OSError:  # the torn end is not read; nothing may stand behind it
                    self._close_current()
                raise
            current.size += len(data)
            current.records += len(records)

    def sync(self) -> None:
        """Make what was appended durable. Raises OSError; then it must be appended again."""
        descriptor = self._descriptor
        if descriptor >= 0:
            try:
                os.fsync(descriptor)
            except OSError:
                with self._lock:  # what became of its pages nobody knows
                    self._close_current()
                raise

    def head(self, rows: int) -> list[Record]:
        """The next records the store has not, at most `rows`. Raises OSError."""
        with self._lock:
            while self._segments:
                segment = self._segments[0]
                records = _first_records(segment, rows) if segment.left else []
                if records:
                    return records
                if segment is self._current and not segment.left:
                    return []
                self._give_up(segment)
        return []

    def advance(self, records: Sequence[Record]) -> None:
        """Forget the next records, which the store has: as many as `head` gave, or fewer."""
        with self._lock:
            segment = self._segments[0]
            segment.read += sum(record.size for record in records)
            segment.read_records += len(records)
            if not segment.left:
                self._finish(segment)

    def shed(self, wanted_bytes: int, referred: Container[int] | None) -> None:
        """Free bytes on the disk as `shedding` says; `went` counts what went.

        The segment that is appended to and the one the store is at stay as they are, and so
        does one of which something stays when the disk has no room to write that anew.
        """
        with self._lock:
            movable = [segment for segment in self._segments[1:] if segment is not self._current]
            later = LaterStates()
            freed = 0
            for segment in reversed(self._segments):
                records = _all_records(segment)
                places = range(len(records) - 1, -1, -1)
                going = {place for place in places if later.replace(records[place])}
                if segment in movable:
                    freed += self._take_out(segment, records, going, superseded=True)
            for segment in movable:
                if freed >= wanted_bytes:
                    break
                records = _all_records(segment)
                going, wanted = set(), wanted_bytes - freed
                for place, record in enumerate(records):
                    if wanted > 0 and is_detail(record, referred):
                        going.add(place)
                        wanted -= record.size
                freed += self._take_out(segment, records, going, superseded=False)

    def set_aside(self, record: Record) -> None:
        """Keep a record that no store takes in a file of its own, up to a bound."""
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        with contextlib.suppress(OSError):
            descriptor = os.open(self._folder / "set-aside.records", flags, 0o600)
            try:
                if os.fstat(descriptor).st_size + record.size <= _ASIDE_BYTES:
                    write_all(descriptor, record.data)
            finally:
                os.close(descriptor)

    def close(self) -> None:
        """Close all files; what is left waits for the next start."""
        with self._lock:
            self._close_current()
            if self._guard >= 0:
                os.close(self._guard)
                self._guard = -1

    # -- inside, with the lock held ------------------------------------------------------

    def _open(self) -> Segment:
        self._current, self._descriptor = open_segment(self._folder, self._next)
        self._next += 1
        self._segments.append(self._current)
        try:
            sync_folder(self._folder)
        except OSError:
            self._close_current()
            raise
        return self._current

    def _roll(self) -> None:
        """End the current segment; it must be durable before the next is."""
        try:
            os.fsync(self._descriptor)
        finally:
            self._close_current()

    def _close_current(self) -> None:
        current, self._current = self._current, None
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1
        if current is not None and not current.left:
            self._remove(current)

    def _finish(self, segment: Segment) -> None:
        """The store has all of a segment."""
        if segment is not self._current:
            self._remove(segment)
            return
        segment.size = segment.records = segment.read = segment.read_records = 0
        try:
            os.ftruncate(self._descriptor, 0)
        except OSError:
            self._close_current()

    def _take_out(
        self, segment: Segment, records: list[Record], going: set[int], *, superseded: bool
    ) -> int:
        """Take out of a segment the records in some places; the bytes that frees."""
        if not going:
            return 0
        try:
            segment.without(going)
        except OSError:
            return 0
        if not segment.records:
            self._segments.remove(segment)
        for place in going:
            name = "superseded" if superseded else NAMES[records[place].kind]
            self.went[name] = self.went.get(name, 0) + 1
        return sum(records[place].size for place in going)

    def _give_up(self, segment: Segment) -> None:
        """Records that were written can no longer be read, or there are none left."""
        if segment.left:
            self.damaged_bytes += segment.size - segment.read
            segment.read, segment.read_records = segment.size, segment.records
        if segment is self._current:
            self._close_current()
        else:
            self._remove(segment)

    def _remove(self, segment: Segment) -> None:
        self._segments.remove(segment)
        with contextlib.suppress(OSError):  # then it is stored once more at the next start
            segment.path.unlink()


def _first_records(segment: Segment, rows: int) -> list[Record]:
    """The next records of a segment; none where it cannot be read any more."""
    try:
        records = list(islice(records_in(segment.content(segment.read, _HEAD_BYTES)), rows))
        return records or list(islice(records_in(segment.content(segment.read)), rows))
    except FileNotFoundError:
        return []


def _all_records(segment: Segment) -> list[Record]:
    """The records of a segment that the store has not; one that cannot be read stays as it is."""
    try:
        return list(segment.all())
    except OSError:
        return []
