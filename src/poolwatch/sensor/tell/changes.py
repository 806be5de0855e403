"""What is worth an alert: one a host and state change. Pure: no clock, no sockets."""

from __future__ import annotations

import msgspec


class HostState(msgspec.Struct, frozen=True, kw_only=True):
    """What was last told of a host; plain values, so that a store can hold it as JSON."""

    finding_id: int | None
    grade: str
    stage: str
    role: str
    last_ns: int  # the host's latest sighting
    sightings: int = 0  # since the last alert, not told yet
