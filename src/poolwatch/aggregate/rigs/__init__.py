"""How many machines mine behind one address: a low, a high, and what each rests on.

The low is the highest that any method proves. The high is the number of conversations that are
not shown to be of one machine; a socket that carries many miners' work without naming them
leaves it open.
"""

from __future__ import annotations

from collections.abc import Iterable

from poolwatch.aggregate.rigs.evidence import Evidence
from poolwatch.aggregate.rigs.methods import counts_of
from poolwatch.aggregate.rigs.sitting import Sitting, sitting_of
from poolwatch.terms import RigCount, Rigs, Session

__all__ = ["Sittings", "count_rigs"]


class Sittings:
    """Conversations of one host in one role, at most `most`; the rest is counted."""

    __slots__ = ("_most", "kept", "left_out")

    def __init__(self, most: int) -> None:
        self._most = most
        self.kept: list[Sitting] = []
        self.left_out = 0

    def add(self, session: Session, *, room: bool) -> bool:
        """Take a session; whether it takes up room. `room`: whether there is any left at all."""
        one = sitting_of(session)
        if one is None:
            return False
        if room and len(self.kept) < self._most:
            self.kept.append(one)
            return True
        self.left_out += 1
        return False

    def copy(self) -> Sittings:
        """The same, to go on apart."""
        other = Sittings(self._most)
        other.kept, other.left_out = list(self.kept), self.left_out
        return other


def count_rigs(
    mined: Sittings, served: Iterable[Sitting] = (), *, at_exit: bool = False
) -> Rigs | None:
    """The machines behind an address; `served`: conversations in which a relay serves others.

    `at_exit`: the address is that of a translating device, so one may follow on another there.

    None without a conversation that got as far as a greeting.
    """
    if not mined.kept:
        return None
    evidence = Evidence(mined.kept, list(served), mined.left_out, at_exit=at_exit)
    counts = counts_of(evidence)
    low = max([1, *(count.low for count in counts)])
    highs = [count.high for count in counts if count.high is not None]
    high = max(low, min(highs)) if highs else None
    return Rigs(low, high, _basis(evidence, low, high, counts), tuple(counts))


def _basis(evidence: Evidence, low: int, high: int | None, counts: list[RigCount]) -> str:
    """Which methods set the low and the high, and what they could not use."""
    proven = [count.method for count in counts if count.low == low]
    said = [f"low by {', '.join(proven) if proven else 'one login'}"]
    if high is not None:
        came = len(evidence.sittings) + evidence.left_out
        said.append(f"high by {came} conversations less those of one machine")
    else:
        said.append(f"high open: {evidence.why_open}")
    if high == 1:
        said.append("a proxy that calls itself a miner would look the same")
    if any(one.crowd for one in evidence.sittings):
        said.append("many miners share a socket")
    if any(one.clock for one in evidence.sittings) and not evidence.kept_clocks:
        said.append("clocks say nothing: none came back, each connection may have a random one")
    return "; ".join(said)
