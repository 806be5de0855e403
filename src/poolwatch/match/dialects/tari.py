"""Tari's own miner (D45): CryptoNote's words with numbers for jobs and nonces, base64 for work.

Pools for Tari mostly speak plain CryptoNote, or Grin's dialect.
Sources: tari-project/tari applications/minotari_miner/src/stratum.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from poolwatch.match.dialects.base import (
    Act,
    Event,
    Request,
    facts,
    height_at,
    is_error,
    name_of,
    named_params,
    result_of,
    text_at,
)
from poolwatch.match.dialects.cryptonote import CryptoNote
from poolwatch.match.message import Message

_DIGITS = 20  # of the largest number in 64 bits


class Tari(CryptoNote):
    """A target is a difficulty, in decimal digits: so many hashes."""

    def said(self, method: str, message: Message) -> Iterable[Event]:
        """Jobs pushed, shares named by number."""
        named = named_params(message)
        if method == "job" and "blob" in named:
            yield _job(named)
        elif method == "submit":
            yield Event(Act.SUBMIT, facts(job=name_of(named.get("job_id"))))
        else:
            yield from super().said(method, message)

    def answered(self, request: Request, message: Message) -> Iterable[Event]:
        """A job in answer to a login, or to `getjob`."""
        job = _work(message.body)
        if job is None or request.method == "submit":
            yield from super().answered(request, message)
            return
        if request.method == "login":
            yield Event(Act.AUTHORIZED)
        yield _job(job)

    def shown(self, message: Message) -> Iterable[Event]:
        """A job whose request was not seen."""
        job = _work(message.body)
        if job is None:
            yield from super().shown(message)
        else:
            yield _job(job)


def _work(body: Any) -> dict[str, Any] | None:
    """The job of an answer: its result, or the job in it."""
    result = result_of(body)
    if not isinstance(result, dict) or is_error(body):
        return None
    job = result.get("job", result)
    return job if isinstance(job, dict) and "blob" in job else None


def _job(job: dict[str, Any]) -> Event:
    target = text_at([job.get("target")], 0) or ""
    number = float(target) if target.isascii() and target.isdecimal() else 0.0
    expected = number if len(target) <= _DIGITS and number else None
    return Event(
        Act.JOB,
        facts(
            job=name_of(job.get("job_id")),
            difficulty=expected,
            hashes=expected,
            height=height_at(job.get("height")),
            algorithm=text_at([job.get("algo")], 0),
        ),
    )


DIALECT = Tari()
