"""CodeChain Stratum (D47): a hash and a target for work, a hash and seals for shares.

Sources: CodeChain-io/codechain spec/Stratum.md.
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

    def takes_subscription(self, body: Any) -> bool:
        """Also an empty list."""
        return _is_empty(body) or super().takes_subscription(body)


def _is_empty(body: Any) -> bool:
    return bool(result_of(body) == [])


DIALECT = CodeChain()
