"""How long a host was at it: conversations joined across reconnects, then united.

A miner that comes back to the same pool within a quarter of an hour was only reconnecting.
"""

from __future__ import annotations

from collections.abc import Hashable

from poolwatch.aggregate.spans import Span, join_nearest, united

RECONNECT_NS = 15 * 60 * 1_000_000_000
"""A pause as long as this ends a run (nanoseconds)."""
_OTHERS = object()


class Runs:
    """Takes time spans by whose they are, in any order.

    `most_spans` are kept; beyond, each one's nearest are joined (`spans_joined`). `most_keys`
    are told apart; the spans of the rest are joined as one's (`keys_joined`).
    """

    __slots__ = ("_count", "_most_keys", "_most_spans", "_spans", "keys_joined", "spans_joined")

    def __init__(self, most_spans: int, most_keys: int) -> None:
        self._most_spans = most_spans
        self._most_keys = most_keys
        self._spans: dict[Hashable, list[Span]] = {}
        self._count = 0
        self.spans_joined = self.keys_joined = 0

    def add(self, key: Hashable, start: int, end: int) -> None:
        """Take one span, in ns."""
        if key not in self._spans and len(self._spans) >= self._most_keys:
            key = _OTHERS
            self.keys_joined += 1
        self._spans.setdefault(key, []).append((start, end))
        self._count += 1
        # Half of the room is free after each tidying, so its cost spreads over as many spans.
        if self._count > self._most_spans:
            self._tidy()

    def copy(self) -> Runs:
        """The same, to go on apart."""
        other = Runs(self._most_spans, self._most_keys)
        other._spans = {key: list(spans) for key, spans in self._spans.items()}
        other._count = self._count
        return other

    def total(self) -> int:
        """The time that at least one run covers, ns."""
        runs = [run for spans in self._spans.values() for run in united(spans, RECONNECT_NS)]
        return sum(end - start for start, end in united(runs))

    def _tidy(self) -> None:
        keep = max(self._most_spans // 2 // len(self._spans), 1)
        for key, spans in self._spans.items():
            runs = united(spans, RECONNECT_NS)
            self.spans_joined += max(len(runs) - keep, 0)
            self._spans[key] = join_nearest(runs, keep)
        self._count = sum(map(len, self._spans.values()))
