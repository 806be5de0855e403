"""zstd and xz beside gzip: told by content, unpacked within bounds, salvaged when damaged."""

from __future__ import annotations

import gzip
import hashlib
import lzma
import struct
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from poolwatch.capture import open_source
from poolwatch.capture.bytestream import ByteStream
from poolwatch.capture.packing import base, packing_of
from poolwatch.errors import CaptureError
from poolwatch.settings import Limits

RATIO = 200
Pack = Callable[[bytes], bytes]


def noisy(size: int) -> bytes:
    """Bytes that compress to about a half, so that corruption has a place."""
    return b"".join(
        hashlib.sha256(str(number).encode()).hexdigest().encode() for number in range(size // 64)
    )


def records(count: int) -> bytes:
    head = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1)
    everything = noisy(64 * 20 * count)
    bodies = [everything[64 * 20 * n :][: 64 * (n % 20 + 1)] for n in range(count)]
    return head + b"".join(struct.pack("<IIII", 1, 2, len(b), len(b)) + b for b in bodies)


def zst(data: bytes) -> bytes:
    return zstandard.ZstdCompressor(write_checksum=True).compress(data)


def zst_streamed(data: bytes) -> bytes:
    """Without size, in many blocks: as a pipe into a compressor gives it."""
    packer = zstandard.ZstdCompressor(write_content_size=False, write_checksum=True).compressobj()
    out = b""
    for start in range(0, len(data), 5000):
        out += packer.compress(data[start : start + 5000])
        out += packer.flush(zstandard.COMPRESSOBJ_FLUSH_BLOCK)
    return out + packer.flush()


def xz(data: bytes) -> bytes:
    return lzma.compress(data, check=lzma.CHECK_CRC64)


SKIPPED = struct.pack("<II", 0x184D2A5E, 1000) + bytes(1000)
CAPTURE = records(200)
FORMS: dict[str, Callable[[bytes], bytes]] = {
    "zstd": zst,
    "zstd in blocks": zst_streamed,
    "zstd frames": lambda data: zst(data[:1000]) + zst_streamed(data[1000:]) + zst(b""),
    "many zstd frames": lambda data: b"".join(
        zst(data[i : i + 50]) for i in range(0, len(data), 50)
    ),
    "zstd, skipped frames": lambda data: SKIPPED + zst(data[:9]) + SKIPPED * 2 + zst(data[9:]),
    "xz": xz,
    "xz without check": lambda data: lzma.compress(data, check=lzma.CHECK_NONE),
    "xz streams": lambda data: xz(data[:1000]) + xz(data[1000:]) + xz(b""),
    "xz padding": lambda data: xz(data[:1000]) + bytes(8) + xz(data[1000:]) + bytes(4),
    "gzip": gzip.compress,
}
forms = pytest.mark.parametrize("pack", FORMS.values(), ids=FORMS)


def unpacked(
    data: bytes, folder: Path, *, size: int = 1 << 16, memory: int = 1 << 27
) -> tuple[bytes, str | None]:
    path = folder / "packed"
    path.write_bytes(data)
    view = memoryview(bytearray(size))
    out = bytearray()
    with closing(ByteStream(str(path), RATIO, memory)) as stream:
        while got := stream.readinto(view):
            out += view[:got]
        return bytes(out), stream.damage


@forms
@pytest.mark.parametrize("size", [7, 1000, 1 << 20])
def test_all_forms(pack: Pack, size: int, tmp_path: Path) -> None:
    data = CAPTURE[: min(20 * size, 50_000)]
    assert unpacked(pack(data), tmp_path, size=size) == (data, None)


@forms
def test_names_mean_nothing_and_packets_come_out(pack: Pack, tmp_path: Path) -> None:
    path = tmp_path / "capture.pcap.gz.txt"
    path.write_bytes(pack(CAPTURE))
    with closing(ByteStream(str(path), RATIO)) as stream:
        source = open_source(stream, Limits())
        assert sum(batch.count for batch in source.batches()) == 200
        assert source.coverage.damage is None


@pytest.mark.parametrize("pack", [zst, zst_streamed, xz], ids=["zstd", "zstd in blocks", "xz"])
@given(share=st.floats(0.0, 0.999))
@settings(deadline=None, max_examples=30)
def test_a_cut_file_gives_what_stands_before(
    pack: Pack, share: float, tmp_path_factory: pytest.TempPathFactory
) -> None:
    whole = noisy(400_000)
    packed = pack(whole)
    cut = max(int(len(packed) * share), 6)
    data, damage = unpacked(packed[:cut], tmp_path_factory.getbasetemp())
    assert whole.startswith(data)
    assert damage == "the compressed data ends early"
    assert len(data) >= len(whole) * cut / len(packed) - (1 << 18)


def test_cut_zstd_gives_as_much_as_the_library(tmp_path: Path) -> None:
    packed = zst_streamed(noisy(400_000))
    for share in (0.1, 0.35, 0.8, 0.99):
        cut = packed[: int(len(packed) * share)]
        wanted = zstandard.ZstdDecompressor().decompressobj().decompress(cut)
        assert unpacked(cut, tmp_path, size=999) == (wanted, "the compressed data ends early")


