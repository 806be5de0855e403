"""Aeternity Stratum (D32): as Zcash's, with cycles of 42 edges for shares.

Some pools of TON hand out work in the same form.
Sources: aeternity/protocol STRATUM.md.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from poolwatch.match.dialects.base import Act, Event, facts, item_at, params_of
from poolwatch.match.dialects.targeted import Targeted
from poolwatch.match.message import Message


class Aeternity(Targeted):
    """Expected are graphs: about one in 42 has a cycle to try against the target."""

    tries: ClassVar = 42.0

    def said(self, method: str, message: Message) -> Iterable[Event]:
        """The cycle of a share says what the work does not."""
        yield from super().said(method, message)
        if method == "mining.submit" and isinstance(item_at(params_of(message), 3), list):
            yield Event(Act.DETAIL, facts(algorithm="Cuckoo Cycle"))


DIALECT = Aeternity()
