"""Nexa Stratum (D44): a commitment for work, 8 bytes of nonce.

Difficulty and work come before the authorization.
Sources: blackmennewstyle/miningcore Blockchain/Nexa.
"""

from __future__ import annotations

from typing import Any, ClassVar

from poolwatch.match.dialects.base import facts, height_at, item_at
from poolwatch.match.dialects.numbered import Numbered


class Nexa(Numbered):
    """Job, commitment, height, network target."""

    algorithm: ClassVar = "NexaPoW"
    bits: ClassVar = 3

    def job_facts(self, params: list[Any]) -> dict[str, Any]:
        """The height is the third parameter."""
        return super().job_facts(params) | facts(height=height_at(item_at(params, 2)))


DIALECT = Nexa()
