"""Files, pipes and standard input as one stream of bytes, unpacked when packed."""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import socket
import sys
import threading
import zlib
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from poolwatch.capture.bytestream import ByteStream
from poolwatch.errors import CaptureError
from tests.builders import Packet, pcap
from tests.capture.reading import read_path, read_stream

RATIO = 200
BODIES = [bytes([number]) * (number * 7 % 50) for number in range(200)]
CAPTURE = pcap([Packet(body) for body in BODIES])
PACKED = gzip.compress(CAPTURE, mtime=0)


def drained(stream: ByteStream, size: int = 1 << 16) -> bytes:
    view = memoryview(bytearray(size))
    data = b""
    while got := stream.readinto(view):
        data += bytes(view[:got])
    return data


def unpacked(data: bytes, folder: Path, size: int = 1 << 16) -> tuple[bytes, str | None]:
    path = folder / "packed"
    path.write_bytes(data)
    with closing(ByteStream(str(path), RATIO)) as stream:
        return drained(stream, size), stream.damage


@contextmanager
def fed(path: Path, data: bytes, sizes: list[int]) -> Iterator[None]:
    """Somebody writing `data` into a pipe, a piece at a time."""

    def write() -> None:
        with path.open("wb", buffering=0) as pipe:
            rest = data
            for size in sizes:
                pipe.write(rest[:size])
                rest = rest[size:]
            while rest:
                rest = rest[pipe.write(rest) or 0 :]

    writer = threading.Thread(target=write)
    writer.start()
    yield
    writer.join()


FORMS = [
    ("plain", CAPTURE),
    ("gzip", PACKED),
    ("two members", gzip.compress(CAPTURE[:1000]) + gzip.compress(CAPTURE[1000:])),
    ("member a byte", b"".join(gzip.compress(CAPTURE[i : i + 1]) for i in range(len(CAPTURE)))),
    ("empty members", gzip.compress(b"") + PACKED + gzip.compress(b"")),
    ("stored", gzip.compress(CAPTURE, compresslevel=0)),
]
forms = pytest.mark.parametrize("data", [row[1] for row in FORMS], ids=[row[0] for row in FORMS])


