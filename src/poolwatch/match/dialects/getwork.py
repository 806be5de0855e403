"""Bitcoin getwork over HTTP (D04).

Sources: recorded sessions (nesfit cgminer.g0/g2, jsiwek/zeek-cryptomining bitcoin-mining).
"""

from __future__ import annotations

from collections.abc import Iterable

from poolwatch.match.dialects.base import (
    Act,
    Event,
    Request,
    is_error,
    params_of,
    result_of,
    text_at,
)
from poolwatch.match.message import Message


class Getwork:
    """One method: without data it asks for work, with data it submits it."""

    openings = frozenset({"getwork"})

    def said(self, method: str, message: Message) -> Iterable[Event]:
        """A request for work, or a share."""
        yield Event(Act.SUBMIT if text_at(params_of(message), 0) else Act.GREETING)

    def answered(self, request: Request, message: Message) -> Iterable[Event]:
        """Work, or what became of the share."""
        if request.submits:
            accepted = result_of(message.body) is True and not is_error(message.body)
            yield Event(Act.ACCEPT if accepted else Act.REJECT)
        elif _is_work(result_of(message.body)) and not is_error(message.body):
            yield Event(Act.JOB)
        else:
            yield Event(Act.REFUSAL)

    def shown(self, message: Message) -> Iterable[Event]:
        """Work whose request was not seen."""
        yield Event(Act.JOB)


def _is_work(result: object) -> bool:
    return isinstance(result, dict) and "data" in result


DIALECT = Getwork()
