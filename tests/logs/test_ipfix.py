"""IPFIX with the NAT events of RFC 8158."""

from __future__ import annotations

import ipaddress
import struct
from pathlib import Path

from tests.logs.reading import book_of, complaints
from tests.logs.shown import lines_of

SESSION = [(323, 8), (8, 4), (225, 4), (7, 2), (227, 2), (12, 4), (11, 2), (4, 1), (230, 1)]
BLOCK = [(323, 8), (27, 16), (225, 4), (361, 2), (362, 2), (230, 1)]
EXPORT = 1630893600
DAY = "2021-09-06"
SESSION_ENDS = "10.20.0.1:40001 as 203.0.113.30:{} to 198.51.100.9:3333"
BLOCK_ENDS = "2001:db8::7:0-65535 as 203.0.113.30:1024-2047"


def message(*sets: tuple[int, bytes]) -> bytes:
    """A message of sets."""
    body = b"".join(struct.pack(">HH", kind, len(data) + 4) + data for kind, data in sets)
    return struct.pack(">HHIII", 10, len(body) + 16, EXPORT, 1, 7) + body


def template(number: int, fields: list[tuple[int, int]], extra: bytes = b"") -> bytes:
    """A template of fields, and one of a maker before them, of variable length."""
    maker = struct.pack(">HHI", 0x8000 | 99, 0xFFFF, 4242)
    rows = maker + b"".join(struct.pack(">HH", *one) for one in fields)
    return struct.pack(">HH", number, len(fields) + 1) + rows + extra


def session(event: int, ms: int, outside_port: int) -> bytes:
    """A record of SESSION."""
    return (
        b"\x03abc"
        + struct.pack(">Q", EXPORT * 1000 + ms)
        + ipaddress.ip_address("10.20.0.1").packed
        + ipaddress.ip_address("203.0.113.30").packed
        + struct.pack(">HH", 40001, outside_port)
        + ipaddress.ip_address("198.51.100.9").packed
        + struct.pack(">HBB", 3333, 6, event)
    )


def block(event: int, ms: int, low: int, high: int) -> bytes:
    """A record of BLOCK; the maker's element is long."""
    return (
        b"\xff\x01\x00"
        + bytes(256)
        + struct.pack(">Q", EXPORT * 1000 + ms)
        + ipaddress.ip_address("2001:db8::7").packed
        + ipaddress.ip_address("203.0.113.30").packed
        + struct.pack(">HHB", low, high, event)
    )


def test_sessions_and_blocks(tmp_path: Path) -> None:
    options = struct.pack(">HHHHHHH", 300, 2, 1, 149, 4, 41, 8)
    data = message(
        (3, options),
        (2, template(256, SESSION)),
        (256, session(4, 0, 50001) + session(4, 500, 50002)),
        (300, bytes(12)),
    )
    data += message((256, session(5, 90_000, 50001)), (999, b"1234"))
    data += message((2, template(257, BLOCK)), (257, block(16, 0, 1024, 2047)))
    data += message((257, block(17, 60_000, 1024, 2047) + block(16, 0, 9, 1) + block(13, 0, 0, 0)))
    book = book_of(tmp_path, {"nat.ipfix": data + b"\x00\x0a"})
    assert lines_of(book) == [
        f"6 {SESSION_ENDS.format(50001)} | {DAY} 02:00:00 to {DAY} 02:01:31 said | 1",
        f"6 {SESSION_ENDS.format(50002)} | {DAY} 02:00:00 to 2021-09-07 02:00:00 assumed | 1",
        f"None {BLOCK_ENDS} | {DAY} 02:00:00 to {DAY} 02:01:01 said | 3",
    ]
    assert complaints(book) == [(2, "template"), (4, "port"), (5, "unfinished")]
    [first, *_] = book.records()
    assert book.line(first.origin) is None


def test_blocks_whose_ports_lie_apart_are_not_read_as_one(tmp_path: Path) -> None:
    fields = [*BLOCK[:-1], (363, 2), BLOCK[-1]]
    first = block(16, 0, 1024, 2047)
    record = [first[:-1] + struct.pack(">H", step) + first[-1:] for step in (4, 1)]
    data = message((2, template(257, fields)), (257, record[0] + record[1]))
    book = book_of(tmp_path, {"nat.ipfix": data})
    assert complaints(book) == [(1, "port")]
    assert len(lines_of(book)) == 1
