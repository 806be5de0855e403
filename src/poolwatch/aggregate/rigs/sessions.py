"""Counting conversations: at least as many machines as work at once, at most as many as came.

Most miners hold one connection. What holds more of them is taken off: sessions of which headers
prove that one machine holds them, cards of one machine, accounts of developers, pools kept in
reserve, and connections that only follow on others.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from itertools import pairwise
from math import ceil, sqrt

from poolwatch.aggregate.rigs.evidence import Evidence, Union
from poolwatch.aggregate.rigs.names import machine_of, machines_named, unseen
from poolwatch.aggregate.rigs.sitting import Sitting, most_at_once

_NS = 1_000_000_000
_OVERLAP_NS = 5 * _NS  # as long as an old connection may go on beside the one that follows it
_BACK_NS = 30 * _NS  # within which a miner that lost its connection is back
_LONG_NS = 120 * _NS  # the same, where nobody else has its name or its address


def at_once(evidence: Evidence) -> int:
    """The most machines that work at one time for one account at one pool."""
    groups: dict[tuple[str, str, int], list[tuple[int, int, object]]] = defaultdict(list)
    for place, one in enumerate(evidence.sittings):
        if one.worked is not None:
            start, end = one.worked
            machine = (evidence.machines.find(place), "")
            if one.worker and machine_of(one.worker) != one.worker.lower():
                machine = (-1, machine_of(one.worker))  # one of a machine's cards
            groups[one.account, one.pool, one.port].append((start, end - _OVERLAP_NS, machine))
    return max((most_at_once(spans) for spans in groups.values()), default=0)


def at_most(evidence: Evidence) -> int | None:
    """The most machines that these conversations can be; None where it is open."""
    if evidence.why_open is not None:
        return None
    joined = Union(len(evidence.sittings))
    joined.join(evidence.by_clock)
    joined.join(evidence.by_counter[0])
    joined.join(_resumed(evidence))
    total = evidence.left_out
    counted = 0
    for account, places in evidence.groups.items():
        places = _without_reserve(evidence, places)
        loose = _count_account(evidence, places, joined)
        if account in evidence.fees:
            continue
        counted += loose
        total += sum(_more_on_socket(evidence.sittings[place]) for place in places)
    return total + max(counted, 1)


def _more_on_socket(one: Sitting) -> int:
    """Machines on a socket beyond the first, as far as its shares and logins name them."""
    if not one.crowd:
        return 0
    counts = machines_named(one.senders)
    return max(len(counts) + unseen(counts.values()) - 1, 0)


def _resumed(evidence: Evidence) -> list[tuple[int, int]]:
    """Pairs of which the pool gave the second, later one the name of the first."""
    before: dict[tuple[str, str], int] = {}
    pairs: list[tuple[int, int]] = []
    for place, one in enumerate(evidence.sittings):
        if not one.session_id:
            continue
        key = (one.pool_end.address, one.session_id)
        earlier = before.get(key)
        if earlier is not None and evidence.sittings[earlier].over_ns <= one.first_ns:
            pairs.append((earlier, place))
        before[key] = place
    return pairs


def _without_reserve(evidence: Evidence, places: list[int]) -> list[int]:
    """An account's conversations without the idle ones to pools kept in reserve.

    Only as many are left out as others work at another pool.
    """
    sittings = evidence.sittings
    working = [place for place in places if sittings[place].shares]
    busiest = max(
        {sittings[place].pool for place in working},
        key=lambda pool: sum(sittings[place].pool == pool for place in working),
        default=None,
    )
    idle: dict[str, list[int]] = defaultdict(list)
    for place in places:
        if not sittings[place].shares and sittings[place].pool != busiest and busiest is not None:
            idle[sittings[place].pool].append(place)
    most = len([place for place in working if sittings[place].pool == busiest])
    reserve = {place for pool in idle.values() for place in pool[:most]}
    return [place for place in places if place not in reserve]


def _count_account(evidence: Evidence, places: list[int], joined: Union) -> int:
    """The most machines of one account."""
    names: dict[str | None, list[int]] = defaultdict(list)
    for place in places:
        worker = evidence.sittings[place].worker
        names[machine_of(worker) if worker else None].append(place)
    tell_apart = len(names) > 1 and None not in names
    return sum(_count_name(evidence, one, joined, tell_apart) for one in names.values())


def _count_name(
    evidence: Evidence, places: list[int], joined: Union, names_tell_apart: bool
) -> int:
    """The most machines that have one name."""
    sittings = [evidence.sittings[place] for place in places]
    if not _ever_at_once(sittings):
        longest = _BACK_NS if evidence.at_exit else _LONG_NS
        pairs = [
            (before, after)
            for before, after in pairwise(places)
            if names_tell_apart or _pause(evidence, before, after) <= longest
        ]
        joined.join(pair for pair in pairs if not evidence.surely_two(*pair))
        return len({joined.find(place) for place in places})
    apart = len({joined.find(place) for place in places})
    return max(apart - _came_back(evidence, places, joined), most_of(sittings), 1)


def most_of(sittings: Sequence[Sitting]) -> int:
    """The most that work at one time."""
    return most_at_once(
        [(one.worked[0], one.worked[1], one.miner) for one in sittings if one.worked is not None]
    )


def _pause(evidence: Evidence, before: int, after: int) -> int:
    return evidence.sittings[after].first_ns - evidence.sittings[before].over_ns


def _ever_at_once(sittings: Sequence[Sitting]) -> bool:
    """Whether two of one name were there at the same time."""
    spans = [one.worked or (one.first_ns, one.over_ns) for one in sittings]
    end = None
    for start, stop in sorted(spans):
        if end is not None and start < end - _OVERLAP_NS:
            return True
        end = stop if end is None else max(end, stop)
    return False


def _came_back(evidence: Evidence, places: list[int], joined: Union) -> int:
    """How many of the conversations surely only follow on one that ended.

    So many begin shortly after another's end, less what chance gives: as many as begin within
    the next stretch of the same length, and twice the spread of that.
    """
    near, taken = _following(evidence, places, joined, 0, _BACK_NS, set())
    far, _ = _following(evidence, places, joined, _BACK_NS, 2 * _BACK_NS, taken)
    return max(near - far - ceil(2 * sqrt(far + 1)), 0)


def _following(
    evidence: Evidence, places: list[int], joined: Union, least: int, most: int, taken: set[int]
) -> tuple[int, set[int]]:
    """Conversations that begin so long after another's end, each end taken once."""
    ends = sorted((evidence.sittings[place].over_ns, place) for place in places)
    used = set(taken)
    count = 0
    first = 0
    for place in places:
        if place in taken:
            continue
        start = evidence.sittings[place].first_ns
        while first < len(ends) and ends[first][0] < start - most:
            first += 1
        for end, other in ends[first:]:
            if end > start - least:
                break
            fits = other not in used and joined.find(other) != joined.find(place)
            if fits and not evidence.surely_two(other, place):
                used.add(other)
                count += 1
                break
    return count, used
