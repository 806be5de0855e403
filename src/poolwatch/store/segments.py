"""Files of the spool: appended to, synced, cut where torn, written anew without what goes."""

from __future__ import annotations

import os
from collections.abc import Container, Iterator
from dataclasses import dataclass
from pathlib import Path

from poolwatch.store.records import Record, records_in

SUFFIX = ".spool"
_NEW = ".new"
_MODE = 0o600
_FLAGS = os.O_CLOEXEC | os.O_NOFOLLOW


@dataclass(slots=True)
class Segment:
    """One file, and how far the store has taken its records."""

    number: int
    path: Path
    size: int = 0
    """Bytes of whole records; what stands behind them is torn and not believed."""
    records: int = 0
    read: int = 0
    """Bytes, and below records, that the store has."""
    read_records: int = 0

    @property
    def left(self) -> int:
        """Records the store has not."""
        return self.records - self.read_records

    def content(self, start: int = 0, most: int | None = None) -> bytes:
        """Bytes from `start` on. Raises OSError."""
        end = self.size if most is None else min(self.size, start + most)
        with self.path.open("rb") as file:
            file.seek(start)
            return file.read(end - start)

    def all(self) -> Iterator[Record]:
        """Every record the store has not."""
        return records_in(self.content(self.read))

    def without(self, places: Container[int]) -> None:
        """Take out the records in these places, counted among those the store has not.

        The file is replaced by another, so that one or the other is there at any instant; it is
        removed if nothing stays. Raises OSError, and the file is as it was.
        """
        kept = [record.data for place, record in enumerate(self.all()) if place not in places]
        if not kept:
            self.path.unlink()
        else:
            new = self.path.with_suffix(_NEW)
            try:
                _write_file(new, b"".join(kept))
                new.replace(self.path)
            except OSError:
                new.unlink(missing_ok=True)
                raise
        sync_folder(self.path.parent)
        self.size, self.records = sum(map(len, kept)), len(kept)
        self.read = self.read_records = 0


def find_segments(folder: Path) -> list[Segment]:
    """The segments of a folder in order; what was being replaced when all ended is removed."""
    for path in folder.glob(f"*{_NEW}"):
        path.unlink()
    numbered = [
        (int(path.stem), path) for path in folder.glob(f"*{SUFFIX}") if path.stem.isdecimal()
    ]
    return [Segment(number, path) for number, path in sorted(numbered)]


def open_segment(folder: Path, number: int) -> tuple[Segment, int]:
    """A new segment and the descriptor to append to it. Raises OSError."""
    path = folder / f"{number:016d}{SUFFIX}"
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL | _FLAGS, _MODE)
    return Segment(number, path), descriptor


def check_segment(segment: Segment) -> int:
    """Count the records of a segment found; cut off a torn tail. Returns its bytes."""
    length = segment.path.stat().st_size
    segment.size = length
    whole = 0
    for record in records_in(segment.content()):
        segment.records += 1
        whole += record.size
    segment.size = whole
    if whole < length:
        descriptor = os.open(segment.path, os.O_WRONLY | _FLAGS)
        try:
            os.ftruncate(descriptor, whole)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    return length - whole


def write_all(descriptor: int, data: bytes) -> None:
    """Write all of it. Raises OSError when it does not fit."""
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def sync_folder(folder: Path) -> None:
    """Make names in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _write_file(path: Path, data: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | _FLAGS, _MODE)
    try:
        write_all(descriptor, data)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
