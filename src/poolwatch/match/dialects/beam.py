"""Beam's Stratum (D31): no parameters, members of their own; answers are calls of `result`.

An answer names the request: `login`, or the job a solution is for.
Sources: BeamMW/beam pow/stratum.h and its wiki, Beam-mining-protocol-API-(Stratum);
BeamMW/opencl-miner; nicehash/Specifications Beam_NiceHash_v1.0.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from poolwatch.match.dialects.base import Act, Event, Request, facts, height_at, name_of, text_at
from poolwatch.match.message import Message

_ACCEPTED, _REJECTED, _EXPIRED = 1, 2, 3
_MOST_BITS = 96  # of a difficulty that can be one of a share


class Beam:
    """`login`, `job`, `solution`, `result`, `cancel`."""

    openings = frozenset({"login"})

    def said(self, method: str, message: Message) -> Iterable[Event]:
        """Requests of the miner, work and results of the pool."""
        body = message.body
        if method == "login":
            yield Event(Act.GREETING, facts(login=text_at([body.get("api_key")], 0)))
        elif method == "solution":
            yield Event(Act.SUBMIT, facts(job=name_of(body.get("id"))))
        elif method == "job":
            yield Event(
                Act.JOB,
                facts(
                    job=name_of(body.get("id")),
                    hashes=_expected(body.get("difficulty")),
                    height=height_at(body.get("height")),
                    algorithm="BeamHash",
                ),
            )
        elif method == "result":
            yield _result(body)
        else:
            yield Event(Act.DETAIL)

    def answered(self, request: Request, message: Message) -> Iterable[Event]:
        """Nothing is answered but by `result`."""
        yield Event(Act.DETAIL)

    def shown(self, message: Message) -> Iterable[Event]:
        """Nothing comes without a method."""
        yield Event(Act.DETAIL)


def _result(body: dict[str, Any]) -> Event:
    """What became of a login or of a share."""
    code, name = body.get("code"), name_of(body.get("id"))
    if not isinstance(code, int) or isinstance(code, bool):
        return Event(Act.DETAIL)
    if name == "login":
        return Event(Act.REFUSAL if code < 0 else Act.AUTHORIZED)
    if code == _ACCEPTED:
        return Event(Act.ACCEPT, facts(answers=name))
    if code in (_REJECTED, _EXPIRED) or code < 0:
        reason = "stale" if code == _EXPIRED else "other"
        return Event(Act.REJECT, facts(answers=name, reject=reason))
    return Event(Act.DETAIL)


def _expected(packed: Any) -> float | None:
    """Solutions a share stands for: 24 bits of a fraction below 8 bits of an exponent."""
    if not isinstance(packed, int) or isinstance(packed, bool) or not 0 <= packed < 1 << 32:
        return None
    exponent = packed >> 24
    if exponent > _MOST_BITS:
        return None
    return float((1 + (packed & 0xFFFFFF) / (1 << 24)) * (1 << exponent))


DIALECT = Beam()
