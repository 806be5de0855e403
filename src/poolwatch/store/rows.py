"""The rows of a store, as they are put in, spooled and read back.

A row has a key and a state. Putting a row whose key is there already replaces the older state,
never a newer one; the same state once more changes nothing, unless it says something else.
So whatever is put twice, or again after a crash, is there once.
"""

from __future__ import annotations

import datetime
import json
from typing import Annotated, Any

import msgspec

Int64 = Annotated[int, msgspec.Meta(ge=-(1 << 63), le=(1 << 63) - 1)]
Count = Annotated[int, msgspec.Meta(ge=0, le=(1 << 63) - 1)]
Event = dict[str, Any]
Key = tuple[str | int, ...]

_EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
_MICROSECOND = datetime.timedelta(microseconds=1)
_encoder = msgspec.json.Encoder()


class _Row(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    sensor: str = ""
    """The observation point; empty: that of the store or writer the row is put to."""

    @property
    def key(self) -> Key:
        """What makes it this row and no other, within its kind."""
        raise NotImplementedError


class SensorRow(_Row, frozen=True, kw_only=True, tag=1):
    """Where a sensor stands, as its owner says. Key: the sensor."""

    state_ns: Int64
    """When it was said."""
    tap: str = ""
    """The tap point: which link, which switch, which port."""
    nat: str = ""
    """`inside` or `outside` of address translation; empty: not said."""
    authority: str = ""
    """Number of the order or permission it runs under."""
    note: str = ""
    version: str = ""
    """Of poolwatch."""

    @property
    def key(self) -> Key:
        """The sensor."""
        return (self.sensor,)


class SessionRow(_Row, frozen=True, kw_only=True, tag=2):
    """One conversation: a `mining` event. Key: sensor, capture id, flow id.

    `state_ns` must grow from state to state of a conversation; by default it is `last_seen`.
    """

    capture_id: str
    flow_id: Int64
    state_ns: Int64
    host: str
    """The host a finding would be about; `src_ip` unless told otherwise."""
    grade: str
    stage: str
    first_ns: Int64
    last_ns: Int64
    event: str
    """The event as JSON text."""

    @property
    def key(self) -> Key:
        """Sensor, capture and flow."""
        return (self.sensor, self.capture_id, self.flow_id)

    @classmethod
    def of(
        cls, event: Event, capture_id: str, *, state_ns: int | None = None, host: str | None = None
    ) -> SessionRow:
        """The row of a `mining` event."""
        mining = event["mining"]
        last_ns = event_ns(mining["last_seen"])
        return cls(
            sensor=event["sensor"],
            capture_id=capture_id,
            flow_id=event["flow_id"],
            state_ns=last_ns if state_ns is None else state_ns,
            host=event["src_ip"] if host is None else host,
            grade=mining["grade"],
            stage=mining["stage"],
            first_ns=event_ns(mining["first_seen"]),
            last_ns=last_ns,
            event=to_json(event),
        )


class FindingRow(_Row, frozen=True, kw_only=True, tag=3):
    """The judgement about one host: a `finding` event. Key: sensor, finding id."""

    finding_id: Int64
    state_ns: Int64
    host: str
    role: str
    grade: str
    stage: str
    unit: str | None
    first_ns: Int64
    last_ns: Int64
    flows: tuple[Int64, ...]
    """The sessions it rests on, by flow id: these are never dropped."""
    event: str
    """The event as JSON text."""

    @property
    def key(self) -> Key:
        """Sensor and finding."""
        return (self.sensor, self.finding_id)

    @classmethod
    def of(cls, event: Event, *, state_ns: int | None = None) -> FindingRow:
        """The row of a `finding` event; by default its state is `last_seen`."""
        last_ns = event_ns(event["last_seen"])
        return cls(
            sensor=event["sensor"],
            finding_id=event["finding_id"],
            state_ns=last_ns if state_ns is None else state_ns,
            host=event["host"],
            role=event["role"],
            grade=event["grade"],
            stage=event["stage"],
            unit=event["unit"]["name"] if event["unit"] else None,
            first_ns=event_ns(event["first_seen"]),
            last_ns=last_ns,
            flows=tuple(event["flows"]),
            event=to_json(event),
        )


class SightingRow(_Row, frozen=True, kw_only=True, tag=4):
    """That a host was seen at it: something new, or the same again, counted.

    Key: sensor, finding, `at_ns`, `change`; a higher count replaces a lower one.
    """

    finding_id: Int64
    at_ns: Int64
    """When, or the beginning of the time over which it was counted."""
    change: str
    """`new`, `grade`, `stage`, `back` after silence, or `again`."""
    host: str
    grade: str
    stage: str
    count: Count = 1
    flow_id: Int64 | None = None
    """The flow that showed it, where there is one."""

    @property
    def key(self) -> Key:
        """Sensor, finding, time and kind of change."""
        return (self.sensor, self.finding_id, self.at_ns, self.change)


class CoverageRow(_Row, frozen=True, kw_only=True, tag=5):
    """What was looked at between two times and what was not: a minute, or a scan.

    Key: sensor, capture id, `first_ns`; a later `last_ns` replaces an earlier one. Counts are of
    this time alone, so that rows can be added up.
    """

    capture_id: str
    """Of the run of a sensor, so that two runs in one minute are two rows."""
    first_ns: Int64
    last_ns: Int64
    packets: Count
    bytes: Count
    drops: dict[str, Count]
    """Packets lost, by cause; empty: none that we know of."""
    not_understood: dict[str, Count]
    """Packets, by reason."""
    flows: Count
    """Flows begun, or open at the end: as the sensor says in `counts`."""
    memory_bytes: Count
    catalogue: str
    """Digest of the signatures."""
    counts: dict[str, Count | float] = {}
    """Everything else worth keeping, by name."""
    event: str | None = None
    """The `stats` event as JSON text, where there is one."""

    @property
    def key(self) -> Key:
        """Sensor, run and time."""
        return (self.sensor, self.capture_id, self.first_ns)


class DecisionRow(msgspec.Struct, frozen=True, kw_only=True):
    """What a person decided of a finding's cause. Rows are only ever added; the last one counts.

    It is put by `Store.decide`, never through a spool.
    """

    sensor: str
    finding_id: Int64
    decided_ns: Int64
    host: str
    cause: str
    """`deliberate`, `malware`, `research`, or `undetermined` to take one back."""
    decided_by: str
    note: str = ""


Row = SensorRow | SessionRow | FindingRow | SightingRow | CoverageRow
KINDS: tuple[type[Row], ...] = (SensorRow, SessionRow, FindingRow, SightingRow, CoverageRow)


def to_json(event: Event) -> str:
    """JSON text of an event. Half a character, as JSON's escapes allow, stays an escape."""
    try:
        return _encoder.encode(event).decode()
    except UnicodeEncodeError:
        return json.dumps(event, separators=(",", ":"))


def event_ns(text: str | None) -> int:
    """A time of an event in ns, to the microsecond; 0 where there is none."""
    if text is None:
        return 0
    return (datetime.datetime.fromisoformat(text) - _EPOCH) // _MICROSECOND * 1000
