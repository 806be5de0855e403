"""Plain Ethereum Stratum (D13): Stratum whose work carries its own target.

Sources: recorded sessions up to the work (nesfit cgminer.s1, cgminer.s2, cgminer.g2: pools
that answered a Bitcoin miner so); for the shares ethereum-mining/ethminer
libpoolprotocols/stratum (mode STRATUM) and btccom/btcpool.
"""

from __future__ import annotations

from collections.abc import Iterable

from poolwatch.match.dialects.base import (
    Act,
    Event,
    facts,
    height_at,
    params_of,
    target_at,
    text_at,
)
from poolwatch.match.dialects.stratum import Stratum
from poolwatch.match.message import Message


class EthStratum(Stratum):
    """Work is job, header, seed and target: 2**256 / target hashes a share."""

    def said(self, method: str, message: Message) -> Iterable[Event]:
        """`mining.notify` gives the target of its job."""
        if method == "mining.notify":
            params = params_of(message)
            height, nbits = params[5:6], text_at(params, 6)  # of the ProgPow coins
            yield Event(
                Act.JOB,
                facts(
                    hashes=target_at(params, 3),
                    job=text_at(params, 0),
                    height=height_at(height[0]) if height else None,
                    nbits=nbits,
                ),
            )
        else:
            yield from super().said(method, message)


DIALECT = EthStratum()
