"""What a packet costs when there are few flows, and when there are a million."""

from __future__ import annotations

from benchmarks import report, tasks
from benchmarks.captures import GROWTH, capture, load
from benchmarks.measure import MIB, Samples, Task, interleave
from benchmarks.mixed import PEAK_MIB
from benchmarks.report import Bar, Size

GROWTH_RATIO = 1.75


def measure(runs: int) -> list[Bar]:
    """Print the rows; return the bars."""
    labelled: dict[str, Task] = {}
    for name in GROWTH:
        for task in (
            tasks.inside("walk", capture(name)),
            tasks.inside("scan", capture(name)),
            tasks.whole(capture(name)),
        ):
            labelled[f"{name} {task.name}"] = task
    samples = interleave(labelled, runs)
    few, many = GROWTH
    built = load(many)
    report.heading(
        f"Growth: {built.packets / 1e6:.2f} M packets, mean {built.mean_bytes:.0f} B, "
        f"dealt at random to {GROWTH[few]} and to {GROWTH[many]} flows"
    )
    report.rows(samples, Size(capture(many).stat().st_size, built.packets))
    return _bars(samples, few, many)


def _bars(samples: dict[str, Samples], few: str, many: str) -> list[Bar]:
    if len(samples) < 6:
        return [Bar("the bars of growth", "a run failed", False)]
    scans = [samples[f"{name} scan (in-process)"].median for name in (few, many)]
    ratio = scans[1] / scans[0]
    peak = samples[f"{many} whole process"].peak_bytes / MIB
    return [
        Bar(
            f"cost per packet, 10 k to 1 M flows <= {GROWTH_RATIO} x",
            f"{ratio:.2f} x",
            ratio <= GROWTH_RATIO,
        ),
        Bar(f"peak memory, 1 M flows <= {PEAK_MIB} MiB", f"{peak:.0f} MiB", peak <= PEAK_MIB),
    ]
