"""Bytes of a file, a pipe or standard input, unpacked when gzip-compressed."""

from __future__ import annotations

import hashlib
import io
import os
import stat
import sys
import threading
import zlib
from pathlib import Path
from typing import BinaryIO, Protocol

from poolwatch.errors import CaptureError

_GZIP = b"\x1f\x8b"
_PACKED_CHUNK = 1 << 16
_BOMB_FROM = 1 << 26  # unpacked bytes before the expansion ratio is looked at


class _Raw(Protocol):
    def readinto(self, buffer: memoryview, /) -> int | None: ...


class ByteStream:
    """A readable input. `damage` is set when it ended before its end.

    A file has a digest: SHA-256 over it as it stands (packed, when packed), worked out
    beside the scan by a second reader, and only if asked for. A pipe has none.
    """

    def __init__(self, path: str, expansion_ratio: int) -> None:
        self.path = path
        self.damage: str | None = None
        self._file = _open(path)
        seekable = self._file.seekable()
        head = _read_up_to(self._file, 8)
        self._digest: _FileDigest | None = None
        if seekable:
            self._file.seek(0)
            self._digest = _FileDigest(self._file)
            raw: _Raw = self._file  # type: ignore[assignment]
        else:
            raw = _Pipe(self._file, head)
        self.packed = head.startswith(_GZIP)
        self._gzip = _Gzip(raw, expansion_ratio) if self.packed else None
        self._raw: _Raw = self._gzip if self._gzip else raw
        self._peeked = b""

    def peek(self, count: int) -> bytes:
        """The first bytes, without reading them; only before `readinto`."""
        if len(self._peeked) < count:
            buffer = bytearray(count - len(self._peeked))
            view = memoryview(buffer)
            got = 0
            while got < len(buffer):
                more = self._read(view[got:])
                if not more:
                    break
                got += more
            self._peeked += bytes(buffer[:got])
        return self._peeked[:count]

    def readinto(self, view: memoryview) -> int:
        """Fill `view` as far as one read goes; 0 at the end."""
        if self._peeked:
            count = min(len(self._peeked), len(view))
            view[:count] = self._peeked[:count]
            self._peeked = self._peeked[count:]
            return count
        return self._read(view)

    @property
    def is_file(self) -> bool:
        """Whether the whole input can be read again, so that it has a digest."""
        return self._digest is not None

    def start_digest(self) -> None:
        """Begin working out the digest beside the reading."""
        if self._digest:
            self._digest.start()

    def digest(self) -> str:
        """SHA-256 of the whole file, in hex; waits until it is known."""
        assert self._digest is not None
        return self._digest.result()

    def close(self) -> None:
        """Stop the digest if nobody waits for it, and close the input."""
        if self._digest:
            self._digest.stop()
        if self._file is not sys.stdin.buffer:
            self._file.close()

    def _read(self, view: memoryview) -> int:
        try:
            got = self._raw.readinto(view)
        except OSError as error:
            self.damage = f"reading failed: {error.strerror or error}"
            return 0
        if self._gzip and self._gzip.damage:
            self.damage = self._gzip.damage
        return got or 0


def _open(path: str) -> BinaryIO:
    if path == "-":
        return sys.stdin.buffer
    try:
        file = Path(path).open("rb", buffering=0)  # noqa: SIM115 - closed by close()
    except OSError as error:
        raise CaptureError(f"cannot be opened: {error.strerror}", 0) from error
    mode = os.fstat(file.fileno()).st_mode
    if not (stat.S_ISREG(mode) or stat.S_ISFIFO(mode) or stat.S_ISCHR(mode)):
        file.close()
        raise CaptureError("neither a file nor a pipe", 0)
    return file


def _read_up_to(file: BinaryIO, count: int) -> bytes:
    data = b""
    while len(data) < count:
        try:
            more = file.read(count - len(data))
        except OSError as error:
            raise CaptureError(f"cannot be read: {error.strerror}", 0) from error
        if not more:
            break
        data += more
    return data


