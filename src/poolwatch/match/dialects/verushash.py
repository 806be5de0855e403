"""VerusHash Stratum (D24): Zcash's, with the template of a solution behind the work.

Shares look like Equihash solutions, but stand for hashes.
Sources: monkins1010/ccminer equi/equi-stratum.cpp.
"""

from __future__ import annotations

from typing import ClassVar

from poolwatch.match.dialects.equihash import Equihash


class VerusHash(Equihash):
    """The ninth parameter of a job tells it from Zcash's."""

    algorithm: ClassVar = "VerusHash"


DIALECT = VerusHash()
