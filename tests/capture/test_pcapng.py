"""pcapng through the public doors."""

from __future__ import annotations

import io
import struct
from pathlib import Path

import dpkt
import pytest

from poolwatch.capture.source import Coverage
from poolwatch.layouts import Link
from poolwatch.settings import Limits
from tests import builders
from tests.builders import (
    Order,
    block,
    enhanced,
    interface,
    old_packet,
    option,
    section,
    simple,
    statistics,
)
from tests.capture.reading import LINKTYPES, read_bytes

T = 1_700_000_000
US = T * 1_000_000
ORDERS: list[Order] = ["<", ">"]


@pytest.mark.parametrize("order", ORDERS)
def test_all_packet_blocks(order: Order, tmp_path: Path) -> None:
    data = (
        section(order=order)
        + interface(order=order)
        + simple(b"early", order=order)
        + enhanced(b"enhanced", order=order, ticks=US + 1, wirelen=99)
        + simple(b"simple", order=order)
        + old_packet(b"old", order=order, ticks=US + 2)
        + enhanced(b"", order=order, ticks=US + 3)
    )
    capture = read_bytes(data, tmp_path)
    assert capture.bodies == [b"early", b"enhanced", b"simple", b"old", b""]
    after_us = [1, 1, 2, 3]
    assert capture.times_ns == [0, *(T * 10**9 + us * 1000 for us in after_us)]
    assert [row.wirelen for row in capture.rows] == [5, 99, 6, 3, 0]
    assert capture.coverage == Coverage(no_timestamp=2, link_types={1: 1})


