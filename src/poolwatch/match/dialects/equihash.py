"""Zcash / Equihash Stratum (D23): Stratum with targets instead of difficulties.

Sources: ZIP 301; recorded sessions (nesfit/DI-cryptominingdetection zec-*, ntop/nDPI mining).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from poolwatch.match.dialects.base import Act, Event, facts, params_of, target_at
from poolwatch.match.dialects.stratum import Stratum
from poolwatch.match.message import Message


class Equihash(Stratum):
    """Stratum whose shares are Equihash solutions.

    `algorithm`: what work in this form is for; targets and shares alone do not say it.
    """

    algorithm: ClassVar[str] = "Equihash"

    def said(self, method: str, message: Message) -> Iterable[Event]:
        """`mining.set_target` gives the solutions a share stands for: 2**256 / target."""
        if method == "mining.set_target":
            yield Event(Act.DETAIL, facts(hashes=target_at(params_of(message), 0)))
            return
        yield from super().said(method, message)
        if method == "mining.notify":
            yield Event(Act.DETAIL, facts(algorithm=self.algorithm))


DIALECT = Equihash()
