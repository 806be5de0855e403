"""Kaspa Stratum (D25), and that of its many forks: Karlsen, Pyrin, Spectre, ...

Work is four 64-bit numbers and a time, or, for some miners, one text of 40 bytes. Jobs come
with every block, ten a second. Nothing but the wallets says which of the coins it is.
Sources: onemorebsmith/kaspa-stratum-bridge src/kaspastratum, src/gostratum;
nicehash/Specifications KHeavyHash_NiceHash_v1.0 (the opening).
"""

from __future__ import annotations

from collections.abc import Iterable

from poolwatch.match.dialects.base import (
    Act,
    Event,
    Request,
    facts,
    item_at,
    name_of,
    number_at,
    params_of,
    result_of,
)
from poolwatch.match.dialects.stratum import Stratum
from poolwatch.match.message import Message

_HASHES = 2.0**32  # at difficulty 1


class Kaspa(Stratum):
    """`set_extranonce` without `mining.`, which can be the answer to a subscription."""

    def said(self, method: str, message: Message) -> Iterable[Event]:
        """Work, difficulties, and the bare method."""
        params = params_of(message)
        if method == "set_extranonce":
            asked_for = message.body.get("id") is not None  # the id of the subscription
            yield Event(Act.SUBSCRIBED if asked_for else Act.DETAIL)
        elif method == "mining.notify":
            yield Event(Act.JOB, facts(job=name_of(item_at(params, 0)), unit=_HASHES))
        elif method == "mining.set_difficulty":
            number = number_at(params, 0)
            yield Event(Act.DETAIL, facts(difficulty=number, hashes=number and number * _HASHES))
        else:
            yield from super().said(method, message)

    def answered(self, request: Request, message: Message) -> Iterable[Event]:
        """The bridge takes a subscription with `true` and the name of another protocol."""
        result = result_of(message.body)
        taken = isinstance(result, list) and result[:1] == [True]
        if request.method == "mining.subscribe" and taken:
            yield Event(Act.SUBSCRIBED)
        else:
            yield from super().answered(request, message)


DIALECT = Kaspa()
