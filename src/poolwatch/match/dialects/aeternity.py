"""Aeternity Stratum (D32): as Zcash's, with cycles of 42 edges for shares.

Some pools of TON hand out work in the same form.
Sources: aeternity/protocol STRATUM.md.
"""

from __future__ import annotations

from typing import ClassVar

from poolwatch.match.dialects.targeted import Targeted


class Aeternity(Targeted):
    """Expected are graphs: about one in 42 has a cycle to try against the target."""

    algorithm: ClassVar = "Cuckoo Cycle"
    tries: ClassVar = 42.0


DIALECT = Aeternity()
