"""AION Stratum (D47): Zcash's openings and shares, a target and a hash for work.

Sources: notes on aionpool's messages; aionnetwork/aion_miner aion_solo_pool.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from poolwatch.match.dialects.base import Act, Event, facts, item_at, name_of, params_of, target_at
from poolwatch.match.dialects.equihash import Equihash
from poolwatch.match.message import Message


class Aion(Equihash):
    """A job has the flag behind its name, then its own target: 2**256 / t solutions a share."""

    algorithm: ClassVar = "Equihash 210,9"

    def said(self, method: str, message: Message) -> Iterable[Event]:
        """Work; the rest is Zcash's."""
        params = params_of(message)
        if method == "mining.notify":
            job, expected = name_of(item_at(params, 0)), target_at(params, 2)
            yield Event(Act.JOB, facts(job=job, hashes=expected, algorithm=self.algorithm))
        else:
            yield from super().said(method, message)


DIALECT = Aion()
