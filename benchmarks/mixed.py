"""Throughput and memory on the mixed captures, beside other tools."""

from __future__ import annotations

import json
from pathlib import Path

from benchmarks import report, tasks
from benchmarks.captures import MIXED, SAMPLE, Built, Planted, capture, load
from benchmarks.measure import MIB, Run, Samples, Task, interleave, warm_page_cache
from benchmarks.report import Bar, Size

SCAN_TO_WALK = 0.45
WHOLE_TO_GREP = 2.0
PEAK_MIB = 400

_WHOLE = ("whole process", "whole process, eve")
_NEEDED = ("walk (in-process)", "scan (in-process)", "whole process", "grep -c -a -F", _WHOLE[1])

Rows = dict[str, Samples]


def measure(runs: int, peers: bool) -> list[Bar]:
    """Print the rows of both sizes and what lies between them; return the bars."""
    searches = {name: Search(load(name).planted) for name in MIXED}
    both = _run(searches, runs, peers)
    for name in MIXED:
        built = load(name)
        _print(name, both[name], built, searches[name])
    small, large = MIXED
    report.heading("Start-up, and marginal seconds per GB, from both sizes")
    report.marginal(both[small], both[large], _bytes(small), _bytes(large))
    if peers:
        _measure_sample(runs)
    absent = tasks.missing()
    if absent or not peers:
        print("not installed: " + (", ".join(absent) or "none") + ("" if peers else "; peers off"))
    return _bars(both[large], both, searches[large])


def _measure_sample(runs: int) -> None:
    """Tools too slow for the whole captures, beside poolwatch on the same small one."""
    path, search = capture(SAMPLE), Search(load(SAMPLE).planted)
    rows = [*tasks.slow_peers(path), tasks.whole_eve(path, search.check)]
    if len(rows) > 1:
        warm_page_cache([path])
        samples = interleave({row.name: row for row in rows}, runs)
        _print(SAMPLE, samples, load(SAMPLE), search)


class Search:
    """Which of the planted flows the runs reported as confirmed mining."""

    def __init__(self, planted: list[Planted]) -> None:
        self.planted = {frozenset((ends[:2], ends[2:])) for ends in planted}
        self.found = self.planted
        self.others = 0

    def check(self, done: Run) -> None:
        """Read a run's EVE lines; what one run missed counts as missed."""
        confirmed = set()
        for line in done.output.splitlines():
            event = json.loads(line)
            if event["event_type"] == "mining" and event["mining"]["grade"] == "confirmed":
                source = (event["src_ip"], event["src_port"])
                confirmed.add(frozenset((source, (event["dest_ip"], event["dest_port"]))))
        self.found = self.found & confirmed
        self.others = max(self.others, len(confirmed - self.planted))


def _run(searches: dict[str, Search], runs: int, peers: bool) -> dict[str, Rows]:
    """All rows of both captures, interleaved."""
    labelled = {}
    for name in MIXED:
        for task in _tasks(capture(name), searches[name], peers):
            labelled[f"{name} {task.name}"] = task
    samples = interleave(labelled, runs)
    return {
        name: {
            label.removeprefix(f"{name} "): row
            for label, row in samples.items()
            if label.startswith(f"{name} ")
        }
        for name in MIXED
    }


def _tasks(path: Path, search: Search, peers: bool) -> list[Task]:
    rows = [
        *tasks.yardsticks(path),
        tasks.inside("walk", path),
        tasks.inside("scan", path),
        tasks.whole(path),
        tasks.whole_eve(path, search.check),
    ]
    return rows + tasks.peers(path) if peers else rows


def _print(name: str, rows: Rows, built: Built, search: Search) -> None:
    report.heading(
        f"{name}: {_bytes(name) / report.GB:.2f} GB, {built.packets / 1e6:.2f} M packets, "
        f"mean {built.mean_bytes:.0f} B, {built.flows} flows, {len(built.planted)} planted"
    )
    report.rows(rows, Size(_bytes(name), built.packets))
    print(f"confirmed flows that were not planted: {search.others}")


def _bars(large: Rows, both: dict[str, Rows], search: Search) -> list[Bar]:
    if not {*_NEEDED} <= large.keys():
        return [Bar("the bars of the mixed captures", "a run failed", False)]
    walk, scan = (large[name] for name in _NEEDED[:2])
    whole, grep = (large[name] for name in _NEEDED[2:4])
    speed = walk.median / scan.median
    ratio = whole.median / grep.median
    with_eve = large["whole process, eve"].median / grep.median
    print(f"whole process with eve, which waits for the file's SHA-256: {with_eve:.2f} x grep")
    peaks = [row[name].peak_bytes for row in both.values() for name in _WHOLE if name in row]
    peak = max(peaks) / MIB
    planted, found = len(search.planted), len(search.found)
    return [
        Bar(f"scan >= {SCAN_TO_WALK} x walk", f"{speed:.2f} x", speed >= SCAN_TO_WALK),
        Bar(
            f"whole process <= {WHOLE_TO_GREP:g} x grep (aim: 1 x)",
            f"{ratio:.2f} x",
            ratio <= WHOLE_TO_GREP,
        ),
        Bar(f"peak memory, mixed <= {PEAK_MIB} MiB", f"{peak:.0f} MiB", peak <= PEAK_MIB),
        Bar("all planted flows found", f"{found} of {planted}", 0 < planted == found),
    ]


def _bytes(name: str) -> int:
    return capture(name).stat().st_size
