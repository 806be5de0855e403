"""Sentences for people, in English and Chinese, from one catalogue each: id to template."""

from __future__ import annotations

import os
import tomllib
import unicodedata
from functools import cache
from importlib import resources
from typing import Any

LANGUAGES = ("en", "zh")
_UNSAFE = frozenset(("Cc", "Cf", "Cs", "Zl", "Zp"))


class Messages:
    """The sentences of one language."""

    def __init__(self, language: str) -> None:
        self.language = language
        self._sentences = load(language)

    def say(self, key: str, **fields: Any) -> str:
        """The sentence of that id with its fields filled in. Raises KeyError for an unknown id.

        Fields come from the wire and from file names: what could steer a terminal is written out.
        """
        safe = {k: printable(v) if isinstance(v, str) else v for k, v in fields.items()}
        return self._sentences[key].format(**safe)

    def knows(self, key: str) -> bool:
        """Whether there is a sentence of that id."""
        return key in self._sentences


def default_language() -> str:
    """The language of prose, by the environment."""
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        value = os.environ.get(name)
        if value:
            return "zh" if value.lower().startswith("zh") else "en"
    return "en"


def printable(text: str) -> str:
    r"""Text that a terminal shows and does not obey.

    Control and formatting characters (escape sequences, line ends, changes of writing
    direction, characters without width) and bytes that are no text are written out, as \x1b.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(_escaped(c) if unicodedata.category(c) in _UNSAFE else c for c in text)


def _escaped(character: str) -> str:
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF:  # how Python holds a byte that is no UTF-8
        code -= 0xDC00
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


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
