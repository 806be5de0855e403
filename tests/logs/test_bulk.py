"""What the kernel reads is what the formats' readers read, line by line."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from poolwatch.logs.book import LogBook
from poolwatch.logs.load import HEAD, load_logs
from poolwatch.logs.said import Reason
from poolwatch.settings import Limits
from tests.logs.reading import complaints, sample
from tests.logs.shown import lines_of

BULK = ("kea-leases4.csv", "conntrack.log", "cisco-asa.log")
_ENDS = "for outside:1.2.3.4/80{} to inside:10.5.0.1/7{}"
_BUILT = "Built outbound TCP connection 5 " + _ENDS.format(" (1.2.3.4/80)", " (203.0.113.5/9)")
_TORN = f"Teardown TCP connection 5 {_ENDS.format('', '')} duration 0:00:03 bytes 1"
YEARLESS = [
    f"<166>Dec 31 23:59:58 fw1 %ASA-6-302013: {_BUILT}",
    f"Jan  1 00:00:01 fw2 : %ASA-6-302014: {_TORN}",
    f"Feb 30 00:00:01 fw1 %ASA-6-302014: {_TORN}",
]


def both(lines: list[str]) -> tuple[LogBook, LogBook]:
    """The same lines read one by one, and by the kernel, as part of a larger file."""
    text = "\n".join(lines) + "\n"
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x.log"
        books = []
        for padding in ("", "\n" * HEAD):
            path.write_bytes((text + padding).encode("utf-8", "surrogateescape"))
            books.append(load_logs([path], None, Limits(), "Asia/Shanghai"))
    return books[0], books[1]


def check(lines: list[str]) -> None:
    one, other = both(lines)
    assert lines_of(one) == lines_of(other)
    assert complaints(one) == complaints(other)
    assert one.coverage() == other.coverage()
    assert one.notes.counts == other.notes.counts


@pytest.mark.parametrize("name", BULK)
def test_samples(name: str) -> None:
    check(sample(name).splitlines())


def test_times_without_a_year() -> None:
    check(YEARLESS)
    check(YEARLESS[1:] + YEARLESS[:1])
    check(YEARLESS[:2])


@st.composite
def mutated(draw: st.DrawFn, name: str) -> list[str]:
    """Lines of a sample, some with a few characters changed, put in or left out."""
    lines = sample(name).splitlines()
    head, rows = lines[:1], lines + (YEARLESS if "asa" in name else [])
    taken = draw(st.lists(st.sampled_from(rows), min_size=1, max_size=8))
    found = []
    for line in taken:
        for _ in range(draw(st.integers(0, 3))):
            at = draw(st.integers(0, len(line)))
            cut = draw(st.integers(0, 2))
            put = draw(
                st.sampled_from(["", "0", "9", "00", ":", ".", ",", " ", "a", "é", "\t", "="])
            )
            line = line[:at] + put + line[at + cut :]
        found.append(line)
    return head + found


@pytest.mark.parametrize("name", BULK)
def test_mutated_lines(name: str) -> None:
    @settings(deadline=None, max_examples=60, suppress_health_check=list(HealthCheck))
    @given(mutated(name))
    def run(lines: list[str]) -> None:
        check(lines)

    run()


def test_lines_that_are_too_long_and_ends_of_buffers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("poolwatch.logs.bulk.BUFFER", 5000)
    lines = sample("conntrack.log").splitlines()
    text = "\n".join([lines[0], "x" * 12_000, *lines[1:], "y" * 3000] * 20)
    path = tmp_path / "nat.log"
    path.write_text(text)
    book = load_logs([path], None, Limits(log_line_bytes=1000))
    assert book.notes.counts[Reason.LONG_LINE] == 40
    [coverage] = book.coverage()
    assert coverage.records == 7 * 20
    numbers = [note.line for note in book.notes.kept if note.reason is Reason.LONG_LINE]
    assert numbers[:4] == [2, 12, 14, 24]