@forms
def test_a_file(data: bytes, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(data)
    capture = read_path(tmp_path / "file")
    assert (capture.bodies, capture.damage) == (BODIES, None)


@forms
@pytest.mark.parametrize("sizes", [[], [1, 1, 1, 5], [7, 17, 1]])
def test_a_named_pipe(data: bytes, sizes: list[int], tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    with fed(path, data, sizes):
        capture = read_path(path)
    assert (capture.bodies, capture.damage) == (BODIES, None)


@forms
def test_standard_input(data: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    with fed(path, data, [3, 2]), path.open("rb") as pipe:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(pipe))
        with closing(ByteStream("-", RATIO)) as stream:
            assert not stream.is_file
            assert read_stream(stream).bodies == BODIES
        assert not pipe.closed


def test_standard_input_that_is_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_bytes(PACKED)
    with (tmp_path / "file").open("rb") as file:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(file))
        with closing(ByteStream("-", RATIO)) as stream:
            assert stream.is_file
            assert read_stream(stream).bodies == BODIES
            assert stream.digest() == hashlib.sha256(PACKED).hexdigest()


def test_names_mean_nothing(tmp_path: Path) -> None:
    (tmp_path / "plain.gz").write_bytes(CAPTURE)
    (tmp_path / "packed.pcap").write_bytes(PACKED)
    assert read_path(tmp_path / "plain.gz").bodies == BODIES
    assert read_path(tmp_path / "packed.pcap").bodies == BODIES


def zlib_of(data: bytes) -> bytes:
    """All that can be unpacked of one gzip member, cut or whole."""
    return zlib.decompressobj(wbits=31).decompress(data)


@given(cut=st.integers(2, len(PACKED) - 1), size=st.sampled_from([1, 10, 97, 1 << 16]))
def test_a_cut_file_gives_all_that_can_be_unpacked(
    cut: int, size: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.getbasetemp()
    data, damage = unpacked(PACKED[:cut], folder, size)
    assert data == zlib_of(PACKED[:cut])
    assert damage == "the compressed data ends early"


def test_a_cut_file_still_gives_its_packets(tmp_path: Path) -> None:
    (tmp_path / "cut").write_bytes(PACKED[: len(PACKED) // 2])
    capture = read_path(tmp_path / "cut")
    assert 20 < len(capture.bodies) < 200
    assert capture.bodies == BODIES[: len(capture.bodies)]
    assert capture.damage is not None
    offset, reason = capture.damage
    assert offset == 24 + sum(16 + len(body) for body in capture.bodies)
    assert reason == "the compressed data ends early"


def noisy(size: int) -> bytes:
    """Bytes that do not compress, so that corruption has a place."""
    return b"".join(hashlib.sha256(str(number).encode()).digest() for number in range(size // 32))


def corrupt(data: bytes, place: int) -> bytes:
    """A wrong block type written over some bytes of a deflate stream."""
    return data[:place] + b"\xff" * 40 + data[place + 40 :]


@pytest.mark.parametrize("size", [1000, 1 << 16])
@pytest.mark.parametrize("share", [0.2, 0.5, 0.9])
def test_a_corrupt_file_gives_all_before_the_corrupt_place(
    share: float, size: int, tmp_path: Path
) -> None:
    whole = noisy(300_000)
    packed = gzip.compress(whole.hex().encode(), mtime=0)
    place = int(len(packed) * share)
    data, damage = unpacked(corrupt(packed, place), tmp_path, size)
    before = zlib_of(packed[:place])
    assert data.startswith(before)
    assert damage is not None
    assert damage.startswith("the compressed data is corrupt")


def test_a_wrong_checksum_is_damage_but_nothing_is_lost(tmp_path: Path) -> None:
    data, damage = unpacked(PACKED[:-8] + bytes(4) + PACKED[-4:], tmp_path)
    assert data == CAPTURE
    assert damage is not None
    assert "corrupt" in damage


@pytest.mark.parametrize("place", [3, 12, 20, 100])
def test_a_corrupt_second_member_is_damage(place: int, tmp_path: Path) -> None:
    second = gzip.compress(noisy(3200), mtime=0)
    bad = second[:place] + b"\xff" * 8 + second[place + 8 :]
    data, damage = unpacked(PACKED + bad, tmp_path)
    assert data.startswith(CAPTURE)
    assert damage is not None
    assert "corrupt" in damage


@pytest.mark.parametrize("behind", [b"\0", b"\0" * 511, b"\n", b"garbage", b"\x1fx"])
@pytest.mark.parametrize("size", [1, 100, 1 << 16])
def test_bytes_behind_that_are_no_member_are_passed_over(
    behind: bytes, size: int, tmp_path: Path
) -> None:
    assert unpacked(PACKED + behind, tmp_path, size) == (CAPTURE, None)


def test_bytes_behind_an_empty_member_are_passed_over(tmp_path: Path) -> None:
    assert unpacked(gzip.compress(b"") + bytes(10), tmp_path) == (b"", None)


@pytest.mark.parametrize("size", [1, 2, 5, 15])
def test_a_second_member_of_which_only_the_head_is_there_is_damage(
    size: int, tmp_path: Path
) -> None:
    data, damage = unpacked(PACKED + PACKED[:size], tmp_path)
    assert (data, damage) == (CAPTURE, "the compressed data ends early")


def test_a_bomb_is_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("poolwatch.capture.packing.base.BOMB_FROM", 1 << 20)
    data, damage = unpacked(gzip.compress(bytes(1 << 23)), tmp_path)
    assert 1 << 20 < len(data) < 1 << 21
    assert damage is not None
    assert "decompression bomb" in damage


def test_a_little_of_much_expansion_is_no_bomb(tmp_path: Path) -> None:
    assert unpacked(gzip.compress(bytes(1 << 20)), tmp_path) == (bytes(1 << 20), None)


def test_peek_reads_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(PACKED)
    with closing(ByteStream(str(tmp_path / "file"), RATIO)) as stream:
        assert stream.packed
        assert stream.peek(4) == CAPTURE[:4]
        assert stream.peek(30) == CAPTURE[:30]
        assert stream.peek(2) == CAPTURE[:2]
        assert drained(stream, 7) == CAPTURE


def test_peek_of_less_than_is_there(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"abc")
    with closing(ByteStream(str(tmp_path / "file"), RATIO)) as stream:
        assert stream.peek(8) == b"abc"
        assert drained(stream) == b"abc"


@pytest.mark.parametrize("size", [0, 1, 1 << 20, (5 << 20) + 3])
@pytest.mark.parametrize("early", [True, False])
def test_the_digest_is_that_of_the_file(size: int, early: bool, tmp_path: Path) -> None:
    data = noisy(32 * 100) * (size // 3200 + 1)
    (tmp_path / "file").write_bytes(data[:size])
    with closing(ByteStream(str(tmp_path / "file"), RATIO)) as stream:
        assert stream.is_file
        if early:
            stream.start_digest()
        assert drained(stream) == data[:size]
        assert stream.digest() == hashlib.sha256(data[:size]).hexdigest()


def test_closing_leaves_no_descriptor_open(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(noisy(1 << 20))
    before = len(list(Path("/proc/self/fd").iterdir()))
    for start in (False, True) * 5:
        with closing(ByteStream(str(tmp_path / "file"), RATIO)) as stream:
            if start:
                stream.start_digest()
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_a_reading_error_is_damage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_bytes(CAPTURE)
    with closing(ByteStream(str(tmp_path / "file"), RATIO)) as stream:

        class Broken:
            def readinto(self, view: memoryview, /) -> int:
                raise OSError(5, "Input/output error")

        monkeypatch.setattr(stream, "_raw", Broken())
        assert drained(stream) == b""
        assert stream.damage == "reading failed: Input/output error"


def missing(folder: Path) -> Path:
    return folder / "missing"


def itself(folder: Path) -> Path:
    return folder


def looped(folder: Path) -> Path:
    (folder / "loop").symlink_to("loop")
    return folder / "loop"


def listening(folder: Path) -> Path:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(folder / "socket"))
    return folder / "socket"


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (missing, "No such file"),
        (itself, "Is a directory"),
        (looped, "symbolic link"),
        (listening, "cannot be opened"),
    ],
)
def test_what_cannot_be_opened(make: Callable[[Path], Path], words: str, tmp_path: Path) -> None:
    with pytest.raises(CaptureError, match=words):
        ByteStream(str(make(tmp_path)), RATIO)
