"""Every bound and threshold, with its default, in one place.

Each bound is counted when it bites; the counts stand in the stats line. Values come from
an option, then the environment, then a TOML file, then the defaults here.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

from poolwatch.errors import UsageError


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of a scan. Sizes are bytes, times seconds."""

    flows: int = 1_000_000
    """Live flows; beyond, idle ones go first, then the longest silent."""
    flow_idle_seconds: int = 600
    """A flow silent for longer ends; the next packet of its key begins another."""
    long_flow_seconds: int = 300
    """From when on an encrypted flow that nobody could judge counts as long-lived."""
    record_bytes: int = 1 << 18
    """Longest capture record believed; libpcap's own bound."""
    read_bytes: int = 1 << 19
    """Bytes asked of a file at a time."""
    candidates: int = 65_536
    """Flows read by the dialects at the same time."""
    stream_bytes: int = 1 << 18
    """Bytes of one direction of a flow waiting for a hole to fill or a message to end."""
    reorder_segments: int = 64
    """Segments of one direction waiting behind a hole."""
    reorder_seconds: int = 5
    """How long a hole may stay open, in capture time."""
    line_bytes: int = 1 << 17
    """Longest JSON line."""
    body_bytes: int = 1 << 22
    """Longest HTTP body, also once unpacked."""
    head_bytes: int = 1 << 15
    """Longest HTTP head."""
    json_depth: int = 64
    """Deepest nesting of a JSON message."""
    patience_messages: int = 32
    """Messages without anything of mining after which a flow is left alone."""
    patience_bytes: int = 1 << 16
    """Bytes without anything of mining after which a flow is left alone."""
    patience_junk: int = 2048
    """Bytes that are no message, before any message, after which a flow is left alone."""
    open_requests: int = 256
    """Requests of one side waiting for their answers."""
    heads: int = 4096
    """HTTP heads kept until their body shows whether the flow is worth reading."""
    held_bytes: int = 1 << 26
    """Payload a slice keeps of flows that began before it."""
    held_flow_bytes: int = 1 << 16
    """The same, of one flow that has not shown anything worth reading."""
    evidence_quotes: int = 16
    """Messages quoted per flow."""
    quote_chars: int = 240
    """Characters of a message quoted in text."""
    text_chars: int = 512
    """Characters of a name, login or agent taken from the wire."""
    expansion_ratio: int = 200
    """Unpacked to packed size beyond which a compressed file is a bomb (after 64 MiB)."""
    unpack_bytes: int = 1 << 27
    """Memory a zstd or xz file may ask for to be unpacked."""
    finding_entries: int = 10_000
    """Flows, logins, workers and so on listed in one finding."""
    file_messages: int = 20
    """Files named on standard error; the rest are counted."""

    def changed(self, assignments: dict[str, object]) -> Limits:
        """These limits with some values replaced; unknown names and bad values are refused."""
        known = {f.name for f in fields(self)}
        values: dict[str, int] = {}
        for name, value in assignments.items():
            if name not in known:
                raise UsageError(
                    f"limits.{name}: no such limit",
                    f"known limits: {', '.join(sorted(known))}",
                )
            values[name] = _positive(name, value)
        return replace(self, **values)


def _positive(name: str, value: object) -> int:
    try:
        number = int(value) if isinstance(value, str | int) else 0
    except ValueError:
        number = 0
    if number < 1 or isinstance(value, bool):
        raise UsageError(
            f"limits.{name} = {value!r}: not a whole number from 1 on",
            "write it as digits, for example flows=2000000",
        )
    return number
