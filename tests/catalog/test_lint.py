"""What `signatures check` complains about, beside what cannot be read at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from poolwatch.catalog.lint import RULES, lint_rows
from poolwatch.catalog.load import load_rows
from tests.catalog.test_load import AGENT, AGENTS, ENDPOINT, ENDPOINTS, NEEDLE, POOL, POOLS, edited

YES, NO = 'yes = [\'{"method":"test.method"}\']', "no = ['{}']"
EXAMPLES = edited(NEEDLE, "yes = []\nno = []", f"{YES}\n{NO}")
CALLS_IT = 'no = [\'{"method":"TEST.method"}\']'


def complaints(folder: Path, name: str, text: str) -> list[str]:
    (folder / name).write_text(text, "utf-8")
    return lint_rows(load_rows((folder,)))


def test_the_shipped_rows_are_fit() -> None:
    assert RULES
    assert lint_rows(load_rows()) == []


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("pools.csv", POOLS + POOL),
        ("endpoints.csv", ENDPOINTS + ENDPOINT),
        ("agents.csv", AGENTS + AGENT),
        ("needles.toml", EXAMPLES),
    ],
)
def test_fit_rows(name: str, text: str, tmp_path: Path) -> None:
    assert complaints(tmp_path, name, text) == []


@pytest.mark.parametrize(
    ("name", "text", "line", "word"),
    [
        ("pools.csv", POOLS + edited(POOL, "test data", " "), 2, "no source"),
        ("pools.csv", POOLS + edited(POOL, "2026-01-12", "2999-01-12"), 2, "future"),
        ("pools.csv", POOLS + POOL + POOL, 3, "already"),
        ("pools.csv", POOLS + edited(POOL, "pool.test", "Pool.test"), 2, "lower-case"),
        ("pools.csv", POOLS + edited(POOL, "pool.test", ".test"), 2, "host name"),
        ("pools.csv", POOLS + edited(POOL, "pool.test", "test"), 2, "top-level"),
        ("pools.csv", POOLS + edited(POOL, "BTC", "XYZ"), 2, "XYZ"),
        ("endpoints.csv", ENDPOINTS + edited(ENDPOINT, "BTC", "XYZ"), 2, "XYZ"),
        ("needles.toml", NEEDLE, 2, "no yes-example"),
        ("needles.toml", edited(EXAMPLES, YES, "yes = ['{}']"), 2, "does not recognise"),
        ("needles.toml", edited(EXAMPLES, YES, "yes = ['[1]', '{']"), 2, "does not recognise"),
        ("needles.toml", edited(EXAMPLES, NO, CALLS_IT), 2, "recognises its no"),
    ],
)
def test_unfit_rows(name: str, text: str, line: int, word: str, tmp_path: Path) -> None:
    said = complaints(tmp_path, name, text)
    assert said
    assert all(complaint.startswith(f"{tmp_path / name}:{line}: ") for complaint in said)
    assert any(word in complaint for complaint in said)
