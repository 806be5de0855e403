"""What to ask of whom: the breaks of chains as one list, a line a log and span of minutes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from poolwatch.chain.hops import Break, Hint, Missing, Step, Trace, Why


@dataclass(frozen=True, slots=True)
class LogRequest:
    """One log of one device for some minutes, and what to look for in it.

    `settles`: which hops of chains wait for it. Of a request that is no log, the notice's
    sender is asked.
    """

    missing: Missing
    device: str | None  # None: not known; `about` lies in its network
    from_ns: int
    until_ns: int
    about: tuple[str, ...]
    settles: tuple[Step, ...]
    reasons: tuple[Why, ...]
    hints: tuple[Hint, ...]


def requests_of(traces: Iterable[Trace]) -> list[LogRequest]:
    """The breaks of chains; those of one device whose minutes touch become one request."""
    groups: dict[tuple[str, str, str], list[Break]] = {}
    for trace in traces:
        for broken in trace.breaks():
            groups.setdefault(_key(broken), []).append(broken)
    found = [
        _joined(run)
        for breaks in groups.values()
        for run in _runs(sorted(breaks, key=lambda b: (b.from_ns, b.until_ns, b.about)))
    ]
    return sorted(found, key=lambda r: (r.device or "~", r.missing.value, r.from_ns, r.about))


def _key(broken: Break) -> tuple[str, str, str]:
    """Breaks of unknown devices stay apart: two addresses may be of two devices."""
    named = broken.missing.is_log and broken.device is not None
    return broken.missing.value, broken.device or "", "" if named else broken.about


def _runs(breaks: list[Break]) -> list[list[Break]]:
    runs: list[list[Break]] = []
    until = 0
    for broken in breaks:
        if runs and broken.from_ns <= until:
            runs[-1].append(broken)
            until = max(until, broken.until_ns)
        else:
            runs.append([broken])
            until = broken.until_ns
    return runs


def _joined(run: list[Break]) -> LogRequest:
    first = run[0]
    return LogRequest(
        first.missing,
        first.device,
        min(broken.from_ns for broken in run),
        max(broken.until_ns for broken in run),
        tuple(dict.fromkeys(broken.about for broken in run)),
        tuple(dict.fromkeys(broken.settles for broken in run)),
        tuple(dict.fromkeys(broken.why for broken in run)),
        tuple(dict.fromkeys(hint for broken in run for hint in broken.hints)),
    )
