"""Start-up: the help page, a tiny scan, the first run ever."""

from __future__ import annotations

import compileall
import shutil
import tempfile
from pathlib import Path

from benchmarks import report, tasks
from benchmarks.captures import ROOT
from benchmarks.measure import Run, Samples, Task, interleave, run
from benchmarks.report import Bar

HELP_SECONDS = 0.3
TINY_SECONDS = 1.0
FIRST_SECONDS = 25.0

TINY = ROOT / "pcaps" / "stratum-v1-clean" / "capture.pcap"
_SAID = "first run only"


def measure(runs: int) -> list[Bar]:
    """Print the rows; return the bars."""
    compileall.compile_dir(str(ROOT / "src"), quiet=1)
    with tempfile.TemporaryDirectory() as scratch:
        first = _FirstRun(Path(scratch))
        scan = tasks.poolwatch("scan", str(TINY))
        bare = {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONPYCACHEPREFIX": str(Path(scratch) / "pyc")}
        rows = [
            Task("poolwatch --help", tasks.poolwatch("--help")),
            Task("tiny scan", scan),
            Task("poolwatch --help, without .pyc", tasks.poolwatch("--help"), bare),
            Task("tiny scan, without .pyc", scan, bare),
        ]
        run(rows[1])  # the kernels are warm from here on
        rows.append(first.task(scan))
        samples = interleave({row.name: row for row in rows}, runs)
    report.heading(f"Start-up ({TINY.parent.name}; .pyc present, kernels warm, unless said)")
    report.starts(samples)
    return _bars(samples, first)


class _FirstRun:
    """A scan that finds an empty kernel cache, and whether it said why it took long."""

    def __init__(self, scratch: Path) -> None:
        self._cache = scratch / "cache"
        self.said = False

    def task(self, scan: list[str]) -> Task:
        environment = {"POOLWATCH_CACHE": str(self._cache)}
        return Task("first run ever", scan, environment, check=self._check)

    def _check(self, done: Run) -> None:
        self.said = _SAID in done.errors.decode(errors="replace")
        shutil.rmtree(self._cache, ignore_errors=True)


def _bars(samples: dict[str, Samples], first: _FirstRun) -> list[Bar]:
    bars = [
        _bar("poolwatch --help", samples, HELP_SECONDS),
        _bar("tiny scan", samples, TINY_SECONDS),
        _bar("first run ever", samples, FIRST_SECONDS),
    ]
    bars.append(Bar("first run says why it takes long", "yes" if first.said else "no", first.said))
    return bars


def _bar(name: str, samples: dict[str, Samples], most: float) -> Bar:
    if name not in samples:
        return Bar(f"{name} <= {most} s", "failed", False)
    median = samples[name].median
    return Bar(f"{name} <= {most} s", f"{median:.2f} s", median <= most)
