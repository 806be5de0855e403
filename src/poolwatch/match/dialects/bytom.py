"""Bytom Stratum (D47): CryptoNote's words, a header in parts for work.

The parts have names, or stand in a list of eleven.
Sources: btccom/btcpool docs/bytom/STRATUM-BTM.md; BytomDAO/B3-Mimic docs/STRATUM-BTM.md.
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
    item_at,
    name_of,
    named_params,
    params_of,
    result_of,
    text_at,
)
from poolwatch.match.dialects.cryptonote import CryptoNote
from poolwatch.match.dialects.numbered import little_endian
from poolwatch.match.message import Message

_LISTED = 11  # members of a job in a list
_HEIGHT_BYTES = 8


class Bytom(CryptoNote):
    """What a share stands for is not known here: targets have a scale of their own."""

    openings = frozenset({"login", "getwork"})

    def said(self, method: str, message: Message) -> Iterable[Event]:
        """Logins with names or in a list, jobs, shares."""
        params, named = params_of(message), named_params(message)
        if method == "job":
            yield _job(params or named)
        elif method == "login" and params:
            agent = text_at(params, 2)
            yield Event(Act.GREETING, facts(login=text_at(params, 0), agent=agent))
        elif method == "submit":
            job = item_at(params, 0) if params else named.get("job_id")
            yield Event(Act.SUBMIT, facts(job=name_of(job)))
        else:
            yield from super().said(method, message)

    def answered(self, request: Request, message: Message) -> Iterable[Event]:
        """A job in answer to a login, or to `getwork`."""
        job = _work(message.body)
        if job is None or request.method == "submit":
            yield from super().answered(request, message)
            return
        if request.method == "login":
            yield Event(Act.AUTHORIZED)
        yield _job(job)

    def shown(self, message: Message) -> Iterable[Event]:
        """A job whose request was not seen."""
        yield _job(_work(message.body) or {})


def _work(body: Any) -> dict[str, Any] | list[Any] | None:
    """The job of an answer: its result, or the job in it."""
    result = result_of(body)
    if is_error(body):
        return None
    if isinstance(result, list):
        return result if len(result) == _LISTED else None
    job = result.get("job", result) if isinstance(result, dict) else None
    return job if isinstance(job, dict) and "previous_block_hash" in job else None


def _job(job: dict[str, Any] | list[Any]) -> Event:
    if isinstance(job, list):
        return Event(Act.JOB, facts(job=name_of(item_at(job, 0)), algorithm="Tensority"))
    height = little_endian(text_at([job.get("height")], 0), 0, _HEIGHT_BYTES)
    return Event(
        Act.JOB,
        facts(
            job=name_of(job.get("job_id")),
            height=height_at(height),
            algorithm="Tensority",
        ),
    )


DIALECT = Bytom()
