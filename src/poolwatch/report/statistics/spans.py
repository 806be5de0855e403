"""Times: what several spans cover together, and the ISO weeks of a time zone."""

from __future__ import annotations

import datetime
import zoneinfo
from collections.abc import Iterable, Iterator

Span = tuple[int, int]
"""From, to; microseconds UTC."""
US = 1_000_000
HOUR = 3600 * US
_WEEK = datetime.timedelta(days=7)
_EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
_FIRST, _LAST = datetime.date(1, 1, 8), datetime.date(9998, 12, 20)


def united(spans: Iterable[Span]) -> list[Span]:
    """The spans in order, those that touch made one."""
    whole: list[Span] = []
    for first, last in sorted(spans):
        if whole and first <= whole[-1][1]:
            whole[-1] = whole[-1][0], max(whole[-1][1], last)
        else:
            whole.append((first, max(first, last)))
    return whole


def length(spans: Iterable[Span]) -> int:
    """How long united spans are together, in microseconds."""
    return sum(last - first for first, last in spans)


def clipped(spans: Iterable[Span], first: int | None, until: int | None) -> list[Span]:
    """What of united spans lies between two times; `until` itself does not."""
    inside = []
    for begin, end in spans:
        low = begin if first is None else max(begin, first)
        high = end if until is None else min(end, until)
        if low < high or (low == high == begin and (until is None or low < until)):
            inside.append((low, high))
    return inside


def share(spans: list[Span], part: list[Span]) -> float:
    """What part of united spans another part of them is, 0 to 1; moments count alike."""
    whole = length(spans)
    if whole:
        return length(part) / whole
    return len(part) / len(spans) if spans else 0.0


class Weeks:
    """The weeks of a time zone, Monday to Monday, as spans of UTC."""

    def __init__(self, zone: str) -> None:
        self._zone = zoneinfo.ZoneInfo(zone)
        self._starts: dict[datetime.date, int] = {}

    def of(self, span: Span, most: int) -> Iterator[tuple[str, int, int]]:
        """Name, begin and end of each week that a span lies in, the first `most` of them."""
        monday = self._monday(span[0])
        for _ in range(most):
            begin, end = self._start(monday), self._start(monday + _WEEK)
            if (begin > span[0] and begin >= span[1]) or monday >= _LAST:
                return
            year, week, _ = monday.isocalendar()
            yield f"{year:04}-W{week:02}", begin, end
            monday += _WEEK

    def day(self, at: int) -> datetime.date:
        """The day of a time."""
        moment = _EPOCH + datetime.timedelta(microseconds=at)
        try:
            day = moment.astimezone(self._zone).date()
        except OverflowError:
            day = moment.date()
        return min(max(day, _FIRST), _LAST)

    def _monday(self, at: int) -> datetime.date:
        day = self.day(at)
        return day - datetime.timedelta(days=day.weekday())

    def _start(self, monday: datetime.date) -> int:
        if monday not in self._starts:
            moment = datetime.datetime.combine(monday, datetime.time(), self._zone)
            self._starts[monday] = (moment - _EPOCH) // datetime.timedelta(microseconds=1)
        return self._starts[monday]
