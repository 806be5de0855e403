"""`python -m benchmarks`: build the captures once, measure, print tables and bars."""

from __future__ import annotations

import argparse
import subprocess
import sys

from benchmarks import growth, logs, mixed, prefixes, report, slowpath, startup
from benchmarks.captures import GROWTH, MINING, MIXED, ROOT, capture
from benchmarks.measure import cached_share, say, warm_page_cache
from benchmarks.report import Bar

PARTS = ("start", "mixed", "growth", "mining", "logs", "units")


def main() -> None:
    """The whole sequence, or the part asked for."""
    options = _options()
    # In a process of its own: what this one holds would count as its children's peak memory.
    subprocess.run([sys.executable, "-m", "benchmarks.build"], cwd=ROOT, check=True)
    report.machine()
    found: list[Bar] = []
    if options.only in (None, "start"):
        found += startup.measure(options.runs)
    if options.only in (None, "mixed"):
        _warm(list(MIXED))
        found += mixed.measure(options.runs, options.peers)
        _still_cached(list(MIXED))
    if options.only in (None, "growth"):
        _warm(list(GROWTH))
        found += growth.measure(options.runs)
        _still_cached(list(GROWTH))
    if options.only in (None, "mining"):
        _warm([MINING])
        found += slowpath.measure(options.runs)
    if options.only in (None, "logs"):
        found += logs.measure(min(options.runs, 2))
    if options.only in (None, "units"):
        found += prefixes.measure(options.runs)  # last: memory it takes stays taken
    report.bars(found)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--runs", type=int, default=5, help="runs of each row (default 5)")
    parser.add_argument("--only", choices=PARTS, help="one part alone")
    parser.add_argument(
        "--peers",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="also run tshark, ndpiReader and nfstream where installed",
    )
    return parser.parse_args()


def _warm(names: list[str]) -> None:
    say(f"reading {', '.join(names)} into the page cache")
    warm_page_cache([capture(name) for name in names])


def _still_cached(names: list[str]) -> None:
    """Say whether the captures were in memory to the end, for else a disk was measured."""
    share = cached_share([capture(name) for name in names])
    if share is None:
        print("page cache: fincore is not installed, not checked")
    else:
        print(f"page cache after the runs: {100 * share:.1f} % of the captures")


if __name__ == "__main__":
    main()
