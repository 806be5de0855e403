"""What reading a candidate's packets costs: a capture in which every flow mines."""

from __future__ import annotations

from benchmarks import report, tasks
from benchmarks.captures import MINING, capture, load
from benchmarks.measure import Samples, interleave
from benchmarks.report import Bar, Size

PAYLOAD_PACKETS = 250_000  # a second, on one core


def measure(runs: int) -> list[Bar]:
    """Print the rows; return the bar."""
    path, built = capture(MINING), load(MINING)
    rows = [tasks.inside("walk", path), tasks.inside("scan", path)]
    samples = interleave({row.name: row for row in rows}, runs)
    report.heading(
        f"Mining alone: {built.packets / 1e3:.0f} k packets, "
        f"{built.payload_packets / 1e3:.0f} k of them with payload, {built.flows} flows"
    )
    report.rows(samples, Size(path.stat().st_size, built.packets))
    return [_bar(samples, built.payload_packets)]


def _bar(samples: dict[str, Samples], packets: int) -> Bar:
    promise = f"payload packets of mining >= {PAYLOAD_PACKETS / 1e3:.0f} k a second"
    if "scan (in-process)" not in samples:
        return Bar(promise, "failed", False)
    rate = packets / samples["scan (in-process)"].median
    return Bar(promise, f"{rate / 1e3:.0f} k", rate >= PAYLOAD_PACKETS)
