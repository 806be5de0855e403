"""Tari's own miner (D45): CryptoNote's words with numbers for jobs and nonces, base64 for work.

Pools for Tari mostly speak plain CryptoNote, or Grin's dialect.
Sources: tari-project/tari applications/minotari_miner/src/stratum.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from poolwatch.match.dialects.base import (
    Act,
    Event,
    facts,
    height_at,
    name_of,
    named_params,
    text_at,
)
from poolwatch.match.dialects.ownwork import OwnWork
from poolwatch.match.message import Message

_DIGITS = 20  # of the largest number in 64 bits


class Tari(OwnWork):
    """A target is a difficulty, in decimal digits: so many hashes."""

    mark: ClassVar = "blob"

    def said(self, method: str, message: Message) -> Iterable[Event]:
        """Jobs pushed, shares named by number."""
        named = named_params(message)
        if method == "job" and "blob" in named:
            yield _job(named)
        elif method == "submit":
            yield Event(Act.SUBMIT, facts(job=name_of(named.get("job_id"))))
        else:
            yield from super().said(method, message)

    def job_of(self, job: Any) -> Event:
        """What a job says."""
        return _job(job)


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
