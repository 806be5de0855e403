"""Runs commands and takes their time and memory.

This process stays small, for the peak memory Linux reports for a child is never less than
what its parent held when it began: captures are built in a process of their own.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.captures import ROOT

MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class Run:
    """One finished process."""

    seconds: float
    peak_bytes: int
    status: int
    output: bytes
    errors: bytes


@dataclass(slots=True)
class Samples:
    """The runs of one row."""

    seconds: list[float] = field(default_factory=list)
    peak_bytes: int = 0

    @property
    def median(self) -> float:
        """The middle run's seconds."""
        return statistics.median(self.seconds)


@dataclass(frozen=True, slots=True)
class Task:
    """A row of a table: how to run it, and whether it times itself (`benchmarks.inside`)."""

    name: str
    command: list[str]
    environment: dict[str, str] = field(default_factory=dict)
    keep_output: bool = True
    times_itself: bool = False
    check: Callable[[Run], None] | None = None


def run(task: Task) -> Run:
    """Run a task's command to its end.

    Output goes to /dev/null only where asked: some programs do less when they see that.
    """
    environment = os.environ | task.environment
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        begun = time.perf_counter()
        process = subprocess.Popen(
            task.command,
            stdin=subprocess.DEVNULL,
            stdout=output if task.keep_output else subprocess.DEVNULL,
            stderr=errors,
            env=environment,
            cwd=ROOT,
        )
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - begun
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        errors.seek(0)
        return Run(
            seconds,
            usage.ru_maxrss * 1024,
            process.returncode,
            output.read(),
            errors.read(),
        )


def interleave(tasks: dict[str, Task], runs: int) -> dict[str, Samples]:
    """Run all tasks in turn, `runs` times over; one that fails is named and left out."""
    samples = {label: Samples() for label in tasks}
    for number in range(runs):
        for label in list(samples):
            say(f"run {number + 1} of {runs}: {label}")
            done = run(tasks[label])
            if done.status:
                last = done.errors.decode(errors="replace").strip().splitlines()[-1:]
                print(f"{label}: failed with status {done.status}: {' '.join(last)}")
                del samples[label]
            else:
                _note(samples[label], tasks[label], done)
    return samples


def _note(samples: Samples, task: Task, done: Run) -> None:
    if task.check:
        task.check(done)
    seconds = json.loads(done.output)["seconds"] if task.times_itself else done.seconds
    samples.seconds.append(seconds)
    samples.peak_bytes = max(samples.peak_bytes, done.peak_bytes)


def warm_page_cache(paths: list[Path]) -> None:
    """Read files once so that the timed runs find them in memory."""
    buffer = bytearray(1 << 20)
    for path in paths:
        with path.open("rb", buffering=0) as file:
            while file.readinto(buffer):
                pass


def cached_share(paths: list[Path]) -> float | None:
    """The part of the files' bytes in the page cache; None where fincore is not installed."""
    command = ["fincore", "--bytes", "--raw", "--noheadings", "--output", "RES,SIZE"]
    try:
        done = subprocess.run(
            [*command, *map(str, paths)], capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    pairs = [line.split() for line in done.stdout.splitlines()]
    resident, size = (sum(int(pair[index]) for pair in pairs) for index in (0, 1))
    return min(resident / size, 1.0)


def say(text: str) -> None:
    """Progress, on standard error."""
    print(f"  {text}", file=sys.stderr, flush=True)
