"""Nimiq's pool protocol (D41): objects that say in `message` what they are.

Over WebSocket as a rule; miners that come through a proxy of their own speak it over plain TCP.
A share that is taken is not answered.
Sources: nimiq/core-js src/main/generic/miner, developer-reference pool-protocol.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from poolwatch.match.dialects.base import Act, Event, Request, facts, text_at
from poolwatch.match.message import Message

_MANTISSA_BYTES, _TARGET_BYTES = 3, 32


class Nimiq:
    """Register, get settings, send shares."""

    openings: frozenset[str] = frozenset()

    def said(self, method: str, message: Message) -> Iterable[Event]:
        """Nothing has a method."""
        yield Event(Act.DETAIL)

    def answered(self, request: Request, message: Message) -> Iterable[Event]:
        """Nothing is answered."""
        yield Event(Act.DETAIL)

    def shown(self, message: Message) -> Iterable[Event]:
        """Everything is known by its `message`."""
        body = message.body if isinstance(message.body, dict) else {}
        what = str(body.get("message")).lower()
        if what == "register":
            yield Event(Act.GREETING, facts(login=text_at([body.get("address")], 0)))
        elif what == "registered":
            yield Event(Act.AUTHORIZED)
        elif what == "settings":
            yield Event(Act.DETAIL, facts(hashes=_expected(body.get("targetCompact"))))
        elif what == "new-block":
            yield Event(Act.JOB, facts(algorithm="Argon2d"))
        elif what == "share":
            yield Event(Act.SUBMIT)
        elif what == "error":
            yield _error(body.get("reason"))
        else:
            yield Event(Act.DETAIL)


def _error(reason: Any) -> Event:
    """A share that is not taken, or else a registration."""
    if isinstance(reason, str) and "share" in reason.lower():
        return Event(Act.REJECT, {"reject": "other"})
    return Event(Act.REFUSAL)


def _expected(compact: Any) -> float | None:
    """Hashes a share stands for: three bytes of a target, behind one that says how many it has."""
    if not isinstance(compact, int) or isinstance(compact, bool) or not 0 < compact < 1 << 32:
        return None
    size, mantissa = compact >> 24, compact & 0xFFFFFF
    if not _MANTISSA_BYTES <= size <= _TARGET_BYTES:
        return None
    target = mantissa << 8 * (size - _MANTISSA_BYTES)
    return float((1 << 256) // target) if 0 < target < 1 << 256 else None


DIALECT = Nimiq()
