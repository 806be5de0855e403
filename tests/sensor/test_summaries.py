"""Flow summaries of inside hosts: what went quiet, host by host."""

from __future__ import annotations

import ipaddress
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from poolwatch.layouts import SUMMARY
from poolwatch.match.prefilter import FlowTable, key_of
from poolwatch.sensor.keep import KeepSettings
from poolwatch.sensor.keep.summaries import Host, HostRows, Summaries, file_name
from poolwatch.sensor.keep.sweep import Sweep
from tests.builders import ACK, PSH, SYN, UDP, Packet, batch, ethernet, ip, tcp, udp
from tests.sensor.keeping import make_table

S = 1_000_000_000
T0 = 1_700_000_000 * S
LAB = int(ipaddress.ip_address("10.0.0.1"))


def inside(version: int, number: int) -> bool:
    return (number >> 24 == 10) if version == 4 else number >> 120 == 0xFD


def segment(
    source: tuple[str, int],
    target: tuple[str, int],
    *,
    at: int,
    flags: int = ACK,
    data: bytes = b"",
) -> Packet:
    text = tcp(data, source=source[1], destination=target[1], flags=flags)
    return Packet(
        ethernet(ip(text, protocol=6, source=source[0], destination=target[0])), T0 + at * S
    )


class Book:
    """A table, its sweep and what came of it."""

    def __init__(self, directory: Path, **settings: Any) -> None:
        self.table: FlowTable = make_table(1 << 12)
        self.settings = KeepSettings(**settings)
        self.directory = directory
        self.now_ns = T0
        self.summaries = Summaries(self.settings, directory, "lab")
        self.sweep = Sweep(self.table, self.summaries, 60, inside)

    def see(self, *packets: Packet) -> None:
        list(self.table.scan(batch(packets)))

    def sum_up(self) -> None:
        """All flows: by now they are quiet. A round may take several steps."""
        self.now_ns += 10**6 * S
        for _ in range(20):
            self.sweep.step(self.now_ns)

    def lines(self, address: str) -> list[dict[str, Any]]:
        self.summaries.write()
        parsed = ipaddress.ip_address(address)
        path = self.directory / file_name((parsed.version, int(parsed)))
        return [msgspec.json.decode(line) for line in path.read_bytes().splitlines()]


@pytest.fixture
def book(tmp_path: Path) -> Book:
    return Book(tmp_path)


HOST, STRANGER, POOL = ("10.0.0.1", 22), ("198.51.100.9", 50_000), ("203.0.113.5", 3333)


def login(at: int, port: int = 50_000) -> list[Packet]:
    """An inbound login."""
    peer = (STRANGER[0], port)
    return [
        segment(peer, HOST, at=at, flags=SYN),
        segment(HOST, peer, at=at, flags=SYN | ACK),
        segment(peer, HOST, at=at + 1, flags=PSH | ACK, data=b"SSH-2.0-x\r\n"),
        segment(HOST, peer, at=at + 2, flags=PSH | ACK, data=b"SSH-2.0-y\r\n"),
    ]


def test_what_came_before_a_finding_is_written_once_it_is_one(book: Book) -> None:
    book.see(*login(0), *login(5, port=50_001))
    mining = segment(("10.0.0.1", 40_000), POOL, at=100, flags=SYN)
    book.see(mining)
    book.sweep.step(T0 + 130 * S)
    book.summaries.keep("10.0.0.1")
    heading, *rows = book.lines("10.0.0.1")
    assert heading["host"] == "10.0.0.1"
    assert (heading["rows"], heading["rows_overwritten"], heading["hours"]) == (2, 0, 24)
    assert rows[0] == {
        "first_seen": "2023-11-14T22:13:20.000000+0000",
        "last_seen": "2023-11-14T22:13:22.000000+0000",
        "direction": "in",
        "proto": "TCP",
        "port": 22,
        "peer": "198.51.100.9",
        "peer_port": 50_000,
        "host_sent": {"packets": True, "payload": True, "syn": True, "fin": False},
        "peer_sent": {"packets": True, "payload": True, "syn": True, "fin": False},
        "reset": False,
        "vlan": [],
    }
    assert rows[1]["peer_port"] == 50_001


