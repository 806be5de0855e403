"""The IP-ID: connections whose packets are numbered by one counter are of one machine.

Windows numbers all packets to one destination by one counter (Klein and Pinkas, USENIX
Security 2019), others have one for everything (Bellovin, IMW 2002); Linux has one for each
connection. So one counter proves one machine; two counters before the same pool prove two
machines only where the TTL is that of Windows.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from poolwatch.aggregate.rigs.sitting import Sitting

_IDS = 1 << 16
_NS = 1_000_000_000
_NEAR_NS = 120 * _NS  # between packets whose numbers can be compared
_A_SECOND = 40  # packets a second a machine sends to one place, at most ...
_AT_ONCE = 200  # ... and in a burst
_MOST_STEP = 6000  # one step in ten of two strange counters is shorter
_FEWEST = 5  # steps that have to fit
_WINDOWS_TTL = range(65, 129)
MOST = 128
"""Connections that are compared with each other."""

Ids = Sequence[tuple[int, int]]


def is_windows(one: Sitting) -> bool:
    """Whether the TTL is one that began at 128."""
    return one.ttl in _WINDOWS_TTL


def is_counted(ids: Ids) -> bool:
    """Whether the packets of one connection are numbered one after another."""
    fits = [_fits(before, after) for before, after in pairwise(ids)]
    known = [fit for fit in fits if fit is not None]
    return len(known) >= _FEWEST and all(known)


def one_counter(one: Ids, other: Ids) -> bool | None:
    """Whether two connections have one counter; None where they hardly met."""
    both = sorted([(*pair, 0) for pair in one] + [(*pair, 1) for pair in other])
    across = [
        _fits(before[:2], after[:2]) for before, after in pairwise(both) if before[2] != after[2]
    ]
    known = [fit for fit in across if fit is not None]
    if len(known) < _FEWEST:
        return None
    return all(known)


def alike(sittings: Sequence[Sitting]) -> tuple[list[tuple[int, int]], set[frozenset[int]]]:
    """Pairs, by place, that have one counter, and pairs that surely have two."""
    same: list[tuple[int, int]] = []
    apart: set[frozenset[int]] = set()
    known = [place for place, one in enumerate(sittings) if is_counted(one.ids)][:MOST]
    for at, place in enumerate(known):
        for other in known[at + 1 :]:
            one, two = sittings[place], sittings[other]
            if one.pool_end.address != two.pool_end.address or one.over_ns < two.first_ns:
                continue
            found = one_counter(one.ids, two.ids)
            if found:
                same.append((place, other))
            elif found is False and is_windows(one) and is_windows(two):
                apart.add(frozenset((place, other)))
    return same, apart


def _fits(before: tuple[int, int], after: tuple[int, int]) -> bool | None:
    """Whether a number may be a later one of the same counter; None: too far apart to say."""
    pause = after[0] - before[0]
    if pause > _NEAR_NS:
        return None
    step = (after[1] - before[1]) % _IDS
    return 0 < step <= min(_AT_ONCE + _A_SECOND * pause // _NS, _MOST_STEP)
