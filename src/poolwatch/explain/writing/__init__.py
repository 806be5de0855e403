"""Accounts written down: for people on a terminal or on paper, in Markdown, as JSON."""

from __future__ import annotations

from collections.abc import Callable
from typing import IO

from poolwatch.explain.writing import as_json, markdown, text
from poolwatch.explain.writing.page import Page

Write = Callable[[IO[str], list[Page]], None]

FORMATS: dict[str, Write] = {
    "text": text.write,
    "json": as_json.write,
    "markdown": markdown.write,
}
"""How accounts can be written; one file and one row each."""