def test_a_finding_goes_on_being_written(book: Book) -> None:
    book.see(*login(0))
    book.sweep.step(T0 + 100 * S)
    book.summaries.keep("10.0.0.1")
    book.summaries.keep("10.0.0.1")
    book.see(segment(("10.0.0.1", 40_000), POOL, at=110, flags=SYN))
    book.see(segment(("10.0.0.2", 40_000), POOL, at=110, flags=SYN))
    book.sweep.finish()
    _, first, second = book.lines("10.0.0.1")
    assert (first["port"], second["port"], second["direction"]) == (22, 40_000, "out")
    assert second["peer_sent"]["packets"] is False
    assert book.summaries.counts()["summary_hosts"] == 1  # at the end nobody else matters


def test_an_address_nobody_heard_of_takes_no_room(book: Book) -> None:
    probes = [segment(STRANGER, (f"10.0.1.{n}", 22), at=0, flags=SYN) for n in range(200)]
    book.see(*probes)
    book.sum_up()
    counts = book.summaries.counts()
    assert (counts["summary_hosts"], counts["summary_flows_unanswered"]) == (0, 200)


def test_a_host_that_scans_keeps_its_newest(tmp_path: Path) -> None:
    book = Book(tmp_path, summary_host_rows=50)
    book.see(*[segment(HOST, (f"198.51.100.{n}", 22), at=n, flags=SYN) for n in range(200)])
    book.sum_up()
    book.summaries.keep("10.0.0.1")
    heading, *rows = book.lines("10.0.0.1")
    assert heading["rows_overwritten"] == 150
    assert [row["peer"] for row in rows] == [f"198.51.100.{n}" for n in range(150, 200)]


def test_hosts_are_bounded_and_the_longest_silent_goes(tmp_path: Path) -> None:
    book = Book(tmp_path, summary_hosts=10)
    for n in range(30):
        book.see(segment((f"10.0.0.{n}", 40_000), POOL, at=n, flags=SYN))
        book.sum_up()
    counts = book.summaries.counts()
    assert (counts["summary_hosts"], counts["summary_hosts_forgotten"]) == (10, 20)
    book.summaries.keep("10.0.0.29")
    book.summaries.keep("10.0.0.2")
    assert len(book.lines("10.0.0.29")) == 2
    assert len(book.lines("10.0.0.2")) == 1  # a heading alone: nothing is known any more


def test_memory_is_bounded(tmp_path: Path) -> None:
    book = Book(tmp_path, summary_bytes=20_000)
    for n in range(100):
        book.see(segment((f"10.0.0.{n}", 40_000), POOL, at=n, flags=SYN))
    book.sum_up()
    counts = book.summaries.counts()
    assert counts["summary_bytes"] <= 20_000
    assert counts["summary_hosts"] + counts["summary_hosts_forgotten"] == 100


def test_what_is_older_than_a_day_is_not_written(tmp_path: Path) -> None:
    book = Book(tmp_path, summary_hours=1)
    book.see(*login(0))
    book.sweep.step(T0 + 100 * S)
    book.see(segment(HOST, POOL, at=7200, flags=SYN))
    book.sweep.step(T0 + 7300 * S)
    book.summaries.keep("10.0.0.1")
    assert [row.get("peer") for row in book.lines("10.0.0.1")] == [None, POOL[0]]


def test_a_file_has_a_bound(tmp_path: Path) -> None:
    book = Book(tmp_path, summary_file_bytes=1000)
    book.see(*login(0))
    book.sum_up()
    book.summaries.keep("10.0.0.1")
    book.summaries.write()
    book.see(*[segment(HOST, (f"198.51.100.{n}", 22), at=n, flags=SYN) for n in range(20)])
    book.sum_up()
    assert len(book.lines("10.0.0.1")) == 2
    assert book.summaries.counts()["summary_rows_over_file"] == 20


