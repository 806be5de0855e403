"""Whether the sensor works: threads that move, and canaries that arrive.

Silence is proof only while canaries pass through everything behind the rings. What happens in
front of them (an interface that is down, a mirror that was switched off) no canary can tell:
the rings' own signs of life stand beside it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from poolwatch.sensor.collector import Collector
    from poolwatch.sensor.config import HealthSettings
    from poolwatch.sensor.pipeline import Pipeline


class Moves(Protocol):
    """A thread that says when it moved last, and how long it may take beyond what is usual."""

    name: str
    beat: float
    patience: float

    def is_alive(self) -> bool:
        """Whether it runs."""
        ...


class Verdict(NamedTuple):
    """`problems` make the sensor unhealthy; `warnings` are for those who look."""

    problems: tuple[str, ...]
    warnings: tuple[str, ...]

    @property
    def healthy(self) -> bool:
        """Whether nothing is wrong with the sensor itself."""
        return not self.problems


class Health:
    """Knows when each canary was sent and heard.

    `behind`: the threads of store, kept packets and those who are told.
    """

    def __init__(
        self,
        settings: HealthSettings,
        pipelines: Sequence[Pipeline],
        collector: Collector,
        behind: Sequence[Moves] = (),
    ) -> None:
        self._settings = settings
        self._pipelines = pipelines
        self._collector = collector
        self._behind = behind
        self._lock = threading.Lock()
        now = time.monotonic()
        self._sung = now - settings.canary_seconds
        self._heard_ns = [0] * len(pipelines)
        self._sent: list[float | None] = [None] * len(pipelines)

    def heard(self, number: int, first_ns: int) -> None:
        """A canary came through; one heard before does not count again."""
        with self._lock:
            if first_ns > self._heard_ns[number]:
                self._heard_ns[number] = first_ns
                self._sent[number] = None

    def last_heard_ns(self, number: int) -> int:
        """The time of the last canary that came through, 0: none."""
        return self._heard_ns[number]

    def sing(self) -> None:
        """Send canaries when it is time."""
        now = time.monotonic()
        if now - self._sung < self._settings.canary_seconds:
            return
        self._sung = now
        for number, pipeline in enumerate(self._pipelines):
            with self._lock:
                if self._sent[number] is None:
                    self._sent[number] = now
            pipeline.sing()

    def stuck(self) -> list[str]:
        """Threads without which it is better to begin anew: of the rings and the collector those
        that do not move, of the others those that have ended. A disk that hangs, which keeps
        others from moving, no new beginning helps.
        """
        now = time.monotonic()
        threads: list[Pipeline | Collector] = [*self._pipelines, self._collector]
        return [
            f"{thread.name} {'does not move' if thread.is_alive() else 'has ended'}"
            for thread in threads
            if not thread.is_alive() or now - thread.beat > self._settings.stuck_seconds
        ] + [f"{thread.name} has ended" for thread in self._behind if not thread.is_alive()]

    def _slow(self) -> list[str]:
        """Threads behind the collector that do not move."""
        since = time.monotonic() - self._settings.stuck_seconds
        return [
            f"{thread.name} does not move"
            for thread in self._behind
            if thread.is_alive() and thread.beat < since - thread.patience
        ]

    def verdict(self, warnings: Sequence[str] = ()) -> Verdict:
        """How it stands now."""
        now = time.monotonic()
        problems = self.stuck() + self._slow()
        with self._lock:
            for number, sent in enumerate(self._sent):
                if sent is not None and now - sent > self._settings.canary_late_seconds:
                    problems.append(f"canary of ring-{number} is missing for {now - sent:.0f} s")
        return Verdict(tuple(problems), tuple(warnings))
