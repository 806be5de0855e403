"""What is kept, how much of it and for how long: [keep] and [retention] of the configuration.

Sizes are bytes, times seconds or days. Every bound is counted when it bites.
"""

from __future__ import annotations

from typing import Annotated

import msgspec

Positive = Annotated[int, msgspec.Meta(ge=1)]
NotNegative = Annotated[int, msgspec.Meta(ge=0)]


class KeepSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """[keep]: packets of mining flows, and summaries of the flows of inside hosts."""

    packets: bool = True
    """Keep the packets of mining flows."""
    beginnings_bytes: Positive = 1 << 26
    """Memory a thread for the newest packets of young flows: where a flow's beginning is found."""
    candidates_bytes: Positive = 1 << 26
    """Memory a thread for the newest packets of flows that the dialects read."""
    young_seconds: Positive = 10
    """How long a flow counts as young."""
    young_packets: Positive = 64
    """For how many packets it does, whatever comes first."""
    flow_packets: Positive = 100_000
    """Packets kept of one flow."""
    flow_bytes: Positive = 1 << 26
    """Bytes kept of one flow."""
    flows: Positive = 100_000
    """Flows whose packets are kept at the same time, all threads together."""
    queue_bytes: Positive = 1 << 26
    """Memory for packets that wait to be written."""
    segment_bytes: Positive = 1 << 26
    """Size at which a segment is closed and the next begun."""
    segment_seconds: Positive = 3600
    """Age at which it is."""
    summaries: bool = True
    """Keep summaries of the flows of inside hosts."""
    sweep_seconds: Positive = 60
    """How often the flow table is gone over for flows that went quiet."""
    summary_hosts: Positive = 16_384
    """Inside hosts of which summaries are kept; the longest silent goes first."""
    summary_host_rows: Positive = 1024
    """Summaries of one host, the newest."""
    summary_bytes: Positive = 1 << 26
    """Memory of all summaries."""
    summary_hours: Positive = 24
    """How long a summary is kept in memory."""
    summary_file_bytes: Positive = 1 << 24
    """Size of the file of one host that became a finding."""


class RetentionSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """[retention]: by class; 0 is without end. Each deletion is logged in deletions.jsonl."""

    packets_bytes: NotNegative = 10 << 30
    """All segments together; segments that an unresolved finding refers to go last."""
    packets_host_part: Annotated[float, msgspec.Meta(ge=0, le=1)] = 0.25
    """Part of all segments beyond which the oldest packets of a host go before all others."""
    reserve_bytes: NotNegative = 1 << 26
    """Room on the disk that is kept free, at most a twentieth of the disk: below it segments go,
    in the same order."""
    packets_days: NotNegative = 90
    """Age of segments to which no unresolved finding refers."""
    packets_unresolved_days: NotNegative = 730
    """Age of the others."""
    summaries_bytes: NotNegative = 1 << 30
    summaries_days: NotNegative = 365
    findings_days: NotNegative = 0
    """Sessions and findings in the store."""
    coverage_days: NotNegative = 730
    """Rows of coverage in the store."""
