"""Decred Stratum (D36): Bitcoin's form; the first half holds the rest of the block header.

The form is the same for BLAKE-256, until September 2023, and BLAKE3.
Sources: nicehash/Specifications Decred_NiceHash; decred/dcrpool pool/message.go.
"""

from __future__ import annotations

from typing import Any

from poolwatch.match.dialects.base import text_at
from poolwatch.match.dialects.numbered import Numbered, height_in, little_endian

# Bytes of the header behind version and previous block.
_BITS_AT, _HEIGHT_AT = 80, 92


class Decred(Numbered):
    """No branches, and nothing where Bitcoin's work has its network target."""

    def job_facts(self, params: list[Any]) -> dict[str, Any]:
        """Network target and height stand in the header."""
        known = super().job_facts(params)
        bits = little_endian(text_at(params, 2), _BITS_AT, 4)
        height = height_in(params, 2, _HEIGHT_AT)
        if bits is not None:
            known["nbits"] = f"{bits:08x}"
        if height is not None:
            known["height"] = height
        return known


DIALECT = Decred()
