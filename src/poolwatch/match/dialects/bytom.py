"""Bytom Stratum (D47): CryptoNote's words, a header in parts for work.

The parts have names, or stand in a list of eleven.
Sources: btccom/btcpool docs/bytom/STRATUM-BTM.md; BytomDAO/B3-Mimic docs/STRATUM-BTM.md.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from poolwatch.match.dialects.base import (
    Act,
    Event,
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
from poolwatch.match.dialects.numbered import little_endian
from poolwatch.match.dialects.ownwork import OwnWork
from poolwatch.match.message import Message

_LISTED = 11  # members of a job in a list
_HEIGHT_BYTES = 8


class Bytom(OwnWork):
    """What a share stands for is not known here: targets have a scale of their own."""

    mark: ClassVar = "previous_block_hash"
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

    def work_in(self, body: Any) -> Any:
        """An object, or a list of eleven."""
        result = result_of(body)
        if isinstance(result, list):
            return result if len(result) == _LISTED and not is_error(body) else None
        return super().work_in(body)

    def job_of(self, job: Any) -> Event:
        """What a job says."""
        return _job(job)


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
