"""Quantus as its pools have it (D58): CryptoNote's words around numbers of 512 bits.

Sources: notes of several who wrote miners and pools for it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from poolwatch.match.dialects.base import (
    Act,
    Event,
    Request,
    facts,
    is_error,
    name_of,
    named_params,
    result_of,
    target_difficulty,
    text_at,
)
from poolwatch.match.dialects.cryptonote import CryptoNote
from poolwatch.match.message import Message

_BITS = 512  # of a target


class Quantus(CryptoNote):
    """A pushed job is one member deeper than CryptoNote's."""

    def said(self, method: str, message: Message) -> Iterable[Event]:
        """Jobs and shares."""
        named = named_params(message)
        if method == "job":
            yield _job(named.get("job"))
        elif method == "submit":
            yield Event(Act.SUBMIT, facts(job=name_of(named.get("job_id"))))
        else:
            yield from super().said(method, message)

    def answered(self, request: Request, message: Message) -> Iterable[Event]:
        """A job in answer to a login, unless there is none yet."""
        result = result_of(message.body)
        job = result.get("job") if isinstance(result, dict) else None
        if request.method != "login" or is_error(message.body) or not isinstance(job, dict):
            yield from super().answered(request, message)
            return
        yield Event(Act.AUTHORIZED)
        yield _job(job)

    def shown(self, message: Message) -> Iterable[Event]:
        """A job whose request was not seen."""
        result = result_of(message.body)
        yield _job(result.get("job") if isinstance(result, dict) else None)


def _job(job: Any) -> Event:
    """2**512 / target hashes a share."""
    known = job if isinstance(job, dict) else {}
    target = text_at([known.get("target")], 0)
    return Event(
        Act.JOB,
        facts(
            job=name_of(known.get("job_id")),
            hashes=target_difficulty(target, _BITS) if target else None,
            algorithm=text_at([known.get("algo")], 0),
        ),
    )


DIALECT = Quantus()
