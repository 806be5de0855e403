"""Targets hold for what once broke them, and for their seeds; then a fuzzer has its time."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fuzz.__main__ import CHECKED, NAMES
from tests.fuzz.running import fuzz_for
from tests.fuzz.targets import FOUND, TARGETS, replay, seeds, words

FINDS = sorted(path for path in FOUND.glob("*/*") if path.is_file())


@pytest.mark.parametrize("path", FINDS, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_what_was_found_stays_fixed(path: Path) -> None:
    replay(path.parent.name, path)


@pytest.mark.parametrize("name", TARGETS)
def test_a_target_holds_for_its_seeds(name: str) -> None:
    inputs = list(seeds(name))
    assert inputs
    for data in inputs:
        TARGETS[name](data)
        TARGETS[name](data[: len(data) // 2])


def test_the_seeds_are_conversations() -> None:
    """A seed that says nothing of mining would leave the dialects unread."""
    from tests.fuzz.targets import MARK
    from tests.running import MINER, POOL, Reading

    spoken = set()
    for data in seeds("dialects"):
        reading = Reading()
        for message in filter(None, data[1:].split(MARK)):  # binary ones may hold the mark
            reading.send(POOL if message[0] & 1 else MINER, message[1:])
        spoken.add(reading.hit().dialect)
    assert len(spoken - {None}) >= 10


def test_the_command_line_knows_every_target() -> None:
    assert set(NAMES) == set(TARGETS)
    assert set(CHECKED) < set(NAMES)
    assert len(set(words())) > 50


@pytest.mark.parametrize(("name", "seconds"), [("reassembly", 10), ("dialects", 30)])
def test_fuzzing_finds_nothing(name: str, seconds: int, tmp_path: Path) -> None:
    """A minute in all, with those of compiled code in `tests/kernels/test_bounds.py`."""
    fuzz_for(seconds, name, work=tmp_path / "fuzz")
