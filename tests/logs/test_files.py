"""Files: packed, rotated, unknown, damaged; bounds; what a line said."""

from __future__ import annotations

import gzip
import lzma
from pathlib import Path

import pytest
import zstandard

from poolwatch.errors import UsageError
from poolwatch.logs.book import LogBook
from poolwatch.logs.load import load_logs
from poolwatch.logs.said import Reason
from poolwatch.settings import Limits
from tests.logs.reading import EVER, book_of, complaints, ip, outside, sample, who


def test_packed_logs_are_told_by_content(tmp_path: Path) -> None:
    data = sample("conntrack.log").encode()
    packed = {
        "a": gzip.compress(data),
        "b": lzma.compress(data),
        "c": zstandard.compress(data),
    }
    for name, content in packed.items():
        book = book_of(tmp_path / name, {"nat.log": content})
        [first, *_] = book.translations_of_outside(ip("203.0.113.7"), 51322, 6, *EVER)
        assert book.line(first.origin) == sample("conntrack.log").splitlines()[0]


def test_a_session_across_rotated_files(tmp_path: Path) -> None:
    lines = sample("conntrack.log").splitlines(keepends=True)
    files: dict[str, str | bytes] = {
        "nat.log": lines[1],
        "nat.log.1.gz": gzip.compress(lines[0].encode()),
    }
    assert outside(book_of(tmp_path, files), "203.0.113.7", 51322) == [
        ("10.4.0.1:40001", "2021-09-06 02:00:00", "2021-09-06 02:01:00", "said")
    ]


def test_the_same_file_twice_says_it_once(tmp_path: Path) -> None:
    text = sample("conntrack.log")
    book = book_of(tmp_path, {"nat.log": text, "nat.log.1": text})
    alone = book_of(tmp_path / "alone", {"nat.log": text})
    assert outside(book, "203.0.113.7", 51322) == outside(alone, "203.0.113.7", 51322)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", Reason.EMPTY),
        (b"hello\nworld\n", Reason.UNKNOWN_FORMAT),
        (b"\x00\xff\x00\xff" * 50, Reason.UNKNOWN_FORMAT),
        (b"EXPIRE(M)\nIP address      MAC address    VLAN/VSI name\n", Reason.SEVERAL_FORMATS),
    ],
)
def test_files_that_are_refused(tmp_path: Path, content: bytes, reason: Reason) -> None:
    book = book_of(tmp_path, {"x.log": content, "leases.csv": sample("kea-leases4.csv")})
    assert (0, str(reason)) in complaints(book)
    assert [coverage.source for coverage in book.coverage()] == ["kea-csv"]


def test_a_damaged_file_gives_what_stands_before(tmp_path: Path) -> None:
    data = gzip.compress(sample("conntrack.log").encode())
    book = book_of(tmp_path, {"nat.log.gz": data[:-40]})
    assert complaints(book)[-1] == (0, "damaged")
    assert who(book, "10.4.0.1") == []
    assert len(outside(book, "203.0.113.7")) > 0


def test_a_path_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        load_logs([tmp_path / "none"])


def test_bounds_are_counted(tmp_path: Path) -> None:
    text = sample("conntrack.log")
    book = book_of(tmp_path, {"nat.log": text}, limits=Limits(log_rows=2))
    assert book.notes.counts[Reason.ROWS] == 5
    book = book_of(tmp_path, {"nat.log": text}, limits=Limits(log_line_bytes=150))
    long = sum(len(line) > 150 for line in text.splitlines())
    assert book.notes.counts[Reason.LONG_LINE] == long > 0
    book = book_of(tmp_path, {"nat.log": text}, limits=Limits(log_notes=1))
    assert (len(book.notes.kept), book.notes.left_out) == (1, 1)


def test_an_empty_book() -> None:
    book = LogBook.of([])
    assert book.bindings(ip("10.0.0.1"), *EVER) == []
    assert book.bindings_of_mac(1, *EVER) == []
    assert book.translations_of_outside(ip("10.0.0.1"), 1, 6, *EVER) == []
    assert book.translations_of_inside(ip("2001:db8::1"), None, None, *EVER) == []
    assert book.attachments(1, *EVER) == []
