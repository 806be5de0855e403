"""CodeChain Stratum (D47): a hash and a target for work, a hash and seals for shares.

Sources: CodeChain-io/codechain spec/Stratum.md.
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
    item_at,
    name_of,
    params_of,
    result_of,
)
from poolwatch.match.dialects.stratum import Stratum
from poolwatch.match.message import Message


class CodeChain(Stratum):
    """The hash that is worked on names the job. What a share stands for is not known here."""

    def said(self, method: str, message: Message) -> Iterable[Event]:
        """Work and shares, which do not say whose they are."""
        job = name_of(item_at(params_of(message), 0))
        if method == "mining.notify":
            yield Event(Act.JOB, facts(job=job))
        elif method == "mining.submit":
            yield Event(Act.SUBMIT, facts(job=job))
        else:
            yield from super().said(method, message)

    def answered(self, request: Request, message: Message) -> Iterable[Event]:
        """A subscription is answered with an empty list."""
        if request.method == "mining.subscribe" and _is_empty(message.body):
            yield Event(Act.SUBSCRIBED)
        else:
            yield from super().answered(request, message)


def _is_empty(body: Any) -> bool:
    return result_of(body) == [] and not is_error(body)


DIALECT = CodeChain()
