"""Aleo Stratum (D39): an epoch's challenge for work, proofs for shares.

A target is a whole number: so many solutions, on average, hold one good enough.
Sources: HarukaMa/aleo-pool-server stratum/spec.md.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from poolwatch.match.dialects.base import (
    Act,
    Event,
    facts,
    item_at,
    name_of,
    number_at,
    params_of,
    result_of,
)
from poolwatch.match.dialects.stratum import Stratum
from poolwatch.match.message import Message


class Aleo(Stratum):
    """The pool may give an address, which the proof is bound to."""

    def said(self, method: str, message: Message) -> Iterable[Event]:
        """Targets as numbers, challenges."""
        params = params_of(message)
        if method == "mining.set_target":
            target = number_at(params, 0)
            yield Event(Act.DETAIL, facts(difficulty=target, hashes=target))
        elif method == "mining.notify":
            job = name_of(item_at(params, 0))
            yield Event(Act.JOB, facts(job=job, algorithm="zkSNARK puzzle"))
        else:
            yield from super().said(method, message)

    def takes_subscription(self, body: Any) -> bool:
        """Also session, nonce and address, each of which may be null."""
        return _is_session(body) or super().takes_subscription(body)


def _is_session(body: Any) -> bool:
    result = result_of(body)
    return isinstance(result, list) and len(result) in (2, 3)


DIALECT = Aleo()
