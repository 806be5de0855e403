"""How fast addresses are found among 100,000 prefixes: `python -m benchmarks.prefixes`."""

from __future__ import annotations

import time
from typing import Any

import numpy as np

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


def main() -> None:
    """Print how long making the table takes, and the rate of looking up."""
    generator = np.random.default_rng(SEED)
    rows = build_rows(generator)
    start = time.perf_counter()
    table = UnitTable(rows)
    made = time.perf_counter() - start
    hi, lo, ts_ns = ask(generator)
    table.find_many(hi[:1], lo[:1], ts_ns[:1])
    rates = []
    for _ in range(5):
        start, worked = time.perf_counter(), time.process_time()
        found = table.find_many(hi, lo, ts_ns)
        seconds, worked = time.perf_counter() - start, time.process_time() - worked
        rates.append((ADDRESSES / seconds / 1e6, ADDRESSES / worked / 1e6))
    held = np.count_nonzero(found >= 0) / ADDRESSES
    print(f"{PREFIXES:,} prefixes made into a table in {made:.2f} s; {held:.0%} of addresses held")
    rate, of_processor = sorted(rates)[2]
    print(
        f"{rate:.1f} M addresses/s, {of_processor:.1f} M a second of processor time (median of 5)"
    )


if __name__ == "__main__":
    main()
