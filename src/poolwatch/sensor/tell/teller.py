"""Events to the EVE file, alerts to syslog and webhook: each from its own thread."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from typing import Any

from poolwatch.beats import Beating
from poolwatch.messages import Messages
from poolwatch.sensor.keep.deletions import DeletionLog
from poolwatch.sensor.tell.changes import Alert, Changes, HostState
from poolwatch.sensor.tell.courier import Courier
from poolwatch.sensor.tell.evefile import EveFile
from poolwatch.sensor.tell.settings import TellSettings
from poolwatch.sensor.tell.syslog import SyslogReceiver
from poolwatch.sensor.tell.webhook import WebhookReceiver
from poolwatch.sensor.tell.wording import sentence
from poolwatch.terms import Grade


class Teller:
    """Never blocks who tells: what does not fit a queue is dropped and counted.

    An alert that was dropped was not told: its host's state is not stored, and once queues have
    room the host's next finding is an alert again.

    `last`: host to the state last told, as `states()` gave it before the restart. `deletions` is
    for the EVE file.
    """

    def __init__(
        self,
        settings: TellSettings,
        *,
        sensor: str,
        last: Mapping[str, HostState] | None = None,
        deletions: DeletionLog | None = None,
    ) -> None:
        self._settings = settings
        self._sensor = sensor
        self._messages = Messages(settings.language)
        self._changes = Changes(
            Grade[settings.min_grade.upper()],
            settings.silence_seconds * 1_000_000_000,
            settings.hosts,
            last or {},
        )
        self._lock = threading.Lock()
        self._changed: dict[str, None] = {}  # hosts whose state is to be stored
        self._waiting: dict[str, int] = {}  # alerts of a host that are not delivered
        self._lost: dict[str, HostState | None] = {}  # states before an alert that was dropped
        self._alerts = 0
        self._eve = EveFile(settings.eve, deletions=deletions) if settings.eve.path else None
        self._couriers: list[Courier] = []

    def start(self) -> None:
        """Open the file and begin the threads. Raises PoolwatchError for what cannot work."""
        settings = self._settings
        if settings.syslog.host:
            self._couriers.append(
                Courier(
                    SyslogReceiver(settings.syslog, self._sensor),
                    queue=settings.syslog.queue,
                    retry_most_seconds=settings.syslog.retry_most_seconds,
                    give_up_seconds=None,
                    done=self._delivered,
                )
            )
        if settings.webhook.url:
            self._couriers.append(
                Courier(
                    WebhookReceiver(settings.webhook),
                    queue=settings.webhook.queue,
                    retry_most_seconds=settings.webhook.retry_most_seconds,
                    give_up_seconds=settings.webhook.give_up_seconds,
                    done=self._delivered,
                )
            )
        if self._eve is not None:
            self._eve.start()
        for courier in self._couriers:
            courier.start()

    def tell(self, event: dict[str, Any]) -> str | None:
        """Write an event (mining, finding, stats); a finding may be an alert.

        Returns the change told: new, grade_up, stage_up, role_change, back,
        withdrawn; None: none. Call it after the finding is durable.
        """
        if self._eve is not None:
            self._eve.put(event)
        if event.get("event_type") != "finding":
            return None
        with self._lock:
            alert = self._changes.take(event, time.time_ns())
            host = str(event["host"])
            if self._changes.state(host) is not None:
                self._changed[host] = None
            if alert is None:
                return None
            self._alerts += 1
            self._waiting[host] = self._waiting.get(host, 0) + len(self._couriers)
        text = sentence(alert, self._messages)
        for courier in self._couriers:
            lost = courier.put(alert, text)
            if lost is not None:
                self._drop(lost)
        return alert.change.value

    def reopen(self) -> None:
        """Open the EVE file anew by its name (SIGHUP)."""
        if self._eve is not None:
            self._eve.reopen()

    def states(self) -> dict[str, HostState]:
        """States that changed since the last call, to be stored.

        A host with an alert that waits to be delivered is left out, so that after a restart it
        is told again, with the same key; so is one whose alert was dropped.
        """
        found: dict[str, HostState] = {}
        room = all(courier.has_room() for courier in self._couriers)
        with self._lock:
            if room:
                self._restore_lost()
            waiting = self._waiting.keys() | self._lost.keys()
            for host in [host for host in self._changed if host not in waiting]:
                del self._changed[host]
                state = self._changes.state(host)
                if state is not None:
                    found[host] = state
        return found

    def counts(self) -> dict[str, int]:
        """Counters and gauges: events written, alerts sent, failed, dropped, waiting."""
        with self._lock:
            counts = {
                "tell_alerts": self._alerts,
                "tell_sightings": self._changes.sightings,
                "tell_hosts": len(self._changes),
                "tell_hosts_forgotten": self._changes.forgotten,
            }
        for part in self._parts():
            counts |= part.counts()
        return counts

    def seen_since(self, since_ns: int) -> list[str]:
        """The hosts with findings worth telling whose latest sighting is not older."""
        with self._lock:
            return self._changes.seen_since(since_ns)

    def threads(self) -> list[Beating]:
        """Those that must move, once it is started."""
        return [part.thread for part in self._parts()]

    def problems(self) -> dict[str, str]:
        """What does not work just now, by eve, syslog, webhook."""
        return {part.name: part.problem for part in self._parts() if part.problem}

    def close(self, timeout: float = 5.0) -> bool:
        """Deliver what waits, within the time. False: something was left."""
        deadline = time.monotonic() + timeout
        for courier in self._couriers:
            courier.stop(deadline)
        done = self._eve is None or self._eve.close(timeout)
        for courier in self._couriers:
            done &= courier.join()
        return done

    def _parts(self) -> list[Courier | EveFile]:
        return [*([self._eve] if self._eve is not None else []), *self._couriers]

    def _restore_lost(self) -> None:
        for host in [host for host in self._lost if host not in self._waiting]:
            self._changes.restore(host, self._lost.pop(host))
            self._changed.pop(host, None)

    def _drop(self, alert: Alert) -> None:
        with self._lock:
            self._lost.setdefault(alert.host, alert.before)
            if len(self._lost) > self._settings.hosts:
                del self._lost[next(iter(self._lost))]
        self._delivered(alert)

    def _delivered(self, alert: Alert) -> None:
        with self._lock:
            left = self._waiting.get(alert.host, 0) - 1
            if left > 0:
                self._waiting[alert.host] = left
            else:
                self._waiting.pop(alert.host, None)
