"""Classic pcap through the public doors."""

from __future__ import annotations

import io
import itertools
import struct
from pathlib import Path

import dpkt
import pytest

from poolwatch.layouts import Link
from poolwatch.settings import Limits
from tests.builders import Order, Packet, pcap, pcap_header, pcap_record
from tests.capture.reading import LINKTYPES, read_bytes

T = 1_700_000_000
PACKETS = [
    Packet(b"a" * 60, T * 10**9 + 123_456_789),
    Packet(b"", T * 10**9 + 5),
    Packet(b"c", (2**32 - 1) * 10**9 + 999_999_999, wirelen=1500),
]
BODIES = [packet.data for packet in PACKETS]
WHOLE = pcap(PACKETS)
ENDS = list(itertools.accumulate((16 + len(body) for body in BODIES), initial=24))


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("nanoseconds", [False, True])
def test_every_variant(order: Order, nanoseconds: bool, tmp_path: Path) -> None:
    capture = read_bytes(pcap(PACKETS, order=order, nanoseconds=nanoseconds), tmp_path)
    step = 1 if nanoseconds else 1000
    assert capture.bodies == BODIES
    assert capture.times_ns == [packet.ts_ns // step * step for packet in PACKETS]
    assert [row.wirelen for row in capture.rows] == [60, 0, 1500]
    assert capture.damage is None
    assert capture.coverage.link_types == {1: 1}


def test_what_dpkt_writes_is_read(tmp_path: Path) -> None:
    file = io.BytesIO()
    writer = dpkt.pcap.Writer(file, snaplen=100, linktype=dpkt.pcap.DLT_LINUX_SLL)
    for number in range(50):
        writer.writepkt(bytes([number]) * number, ts=T + number / 4)
    capture = read_bytes(file.getvalue(), tmp_path)
    assert capture.bodies == [bytes([number]) * number for number in range(50)]
    assert capture.times_ns == [T * 10**9 + number * 250_000_000 for number in range(50)]
    assert {row.linktype for row in capture.rows} == {113}


@pytest.mark.parametrize(
    ("linktype", "link"),
    [
        (0, Link.NULL),
        (1, Link.ETHERNET),
        (12, Link.RAW_IP),
        (14, Link.RAW_IP),
        (101, Link.RAW_IP),
        (108, Link.LOOP),
        (113, Link.LINUX_SLL),
        (228, Link.RAW_IP),
        (229, Link.RAW_IP),
        (276, Link.LINUX_SLL2),
        (0x2400_0001, Link.ETHERNET),  # with the length of a frame check sequence
    ],
)
def test_link_types(linktype: int, link: Link, tmp_path: Path) -> None:
    capture = read_bytes(pcap(PACKETS, linktype=linktype), tmp_path)
    assert {row.linktype for row in capture.rows} == {LINKTYPES[link]}
    assert capture.coverage.known_link


def test_an_unknown_link_type_is_said_and_its_packets_are_handed_on(tmp_path: Path) -> None:
    capture = read_bytes(pcap(PACKETS, linktype=147), tmp_path)
    assert capture.bodies == BODIES
    assert {row.linktype for row in capture.rows} == {-1}
    assert capture.coverage.link_types == {147: 1}
    assert not capture.coverage.known_link
    assert capture.damage is None


@pytest.mark.parametrize("size", range(8, len(WHOLE)))
def test_every_cut_is_placed_and_the_packets_before_it_read(size: int, tmp_path: Path) -> None:
    capture = read_bytes(WHOLE[:size], tmp_path)
    if size < 24:
        assert capture.damage == (size, "the file header is cut")
        assert not capture.rows
        return
    whole = [end for end in ENDS if end <= size]
    assert capture.bodies == BODIES[: len(whole) - 1]
    left = size - whole[-1]
    what = "header" if left < 16 else "record"
    there = f"the file ends within a {what} ({left} bytes of it are there)"
    assert capture.damage == ((whole[-1], there) if left else None)


def test_no_packets_are_no_damage(tmp_path: Path) -> None:
    capture = read_bytes(pcap([]), tmp_path)
    assert (capture.rows, capture.damage) == ([], None)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("length", [2**18 + 1, 2**31, 2**32 - 1])
def test_an_absurd_length_ends_the_reading(order: Order, length: int, tmp_path: Path) -> None:
    data = pcap(PACKETS[:2], order=order)
    absurd = struct.pack(order + "IIII", 0, 0, length, length)
    capture = read_bytes(data + absurd + bytes(100), tmp_path)
    assert capture.bodies == BODIES[:2]
    reason = f"a record claims {length} bytes, more than the bound of {2**18}"
    assert capture.damage == (len(data), reason)
    assert capture.coverage.damage is not None
    assert "limits.record_bytes" in capture.coverage.damage.advice


def test_the_longest_record_believed(tmp_path: Path) -> None:
    limits = Limits(record_bytes=500, read_bytes=64)
    data = pcap_header() + pcap_record(b"x" * 500) + pcap_record(b"y" * 501)
    capture = read_bytes(data, tmp_path, limits)
    assert capture.bodies == [b"x" * 500]
    assert capture.damage is not None
    assert capture.damage[0] == 24 + 516


@pytest.mark.parametrize("read_bytes_", [1, 7, 64, 1 << 16])
def test_the_read_size_makes_no_difference(read_bytes_: int, tmp_path: Path) -> None:
    capture = read_bytes(WHOLE, tmp_path, Limits(read_bytes=read_bytes_))
    assert capture.bodies == BODIES