@pytest.mark.parametrize(
    ("tsresol", "tsoffset", "ticks", "ts_ns"),
    [
        (None, None, US + 7, T * 10**9 + 7000),
        (6, None, US + 7, T * 10**9 + 7000),
        (9, None, T * 10**9 + 7, T * 10**9 + 7),
        (3, None, T * 1000 + 7, T * 10**9 + 7_000_000),
        (0, None, T, T * 10**9),
        (12, None, T * 10**6 + 1_234, T * 10**6 // 1000 + 1),
        (0x80, None, T, T * 10**9),
        (0x80 | 10, None, T * 1024 + 512, T * 10**9 + 500_000_000),
        (0x80 | 20, None, (T << 20) + 1, T * 10**9 + 953),
        (0x80 | 32, None, (T << 32) + (3 << 30), T * 10**9 + 750_000_000),
        (None, 3600, US, (T + 3600) * 10**9),
        (9, -3600, T * 10**9 + 1, (T - 3600) * 10**9 + 1),
        (9, T, 42, T * 10**9 + 42),
        (6, -T, 0, -T * 10**9),
        (6, 1 << 40, US, T * 10**9),  # no clock's offset
        (9, None, 2**63, 0),
    ],
)
@pytest.mark.parametrize("order", ORDERS)
def test_timestamps(
    tsresol: int | None,
    tsoffset: int | None,
    ticks: int,
    ts_ns: int,
    order: Order,
    tmp_path: Path,
) -> None:
    face = interface(order=order, tsresol=tsresol, tsoffset=tsoffset)
    data = section(order=order) + face + enhanced(b"x", order=order, ticks=ticks)
    assert read_bytes(data, tmp_path).times_ns == [ts_ns]


def test_each_interface_keeps_its_own_clock_and_link(tmp_path: Path) -> None:
    data = (
        section()
        + interface(linktype=1)
        + interface(linktype=113, tsresol=9)
        + interface(linktype=147, tsresol=3, tsoffset=1)
        + enhanced(b"a", index=2, ticks=5)
        + enhanced(b"b", index=0, ticks=5)
        + old_packet(b"c", index=1, ticks=5)
    )
    capture = read_bytes(data, tmp_path)
    assert [row.interface for row in capture.rows] == [2, 0, 1]
    assert capture.times_ns == [1_005_000_000, 5_000, 5]
    links = [-1, LINKTYPES[Link.ETHERNET], LINKTYPES[Link.LINUX_SLL]]
    assert [row.linktype for row in capture.rows] == links
    assert capture.coverage.link_types == {1: 1, 113: 1, 147: 1}
    assert capture.coverage.known_link


def test_sections_forget_interfaces_and_may_turn_the_byte_order(tmp_path: Path) -> None:
    data = (
        section(order="<")
        + interface(order="<")
        + interface(order="<", linktype=113)
        + enhanced(b"one", order="<", index=1)
        + section(order=">")
        + enhanced(b"lost", order=">")
        + interface(order=">", linktype=101, tsresol=9)
        + enhanced(b"two", order=">", ticks=9)
        + enhanced(b"lost", order=">", index=1)
        + section(order="<")
        + interface(order="<")
        + enhanced(b"three", order="<", ticks=9)
    )
    capture = read_bytes(data, tmp_path)
    assert capture.bodies == [b"one", b"two", b"three"]
    assert capture.times_ns == [0, 9, 9000]
    assert capture.coverage.no_interface == 2
    assert capture.coverage.link_types == {1: 2, 113: 1, 101: 1}


def test_a_packet_before_any_interface_is_counted(tmp_path: Path) -> None:
    capture = read_bytes(section() + simple(b"x") + enhanced(b"y") + interface(), tmp_path)
    assert (capture.rows, capture.coverage.no_interface) == ([], 2)
    assert capture.damage is None


@pytest.mark.parametrize("size", [0, 4, 1000, 200_000, 1_000_000])
def test_unknown_blocks_are_passed_over(size: int, tmp_path: Path) -> None:
    odd = block(0x0BAD, bytes(size))
    data = section() + odd + interface() + odd + enhanced(b"x") + odd
    capture = read_bytes(data, tmp_path, Limits(record_bytes=1 << 16, read_bytes=4096))
    assert capture.bodies == [b"x"]
    assert capture.damage is None
    assert capture.coverage.skipped_blocks == (3 if size > 1 << 17 else 0)


def test_options_of_packets_and_long_comments_are_passed_over(tmp_path: Path) -> None:
    comment = option(1, b"c" * 60_000)
    data = (
        section(options=comment)
        + interface()
        + enhanced(b"abc", options=option(1, b"note"))
        + block(5, struct.pack("<III", 0, 0, 0) + comment + comment)
        + enhanced(b"d")
    )
    capture = read_bytes(data, tmp_path)
    assert capture.bodies == [b"abc", b"d"]
    assert capture.damage is None


@pytest.mark.parametrize(
    ("snaplen", "wirelen", "body"),
    [(0, 6, b"abcdef"), (4, 6, b"abcd"), (100, 9, b"abcdef\0\0"), (4, 2, b"ab")],
)
def test_simple_packets_are_as_long_as_all_three_lengths_allow(
    snaplen: int, wirelen: int, body: bytes, tmp_path: Path
) -> None:
    data = section() + interface(snaplen=snaplen) + simple(b"abcdef", wirelen=wirelen)
    (row,) = read_bytes(data, tmp_path).rows
    assert (row.data, row.wirelen) == (body, wirelen)


def test_drops_are_those_of_the_last_statistics_of_each_interface(tmp_path: Path) -> None:
    data = (
        section()
        + interface()
        + interface()
        + statistics(index=0, dropped=5)
        + statistics(index=0, dropped=7, os_dropped=100)
        + statistics(index=1, dropped=20)
        + statistics(index=9, dropped=10_000)
        + section(order=">")
        + interface(order=">")
        + statistics(order=">", dropped=1000)
    )
    assert read_bytes(data, tmp_path).coverage.drops == 1127


@pytest.mark.parametrize("also", [b"", statistics()])
def test_drops_not_said_are_not_known(also: bytes, tmp_path: Path) -> None:
    assert read_bytes(section() + interface() + also, tmp_path).coverage.drops is None


def test_drops_of_zero_are_known(tmp_path: Path) -> None:
    data = section() + interface() + statistics(dropped=0)
    assert read_bytes(data, tmp_path).coverage.drops == 0


GOOD = section() + interface() + enhanced(b"good")
MARKLESS = section()[:8] + b"\0\0\0\0" + section()[12:]


def with_length(data: bytes, length: int) -> bytes:
    return data[:4] + struct.pack("<I", length) + data[8:]


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (with_length(enhanced(b"x"), 8), "a block of impossible length (8)"),
        (with_length(enhanced(b"x"), 35), "a block of impossible length (35)"),
        (with_length(enhanced(b"x"), 2**32 - 4), f"a block of impossible length ({2**32 - 4})"),
        (enhanced(b"x")[:-4] + b"\x28\0\0\0", "a block of impossible length (40)"),
        (block(6, struct.pack("<IIIII", 0, 0, 0, 50, 50)), "a block of impossible length (50)"),
        (with_length(block(0xBAD, b""), 2**31), f"the file ends within a block of {2**31} bytes"),
        (MARKLESS, "a section header without a byte-order mark"),
        (with_length(section(), 24), "a block of impossible length (24)"),
        (with_length(interface(), 16), "a block of impossible length (16)"),
        (interface()[:-4] + bytes(4), "the two lengths of a block differ"),
        (with_length(interface(), 70_000), "a header block of 70000 bytes"),
    ],
)
def test_damage_is_placed_and_packets_before_it_read(
    bad: bytes, reason: str, tmp_path: Path
) -> None:
    capture = read_bytes(GOOD + bad + enhanced(b"unreachable"), tmp_path)
    assert capture.bodies == [b"good"]
    assert capture.damage is not None
    assert capture.damage == (len(GOOD), reason)


