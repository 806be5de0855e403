"""From accepted shares to a hashrate, with the interval that counting leaves open.

Shares are found as a Poisson process finds events, so their weighted sum over a time has a
Gamma interval (Fay and Feuer, Statistics in Medicine 16, 1997); for shares of equal worth it is
the exact one of a Poisson count.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from poolwatch.aggregate.gamma import gamma_quantile
from poolwatch.terms import DayWork, DayWorth, Hashrate, Hit, Worth

if TYPE_CHECKING:
    from poolwatch.catalog.agents import Agent
    from poolwatch.catalog.difficulties import Difficulties

FEWEST_SHARES = 5
"""Below this number a count says next to nothing about a rate."""
_TAIL = 0.025  # on either side of the 95 % interval
_MANY_LOGINS = 3  # a second one may be the fee to a developer, or the account without a worker
_VERSION_ROLLING = "version-rolling"
_ROLLING = "SHA-256d"  # the only algorithm in whose blocks there are version bits to roll (BIP 310)
_NS = 1_000_000_000


def worth_in_hashes(
    hit: Hit, algorithm: str | None, difficulties: Difficulties
) -> tuple[Worth, str | None]:
    """The accepted shares in hashes, and the algorithm by which difficulties were counted.

    Empty where most of the shares have a difficulty of an algorithm that is not known.
    """
    worth, work, row = Worth(), hit.work, None
    if work.numbers.shares:
        asked = _ROLLING if _VERSION_ROLLING in hit.extensions else None
        row = difficulties.find(algorithm or asked)
        if row is None and work.numbers.shares > work.hashes.shares:
            return worth, None
    worth.join(work.hashes)
    if row is not None:
        worth.join(work.numbers, row.low, row.high)
    return worth, row.algorithm if row else None


def worth_by_day(
    hit: Hit, algorithm: str | None, difficulties: Difficulties
) -> tuple[DayWorth, ...]:
    """The accepted shares by day; `algorithm` is the one by which difficulties are counted."""
    row = difficulties.find(algorithm)
    low, high = (row.low, row.high) if row else (0.0, 0.0)
    return tuple(
        _day_worth(day, work, low, high) for (day, _), work in sorted(hit.work.days.items())
    )


def _day_worth(day: int, work: DayWork, low: float, high: float) -> DayWorth:
    worth, blocks, unweighed = Worth(), work.hash_blocks, work.unweighed
    worth.join(work.hashes)
    if high:
        worth.join(work.numbers, low, high)
        blocks += work.number_blocks * high
    else:
        unweighed += work.numbers.shares
    return DayWorth(day, worth, blocks, unweighed, work.height)


def work_interval(worth: Worth) -> tuple[float, float, float]:
    """Lower bound, estimate, upper bound of the hashes behind some shares; 95 %, at least one."""
    low, high = _interval(worth)
    return low, math.sqrt(worth.low) * math.sqrt(worth.high), high


def crowd_of(hit: Hit, agent: Agent | None) -> tuple[str, ...]:
    """What shows that many miners share the socket: workers, nonce, logins, agent."""
    stands_for_others = agent is not None and agent.row.device in ("proxy", "rental")
    several = len(hit.logins) >= _MANY_LOGINS
    return hit.work.crowd + ("logins",) * several + ("agent",) * stands_for_others


def estimate_hashrate(worth: Worth, seconds: float, algorithm: str | None) -> Hashrate | None:
    """The hashrate of shares worth that together, found within `seconds`, in H/s.

    `worth` is in hashes; `algorithm` is the one by which difficulties were counted, None
    where targets stood on the wire. None for too few shares, or no time. Where
    implementations disagree the estimate is the geometric mean, from which neither is farther.
    """
    if worth.shares < FEWEST_SHARES or seconds <= 0 or worth.low <= 0:
        return None
    low, high = _interval(worth)
    return Hashrate(
        low=low / seconds,
        estimate=math.sqrt(worth.low) * math.sqrt(worth.high) / seconds,
        high=high / seconds,
        shares=worth.shares,
        seconds=seconds,
        ground="difficulty" if algorithm else "target",
        algorithm=algorithm,
        disputed=worth.high > worth.low,
    )


def seconds_of_work(hit: Hit) -> float:
    """How long shares of known worth could be found in a flow, as far as it was seen."""
    first, last = work_span(hit)
    return max(last - first, 0) / _NS


def work_span(hit: Hit) -> tuple[int, int]:
    """From the first job of known worth to the last mining message, ns; (0, 0) without."""
    if not hit.work.first_ns:
        return 0, 0
    return hit.work.first_ns, max(hit.seen_last_ns, hit.work.first_ns)


def _interval(worth: Worth) -> tuple[float, float]:
    """The bounds, in hashes, of what was to be expected in that time."""
    total, squares, most = worth.high, worth.squares, worth.most
    low = squares / total * gamma_quantile(_TAIL, total * (total / squares))
    more, spread = total + most, squares + most * most
    high = spread / more * gamma_quantile(1 - _TAIL, more * (more / spread))
    return low * (worth.low / worth.high), high
