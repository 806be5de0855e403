"""A conversation that was captured twice counts once.

A mirror port that copies both VLANs a packet crosses, two sensors on one path, or a capture
given twice show the same two ends, address and port, at the same time. Two connections
cannot: so what one copy has more than the other is added, and the rest is not.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import fields

from poolwatch.terms import Endpoint, Session, Shares

_NONE = Shares()


class Repeats:
    """The newest conversations with work of one host in one role, at most `most`."""

    __slots__ = ("_most", "_seen", "forgotten", "found")

    def __init__(self, most: int) -> None:
        self._most = most
        self._seen: OrderedDict[tuple[Endpoint, Endpoint], tuple[int, int, Shares]] = OrderedDict()
        self.found = 0  # conversations that were seen before
        self.forgotten = 0  # the oldest: seen again, they would count twice

    def copy(self) -> Repeats:
        """The same, to go on apart."""
        other = Repeats(self._most)
        other._seen = self._seen.copy()
        other.found, other.forgotten = self.found, self.forgotten
        return other

    def note(self, session: Session) -> Shares | None:
        """Remember a conversation; the shares that were counted of it before, if it was seen."""
        hit = session.hit
        if not hit.jobs and hit.shares == _NONE:
            return None  # it adds nothing, however often it comes
        ends = (session.miner, session.pool_end)
        first_ns, last_ns, shares = self._seen.pop(ends, (0, 0, None))
        same = shares is not None and first_ns < hit.last_ns and hit.first_ns < last_ns
        if not same or shares is None:
            self._keep(ends, hit.first_ns, hit.last_ns, hit.shares)
            return None
        self.found += 1
        span = min(first_ns, hit.first_ns), max(last_ns, hit.last_ns)
        self._keep(ends, *span, more_of(shares, hit.shares))
        return shares

    def _keep(
        self, ends: tuple[Endpoint, Endpoint], first_ns: int, last_ns: int, shares: Shares
    ) -> None:
        self._seen[ends] = first_ns, last_ns, shares
        if len(self._seen) > self._most:
            self._seen.popitem(last=False)
            self.forgotten += 1


def more_of(one: Shares, other: Shares) -> Shares:
    """Of each count the higher."""
    return Shares(*(max(getattr(one, f.name), getattr(other, f.name)) for f in fields(Shares)))


def beyond(shares: Shares, counted: Shares) -> Shares:
    """What is more than was counted."""
    return Shares(
        *(max(getattr(shares, f.name) - getattr(counted, f.name), 0) for f in fields(Shares))
    )
