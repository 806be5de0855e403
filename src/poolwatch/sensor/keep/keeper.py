"""The packets of mining flows, and the summaries of hosts, into files that last.

In its directory (0700, files 0600): `packets/NAME.pcapng`, the segments; `packets/NAME.jsonl`,
the index of each, one line a flow; `summaries/ADDRESS.jsonl`, what a host that became a finding
did; `deletions.jsonl`, what was deleted, how much, why and when.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from poolwatch.sensor.keep.settings import KeepSettings, RetentionSettings

if TYPE_CHECKING:
    from poolwatch.match.prefilter import FlowTable
    from poolwatch.sensor.keep.lane import Lane


class Keeper:
    """All threads' keeping. Construction is inert; `start()` repairs, and begins the thread that
    writes.

    `interfaces`: the names by which `PACKET.interface` numbers them. `about` is the comment of
    every section: the sensor's place. `inside` says of an address, as text, whether it is.
    """

    def __init__(
        self,
        settings: KeepSettings,
        directory: Path,
        *,
        sensor: str,
        interfaces: Sequence[str],
        retention: RetentionSettings | None = None,
        about: str = "",
        inside: Callable[[str], bool] = lambda _: False,
    ) -> None:
        raise NotImplementedError

    def start(self) -> None:
        """Repair segments cut by a crash, then begin to write. Raises PoolwatchError."""
        raise NotImplementedError

    def lane(self, table: FlowTable) -> Lane:
        """The side of a pipeline thread with its own flow table; asks the table for records."""
        raise NotImplementedError

    def keep_host(self, host: str) -> None:
        """A host became a finding: write out its flow summaries, and go on doing so."""
        raise NotImplementedError

    def unresolved(self, hosts: Iterable[str] | None) -> None:
        """The hosts whose findings are not resolved; None (at first): all are."""
        raise NotImplementedError

    def sync(self, timeout: float = 5.0) -> bool:
        """Whether all taken or seen so far is on the disk. Call it before a finding is told."""
        raise NotImplementedError

    def retain(self, now_ns: int) -> None:
        """Delete what is beyond its quota or age; the writing thread does so once a minute too."""
        raise NotImplementedError

    def counts(self) -> dict[str, int]:
        """Counters and gauges: packets and bytes kept, lost by cause, segments, deletions."""
        raise NotImplementedError

    def problem(self) -> str:
        """What keeps packets from being written just now; empty: nothing."""
        raise NotImplementedError

    def close(self, timeout: float = 5.0) -> bool:
        """Write what waits, close segment and index. False: something was left."""
        raise NotImplementedError
