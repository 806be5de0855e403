"""What travels through the matcher: segments, pieces of a byte stream, messages."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any, NamedTuple


class Segment(NamedTuple):
    """The payload of one TCP packet as captured; `wire` is its length on the wire."""

    ts_ns: int
    packet: int
    side: int
    seq: int
    wire: int
    offset: int  # of the payload in the captured frame
    data: bytes


class Piece(NamedTuple):
    """Bytes of one direction, in order; `gap`: bytes before them are missing."""

    data: bytes
    packet: int
    offset: int
    ts_ns: int
    gap: bool


class Span(NamedTuple):
    """Where some bytes of a message stand in the capture."""

    packet: int
    offset: int
    length: int


NOT_JSON: Any = object()
"""The body of an HTTP message that is no JSON."""

UNREADABLE: Any = object()
"""The body of an HTTP message that was cut, too long, or packed in a way not known here."""


@dataclass(slots=True)
class Head:
    """The head of an HTTP message; header names in lower case, first value kept."""

    method: str = ""  # empty for an answer
    target: str = ""
    status: int = 0  # 0 for a request
    headers: dict[str, str] | None = None

    def header(self, name: str) -> str:
        """A header's value, empty if it is not there."""
        return (self.headers or {}).get(name, "")


@dataclass(slots=True)
class Message:
    """One message of one side: a JSON value, or an HTTP head without (`body` is None).

    `data` are its bytes as sent (of a WebSocket unmasked, of gzip unpacked), `spans` where they
    stand; `ts_ns` is when its last byte came. `carrier` says how it came, if not as a line or
    over HTTP: `websocket`, or in binary `frames`.
    """

    side: int
    ts_ns: int
    body: Any
    data: bytes
    spans: list[Span]
    head: Head | None = None
    carrier: str = ""


Tally = Counter[str]
"""Counts of bounds that bit and of bytes that were not understood, by name."""