class _FileDigest:
    """Hashes a seekable file with a descriptor position of its own, in a thread."""

    CHUNK = 1 << 20

    def __init__(self, file: BinaryIO) -> None:
        self._descriptor = os.dup(file.fileno())
        self._hash = hashlib.sha256()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._done = False

    def start(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, daemon=True)
            self._thread.start()

    def result(self) -> str:
        self.start()
        if self._thread:
            self._thread.join()
        return self._hash.hexdigest()

    def stop(self) -> None:
        self._stop.set()
        if self._thread:
            self._thread.join()
        if not self._done:
            os.close(self._descriptor)
            self._done = True

    def _run(self) -> None:
        position = 0
        while not self._stop.is_set():
            try:
                chunk = os.pread(self._descriptor, self.CHUNK, position)
            except OSError:
                return
            if not chunk:
                return
            self._hash.update(chunk)
            position += len(chunk)


class _Pipe:
    """A pipe whose first bytes were read already."""

    def __init__(self, file: BinaryIO, head: bytes) -> None:
        self._file = file
        self._head = head

    def readinto(self, view: memoryview, /) -> int:
        if self._head:
            count = min(len(self._head), len(view))
            view[:count] = self._head[:count]
            self._head = self._head[count:]
            return count
        reader = self._file
        if isinstance(reader, io.BufferedReader):
            return reader.readinto1(view)
        return reader.readinto(view) or 0  # type: ignore[attr-defined]


class _Gzip:
    """Unpacks gzip members one after another, giving out all that can be unpacked."""

    def __init__(self, raw: _Raw, ratio: int) -> None:
        self._raw = raw
        self._ratio = ratio
        self._unpacker = zlib.decompressobj(wbits=31)
        self._fed = bytearray(_PACKED_CHUNK)
        self._pending = b""
        self._packed = 0
        self._unpacked = 0
        self._started = False  # a member has begun and not ended
        self._members = 0  # ended
        self.damage: str | None = None

    def readinto(self, view: memoryview, /) -> int:
        while self.damage is None:
            ended = not self._pending and not self._refill()
            if ended and not self._started:
                return 0
            data = self._unpack(len(view))  # also at the end: some may be held back
            if data:
                self._unpacked += len(data)
                if self._unpacked > _BOMB_FROM and self._unpacked > self._ratio * self._packed:
                    self.damage = (
                        f"it unpacks to more than {self._ratio} times its size: "
                        "a decompression bomb"
                    )
                view[: len(data)] = data
                return len(data)
            if ended and self._started:
                self.damage = "the compressed data ends early"
        return 0

    def _refill(self) -> bool:
        got = self._raw.readinto(memoryview(self._fed)) or 0
        self._packed += got
        self._pending = bytes(self._fed[:got])
        return got > 0

    def _unpack(self, room: int) -> bytes:
        if self._members and not self._started and not _GZIP.startswith(self._pending[:2]):
            self._pending = b""  # trailing bytes that are no member
            return b""
        before = self._unpacker.copy() if self._started else None
        try:
            data = self._unpacker.decompress(self._pending, room)
        except zlib.error as error:
            return self._salvage(before, room, error)
        self._started = True
        self._pending = self._unpacker.unconsumed_tail
        if self._unpacker.eof:
            self._pending = self._unpacker.unused_data
            self._unpacker = zlib.decompressobj(wbits=31)
            self._started = False
            self._members += 1
        return data

    def _salvage(self, before: zlib._Decompress | None, room: int, error: zlib.error) -> bytes:
        """What still unpacks before a corrupt place, found byte by byte."""
        self.damage = f"the compressed data is corrupt ({error})"
        unpacker = before or zlib.decompressobj(wbits=31)
        data = b""
        for index in range(len(self._pending)):
            try:
                data += unpacker.decompress(self._pending[index : index + 1])
            except zlib.error:
                break
            if len(data) >= room:
                break
        self._pending = b""
        return data[:room]
