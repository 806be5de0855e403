"""BetterHash (D10): the draft of 2018 that Stratum V2 came from. No deployment is known.

A message is a type, the length of the rest (24 bits) and that, little-endian. Both protocols,
for work and for the pool, begin with the same handshake; only that of work is read on.
Sources: TheBlueMatt/bips bip-XXXX.mediawiki (branch betterhash).
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from typing import Any

from poolwatch.match.dialects.base import (
    Act,
    Event,
    facts,
    named_params,
    target_difficulty,
    text_at,
)
from poolwatch.match.dialects.named import Named
from poolwatch.match.framing import Frame, Unlike, call
from poolwatch.match.message import Message

_HEAD = 4
_LONGEST = 1 << 17
_SUPPORT = bytes.fromhex("01060000 0100 0100")  # versions 1 to 1; two flags follow
_VERSION = bytes.fromhex("02250000 0100")
_TYPES = 32


class _Framing:
    """Messages one after another, nothing between them."""

    mixed = False

    def opens(self, data: bytes) -> bool | None:
        """Whether a handshake begins here, of either side."""
        if data[:1] == b"\1":
            return _begins(data, _SUPPORT, 10) and _support(data)
        if data[:1] == b"\2":
            return _begins(data, _VERSION, 41) and _version(data)
        return False

    def read(self, data: bytes, final: bool) -> Frame | None:
        """One message."""
        if len(data) < _HEAD:
            return None
        size = int.from_bytes(data[1:4], "little")
        if not 0 < data[0] < _TYPES or size > _LONGEST:
            raise Unlike
        if len(data) < _HEAD + size:
            return None
        return Frame(_HEAD + size, _read(data[0], data[_HEAD : _HEAD + size]))


def _begins(data: bytes, fixed: bytes, size: int) -> bool | None:
    if not fixed.startswith(data[: len(fixed)]):
        return False
    return True if len(data) >= size else None


def _support(data: bytes) -> bool:
    return data[8] <= 3 and data[9] == 0


def _version(data: bytes) -> bool:
    return data[6] <= 3 and data[7] == 0 and data[8] in (2, 3)


def _read(kind: int, body: bytes) -> dict[str, Any] | None:
    if kind == 1 and len(body) == 6:
        return call("betterhash.support", version=struct.unpack_from("<H", body)[0])
    if kind == 2 and len(body) == 37 and body[4] in (2, 3):
        return call("betterhash.version", version=struct.unpack_from("<H", body)[0])
    if kind == 4 and len(body) >= 150:
        return call("betterhash.template", target=body[72:104][::-1].hex())
    if kind == 9 and len(body) == 0xBC:
        return call("betterhash.template", target=body[80:112][::-1].hex())
    if (kind == 5 and len(body) >= 72) or (kind == 10 and len(body) >= 29):
        return call("betterhash.nonce", bytes=len(body))
    return None


class BetterHash(Named):
    """A handshake, templates, nonces that won; nothing is acknowledged."""

    def said(self, method: str, message: Message) -> Iterable[Event]:
        """Every message has a type of its own."""
        if method == "betterhash.support":
            yield Event(Act.GREETING)
        elif method == "betterhash.version":
            yield Event(Act.WELCOME)
        elif method == "betterhash.template":
            target = text_at([named_params(message).get("target")], 0)
            yield Event(Act.JOB, facts(hashes=target_difficulty(target) if target else None))
        elif method == "betterhash.nonce":
            yield Event(Act.SUBMIT)
        else:
            yield Event(Act.DETAIL)


FRAMING = _Framing()
DIALECT = BetterHash()
