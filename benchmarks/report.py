"""Prints the tables."""

from __future__ import annotations

import importlib.metadata
import os
import platform
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.measure import MIB, Samples

GB = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Size:
    """What a row's seconds are divided by."""

    bytes: int
    packets: int


@dataclass(frozen=True, slots=True)
class Bar:
    """A promise and what was measured of it."""

    promise: str
    measured: str
    met: bool


def machine() -> None:
    """One line on what the numbers were measured with."""
    print(
        f"machine: {_cpu()}, {os.cpu_count()} cores, Linux {platform.release()}, "
        f"Python {platform.python_version()}, numba {importlib.metadata.version('numba')}, "
        f"numpy {importlib.metadata.version('numpy')}"
    )


def heading(text: str) -> None:
    """A line above a table."""
    print(f"\n{text}\n{'-' * len(text)}")


def rows(samples: dict[str, Samples], size: Size) -> None:
    """Median and spread, rates, and peak memory of each row."""
    wide = max(map(len, samples), default=0)
    print(f"{'':<{wide}} {'seconds (min-max)':>25} {'GB/s':>7} {'M pkt/s':>8} {'peak MiB':>9}")
    for name, row in samples.items():
        print(
            f"{name:<{wide}} {_spread(row):>25} {size.bytes / GB / row.median:7.2f} "
            f"{size.packets / 1e6 / row.median:8.2f} {row.peak_bytes / MIB:9.0f}"
        )


def starts(samples: dict[str, Samples]) -> None:
    """Median and spread, and peak memory, of rows that read next to nothing."""
    print(f"{'':<34} {'seconds (min-max)':>25} {'peak MiB':>9}")
    for name, row in samples.items():
        print(f"{name:<34} {_spread(row):>25} {row.peak_bytes / MIB:9.0f}")


def marginal(
    smaller: dict[str, Samples], larger: dict[str, Samples], small_bytes: int, large_bytes: int
) -> None:
    """Start-up and seconds per further GB, from the medians at two sizes."""
    print(f"{'':<20} {'start-up s':>11} {'s per GB':>9} {'GB/s':>7}")
    for name in larger:
        if name not in smaller:
            continue
        each = (larger[name].median - smaller[name].median) / (large_bytes - small_bytes)
        start = larger[name].median - each * large_bytes
        rate = f"{1 / each / GB:7.2f}" if each > 0 else "      -"
        print(f"{name:<20} {start:11.2f} {each * GB:9.3f} {rate}")


def bars(found: Iterable[Bar]) -> None:
    """Each promise, what was measured, and whether it is kept."""
    heading("Bars")
    for bar in found:
        verdict = "met" if bar.met else "MISSED"
        print(f"{bar.promise:<52} {bar.measured:>14}  {verdict}")


def _spread(row: Samples) -> str:
    return f"{row.median:.3f} ({min(row.seconds):.3f}-{max(row.seconds):.3f})"


def _cpu() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:
        return platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()
