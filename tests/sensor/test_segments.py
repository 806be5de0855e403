"""Segments on the disk: what is written can be read, and what is torn is repaired."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from poolwatch.capture import open_source
from poolwatch.capture.bytestream import ByteStream
from poolwatch.layouts import Link
from poolwatch.sensor.keep import blocks
from poolwatch.sensor.keep.recent import Packet
from poolwatch.sensor.keep.segments import (
    Heading,
    Writing,
    index_of,
    open_segment,
    read_index,
    repair,
)
from poolwatch.settings import Limits

T0 = 1_700_000_000_123_456_789
HEADING = Heading("poolwatch test", "sensor lab; tap: 汇聚层 2", ("eth0", "eth1"))

packets = st.builds(
    Packet,
    ts_ns=st.integers(0, (1 << 62)),
    number=st.just(1),
    wirelen=st.integers(0, 1 << 16),
    link=st.sampled_from((Link.ETHERNET, Link.RAW_IP)),
    interface=st.integers(0, 3),
    data=st.binary(min_size=1, max_size=120),
)
pieces = st.lists(
    st.tuples(st.integers(1, 5), st.sampled_from(("10.0.0.1", "fd00::1")), packets),
    min_size=1,
    max_size=12,
)


def packet(data: bytes = b"x" * 60, ts_ns: int = T0, interface: int = 0) -> Packet:
    return Packet(ts_ns, 1, len(data), Link.ETHERNET, interface, data)


def writing(path: Path) -> Writing:
    segment = Writing(path, 1, HEADING, 0.0)
    segment.open()
    return segment


def read_back(path: Path) -> list[tuple[int, int, int, bytes]]:
    """Time, wire length, link and bytes of each packet, by the reader that scans captures."""
    stream = ByteStream(str(path), 200)
    try:
        source = open_source(stream, Limits())
        found = []
        for batch in source.batches():
            for row in batch.packets[: batch.count]:
                start = int(row["offset"])
                data = batch.buffer[start : start + int(row["caplen"])].tobytes()
                found.append((int(row["ts_ns"]), int(row["wirelen"]), int(row["link"]), data))
        assert source.coverage.damage is None
        return found
    finally:
        stream.close()


def capinfos(path: Path) -> str:
    if shutil.which("capinfos") is None:
        pytest.skip("capinfos is not installed")
    done = subprocess.run(["capinfos", str(path)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@given(pieces)
@settings(max_examples=50, deadline=None)
def test_what_is_written_is_read_back(batch: list[tuple[int, str, Packet]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "packets-00000001-20240101T000000Z.pcapng"
        segment = writing(path)
        segment.write(batch[:3])
        segment.sync()
        if batch[3:]:
            segment.write(batch[3:])
        closed = segment.close()
        assert read_back(path) == [(p.ts_ns, p.wirelen, p.link, p.data) for _, _, p in batch]
        flows, last = read_index(index_of(path))
        assert last is not None
        assert last.packets == closed.packets == len(batch)
        assert closed.bytes == path.stat().st_size == last.bytes
        assert sum(flow.packets for flow in flows.values()) == len(batch)
        assert {flow.host for flow in flows.values()} == closed.hosts.keys()
        assert sum(flow.bytes for flow in flows.values()) == sum(closed.hosts.values())
        again, cut = open_segment(path, 1)
        assert (again, cut) == (closed, 0)


@given(
    pieces, st.integers(0, 1 << 20), st.sampled_from((b"", b"\0" * 40, b"\xff" * 33, b"\6\0\0\0"))
)
@settings(max_examples=150, deadline=None)
def test_torn_anywhere_what_was_whole_remains(
    batch: list[tuple[int, str, Packet]], where: int, tail: bytes
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "packets-00000001-20240101T000000Z.pcapng"
        segment = writing(path)
        ends = []
        for piece in batch:
            segment.write([piece])
            ends.append(segment.size)
        segment.close()
        index_of(path).unlink()
        whole = path.read_bytes()
        where %= len(whole) + 1
        path.write_bytes(whole[:where] + tail)
        repaired, cut = repair(path, 1)
        left = sum(end <= where for end in ends)
        if repaired is None:
            assert left == 0
            assert not path.exists()
            assert cut == where + len(tail)
            return
        assert repaired.packets == left
        data = path.read_bytes()
        assert whole.startswith(data)
        assert len(data) == repaired.bytes == where + len(tail) - cut
        assert [p[3] for p in read_back(path)] == [p.data for _, _, p in batch[:left]]
        flows, last = read_index(index_of(path))
        assert last is not None
        assert last.repaired
        assert {(f.flow_id, f.packets) for f in flows.values()} == {
            (flow_id, sum(i == flow_id for i, _, _ in batch[:left]))
            for flow_id, _, _ in batch[:left]
        }
        assert open_segment(path, 1) == (repaired, 0)


def test_capinfos_reads_every_repaired_file(tmp_path: Path) -> None:
    path = tmp_path / "packets-00000001-20240101T000000Z.pcapng"
    segment = writing(path)
    for number in range(3):
        segment.write([(7, "10.0.0.1", packet(bytes(61 + number), T0 + number, number))])
    whole = path.read_bytes()
    segment.close()
    for where in range(0, len(whole) + 1, 13):
        path.write_bytes(whole[:where])
        index_of(path).unlink(missing_ok=True)
        repaired, _ = open_segment(path, 1)
        if repaired is not None:
            assert f"Number of packets:   {repaired.packets}" in capinfos(path)


def test_capinfos_says_where_it_was_captured(tmp_path: Path) -> None:
    path = tmp_path / "packets-00000001-20240101T000000Z.pcapng"
    segment = writing(path)
    segment.write([(7, "10.0.0.1", packet()), (8, "10.0.0.2", packet(interface=1))])
    segment.close()
    said = capinfos(path)
    assert "nanoseconds" in said
    assert "Capture application: poolwatch test" in said
    assert "sensor lab; tap: 汇聚层 2" in said
    assert "Name = eth0" in said
    assert "Name = eth1" in said
    assert "Time precision = nanoseconds (9)" in said


def test_a_flow_is_found_by_its_comment(tmp_path: Path) -> None:
    if shutil.which("tshark") is None:
        pytest.skip("tshark is not installed")
    path = tmp_path / "packets-00000001-20240101T000000Z.pcapng"
    segment = writing(path)
    segment.write([(7, "10.0.0.1", packet()), (8, "10.0.0.2", packet()), (7, "10.0.0.1", packet())])
    segment.close()
    done = subprocess.run(
        ["tshark", "-r", str(path), "-Y", 'frame.comment == "flow_id 7"', "-T", "fields", "-e",
         "frame.number"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.split() == ["1", "3"]


def test_a_packet_of_an_interface_not_described_ends_the_file(tmp_path: Path) -> None:
    path = tmp_path / "s.pcapng"
    head = blocks.section("a", "b")
    path.write_bytes(
        head
        + blocks.interface("eth0", Link.ETHERNET)
        + blocks.packet(0, T0, 4, b"good", ("flow_id 1",))
        + blocks.packet(1, T0, 3, b"bad", ())
    )
    assert [block.is_packet for block in blocks.whole_blocks(path)] == [False, False, True]


@pytest.mark.parametrize(
    "line",
    [b"", b"{", b"[]", b"\xff\xfe", b'{"flow_id": "x"}', b'{"closed": 3}', b'{"host": "h"}', b"1"],
)
def test_strange_lines_of_an_index_are_passed_over(tmp_path: Path, line: bytes) -> None:
    path = tmp_path / "s.jsonl"
    good = msgspec.json.encode({"flow_id": 1, "host": "h"})
    path.write_bytes(line + b"\n" + good + b"\n" + line)
    flows, closed = read_index(path)
    assert list(flows) == [1]
    assert closed is None
