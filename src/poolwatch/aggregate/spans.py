"""Time spans: their union, and the joining of the nearest when there are too many."""

from __future__ import annotations

from itertools import pairwise
from operator import itemgetter

Span = tuple[int, int]


def united(spans: list[Span], pause: int = 0) -> list[Span]:
    """Time spans without overlap, in order; those less than `pause` apart become one."""
    result: list[Span] = []
    for start, end in sorted(spans):
        if result and (start <= result[-1][1] or start - result[-1][1] < pause):
            result[-1] = (result[-1][0], max(end, result[-1][1]))
        else:
            result.append((start, end))
    return result


def join_nearest(spans: list[Span], most: int) -> list[Span]:
    """At most `most` spans: those with the smallest gaps between them become one.

    `spans` are in order and do not overlap.
    """
    surplus = len(spans) - most
    if surplus <= 0:
        return spans
    gaps = ((after[0] - before[1], index) for index, (before, after) in _pairs(spans))
    closed = {index for _, index in sorted(gaps, key=itemgetter(0))[:surplus]}
    result = [spans[0]]
    for index, (_, after) in _pairs(spans):
        if index in closed:
            result[-1] = (result[-1][0], after[1])
        else:
            result.append(after)
    return result


def _pairs(spans: list[Span]) -> enumerate[tuple[Span, Span]]:
    return enumerate(pairwise(spans))
