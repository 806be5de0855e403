"""What reading a text as an address gives, before it is asked which coin has such."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple


class Read(NamedTuple):
    """A text that has the form of an encoding.

    `prefix`: the word it begins with, in the case of the tables. `data`: the bytes it stands
    for, without checksum. `check` says whether the checksum fits, None where there is none; it
    is asked only if a coin has such addresses, as some take long.
    """

    prefix: str
    data: bytes
    check: Callable[[], bool | None]


def unchecked() -> None:
    """The answer where there is no checksum."""


Decoder = Callable[[str, frozenset[str]], Iterator[Read]]
"""Reads a text; the set holds the words that addresses of this encoding may begin with."""
