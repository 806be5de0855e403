"""The long-lived encrypted flows nobody could judge: the longest ones, with their hellos."""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING, NamedTuple

from poolwatch.terms import FlowKey, Hit, TlsSeen

if TYPE_CHECKING:
    from poolwatch.match.names import NameWatch


class LongFlow(NamedTuple):
    """One of them; sorts by how long it lasted."""

    ns: int
    later: int  # how much later than others it began: the earlier one wins a tie
    first_ns: int
    key: FlowKey
    client: int  # side
    tls: TlsSeen | None


class LongFlows:
    """Keeps the `most` longest."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._heap: list[LongFlow] = []

    def offer(self, hit: Hit, openings: tuple[int, int], names: NameWatch) -> None:
        """Take a flow that is over, if it is among the longest."""
        flow = LongFlow(
            hit.last_ns - hit.first_ns,
            -hit.first_packet,
            hit.first_ns,
            hit.key,
            hit.initiator,
            None,
        )
        if len(self._heap) == self._most and flow < self._heap[0]:
            return
        for number in filter(None, openings):
            hello = names.hello_of(number)
            if hello is not None:
                flow = flow._replace(client=hello[0], tls=hello[1])
        if len(self._heap) == self._most:
            heapq.heapreplace(self._heap, flow)
        else:
            heapq.heappush(self._heap, flow)

    def longest(self) -> list[LongFlow]:
        """Them, the longest first."""
        return sorted(self._heap, reverse=True)

    def adopt(self, later: LongFlows, packets: int) -> None:
        """Take over those of a later slice, whose packets are numbered from `packets` on."""
        for flow in later.longest():
            moved = flow._replace(later=flow.later - packets)
            if len(self._heap) < self._most:
                heapq.heappush(self._heap, moved)
            else:
                heapq.heappushpop(self._heap, moved)
