"""Events to the EVE file, alerts to syslog and webhook: each from its own thread."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from poolwatch.sensor.tell.changes import HostState
from poolwatch.sensor.tell.settings import TellSettings


class Teller:
    """Never blocks who tells: what does not fit a queue is dropped and counted.

    `last`: host to the state last told, as `states()` gave it before the restart.
    """

    def __init__(
        self, settings: TellSettings, *, sensor: str, last: Mapping[str, HostState] | None = None
    ) -> None:
        raise NotImplementedError

    def start(self) -> None:
        """Open the file and begin the threads. Raises PoolwatchError for what cannot work."""
        raise NotImplementedError

    def tell(self, event: dict[str, Any]) -> str | None:
        """Write an event (mining, finding, stats); a finding may be an alert.

        Returns the change told: new, grade_up, stage_up, role_change, back; None: none. Call it
        after the finding is durable.
        """
        raise NotImplementedError

    def reopen(self) -> None:
        """Open the EVE file anew by its name (SIGHUP)."""
        raise NotImplementedError

    def states(self) -> dict[str, HostState]:
        """States that changed since the last call, to be stored.

        While an alert waits to be delivered its host has the state of before, so that after a
        restart it is told again, with the same key.
        """
        raise NotImplementedError

    def counts(self) -> dict[str, int]:
        """Counters and gauges: events written, alerts sent, failed, dropped, waiting."""
        raise NotImplementedError

    def problems(self) -> dict[str, str]:
        """What does not work just now, by eve, syslog, webhook."""
        raise NotImplementedError

    def close(self, timeout: float = 5.0) -> bool:
        """Deliver what waits, within the time. False: something was left."""
        raise NotImplementedError
