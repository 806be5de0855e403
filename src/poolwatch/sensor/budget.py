"""From a memory ceiling to the bounds that keep below it.

What everything costs is an estimate, rounded up; memory that is freed near the ceiling, and
counted, is what it rests on. The ceiling is what the process may hold; what it holds for certain
(the interpreter, compiled kernels, signatures) is set apart first, then rings and queues, and the
rest is shared out. No bound gets more than its default: memory that is left over stays free.
"""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

from poolwatch.errors import UsageError
from poolwatch.settings import Limits

BASE_BYTES = 420 << 20
"""The process with its tables and compiled kernels, before the first packet."""
SHED_AT = 0.97
"""Part of the ceiling from which on memory is freed, of least worth first."""
_LEAST = 64 << 20  # for all that is shared out, for each thread


class _Part(NamedTuple):
    """One bound: its part of what is left, and what one of it costs at most."""

    limit: str
    part: float
    cost_bytes: float
    least: int
    by_thread: bool = True


_PARTS = (
    _Part("flows", 0.27, 200.0, 4096),
    _Part("candidates", 0.22, 20_000.0, 64),
    _Part("waiting_bytes", 0.06, 1.0, 1 << 20),
    _Part("opening_bytes", 0.03, 1.2, 1 << 18),
    _Part("heads", 0.03, 8_000.0, 64),
    _Part("learned_addresses", 0.05, 2_000.0, 256),
    _Part("resolvers", 0.01, 100.0, 256),
    _Part("lookups", 0.04, 3_000.0, 64),
    _Part("hosts", 0.17, 6_500.0, 256, by_thread=False),
    _Part("cause_payees", 0.01, 400.0, 256, by_thread=False),
)
SESSION_BYTES = 5_000
_OPEN_PART = 0.06
_MAILBOX_PART = 0.05
LIVE_ENTRIES = 1000
"""Flows, logins and so on listed of a host: in months there are more than in a scan."""
LIVE_SPANS = 2000
LIVE_REPEATS = 64
"""Conversations remembered of a host: on a wire a second copy comes at the same time."""


class Budget(NamedTuple):
    """What the ceiling was made into."""

    memory_bytes: int
    limits: Limits
    open_sessions: int
    mailbox_states: int

    @property
    def shed_bytes(self) -> int:
        """What the process may hold before it frees memory."""
        return int(self.memory_bytes * SHED_AT)


def make_budget(
    memory_bytes: int,
    fixed_bytes: int,
    threads: int,
    wanted: dict[str, int],
    *,
    flow_bytes: float = 0.0,
) -> Budget:
    """The bounds for a ceiling. `fixed_bytes`: rings and queues; `wanted`: bounds set by hand.

    `flow_bytes`: what keeping packets and summaries takes for each flow of a table.

    Raises UsageError where the ceiling is too low, or a bound is unknown.
    """
    rest = memory_bytes - BASE_BYTES - fixed_bytes
    if rest < _LEAST * threads:
        least = BASE_BYTES + fixed_bytes + _LEAST * threads
        raise UsageError(
            f"limits.memory_bytes = {memory_bytes}: too low for these rings and queues",
            f"at least {least}, or make capture.ring_bytes, the buffers of [keep] or "
            "sensor.threads smaller",
        )
    limits = Limits()
    values: dict[str, int] = {
        "finding_entries": min(limits.finding_entries, LIVE_ENTRIES),
        "finding_spans": min(limits.finding_spans, LIVE_SPANS),
        "finding_repeats": min(limits.finding_repeats, LIVE_REPEATS),
    }
    for part in _PARTS:
        share = rest * part.part / (threads if part.by_thread else 1)
        most = int(getattr(limits, part.limit))
        cost = part.cost_bytes + (flow_bytes if part.limit == "flows" else 0.0)
        values[part.limit] = max(min(most, int(share / cost)), part.least)
    changed = replace(limits, **values).changed(dict(wanted))
    sessions = rest / SESSION_BYTES
    return Budget(
        memory_bytes,
        changed,
        open_sessions=max(int(sessions * _OPEN_PART), 256),
        mailbox_states=max(int(sessions * _MAILBOX_PART), 256),
    )
