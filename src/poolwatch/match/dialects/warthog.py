"""Warthog Stratum (D49): Bitcoin's form without coinbase; a difficulty is a number of hashes.

Sources: warthog-network, Pool Mining in WARTHOG.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from poolwatch.match.dialects.base import Act, Event, facts, item_at, name_of, params_of
from poolwatch.match.dialects.numbered import Numbered
from poolwatch.match.message import Message


class Warthog(Numbered):
    """Seven parameters for work, four for a share, which does not say whose it is."""

    algorithm: ClassVar = "JanusHash"
    unit: ClassVar = 1.0
    bits: ClassVar = 4

    def said(self, method: str, message: Message) -> Iterable[Event]:
        """A share begins with its job."""
        if method == "mining.submit":
            job = name_of(item_at(params_of(message), 0))
            yield Event(Act.SUBMIT, facts(job=job))
        else:
            yield from super().said(method, message)


DIALECT = Warthog()
