"""Recorded or quoted messages of the binary and WebSocket dialects, where they are at hand."""

from __future__ import annotations

import contextlib
import json
import re
from typing import Any

import pytest

from poolwatch.match.dialects import framings
from poolwatch.match.framing import Unlike
from poolwatch.terms import Speaker
from tests import running
from tests.match.sockets import SWITCHED, UPGRADE, frame
from tests.running import MINER, POOL, Reading

FILE = running.ROOT.parent / "shared" / "reference" / "vectors.jsonl"
NUMBERS = {"D06", "D07", "D08", "D50", "D51", "D52"}
REASONS = {"D06": "a datagram: only TCP is read for dialects"}
DIALECTS = {"D07": "btcagent", "D50": "coinhive", "D52": "webminerpool"}

pytestmark = pytest.mark.skipif(not FILE.is_file(), reason=f"no collection of messages at {FILE}")


def number_of(row: dict[str, Any]) -> str:
    number: str = re.findall(r"D\d\d", row["dialect"])[0]
    return number


def vectors() -> list[dict[str, Any]]:
    if not FILE.is_file():
        return []
    rows = [json.loads(line) for line in FILE.read_text("utf-8").splitlines()]
    return [row for row in rows if number_of(row) in NUMBERS]


def bytes_of(row: dict[str, Any]) -> bytes:
    """A message as it travels: a frame's bytes, or a text in a WebSocket's frame."""
    text: str = row["msg"]
    if text.startswith("hex:"):
        return bytes.fromhex(text.removeprefix("hex:"))
    return frame(text.encode(), key=b"\1\2\3\4" if row["dir"] == "C" else b"")


def reading_of(rows: list[dict[str, Any]], *, upgrade: bool) -> Reading:
    reading = Reading()
    if upgrade:
        reading.send(MINER, UPGRADE).send(POOL, SWITCHED)
    for row in rows:
        reading.send(MINER if row["dir"] == "C" else POOL, bytes_of(row))
    return reading


def test_every_line_alone_names_its_dialect(record_property: Any) -> None:
    rows = vectors()
    assert len(rows) >= 10
    alone, missed = 0, []
    for row in rows:
        if number_of(row) in REASONS:
            continue
        hit = reading_of([row], upgrade=number_of(row) != "D07").hit()
        speaker = 0 if row["dir"] == "C" else 1
        if hit.dialect != DIALECTS[number_of(row)] or hit.strength[speaker] is None:
            missed.append(row["msg"])
        alone += 1
    record_property("alone", alone)
    assert missed == []


@pytest.mark.parametrize("number", DIALECTS)
def test_the_messages_of_one_source_lead_to_their_dialect(number: str) -> None:
    rows = [row for row in vectors() if number_of(row) == number]
    hit = reading_of(rows, upgrade=number != "D07").hit()
    assert hit.dialect == DIALECTS[number]
    assert hit.miner_side == MINER
    assert not any(hit.misplaced)


@pytest.mark.parametrize("row", vectors(), ids=lambda row: str(row["n"]))
def test_every_prefix_is_read_without_fault(row: dict[str, Any]) -> None:
    data = bytes_of(row)
    for size in range(1, len(data) + 1):
        reading_of([], upgrade=True).send(MINER, data[:size]).hit()
        Reading().send(MINER, data[:size]).hit()
        for framing in framings():
            framing.opens(data[:size])
            with contextlib.suppress(Unlike):
                framing.read(data[:size], True)


def test_speakers_are_those_of_the_needles() -> None:
    for needle in running.catalog().needles:
        if needle.carrier in ("frames", "websocket"):
            assert needle.speaker in (Speaker.MINER, Speaker.POOL)
