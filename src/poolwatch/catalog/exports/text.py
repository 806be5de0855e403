"""Text of rows as other programs may read it: it stays on its line, and is never syntax there."""

from __future__ import annotations

import re

_PLAIN = re.compile(r"[^A-Za-z0-9 .,:'_/+-]+")
_LONGEST = 400
_BRACKETS = str.maketrans({"(": "[", ")": "]", "\\": "/"})


def comment(text: str) -> str:
    """Text for a comment: one line, without what could make it more than one.

    Round brackets become square ones, since `# … (…)` is a disabled rule to some programs, and a
    backslash at the end of a line would join it with the next.
    """
    shown = "".join(c if c.isprintable() else " " for c in text.translate(_BRACKETS))
    return _cut(" ".join(shown.split()))


def plain(text: str) -> str:
    """Text within quotes of a rule: ASCII letters, digits and a few marks; the rest falls out."""
    return _cut(" ".join(_PLAIN.sub(" ", text).split()))


def word(text: str) -> str:
    """Text as one word of metadata."""
    return plain(text).replace(" ", "-").replace(",", "-").replace(":", "-")


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."
