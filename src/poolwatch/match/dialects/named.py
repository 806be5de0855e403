"""What dialects have in common in which every message says itself what it is."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from poolwatch.match.dialects.base import Act, Event, Request
from poolwatch.match.message import Message

_HIGHEST = 1 << 40


def height_of(value: Any) -> int | None:
    """The height of a block, if a value can be one."""
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return value if 0 < value < _HIGHEST else None


class Named:
    """No message is an answer to another one that has to be known to read it."""

    openings: frozenset[str] = frozenset()

    def said(self, method: str, message: Message) -> Iterable[Event]:
        """A message with a method."""
        return [Event(Act.DETAIL)]

    def answered(self, request: Request, message: Message) -> Iterable[Event]:
        """Nothing is an answer, whatever it looks like."""
        return [Event(Act.DETAIL)]

    def shown(self, message: Message) -> Iterable[Event]:
        """A message without a method."""
        return [Event(Act.DETAIL)]
