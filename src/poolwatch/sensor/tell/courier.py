"""A thread that delivers alerts to one receiver, in order, again where that may help."""

from __future__ import annotations

import random
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Protocol

from poolwatch.beats import Beating, unforeseen
from poolwatch.errors import PoolwatchError
from poolwatch.sensor.tell.changes import Alert

_LAST_TRY_SECONDS = 0.5  # between tries while stopping
_FIRST_PAUSE = 1.0
_LOOK_SECONDS = 1.0  # a thread with nothing to do moves this often
_PATIENCE_SECONDS = 120.0  # name servers and receivers that do not answer, one after another
_UNFORESEEN_TRIES = 5  # of an alert that cannot be sent, nobody knows why


class DeliveryError(PoolwatchError):
    """A receiver did not take an alert. `again`: another try may help, not before `after` s."""

    def __init__(self, message: str, *, again: bool = True, after: float = 0.0) -> None:
        super().__init__(message)
        self.again = again
        self.after = after


class Receiver(Protocol):
    """One who is told."""

    name: str

    def send(self, alert: Alert, text: str) -> None:
        """Deliver; may take its time. Raises DeliveryError."""
        ...

    def close(self) -> None:
        """Let go of the connection."""
        ...


class Courier:
    """Never blocks who puts. `done` is called, from the thread, once an alert needs no more."""

    def __init__(
        self,
        receiver: Receiver,
        *,
        queue: int,
        retry_most_seconds: float,
        give_up_seconds: float | None,
        done: Callable[[Alert], None],
    ) -> None:
        self.name = receiver.name
        self.problem = ""
        self._receiver = receiver
        self._most = queue
        self._retry_most = retry_most_seconds
        self._give_up = give_up_seconds
        self._done = done
        self._state = threading.Condition()
        self._queue: deque[tuple[Alert, str, float]] = deque()  # with the time it was put
        self._sent = self._failed = self._retried = self._dropped = 0
        self._deadline: float | None = None  # set: stopping
        self._random = random.Random()  # noqa: S311 - spreads tries, hides nothing
        self.thread = Beating(self._run, f"tell-{self.name}", _PATIENCE_SECONDS)

    def start(self) -> None:
        """Begin to deliver."""
        self.thread.start()

    def put(self, alert: Alert, text: str) -> Alert | None:
        """Queue an alert. The one that had no room, which is counted: the oldest of least grade."""
        with self._state:
            lost = self._make_room(alert)
            if lost is not None:
                self._dropped += 1
            if lost is not alert:
                self._queue.append((alert, text, time.monotonic()))
                self._state.notify_all()
        return lost

    def has_room(self) -> bool:
        """Whether alerts that had none can come again: half of the queue is free."""
        with self._state:
            return 2 * len(self._queue) <= self._most

    def _make_room(self, alert: Alert) -> Alert | None:
        if self._deadline is not None:
            return alert
        if len(self._queue) < self._most:
            return None
        # The one in front is being delivered.
        places = range(1, len(self._queue))
        least = min(places, key=lambda place: self._queue[place][0].worth, default=None)
        if least is None or self._queue[least][0].worth >= alert.worth:
            return alert
        lost = self._queue[least][0]
        del self._queue[least]
        return lost

    def counts(self) -> dict[str, int]:
        """Counters, and how many wait."""
        with self._state:
            return {
                f"tell_{self.name}_sent": self._sent,
                f"tell_{self.name}_failed": self._failed,
                f"tell_{self.name}_retried": self._retried,
                f"tell_{self.name}_dropped": self._dropped,
                f"tell_{self.name}_waiting": len(self._queue),
            }

    def stop(self, deadline: float) -> None:
        """Deliver what waits until then (monotonic), and end."""
        with self._state:
            self._deadline = deadline
            self._state.notify_all()

    def join(self) -> bool:
        """Wait for the end. False: something was left."""
        if self.thread.ident is not None:
            assert self._deadline is not None
            self.thread.join(max(self._deadline - time.monotonic(), 0) + 0.1)
        return not self._queue

    def _run(self) -> None:
        tries = 0
        try:
            while (waiting := self._next()) is not None:
                pause = self._try(*waiting, tries)
                if pause is None:
                    tries = 0
                    with self._state:
                        self._queue.popleft()
                    self._done(waiting[0])
                else:
                    tries += 1
                    self._wait(pause)
        finally:
            self._receiver.close()

    def _next(self) -> tuple[Alert, str, float] | None:
        """The oldest that waits, once there is one; None when it is time to end."""
        with self._state:
            while not self._state.wait_for(
                lambda: self._queue or self._deadline is not None, _LOOK_SECONDS
            ):
                self.thread.move()
            self.thread.move()
            over = self._deadline is not None and time.monotonic() >= self._deadline
            return self._queue[0] if self._queue and not over else None

    def _try(self, alert: Alert, text: str, put: float, tries: int) -> float | None:
        """Deliver once. None: done with it, one way or the other; else how long to wait."""
        try:
            self._send(alert, text, tries)
        except DeliveryError as error:
            self.problem = str(error)
            late = self._give_up is not None and time.monotonic() - put > self._give_up
            with self._state:
                if not error.again or late:
                    self._failed += 1
                    return None
                self._retried += 1
            # Doubling, and spread, so that many sensors do not come back at the same moment.
            longest = min(self._retry_most, _FIRST_PAUSE * 2 ** min(tries, 30))
            return max(
                self._random.uniform(longest / 2, longest), min(error.after, self._retry_most)
            )
        self.problem = ""
        with self._state:
            self._sent += 1
        return None

    def _send(self, alert: Alert, text: str, tries: int) -> None:
        """Deliver. Raises DeliveryError, whatever is wrong: those behind it wait as well."""
        try:
            self._receiver.send(alert, text)
        except DeliveryError:
            raise
        except Exception as error:
            again = tries + 1 < _UNFORESEEN_TRIES
            raise DeliveryError(unforeseen(error), again=again) from error

    def _wait(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        with self._state:
            if self._deadline is not None:
                left = self._deadline - time.monotonic()
                self._state.wait(min(seconds, _LAST_TRY_SECONDS, max(left, 0)))
            else:
                while (left := until - time.monotonic()) > 0 and not self._state.wait_for(
                    lambda: self._deadline is not None, min(left, _LOOK_SECONDS)
                ):
                    self.thread.move()
