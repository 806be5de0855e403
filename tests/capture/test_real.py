"""Real captures: every record, frame and flow as the twins read them."""

from __future__ import annotations

from pathlib import Path

import pytest

from poolwatch.capture.source import LINKS
from poolwatch.errors import CaptureError
from poolwatch.layouts import Link
from poolwatch.settings import Limits
from tests import naive
from tests.builders import Packet
from tests.capture.reading import Capture, read_path, told_apart
from tests.kernels.test_flows import check, modelled, scanned

SMALL_BYTES = 40_000
PARTS = 8
LIMITS = Limits()


def twin_of(data: bytes) -> naive.Reading | None:
    if data[:4] == b"\x0a\x0d\x0d\x0a":
        return naive.read_pcapng(data, LIMITS.record_bytes)
    if data[:4] in {bytes.fromhex(x) for x in ("d4c3b2a1", "a1b2c3d4", "4d3cb2a1", "a1b23c4d")}:
        return naive.read_pcap(data, LIMITS.record_bytes)
    return None


def small(folder: Path, part: int) -> list[Path]:
    files = sorted(path for path in folder.rglob("*.pcap*") if path.is_file())
    return [path for path in files if path.stat().st_size <= SMALL_BYTES][part::PARTS]


def packets_of(capture: Capture) -> list[Packet]:
    return [
        Packet(row.data, row.ts_ns, row.wirelen, LINKS.get(row.linktype, Link.UNKNOWN))
        for row in capture.rows
    ]


@pytest.mark.parametrize("part", range(PARTS))
def test_small_captures_are_read_as_the_twins_do(part: int, shared_captures: Path) -> None:
    read = 0
    for path in small(shared_captures, part):
        twin = twin_of(path.read_bytes())
        if twin is None:
            with pytest.raises(CaptureError):
                read_path(path)
            continue
        capture = read_path(path)
        assert capture.reading == told_apart(twin), path
        packets = packets_of(capture)
        check(scanned(packets, size=64), modelled(packets))
        read += len(packets)
    assert read > 1000
