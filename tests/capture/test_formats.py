"""Formats are told by content; what is no capture is refused in plain words."""

from __future__ import annotations

import gzip
import importlib
import lzma
from pathlib import Path

import pytest

from poolwatch.capture import FOREIGN, FORMATS, open_source
from poolwatch.capture.pcap import PcapSource
from poolwatch.capture.pcapng import PcapngSource
from poolwatch.errors import CaptureError
from poolwatch.settings import Limits
from tests.builders import block, interface, pcap, section, trickle
from tests.capture.reading import read_bytes, read_stream


@pytest.mark.parametrize("packed", [False, True])
def test_an_empty_input(packed: bool, tmp_path: Path) -> None:
    with pytest.raises(CaptureError, match=r"empty \(zero bytes\)") as refused:
        read_bytes(gzip.compress(b"") if packed else b"", tmp_path)
    assert refused.value.offset == 0
    assert refused.value.advice()


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"hello, world", "begins with 68 65 6c 6c"),
        (b"\0", "begins with 00"),
        (b"\xd4\xc3\xb2", "begins with d4 c3 b2"),
        (b"\x34\xcd\xb2\xa1" + bytes(20), "24-byte record headers"),
        (b"\xa1\xb2\xcd\x34" + bytes(20), "24-byte record headers"),
        (b"snoop\0\0\0" + bytes(20), "a snoop capture"),
        (b"BZh91AY&SY", "bzip2-compressed"),
        (b"PK\x03\x04" + bytes(20), "a zip archive"),
        (gzip.compress(gzip.compress(pcap([]), mtime=0), mtime=0), "packed twice"),
    ],
)
def test_what_is_no_capture(data: bytes, words: str, tmp_path: Path) -> None:
    with pytest.raises(CaptureError, match=words) as refused:
        read_bytes(data, tmp_path)
    assert refused.value.offset == 0
    assert "pcap" in refused.value.advice()


HUGE = section() + interface() + block(0xBAD, bytes(1 << 20))


@pytest.mark.parametrize("data", [pcap([])[:20], pcap([]) + bytes(20), section()[:20], HUGE[:-8]])
def test_damage_of_the_stream_is_the_reason_wherever_it_shows(data: bytes) -> None:
    for damage in (None, "the disk is on fire"):
        capture = read_stream(trickle(data, damage=damage))
        assert capture.damage is not None
        assert (capture.damage[1] == "the disk is on fire") == (damage is not None)


def test_magics_lead_to_one_format_each() -> None:
    magics = [magic for row in FORMATS for magic in row.magics] + [magic for magic, _ in FOREIGN]
    assert len(set(magics)) == len(magics)
    for row in FORMATS:
        assert callable(importlib.import_module(row.module).open_capture)


def test_each_format_has_its_source() -> None:
    limits = Limits()
    assert isinstance(open_source(trickle(pcap([])), limits), PcapSource)
    assert isinstance(open_source(trickle(section() + interface()), limits), PcapngSource)
    assert lzma.compress(b"").startswith(b"\xfd7zXZ\0")
