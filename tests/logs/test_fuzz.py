"""Hostile lines: every reader gives entries or reasons, whatever stands in a file."""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from poolwatch.logs.clock import Clock
from poolwatch.logs.formats import FORMATS
from poolwatch.logs.gather import Gathering
from poolwatch.logs.said import Said, Source
from poolwatch.settings import Limits
from tests.logs.reading import SAMPLES
from tests.logs.test_ipfix import BLOCK, SESSION, block, message, session, template

COLUMNS = {"address": "IP地址", "account": "学号", "start": "上线时间", "end": "下线时间"}
PIECES = ["", "0", "99999999999", "-", ":", ".", ",", " ", "\t", "=", "[", "{", "}", '"', "é", "\0"]


def _samples() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for path in sorted(SAMPLES.iterdir()):
        lines = path.read_text("utf-8").splitlines()
        for row in FORMATS.values():
            looks = not row.binary and not row.asked_for and row.load().looks_like(lines)
            if looks or (row.asked_for and path.suffix == ".csv" and "accounting" in path.name):
                found.setdefault(row.name, []).extend(lines)
    return found


LINES = _samples()


def source() -> Source:
    clock = Clock(datetime.UTC, 0, None, 1_630_893_600 * 10**9)
    return Source(clock, 0, None, COLUMNS, {}, 3600 * 10**9, undated_is_file_time=True)


def settle(name: str, entries: Iterable[Said]) -> None:
    """Gathers entries to a book and looks at all of it."""
    gathering = Gathering(Limits())
    assert gathering.begin("x", FORMATS[name], source())
    gathering.add_all(entries)
    gathering.finish(None)
    book = gathering.book((), lambda origin: None)  # noqa: ARG005
    for record in book.records():
        assert record.from_ns < record.until_ns
        assert record.origin.line >= 1


@st.composite
def mutated(draw: st.DrawFn, lines: list[str]) -> list[str]:
    taken = draw(st.lists(st.sampled_from(lines), min_size=1, max_size=12))
    found = []
    for line in taken:
        text = line
        for _ in range(draw(st.integers(0, 3))):
            at, cut = draw(st.integers(0, len(text))), draw(st.integers(0, 6))
            text = text[:at] + draw(st.sampled_from(PIECES)) + text[at + cut :]
        found.append(text)
    return found


@pytest.mark.parametrize("name", sorted(LINES))
def test_lines(name: str) -> None:
    @settings(deadline=None, max_examples=80, suppress_health_check=list(HealthCheck))
    @given(mutated(LINES[name]))
    def run(lines: list[str]) -> None:
        settle(name, FORMATS[name].load().read(enumerate(lines, 1), source()))

    run()


@settings(deadline=None, max_examples=150)
@given(st.binary(max_size=200), st.integers(0, 500), st.integers(0, 8), st.integers(1, 50))
def test_ipfix_bytes(put: bytes, at: int, cut: int, step: int) -> None:
    data = message(
        (2, template(256, SESSION)),
        (256, session(4, 0, 50001)),
        (2, template(257, BLOCK)),
        (257, block(16, 0, 1024, 2047)),
    )
    data = data[:at] + put + data[at + cut :]
    chunks = [data[n : n + step] for n in range(0, len(data), step)]
    settle("ipfix", FORMATS["ipfix"].load().read_bytes(chunks, source()))


def test_all_formats_are_here() -> None:
    assert set(LINES) | {"ipfix"} == set(FORMATS)
    assert Path(SAMPLES).is_dir()
