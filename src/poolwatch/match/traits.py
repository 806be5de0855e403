"""What the packets of one side show of the machine that sent them: few samples, spread over time.

Samples are taken from the first packets on, then ever more seldom: when there are too many,
every second one goes and the pause between two is doubled. So a flow of weeks keeps as many
as one of minutes, and always the first.
"""

from __future__ import annotations

from array import array

from poolwatch.match.headers import Header
from poolwatch.terms import Sample, SideTraits

_NS = 1_000_000_000
_EAGER = 8  # samples without a pause between them
_FIRST_PAUSE_NS = _NS
_VALUES = 4  # TTLs, or hardware addresses, remembered of one side


class Traits:
    """Headers of one side in, `SideTraits` out. At most `most` samples are kept."""

    __slots__ = (
        "_macs",
        "_most",
        "_pause_ns",
        "_samples",
        "_ttls",
        "due_ns",
        "first_ns",
        "last_ns",
    )

    def __init__(self, most: int) -> None:
        self._most = max(most, _EAGER)
        self._samples = array("q")  # time, IP-ID, timestamp, one after another
        self._ttls: dict[int, None] = {}
        self._macs: dict[int, None] = {}
        self._pause_ns = 0
        self.due_ns = -(1 << 62)  # before which no further sample is wanted
        self.first_ns = 0  # of its first payload
        self.last_ns = 0  # of its last one: whoever asks for samples sets it

    def take(self, ts_ns: int, header: Header) -> None:
        """Take a sample; the first payload always is one."""
        self.first_ns = self.first_ns or ts_ns
        self._samples.extend((ts_ns, header.ip_id, header.tsval))
        for value, values in ((header.ttl, self._ttls), (header.mac, self._macs)):
            if value >= 0 and len(values) < _VALUES:
                values[value] = None
        count = len(self._samples) // 3
        if count > self._most:
            rows = [self._samples[at : at + 3] for at in range(0, len(self._samples), 6)]
            self._samples = array("q", (value for row in rows for value in row))
            self._pause_ns *= 2
        elif count == _EAGER:
            self._pause_ns = self._pause_ns or _FIRST_PAUSE_NS
        self.due_ns = ts_ns + self._pause_ns if self._pause_ns else self.due_ns

    def rest(self) -> None:
        """No further sample is wanted, once there are two."""
        if len(self._samples) >= 6:
            self.due_ns = 1 << 62

    def seen(self) -> SideTraits:
        """What was seen so far."""
        values = self._samples
        samples = tuple(Sample(*values[at : at + 3]) for at in range(0, len(values), 3))
        return SideTraits(
            self.first_ns, self.last_ns, tuple(self._ttls), tuple(self._macs), samples
        )
