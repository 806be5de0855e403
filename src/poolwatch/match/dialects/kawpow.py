"""KawPow and the other ProgPow coins (D17): plain Ethereum Stratum, height in the work.

Which of the family's algorithms it is only some pools say, in a member beside the parameters.
Sources: nicehash/Specifications KawPow_NiceHash_v1.0; RavenCommunity/kawpowminer;
MoneroOcean/nodejs-pool lib/coins.
"""

from __future__ import annotations

from collections.abc import Iterable

from poolwatch.match.dialects.base import Act, Event, facts, params_of, target_at, text_at
from poolwatch.match.dialects.ethstratum import EthStratum
from poolwatch.match.message import Message


class KawPow(EthStratum):
    """Targets are set ahead and stand in each job too."""

    def said(self, method: str, message: Message) -> Iterable[Event]:
        """`mining.set_target` besides; the algorithm where the pool names it."""
        if method == "mining.set_target":
            yield Event(Act.DETAIL, facts(hashes=target_at(params_of(message), 0)))
            return
        yield from super().said(method, message)
        algorithm = text_at([message.body.get("algo")], 0) if method == "mining.notify" else None
        if algorithm:
            yield Event(Act.DETAIL, facts(algorithm=algorithm))


DIALECT = KawPow()
