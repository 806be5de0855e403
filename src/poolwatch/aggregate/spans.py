"""Time spans of a host's conversations: their union, within a bound."""

from __future__ import annotations

from itertools import pairwise
from operator import itemgetter

Span = tuple[int, int]


class Spans:
    """Takes time spans in any order; `total` is how long at least one of them lasted.

    When more than `most` are kept they are united. If they do not overlap enough for half of
    that, the smallest gaps between them are closed and counted in `joined`: the total is then
    too high by those gaps, and by the least that the bound allows.
    """

    __slots__ = ("_most", "_spans", "joined")

    def __init__(self, most: int) -> None:
        self._most = most
        self._spans: list[Span] = []
        self.joined = 0

    def add(self, start: int, end: int) -> None:
        """Take one span."""
        self._spans.append((start, end))
        # Half of the room is free after each union, so its cost spreads over as many spans.
        if len(self._spans) > self._most:
            self._spans = united(self._spans)
            keep = max(self._most // 2, 1)
            self.joined += max(len(self._spans) - keep, 0)
            self._spans = join_nearest(self._spans, keep)

    def total(self) -> int:
        """The time covered."""
        return sum(end - start for start, end in united(self._spans))


def united(spans: list[Span]) -> list[Span]:
    """Time spans without overlap, in order."""
    result: list[Span] = []
    for start, end in sorted(spans):
        if result and start <= result[-1][1]:
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
