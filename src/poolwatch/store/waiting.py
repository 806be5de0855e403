"""Rows in memory until the disk or the store has them, within a bound."""

from __future__ import annotations

from collections import deque
from collections.abc import Container
from itertools import islice

from poolwatch.store.records import NAMES, Record
from poolwatch.store.shedding import LaterStates, is_detail


class Waiting:
    """Records in order, each with a number that grows. Not for several threads at once."""

    def __init__(self, most_bytes: int) -> None:
        self._records: deque[tuple[int, Record]] = deque()
        self._most = most_bytes
        self._barren = False  # nothing may go: not to be looked for again at every row
        self._held: dict[str, int] = {}
        self.bytes = 0
        self.last = 0
        """Number of the last record put; the first one's is 1."""
        self.went: dict[str, int] = {}
        """Rows that went for want of room: by kind of row, and `superseded`."""

    def __len__(self) -> int:
        return len(self._records)

    @property
    def done(self) -> int:
        """Every record up to this number has left."""
        return self._records[0][0] - 1 if self._records else self.last

    @property
    def oldest_ns(self) -> int | None:
        """When the oldest record was put."""
        return self._records[0][1].put_ns if self._records else None

    def put(self, record: Record, referred: Container[int] | None) -> bool:
        """Take a record; False when there is no room, and nothing that may go for it."""
        if self.bytes + record.size > self._most:
            if not self._barren:
                self._shed(record.size, referred)
            if self.bytes + record.size > self._most:
                return False
        self.last += 1
        self.bytes += record.size
        self._records.append((self.last, record))
        return True

    def hold(self, writer: str, rows: int, size: int) -> list[tuple[int, Record]]:
        """The oldest records with their numbers: at most `rows`, and of `size` bytes.

        `writer` is writing them somewhere, so none of them goes until `leave` or `release`.
        """
        found: list[tuple[int, Record]] = []
        for entry in islice(self._records, rows):
            size -= entry[1].size
            if found and size < 0:
                break
            found.append(entry)
        if found:
            self._held[writer] = found[-1][0]
        return found

    def release(self, writer: str) -> None:
        """What it held could not be written."""
        self._held.pop(writer, None)

    def leave(self, number: int) -> None:
        """Let everything up to a number go: it is elsewhere now."""
        while self._records and self._records[0][0] <= number:
            self.bytes -= self._records.popleft()[1].size
            self._barren = False

    def _shed(self, needed: int, referred: Container[int] | None) -> None:
        """Make room, for more than one row at once: looking through all of them takes time."""
        wanted = max(needed, self._most // 8)
        held = max(self._held.values(), default=0)
        later = LaterStates()
        newest_first: list[tuple[int, Record]] = []
        for number, record in reversed(self._records):
            if later.replace(record) and number > held:
                self._give_up(record, "superseded")
                wanted -= record.size
            else:
                newest_first.append((number, record))
        kept: deque[tuple[int, Record]] = deque()
        for number, record in reversed(newest_first):
            if wanted > 0 and number > held and is_detail(record, referred):
                self._give_up(record, NAMES[record.kind])
                wanted -= record.size
            else:
                kept.append((number, record))
        self._barren = len(kept) == len(self._records)
        self._records = kept

    def _give_up(self, record: Record, name: str) -> None:
        self.bytes -= record.size
        self.went[name] = self.went.get(name, 0) + 1
