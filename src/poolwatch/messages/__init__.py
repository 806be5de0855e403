"""Sentences for people, in English and Chinese, from one catalogue each: id to template."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib import resources
from typing import Any

LANGUAGES = ("en", "zh")


class Messages:
    """The sentences of one language."""

    def __init__(self, language: str) -> None:
        self.language = language
        self._sentences = load(language)

    def say(self, key: str, **fields: Any) -> str:
        """The sentence of that id with its fields filled in. Raises KeyError for an unknown id."""
        return self._sentences[key].format(**fields)

    def knows(self, key: str) -> bool:
        """Whether there is a sentence of that id."""
        return key in self._sentences


@cache
def load(language: str) -> dict[str, str]:
    """All sentences of a language by dotted id."""
    text = resources.files(__package__).joinpath(f"{language}.toml").read_text("utf-8")
    return dict(_flatten(tomllib.loads(text)))


def _flatten(table: dict[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    flat: list[tuple[str, str]] = []
    for key, value in table.items():
        if isinstance(value, dict):
            flat += _flatten(value, f"{prefix}{key}.")
        else:
            flat.append((f"{prefix}{key}", value))
    return flat