def test_interfaces_beyond_the_bound_are_counted_and_the_rest_is_read(tmp_path: Path) -> None:
    data = GOOD + interface() * 4097 + enhanced(b"beyond", index=4096) + enhanced(b"within")
    capture = read_bytes(data + enhanced(b"last", index=4095), tmp_path)
    assert capture.bodies == [b"good", b"within", b"last"]
    assert capture.damage is None
    assert (capture.coverage.interfaces_left_out, capture.coverage.no_interface) == (2, 1)


LAST = len(GOOD) - len(enhanced(b"good"))


@pytest.mark.parametrize("size", range(8, len(GOOD)))
def test_every_cut_is_placed(size: int, tmp_path: Path) -> None:
    capture = read_bytes(GOOD[:size], tmp_path)
    starts = [0, len(section()), LAST]
    at = max(start for start in starts if start <= size)
    assert not capture.rows
    if at == size:
        assert capture.damage is None
    else:
        what = "header" if size - at < 12 else "record"
        there = f"the file ends within a {what} ({size - at} bytes of it are there)"
        assert capture.damage == (at, there)


def test_what_dpkt_writes_is_read(tmp_path: Path) -> None:
    file = io.BytesIO()
    writer = dpkt.pcapng.Writer(file)
    for number in range(20):
        writer.writepkt(bytes([number]) * number, ts=T + number / 4)
    capture = read_bytes(file.getvalue(), tmp_path)
    assert capture.bodies == [bytes([number]) * number for number in range(20)]
    assert capture.times_ns == [T * 10**9 + number * 250_000_000 for number in range(20)]


def test_dpkt_reads_what_the_builders_write() -> None:
    data = section() + interface(tsresol=9) + enhanced(b"abc", ticks=T * 10**9)
    assert list(dpkt.pcapng.Reader(io.BytesIO(data))) == [(T, b"abc")]
    classic = builders.pcap([builders.Packet(b"abc", T * 10**9)], order=">")
    assert list(dpkt.pcap.Reader(io.BytesIO(classic))) == [(T, b"abc")]
