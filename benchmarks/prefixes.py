"""How fast addresses are found among 100,000 prefixes."""

from __future__ import annotations

import statistics
import time
from typing import Any

import numpy as np

from benchmarks import report
from benchmarks.report import Bar
from poolwatch.inventory.addresses import MAPPED, Span
from poolwatch.inventory.dates import ALWAYS_FROM, ALWAYS_TO
from poolwatch.inventory.unit_rows import UnitRow
from poolwatch.inventory.units import UnitTable
from poolwatch.terms import Unit

PREFIXES = 100_000
ADDRESSES = 4_000_000
SEED = 20260112
DATED = 0.2  # of the prefixes
SPAN_NS = 10**9
RATE = 2e6  # addresses a second


def build_rows(generator: Any) -> list[UnitRow]:
    """Nested prefixes of /12 to /30 and, one in four, IPv6 of /32 to /64; a fifth dated."""
    bits = generator.integers(12, 31, PREFIXES)
    numbers = generator.integers(0x0A00_0000, 0x2A00_0000, PREFIXES)
    wide = generator.random(PREFIXES) < 0.25
    dated = generator.random(PREFIXES) < DATED
    rows = []
    for index in range(PREFIXES):
        if wide[index]:
            size = 1 << (128 - 32 - int(bits[index]))
            low = (0x2001_0DA8 << 96 | int(numbers[index]) << 64) // size * size
        else:
            size = 1 << (32 - int(bits[index]))
            low = MAPPED | int(numbers[index]) // size * size
        ends = (index, index + SPAN_NS) if dated[index] else (ALWAYS_FROM, ALWAYS_TO)
        unit = Unit(f"unit {index}", (), None, None, "", None, f"made:{index}")
        rows.append(UnitRow(Span(low, low + size - 1), unit, *ends, 0, False))
    return rows


def ask(generator: Any) -> tuple[Any, Any, Any]:
    """Random addresses, one in four IPv6, at random times."""
    low = generator.integers(0x0A00_0000, 0x2A00_0000, ADDRESSES).astype(np.uint64)
    wide = generator.random(ADDRESSES) < 0.25
    hi = np.where(wide, np.uint64(0x2001_0DA8 << 32) | low, np.uint64(0))
    lo = np.where(wide, low << np.uint64(16), np.uint64(MAPPED) | low)
    return hi, lo, generator.integers(0, SPAN_NS, ADDRESSES)


def measure(runs: int) -> list[Bar]:
    """Print how long making the table takes, and the rate of looking up; return the bar."""
    generator = np.random.default_rng(SEED)
    rows = build_rows(generator)
    start = time.perf_counter()
    table = UnitTable(rows)
    made = time.perf_counter() - start
    hi, lo, ts_ns = ask(generator)
    table.find_many(hi[:1], lo[:1], ts_ns[:1])
    rates = []
    held = np.intp(0)
    for _ in range(runs):
        start = time.perf_counter()
        found = table.find_many(hi, lo, ts_ns)
        rates.append(ADDRESSES / (time.perf_counter() - start))
        held = np.count_nonzero(found >= 0)
    rate = statistics.median(rates)
    report.heading(f"Units: {ADDRESSES / 1e6:.0f} M random addresses among {PREFIXES:,} prefixes")
    print(f"table made in {made:.2f} s; {held / ADDRESSES:.0%} of the addresses held")
    print(f"{rate / 1e6:.1f} M addresses a second ({min(rates) / 1e6:.1f}-{max(rates) / 1e6:.1f})")
    promise = f"addresses looked up >= {RATE / 1e6:.0f} M a second"
    return [Bar(promise, f"{rate / 1e6:.1f} M", rate >= RATE)]
