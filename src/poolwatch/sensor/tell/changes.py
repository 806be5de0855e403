"""What is worth an alert: one a host and state change. Pure: no clock, no sockets."""

from __future__ import annotations

import datetime
import hashlib
from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Any

import msgspec

from poolwatch.aggregate.live import NO_CONVERSATION
from poolwatch.terms import Grade, Stage

Event = dict[str, Any]
_KEY_BYTES = 16


class Change(StrEnum):
    """Why an alert is sent; of several reasons the first."""

    WITHDRAWN = "withdrawn"
    NEW = "new"
    BACK = "back"
    ROLE_CHANGE = "role_change"
    GRADE_UP = "grade_up"
    STAGE_UP = "stage_up"


class HostState(msgspec.Struct, frozen=True, kw_only=True):
    """What was last told of a host; plain values, so that a store can hold it as JSON.

    `grade` and `stage` are the highest told, so that what goes up and down is told once; of one
    that was withdrawn they are what was left of it.
    """

    finding_id: int | None
    grade: str
    stage: str
    role: str
    last_ns: int  # the host's latest sighting
    sightings: int = 0  # since the last alert, not told yet
    withdrawn: bool = False  # the last alert took back what was told


class Alert(msgspec.Struct, frozen=True, kw_only=True):
    """A state change of a host. `key` is the same whenever the same change is told again."""

    key: str
    changes: tuple[Change, ...]
    before: HostState | None
    sightings: int  # since the alert before
    event: Event  # the finding

    @property
    def host(self) -> str:
        """Whom it is about."""
        return str(self.event["host"])

    @property
    def worth(self) -> Grade:
        """How much it would be missed: what takes something back as much as that."""
        grade = _grade(self.event["grade"])
        if self.change is not Change.WITHDRAWN or self.before is None:
            return grade
        return max(grade, _grade(self.before.grade))

    @property
    def change(self) -> Change:
        """The reason in front."""
        return self.changes[0]


class Changes:
    """Keeps the last state of each host, and makes alerts of findings.

    `hosts`: how many are remembered; the longest silent is forgotten first, and counted.
    """

    def __init__(
        self, min_grade: Grade, silence_ns: int, hosts: int, last: Mapping[str, HostState]
    ) -> None:
        self._min_grade = min_grade
        self._silence_ns = silence_ns
        self._most = hosts
        self._states = dict(sorted(last.items(), key=lambda item: item[1].last_ns)[-hosts:])
        self.sightings = 0
        self.forgotten = len(last) - len(self._states)

    def __len__(self) -> int:
        return len(self._states)

    def state(self, host: str) -> HostState | None:
        """The last state of a host."""
        return self._states.get(host)

    def restore(self, host: str, before: HostState | None) -> None:
        """An alert did not get out: the host stands where it stood before, and is told again."""
        self._states.pop(host, None)
        if before is not None:
            self._states[host] = before

    def seen_since(self, since_ns: int) -> list[str]:
        """The hosts whose latest sighting is not older."""
        return [host for host, state in self._states.items() if state.last_ns >= since_ns]

    def take(self, event: Event, now_ns: int) -> Alert | None:
        """A finding's event: an alert, or one sighting more. `now_ns`: for events without time."""
        grade, stage = _grade(event["grade"]), _stage(event["stage"])
        host = str(event["host"])
        withdrawn = self._is_withdrawn(self._states.get(host), event)
        if grade < self._min_grade and not withdrawn:
            return None
        last_ns = parse_time(event.get("last_seen")) or now_ns
        before = self._states.pop(host, None)
        changes = tuple(self._changes(before, event, last_ns))
        if withdrawn:
            changes = (Change.WITHDRAWN,)
        if not changes:
            assert before is not None
            self.sightings += 1
            self._states[host] = msgspec.structs.replace(
                before, last_ns=max(last_ns, before.last_ns), sightings=before.sightings + 1
            )
            return None
        keep = before is not None and changes[0] not in (Change.BACK, Change.WITHDRAWN)
        self._states[host] = HostState(
            finding_id=event.get("finding_id"),
            grade=max(grade, _grade(before.grade)).word if keep and before else grade.word,
            stage=max(stage, _stage(before.stage)).word if keep and before else stage.word,
            role=str(event["role"]),
            last_ns=max(last_ns, before.last_ns) if before else last_ns,
            withdrawn=withdrawn,
        )
        if len(self._states) > self._most:
            del self._states[next(iter(self._states))]
            self.forgotten += 1
        return Alert(
            key=_key(event, changes[0], before, last_ns),
            changes=changes,
            before=before,
            sightings=before.sightings if before else 0,
            event=event,
        )

    def _is_withdrawn(self, before: HostState | None, event: Event) -> bool:
        """Whether what was told of a host does not hold any more.

        A finding of another run says nothing about that; it may only have just begun.
        """
        if before is None or before.withdrawn or event.get("finding_id") != before.finding_id:
            return False
        against = event.get("counter_grounds") or ()
        none_left = any(ground.get("text") == NO_CONVERSATION for ground in against)
        return none_left or _grade(event["grade"]) < self._min_grade <= _grade(before.grade)

    def _changes(self, before: HostState | None, event: Event, last_ns: int) -> Iterator[Change]:
        if before is None:
            yield Change.NEW
            return
        if last_ns - before.last_ns > self._silence_ns:
            yield Change.BACK
        if event["role"] != before.role:
            yield Change.ROLE_CHANGE
        if _grade(event["grade"]) > _grade(before.grade):
            yield Change.GRADE_UP
        if _stage(event["stage"]) > _stage(before.stage):
            yield Change.STAGE_UP


def parse_time(text: str | None) -> int | None:
    """Nanoseconds of an event's timestamp (microseconds are all it has); None for none."""
    if not text:
        return None
    try:
        moment = datetime.datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%f%z")
    except ValueError:
        return None
    since = moment - datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
    return (since.days * 86_400 + since.seconds) * 1_000_000_000 + since.microseconds * 1000


def _key(event: Event, change: Change, before: HostState | None, last_ns: int) -> str:
    """Identity of an alert: whom it is about, what changed to what; its time if it may recur."""
    recurs = change in (Change.BACK, Change.WITHDRAWN) or (before is not None and before.withdrawn)
    parts = [
        str(event.get("sensor")),
        str(event["host"]),
        str(event.get("finding_id")),
        change.value,
        str(event["grade"]),
        str(event["stage"]),
        str(event["role"]),
        str(last_ns) if recurs else "",
    ]
    return hashlib.blake2b("\0".join(parts).encode(), digest_size=_KEY_BYTES).hexdigest()


def _grade(word: str) -> Grade:
    return Grade[word.upper()]


def _stage(word: str) -> Stage:
    return Stage[word.upper()]
