"""Messages recorded or quoted elsewhere, where that collection is at hand."""

from __future__ import annotations

import json
from typing import Any

import pytest

from poolwatch.catalog import Needle
from poolwatch.terms import Speaker
from tests import running

FILE = running.ROOT.parent / "shared" / "reference" / "vectors.jsonl"
NUMBERS = ("D01", "D04", "D05", "D12", "D16", "D19", "D23")
GRADES = ("P", "S", "I")  # recorded, specified, from an implementation

# Why a line of these dialects is not recognised by itself.
REASONS: dict[str, str] = {}


def vectors(side: str) -> list[dict[str, Any]]:
    if not FILE.is_file():
        return []
    rows = [json.loads(line) for line in FILE.read_text("utf-8").splitlines()]
    return [
        row
        for row in rows
        if row["dir"] == side
        and row["grade"] in GRADES
        and any(number in row["dialect"].split()[0].split("/") for number in NUMBERS)
    ]


def fitting(message: dict[str, Any], needles: tuple[Needle, ...], speaker: Speaker) -> list[str]:
    return [n.id for n in needles if n.speaker is speaker and n.fits(message)]


@pytest.mark.skipif(not FILE.is_file(), reason=f"no collection of messages at {FILE}")
def test_every_request_of_a_miner_is_recognised() -> None:
    requests = [row for row in vectors("C") if "method" in json.loads(row["msg"])]
    assert len(requests) > 30
    catalog = running.catalog()
    missed = []
    for row in requests:
        message = json.loads(row["msg"])
        needles = catalog.needles_by_method.get(message["method"].lower(), ())
        if not fitting(message, needles, Speaker.MINER) and row["msg"] not in REASONS:
            missed.append(row)
    assert missed == []


@pytest.mark.skipif(not FILE.is_file(), reason=f"no collection of messages at {FILE}")
def test_every_push_of_a_pool_is_recognised() -> None:
    pushes = [row for row in vectors("S") if "method" in json.loads(row["msg"])]
    assert len(pushes) > 10
    catalog = running.catalog()
    missed = []
    for row in pushes:
        message = json.loads(row["msg"])
        needles = catalog.needles_by_method.get(message["method"].lower(), ())
        if not fitting(message, needles, Speaker.POOL) and row["msg"] not in REASONS:
            missed.append(row)
    assert missed == []
