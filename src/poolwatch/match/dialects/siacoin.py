"""Siacoin Stratum (D35): Bitcoin's form with times and nonces of 8 bytes.

The halves around the extranonce are those of an arbitrary transaction, not of a coinbase.
Sources: robvanmieghem/gominer algorithms/sia.
"""

from __future__ import annotations

from typing import ClassVar

from poolwatch.match.dialects.numbered import Numbered


class Siacoin(Numbered):
    """The time of a job tells it from Bitcoin's, time and nonce of a share too."""

    algorithm: ClassVar = "Blake2b"
    bits: ClassVar = 6


DIALECT = Siacoin()
