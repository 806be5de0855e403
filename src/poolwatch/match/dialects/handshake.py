"""Handshake Stratum (D37), in two forms: Bitcoin's with three roots more, or roots alone.

Sources: HandshakeAlliance/hstratum docs/spec.md (12 parameters); blackmennewstyle/miningcore
Blockchain/Handshake (9, without coinbase and flag).
"""

from __future__ import annotations

from typing import Any, ClassVar

from poolwatch.match.dialects.base import facts, item_at, name_of
from poolwatch.match.dialects.numbered import Numbered, bits_of

_WITH_COINBASE = 12  # parameters


class Handshake(Numbered):
    """Both forms have the network target before the time."""

    algorithm: ClassVar = "Blake2b + SHA-3"

    def job_facts(self, params: list[Any]) -> dict[str, Any]:
        """In the longer form a flag stands behind the time."""
        bits = item_at(params, 9 if len(params) >= _WITH_COINBASE else 7)
        return facts(job=name_of(item_at(params, 0)), nbits=bits_of(bits))


DIALECT = Handshake()