def test_a_cut_file_is_reported_with_its_place(tmp_path: Path) -> None:
    path = tmp_path / "cut"
    path.write_bytes(zst_streamed(CAPTURE)[:-9000])
    with closing(ByteStream(str(path), RATIO)) as stream:
        source = open_source(stream, Limits())
        packets = sum(batch.count for batch in source.batches())
        damage = source.coverage.damage
    assert 20 < packets < 200
    assert damage is not None
    assert damage.offset == len(records(packets))
    assert damage.reason == "the compressed data ends early"


@pytest.mark.parametrize("pack", [zst, zst_streamed, xz], ids=["zstd", "zstd in blocks", "xz"])
@pytest.mark.parametrize("share", [0.3, 0.6, 0.95])
def test_a_corrupt_file_gives_what_stands_before(pack: Pack, share: float, tmp_path: Path) -> None:
    whole = noisy(1 << 20)
    packed = pack(whole)
    place = int(len(packed) * share)
    bad = packed[:place] + bytes(~byte & 0xFF for byte in packed[place : place + 40])
    data, damage = unpacked(bad + packed[place + 40 :], tmp_path)
    assert damage is not None
    assert damage.startswith("the compressed data is corrupt")
    right = [one == other for one, other in zip(data, whole, strict=False)]
    common = right.index(False) if False in right else len(right)
    assert common >= len(whole) * share - (1 << 18)


@pytest.mark.parametrize("pack", [zst, xz])
def test_a_wrong_checksum_is_damage_but_nothing_is_lost(pack: Pack, tmp_path: Path) -> None:
    packed = bytearray(pack(CAPTURE))
    place = -3 if pack is zst else -32 - 8  # xz: index and footer stand behind
    packed[place] ^= 0x55
    data, damage = unpacked(bytes(packed), tmp_path)
    assert data[: len(CAPTURE) - base.CHUNK] == CAPTURE[: len(CAPTURE) - base.CHUNK]
    assert damage is not None
    assert "corrupt" in damage


@forms
@pytest.mark.parametrize("behind", [b"\0\0\0", b"\n", b"garbage that is long", b"\x28\xb6", b"]x"])
def test_bytes_behind_that_are_nothing_are_passed_over(
    pack: Pack, behind: bytes, tmp_path: Path
) -> None:
    assert unpacked(pack(CAPTURE[:500]) + behind, tmp_path) == (CAPTURE[:500], None)


@pytest.mark.parametrize("pack", [zst, xz])
@pytest.mark.parametrize("size", [1, 3, 5, 7, 11])
def test_a_second_part_of_which_only_the_head_is_there_is_damage(
    pack: Pack, size: int, tmp_path: Path
) -> None:
    packed = pack(CAPTURE[:500])
    data, damage = unpacked(packed + packed[:size], tmp_path)
    assert (data, damage) == (CAPTURE[:500], "the compressed data ends early")


@pytest.mark.parametrize("pack", [zst, zst_streamed, xz])
def test_a_bomb_is_stopped(pack: Pack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(base, "BOMB_FROM", 1 << 20)
    data, damage = unpacked(pack(bytes(1 << 25)), tmp_path)
    assert 1 << 20 < len(data) < 1 << 24
    assert damage is not None
    assert "decompression bomb" in damage


def test_a_large_window_is_refused(tmp_path: Path) -> None:
    parameters = zstandard.ZstdCompressionParameters(window_log=24)
    packer = zstandard.ZstdCompressor(compression_params=parameters).compressobj()
    packed = packer.compress(CAPTURE) + packer.flush()
    assert unpacked(packed, tmp_path, memory=1 << 24) == (CAPTURE, None)
    data, damage = unpacked(packed, tmp_path, memory=1 << 23)
    assert (data, damage) == (b"", f"it needs more than {1 << 23} bytes of memory to unpack")


def test_a_large_dictionary_is_refused(tmp_path: Path) -> None:
    packed = lzma.compress(CAPTURE, preset=9)
    assert unpacked(packed, tmp_path) == (CAPTURE, None)
    data, damage = unpacked(packed, tmp_path, memory=1 << 24)
    assert (data, damage) == (b"", f"it needs more than {1 << 24} bytes of memory to unpack")


@pytest.mark.parametrize("inner", [gzip.compress, zst, xz])
@pytest.mark.parametrize("outer", [gzip.compress, zst, xz])
def test_packed_twice_is_refused_by_name(inner: Pack, outer: Pack, tmp_path: Path) -> None:
    (tmp_path / "twice").write_bytes(outer(inner(CAPTURE)))
    with (
        closing(ByteStream(str(tmp_path / "twice"), RATIO)) as stream,
        pytest.raises(CaptureError, match="packed twice"),
    ):
        open_source(stream, Limits())


def test_told_by_content() -> None:
    names = [row.name for head in (zst(b""), SKIPPED, xz(b""), gzip.compress(b""))
             if (row := packing_of(head[:8]))]  # fmt: skip
    assert names == ["zstd", "zstd", "xz", "gzip"]
    assert packing_of(CAPTURE[:8]) is None


@given(packed=st.sampled_from([zst(CAPTURE[:3000]), xz(CAPTURE[:3000])]), data=st.data())
def test_damage_never_raises(
    packed: bytes, data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    mutable = bytearray(packed)
    for _ in range(data.draw(st.integers(1, 4))):
        mutable[data.draw(st.integers(6, len(packed) - 1))] = data.draw(st.integers(0, 255))
    out, damage = unpacked(bytes(mutable), tmp_path_factory.getbasetemp(), size=100)
    assert damage is not None or out == CAPTURE[:3000]
