"""The flows that findings rest on, within a bound: when room is short their sessions stay."""

from __future__ import annotations

from collections.abc import Sequence

from poolwatch.terms import Grade


class Referred:
    """Past the bound flows of the least grade are forgotten first, of those the oldest.

    One thread at a time may `add`; any may ask.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._grades: dict[int, Grade] = {}  # by flow
        self._flows: dict[Grade, dict[int, None]] = {grade: {} for grade in Grade}
        self.forgotten = 0
        """Flows that were forgotten; one that comes again counts again."""

    def __contains__(self, flow_id: object) -> bool:
        return flow_id in self._grades

    def __len__(self) -> int:
        return len(self._grades)

    def add(self, flows: Sequence[int], word: str) -> None:
        """The flows of a finding of some grade; of several findings the highest grade holds."""
        grade = Grade.__members__.get(word.upper(), Grade.NOTED)
        self.forgotten += max(len(flows) - self._most, 0)
        for flow_id in flows[-self._most :]:
            before = self._grades.get(flow_id)
            if before is None or before < grade:
                self._grades[flow_id] = grade
                self._flows[grade][flow_id] = None
                if before is not None:
                    del self._flows[before][flow_id]
        while len(self._grades) > self._most:
            self._forget_one()

    def _forget_one(self) -> None:
        least = next(flows for flows in self._flows.values() if flows)
        flow_id = next(iter(least))
        del least[flow_id]
        del self._grades[flow_id]
        self.forgotten += 1
