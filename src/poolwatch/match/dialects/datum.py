"""DATUM (D11): the hello of an OCEAN gateway to its pool; all that follows is encrypted.

A header of 32 bits, little-endian, holds the length of what follows in its lower 22 bits and
flags and a command above. That of the hello is covered by a constant key, so it can be checked
against the length of the message. Behind it only sizes show, and nothing is read.
Sources: OCEAN-xyz/datum_gateway src/datum_protocol.h, src/datum_protocol.c.
"""

from __future__ import annotations

from collections.abc import Iterable

from poolwatch.match.dialects.base import Act, Event
from poolwatch.match.dialects.named import Named
from poolwatch.match.framing import Frame, call
from poolwatch.match.message import Message

_KEY = bytes.fromhex("291887d7")  # the constant key over a hello's command and flags
_SIZES = range(240, 701)  # of a hello: keys, agent, padding, signature and seal


class _Framing:
    """A hello, and then what nobody can read."""

    mixed = False

    def opens(self, data: bytes) -> bool | None:
        """Whether this is a hello, as long as its header says, and nothing behind it."""
        if data[2:4] != _KEY[2:][: len(data[2:4])]:
            return False
        if len(data) < 4:
            return None
        size = _size(data)
        if size not in _SIZES or len(data) > 4 + size:
            return False
        return True if len(data) == 4 + size else None

    def read(self, data: bytes, final: bool) -> Frame | None:
        """The hello, or whatever comes after it."""
        size = _size(data)
        if data[2:4] == _KEY[2:] and len(data) == 4 + size and size in _SIZES:
            return Frame(len(data), call("datum.hello", bytes=size))
        return Frame(len(data), None)


def _size(data: bytes) -> int:
    return int.from_bytes(data[:2], "little") ^ int.from_bytes(_KEY[:2], "little")


class Datum(Named):
    """Only the greeting can be read."""

    def said(self, method: str, message: Message) -> Iterable[Event]:
        """The hello."""
        yield Event(Act.GREETING)


FRAMING = _Framing()
DIALECT = Datum()
