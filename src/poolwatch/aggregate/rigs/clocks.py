"""The clock in TCP timestamps (RFC 7323): connections that show the same one are of one machine.

Its rate is one of few, its offset is the time since some start. Many systems add a random
number to it: Linux since 4.10 one a connection, from 4.12 one for each pair of addresses
(net/core/secure_seq.c). So equal clocks prove one machine, and different ones prove nothing
by themselves: only a clock that came back in a second connection is known not to be thrown
anew for each. Two such clocks before the same pool are two machines.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from poolwatch.terms import Sample

_RATES = (10, 100, 250, 300, 1000)  # ticks a second that systems use
_WRAP = 1 << 32
_NS = 1e9
_SHORTEST = 5.0  # seconds over which a rate can be told
_FEWEST = 3  # samples
_RATE_OFF = 0.02  # how far a rate may be from the nominal one
_JITTER = 0.03  # seconds a packet may come late without being another clock's
_DRIFT = 1e-4  # seconds a second two readings of a clock go apart at most
_FARTHEST = 6 * 3600.0  # seconds between two readings beyond which drift hides everything
_ENDS = 8  # samples of which the least delayed tells the offset


class Clock(NamedTuple):
    """A clock as read at two times (seconds): how far our time is ahead of it, modulo its wrap."""

    rate: int
    first: float
    first_offset: float
    last: float
    last_offset: float

    def offset_at(self, moment: float) -> float:
        """Our time less the clock's, between its two readings or at the nearer one."""
        if moment <= self.first or self.last <= self.first:
            return self.first_offset
        if moment >= self.last:
            return self.last_offset
        part = (moment - self.first) / (self.last - self.first)
        return self.first_offset + part * (self.last_offset - self.first_offset)


def read_clock(samples: Sequence[Sample]) -> Clock | None:
    """The clock of one side of a connection; None where too little is known to tell its rate."""
    points = [(one.ts_ns / _NS, one.tsval) for one in samples if one.tsval >= 0]
    if len(points) < _FEWEST or points[-1][0] - points[0][0] < _SHORTEST:
        return None
    begin, ticks = points[0], [0]
    for before, after in pairwise(points):
        step = (after[1] - before[1]) % _WRAP
        ticks.append(ticks[-1] + (step if step < _WRAP // 2 else step - _WRAP))
    lasted = points[-1][0] - begin[0]
    rate = next(
        (one for one in _RATES if abs(ticks[-1] / lasted - one) <= one * _RATE_OFF + 2 / lasted),
        None,
    )
    if rate is None:
        return None
    offsets = [
        moment - (begin[1] + tick) / rate for (moment, _), tick in zip(points, ticks, strict=True)
    ]
    if max(offsets) - min(offsets) > 1.0 + _DRIFT * lasted:
        return None  # somebody on the way writes timestamps of its own
    return Clock(rate, begin[0], min(offsets[:_ENDS]), points[-1][0], min(offsets[-_ENDS:]))


def same_clock(one: Clock, other: Clock) -> bool:
    """Whether two connections show the same clock."""
    if one.rate != other.rate:
        return False
    early, late = sorted((one, other), key=lambda clock: clock.first)
    moment = max(early.first, min(late.first, early.last))
    gap = max(late.first - early.last, 0.0)
    if gap > _FARTHEST:
        return False
    wrap = _WRAP / one.rate
    apart = abs(one.offset_at(moment) - other.offset_at(moment)) % wrap
    return min(apart, wrap - apart) <= _JITTER + 2 / one.rate + _DRIFT * gap


def alike(clocks: Sequence[Clock | None]) -> list[tuple[int, int]]:
    """Pairs, by place, of connections with the same clock; enough of them to join all."""
    known = [(place, clock) for place, clock in enumerate(clocks) if clock is not None]
    widest = 2.0 + _DRIFT * _FARTHEST * 4  # offsets of one clock, however long it was watched
    pairs: list[tuple[int, int]] = []
    for rate in _RATES:
        wrap = _WRAP / rate
        ring = sorted(
            (clock.first_offset % wrap, place) for place, clock in known if clock.rate == rate
        )
        for at, (offset, place) in enumerate(ring):
            around = ring[at + 1 :] + [(later + wrap, other) for later, other in ring[:at]]
            for later, other in around:
                if later - offset > widest:
                    break
                one, two = clocks[place], clocks[other]
                if one is not None and two is not None and same_clock(one, two):
                    pairs.append((place, other))
    return pairs
