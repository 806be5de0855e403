"""Bytes of a file, a pipe or standard input, unpacked when packed."""

from __future__ import annotations

import hashlib
import io
import os
import stat
import sys
import threading
from pathlib import Path
from typing import BinaryIO

from poolwatch.capture.packing import Unpacker, open_unpacker, packing_of
from poolwatch.capture.packing.base import Raw
from poolwatch.errors import CaptureError

MEMORY_BYTES = 1 << 27
"""What unpacking may take by default."""


class ByteStream:
    """A readable input. `damage` is set when it ended before its end.

    A file has a digest: SHA-256 over it as it stands (packed, when packed), worked out
    beside the scan by a second reader, and only if asked for. A pipe has none.
    """

    def __init__(self, path: str, expansion_ratio: int, memory_bytes: int = MEMORY_BYTES) -> None:
        self.path = path
        self.damage: str | None = None
        self._file = _open(path)
        seekable = self._file.seekable()
        head = _read_up_to(self._file, 8)
        self._digest: _FileDigest | None = None
        if seekable:
            self._file.seek(0)
            self._digest = _FileDigest(self._file)
            raw: Raw = self._file  # type: ignore[assignment]
        else:
            raw = _Pipe(self._file, head)
        packing = packing_of(head)
        self.packed = packing is not None
        self._unpacker: Unpacker | None = None
        if packing:
            self._unpacker = open_unpacker(packing, raw, expansion_ratio, memory_bytes)
        self._raw: Raw = self._unpacker or raw
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
        if self._unpacker and self._unpacker.damage:
            self.damage = self._unpacker.damage
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
