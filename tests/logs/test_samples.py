"""Every format against a sample written after its maker's documentation, odd lines included."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path

import pytest

from poolwatch.logs.formats import FORMATS
from poolwatch.logs.load import recognise
from tests.logs.reading import SAMPLES, book_of, complaints
from tests.logs.shown import lines_of

EXPECTED = tomllib.loads((SAMPLES.parent / "log_records.toml").read_text("utf-8"))


@pytest.mark.parametrize("name", EXPECTED)
def test_sample(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes((SAMPLES / name).read_bytes())
    os.utime(path, (1630980000, 1630980000))  # 7 September 2021
    book = book_of(tmp_path, {}, "Asia/Shanghai")
    assert [coverage.source for coverage in book.coverage()] == [EXPECTED[name]["format"]]
    assert lines_of(book) == EXPECTED[name]["records"]
    assert [list(one) for one in complaints(book)] == EXPECTED[name]["unread"]


def test_no_sample_looks_like_two_formats() -> None:
    told = {path.name: recognise(path.read_bytes()) for path in SAMPLES.iterdir()}
    assert told.pop("accounting.csv") == []
    assert {name: len(rows) for name, rows in told.items()} == dict.fromkeys(told, 1)
    names = {row.name for rows in told.values() for row in rows}
    assert names | {"accounting-csv", "ipfix"} == set(FORMATS)
