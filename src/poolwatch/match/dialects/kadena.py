"""Kadena Stratum (D34): a whole header of 286 bytes for work, 8 bytes of nonce.

Sources: kadena-io/chainweb-mining-client Worker/POW/Stratum/Protocol.hs;
nicehash/Specifications Kadena_NiceHash_v1.0.
"""

from __future__ import annotations

from typing import ClassVar

from poolwatch.match.dialects.targeted import Targeted


class Kadena(Targeted):
    """A job has no height of its own: there are twenty chains, each with one."""

    algorithm: ClassVar = "Blake2s"


DIALECT = Kadena()
