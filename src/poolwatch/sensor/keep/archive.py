"""The folder of kept packets: the segment being written, those complete, and what goes."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import re
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from poolwatch.errors import PoolwatchError, UsageError
from poolwatch.outputs.times import timestamp
from poolwatch.sensor.keep.deletions import DeletionLog
from poolwatch.sensor.keep.files import append_to, make_private
from poolwatch.sensor.keep.recent import Packet
from poolwatch.sensor.keep.retention import choose_for_room, choose_segments, choose_summaries
from poolwatch.sensor.keep.segments import SUFFIX, Heading, Segment, Writing, open_segment
from poolwatch.sensor.keep.settings import KeepSettings, RetentionSettings

_REST = 20  # of the disk, one part is the most that the reserve is
_NAME = re.compile(r"packets-(\d{8,12})-\d{8}T\d{6}Z\.pcapng")


@dataclass(frozen=True, slots=True)
class _File:
    """A file of summaries."""

    path: Path
    bytes: int
    last_ns: int


class Archive:
    """Used by one thread; `counts` and `unresolved` by any.

    `unresolved`: the hosts whose findings are not resolved, None: all.
    """

    def __init__(
        self,
        settings: KeepSettings,
        retention: RetentionSettings,
        directory: Path,
        heading: Heading,
    ) -> None:
        self.unresolved: frozenset[str] | None = None
        self._settings = settings
        self._retention = retention
        self._directory = directory
        self._packets = directory / "packets"
        self._summaries = directory / "summaries"
        self._heading = heading
        self._log = DeletionLog(directory / "deletions.jsonl")
        self._segments: list[Segment] = []  # oldest first
        self._writing: Writing | None = None
        self._next = 1
        self._lock = -1
        self._counts: Counter[str] = Counter()

    def open(self) -> None:
        """Make the folders, take the lock, repair what a crash left. Raises PoolwatchError."""
        for folder in (self._directory, self._packets, self._summaries):
            make_private(folder)
        try:
            self._take_lock()
            for number, path in sorted(self._found()):
                self._next = max(self._next, number + 1)
                self._open_old(path, number)
        except OSError as error:
            raise PoolwatchError(f"{self._directory}: {error.strerror or error}") from error

    def write(self, pieces: list[tuple[int, str, Packet]]) -> None:
        """Append packets. Raises OSError: none of them stands there then."""
        if not pieces:
            return
        if self._writing is None:
            self._begin()
        assert self._writing is not None
        try:
            self._writing.write(pieces)
        except OSError as error:
            self._free(error)
            raise
        if self._writing.size >= self._settings.segment_bytes:
            self._complete()

    def sync(self) -> None:
        """Make durable what was written. Raises OSError."""
        if self._writing is not None:
            try:
                self._writing.sync()
            except OSError as error:
                self._free(error)
                raise

    def rotate(self) -> None:
        """Complete a segment that has come of age. Raises OSError."""
        writing = self._writing
        if writing and time.monotonic() - writing.opened >= self._settings.segment_seconds:
            self._complete()

    def keep_reserve(self) -> None:
        """Delete segments while less of the disk is free than the reserve."""
        missing = self._missing_room()
        if missing > 0:
            self._make_room(missing)

    def retain(self, now_ns: int) -> None:
        """Delete what is beyond age or quota."""
        self._log.flush()
        used = sum(segment.bytes for segment in self._segments)
        used += self._writing.size if self._writing else 0
        held = [self._is_held(segment) for segment in self._segments]
        chosen = list(choose_segments(self._segments, held, self._retention, now_ns, used))
        gone = [(self._segments[choice.place], choice) for choice in chosen]
        for segment, choice in gone:
            self._delete(segment, choice.why, unresolved=choice.unresolved)
        files = self._summary_files()
        for choice in choose_summaries(files, self._retention, now_ns):
            self._delete_summaries(files[choice.place], choice.why)

    def close(self) -> None:
        """Complete the segment and give the lock back. Raises OSError."""
        try:
            if self._writing is not None:
                self._complete()
            self._log.flush()
        finally:
            if self._lock >= 0:
                os.close(self._lock)
                self._lock = -1

    def counts(self) -> dict[str, int]:
        """Counters, and what stands in the folder."""
        writing = self._writing
        segments = list(self._segments)
        counts = dict.fromkeys(_COUNTERS, 0) | dict(self._counts)
        return counts | {
            "keep_segments_now": len(segments) + (writing is not None),
            "keep_bytes_now": sum(s.bytes for s in segments) + (writing.size if writing else 0),
            "keep_deletions_unlogged": self._log.waiting + self._log.lines_lost,
        }

    def _take_lock(self) -> None:
        self._lock = append_to(self._directory / "lock")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(self._lock)
            self._lock = -1
            raise UsageError(
                f"{self._directory}: another sensor keeps its packets here",
                "give each sensor a folder of its own",
            ) from error

    def _found(self) -> list[tuple[int, Path]]:
        found = []
        for path in self._packets.iterdir():
            match = _NAME.fullmatch(path.name)
            if match and path.is_file() and not path.is_symlink():
                found.append((int(match[1]), path))
        return found

    def _open_old(self, path: Path, number: int) -> None:
        segment, cut = open_segment(path, number)
        if segment is None:
            self._counts["keep_segments_empty"] += 1
            self._log.add("packets", path.name, "no whole packet in it after a crash", bytes=cut)
            return
        self._segments.append(segment)
        if cut:
            self._counts["keep_segments_repaired"] += 1
            self._log.add("packets", path.name, "torn end after a crash", bytes=cut)

    def _begin(self) -> None:
        """Open the next segment. Raises OSError."""
        moment = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
        path = self._packets / f"packets-{self._next:08d}-{moment}{SUFFIX}"
        writing = Writing(path, self._next, self._heading, time.monotonic())
        self._next += 1
        try:
            writing.open()
        except OSError as error:
            self._free(error)
            raise
        self._writing = writing
        self._counts["keep_segments"] += 1

    def _complete(self) -> None:
        """Close the segment being written. Raises OSError; the next start completes it then."""
        writing, self._writing = self._writing, None
        assert writing is not None
        try:
            self._segments.append(writing.close())
        except OSError:
            self._segments.append(writing.as_it_is())
            raise

    def _is_held(self, segment: Segment) -> bool:
        unresolved = self.unresolved
        return unresolved is None or not unresolved.isdisjoint(segment.hosts)

    def _free(self, error: OSError) -> None:
        """If the disk is full: one segment goes, or as many as the reserve takes."""
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            self._make_room(max(self._missing_room(), 1))

    def _missing_room(self) -> int:
        """Bytes of the reserve that are not free."""
        try:
            disk = os.statvfs(self._packets)
        except OSError:
            return 0
        reserve = min(self._retention.reserve_bytes, disk.f_blocks * disk.f_frsize // _REST)
        return reserve - disk.f_bavail * disk.f_frsize

    def _make_room(self, wanted_bytes: int) -> None:
        held = [self._is_held(segment) for segment in self._segments]
        chosen = choose_for_room(self._segments, held, self._retention, wanted_bytes)
        for segment, choice in [(self._segments[choice.place], choice) for choice in chosen]:
            self._delete(segment, choice.why, unresolved=choice.unresolved)
        self._log.flush()

    def _delete(self, segment: Segment, why: str, *, unresolved: bool) -> None:
        """Log it, then do it: a crash between leaves a line too many, never one too few."""
        self._log.add(
            "packets",
            segment.path.name,
            why,
            bytes=segment.bytes,
            packets=segment.packets,
            first_seen=timestamp(segment.first_ns),
            last_seen=timestamp(segment.last_ns),
            hosts=len(segment.hosts),
            unresolved=unresolved,
        )
        try:
            segment.delete()
        except OSError:
            self._counts["keep_deletions_failed"] += 1
            self._log.add("packets", segment.path.name, "not deleted: it failed")
            return
        self._segments.remove(segment)
        self._counts["keep_segments_deleted"] += 1
        self._counts["keep_segments_deleted_unresolved"] += unresolved

    def _summary_files(self) -> list[_File]:
        files = []
        for path in self._summaries.glob("*.jsonl"):
            with contextlib.suppress(OSError):
                found = path.lstat()
                files.append(_File(path, found.st_size, found.st_mtime_ns))
        return files

    def _delete_summaries(self, file: _File, why: str) -> None:
        last = timestamp(file.last_ns)
        self._log.add("summaries", file.path.name, why, bytes=file.bytes, last_seen=last)
        try:
            file.path.unlink()
        except OSError:
            self._counts["keep_deletions_failed"] += 1
            self._log.add("summaries", file.path.name, "not deleted: it failed")
            return
        self._counts["summary_files_deleted"] += 1


_COUNTERS = (
    "keep_segments",
    "keep_segments_repaired",
    "keep_segments_empty",
    "keep_segments_deleted",
    "keep_segments_deleted_unresolved",
    "keep_deletions_failed",
    "summary_files_deleted",
)
