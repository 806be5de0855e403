"""Kaspa Stratum (D25), and that of its many forks: Karlsen, Pyrin, Spectre, ...

Work is four 64-bit numbers and a time, or, for some miners, one text of 40 bytes. Jobs come
with every block, ten a second. Nothing but the wallets says which of the coins it is.
Sources: onemorebsmith/kaspa-stratum-bridge src/kaspastratum, src/gostratum;
nicehash/Specifications KHeavyHash_NiceHash_v1.0 (the opening).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from poolwatch.match.dialects.base import Act, Event, result_of
from poolwatch.match.dialects.numbered import Numbered
from poolwatch.match.message import Message


class Kaspa(Numbered):
    """`set_extranonce` without `mining.`, which can be the answer to a subscription."""

    def said(self, method: str, message: Message) -> Iterable[Event]:
        """Work and difficulties as others have them, and the bare method."""
        if method == "set_extranonce":
            asked_for = message.body.get("id") is not None  # the id of the subscription
            yield Event(Act.SUBSCRIBED if asked_for else Act.DETAIL)
        else:
            yield from super().said(method, message)

    def takes_subscription(self, body: Any) -> bool:
        """The bridge takes one with `true` and the name of another protocol."""
        result = result_of(body)
        taken = isinstance(result, list) and result[:1] == [True]
        return taken or super().takes_subscription(body)


DIALECT = Kaspa()