def test_a_long_flow_is_one_line_more_each_hour_and_one_in_the_end(book: Book) -> None:
    peer = ("203.0.113.5", 443)
    for minute in range(0, 300, 5):
        book.see(segment(HOST, peer, at=60 * minute, data=b"x"))
        book.sweep.step(T0 + (60 * minute + 1) * S)
    assert 4 <= book.summaries.counts()["summary_rows"] <= 5
    book.sum_up()
    book.summaries.keep("10.0.0.1")
    _, row = book.lines("10.0.0.1")
    assert row["first_seen"].endswith("22:13:20.000000+0000")
    assert row["last_seen"] == "2023-11-15T03:08:20.000000+0000"


ends = st.tuples(
    st.sampled_from(("10.0.0.1", "10.0.0.2", "198.51.100.1", "fd00::1", "2001:db8::1")),
    st.integers(1, 3),
)


@given(st.lists(st.tuples(ends, ends, st.booleans(), st.integers(0, 500)), max_size=40))
def test_every_flow_of_an_inside_host_is_summed_up_once(
    talk: list[tuple[tuple[str, int], tuple[str, int], bool, int]],
) -> None:
    talk = [row for row in talk if (":" in row[0][0]) == (":" in row[1][0])]
    book = Book(Path("/nowhere"))
    told: dict[Host, list[Any]] = {}

    class Notes:
        def add(self, host: Host, rows: Any, *, spoke: bool) -> None:
            told.setdefault(host, []).extend(rows)

    book.sweep = Sweep(book.table, Notes(), 60, inside)  # type: ignore[arg-type]
    for source, target, is_udp, at in sorted(talk, key=lambda row: row[3]):
        if is_udp:
            text = udp(b"x", source=source[1], destination=target[1])
            frame = ip(text, protocol=UDP, source=source[0], destination=target[0])
            book.see(Packet(ethernet(frame), T0 + at * S))
        else:
            book.see(segment(source, target, at=at, data=b"x"))
    book.sum_up()
    book.sum_up()
    wanted: dict[Host, list[tuple[int, ...]]] = {}
    for record in range(int(book.table.table["used"][0])):
        key = key_of(book.table.flows[record])
        first = int(book.table.starts["first_ns"][record])
        kind = int(book.table.flows["kind"][record]) & 0x7F
        a, b = (key.a_address, key.a_port), (key.b_address, key.b_port)
        for own, peer, side in ((a, b, 0), (b, a, 1)):
            if inside(key.version, own[0]):
                row = (first, peer[0], own[1], peer[1], kind, side)
                wanted.setdefault((key.version, own[0]), []).append(row)
    got = {
        host: sorted(
            (
                int(row["first_ns"]),
                int(row["peer_hi"]) << 64 | int(row["peer_lo"]),
                int(row["port"]),
                int(row["peer_port"]),
                int(row["kind"]),
                int(row["side"]),
            )
            for row in rows
        )
        for host, rows in told.items()
    }
    assert got == {host: sorted(rows) for host, rows in wanted.items()}


@given(st.integers(1, 70), st.lists(st.integers(0, 100), max_size=8))
def test_a_hosts_ring_keeps_the_newest(most: int, sizes: list[int]) -> None:
    kept = HostRows(most)
    numbers: list[int] = []
    for size in sizes:
        rows = np.zeros(size, SUMMARY)
        rows["first_ns"] = rows["last_ns"] = np.arange(len(numbers), len(numbers) + size) + 1
        numbers += rows["first_ns"].tolist()
        kept.add(rows)
    assert kept.newest(0)["first_ns"].tolist() == numbers[-most:]
    assert kept.overwritten == max(len(numbers) - most, 0)


def test_addresses_make_names_of_files() -> None:
    assert file_name((4, LAB)) == "10.0.0.1.jsonl"
    assert file_name((6, int(ipaddress.ip_address("fd00::1")))) == "fd00--1.jsonl"


def test_no_address_no_file(book: Book) -> None:
    with pytest.raises(ValueError, match="does not appear to be"):
        book.summaries.keep("../../etc/passwd")
