"""EthereumStratum/1.0.0 (D14, NiceHash): Stratum with its own form of work.

A difficulty of 1 is 2**32 hashes. Some pools send the number of hashes itself: nobody would
ask for 2**52 hashes a share, so a number beyond a million is taken for that.
Sources: nicehash/Specifications EthereumStratum_NiceHash_v1.0.0; luminousmining/miner.
"""

from __future__ import annotations

from typing import Any

from poolwatch.match.dialects.base import facts
from poolwatch.match.dialects.stratum import Stratum

_HASHES_FROM = 1e6


class EthStratum1(Stratum):
    """Work is job, seed and header; the difficulty stands for a known number of hashes."""

    def _difficulty(self, number: float | None) -> dict[str, Any]:
        """The hashes a share stands for."""
        if number is None:
            return {}
        hashes = number if number > _HASHES_FROM else number * 2**32
        return facts(difficulty=number, hashes=hashes)


DIALECT = EthStratum1()
