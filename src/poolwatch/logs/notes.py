"""What could not be read of logs: where, and why. The screens have the sentences."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from poolwatch.logs.said import Reason


@dataclass(frozen=True, slots=True)
class LogNote:
    """One remark; line 0 is about the file."""

    file: str
    line: int
    reason: Reason
    text: str = ""


@dataclass(slots=True)
class Notes:
    """The first remarks, at most so many, and how many there were of each reason."""

    most: int = 1000
    kept: list[LogNote] = field(default_factory=list)
    counts: Counter[Reason] = field(default_factory=Counter)

    def add(self, note: LogNote) -> None:
        """One more."""
        self.counts[note.reason] += 1
        if len(self.kept) < self.most:
            self.kept.append(note)

    @property
    def left_out(self) -> int:
        """How many are not kept."""
        return self.counts.total() - len(self.kept)
