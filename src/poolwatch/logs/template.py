"""Templates of lines, as formats write them down, made into what the kernel reads."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from poolwatch.layouts import LOG_STEP, LogStep
from poolwatch.logs.said import Said, Source

FAR = 1 << 16
LAST_SECOND = 7_258_118_399  # of the year 2199

Step = tuple[LogStep, bytes, int, int]
"""What it takes, its text, the field its value goes to, the greatest number or distance."""


def literal(text: str) -> Step:
    """That text."""
    return LogStep.LITERAL, text.encode(), 0, 0


def optional(text: str) -> Step:
    """That text, or nothing."""
    return LogStep.OPTIONAL, text.encode(), 0, 0


def blanks() -> Step:
    """One blank or tab, or more."""
    return LogStep.BLANKS, b"", 0, 0


def find(text: str, most: int = FAR) -> Step:
    """Anything up to and with that text."""
    return LogStep.FIND, text.encode(), 0, most


def plain(text: str) -> Step:
    """Letters, digits, blanks and `_[]=` up to and with that text."""
    return LogStep.PLAIN, text.encode(), 0, FAR


def until(char: str) -> Step:
    """Anything up to that character."""
    return LogStep.UNTIL, char.encode(), 0, 0


def edge(char: str) -> Step:
    """That character follows, or the line ends."""
    return LogStep.EDGE, char.encode(), 0, 0


def absent(text: str) -> Step:
    """That text does not follow in the line."""
    return LogStep.ABSENT, text.encode(), 0, FAR


def ipv4(field: int) -> Step:
    """An IPv4 address, as its code."""
    return LogStep.IPV4, b"", field, 0


def mac(field: int) -> Step:
    """A MAC with colons."""
    return LogStep.MAC, b"", field, 0


def number(field: int, most: int) -> Step:
    """A number in no more digits than the greatest one has."""
    return LogStep.NUMBER, b"", field, most


def digits(field: int, count: int) -> Step:
    """A number in exactly so many digits."""
    return LogStep.NUMBER, bytes(count), field, 10**count - 1


def epoch(field: int) -> Step:
    """Seconds since 1970 with a fraction, as ns."""
    return LogStep.EPOCH, b"", field, LAST_SECOND


def choice(field: int, words: dict[str, int]) -> Step:
    """One of several words, as its value."""
    pool = b"".join(bytes((len(word), value)) + word.encode() for word, value in words.items())
    return LogStep.CHOICE, pool, field, 0


def name(field: int) -> Step:
    """A name; in the field its number. Takes two fields."""
    return LogStep.NAME, b"", field, 0


def text(field: int, char: str) -> Step:
    """A text up to that character; in the field its number. Takes two fields."""
    return LogStep.TEXT, char.encode(), field, 0


def priority() -> Step:
    """That of syslog, where there is one."""
    return LogStep.PRIORITY, b"", 0, 0


def date(field: int) -> Step:
    """`Sep  6 10:00:00`, with or without a year. Takes two fields, for `Batch.moments`."""
    return LogStep.DATE, b"", field, 0


def word() -> Step:
    """Anything but blanks and colons."""
    return LogStep.WORD, b"", 0, 0


@dataclass(frozen=True)
class Fast:
    """How the kernel reads the lines of a format.

    `templates` are tried in order. `rows` makes rows of those that fit; the others go to
    `line_reader` of the format, which also says what is wrong with them.
    """

    templates: Sequence[Sequence[Step]]
    rows: Callable[[Any, Any], None]
    """Fills a batch's rows: takes the `Batch` and the rows."""
    dtype: np.dtype[Any]
    texts: int | None = None
    """The field in which a name stands, if there is one."""
    fits: Callable[[bytes], bool] = lambda head: True  # noqa: ARG005

    @cached_property
    def compiled(self) -> tuple[Any, Any, Any]:
        """Steps, the first of each template and behind the last, and the pool of texts."""
        flat = [step for template in self.templates for step in template]
        steps = np.zeros(len(flat), LOG_STEP)
        pool = bytearray()
        for row, (kind, data, field, most) in zip(steps, flat, strict=True):
            row["step"], row["field"], row["most"] = kind, field, most
            row["text"], row["size"] = len(pool), len(data)
            pool += data
        firsts = np.cumsum([0, *(len(template) for template in self.templates)], dtype=np.int32)
        return steps, firsts, np.frombuffer(bytes(pool) or b"\0", np.uint8)


LineReader = Callable[[int, str], Said | None]
MakeLineReader = Callable[[Source], LineReader]
