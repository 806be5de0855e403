"""`python -m benchmarks.live`: the live capture with the whole matcher behind it, beside tcpdump.

A capture is replayed at top speed into a veth pair, in turn for `tcpdump -w /dev/null` and for
poolwatch, whose rings are of the same size. veth runs the receiver in the sender's context, so
no card and no interrupt is measured: how many packets the ring loses is, and what they cost.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import resource
import shutil
import signal
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass

from tests.live.netns import Wire, laid_wire, missing

from benchmarks import report
from benchmarks.captures import LIVE, ROOT, capture, load
from benchmarks.measure import MIB, say, warm_page_cache
from benchmarks.report import Bar

MORE_DROPS = 0.001
RINGS_MIB = (64,)
"""The sizes measured: what the sensor takes by itself. One of 2 MiB is full after 7 ms."""
_SETTLE_SECONDS = 0.5
_READY_SECONDS = 120.0
_SENT = re.compile(r"Actual: (\d+) packets \(\d+ bytes\) sent in ([\d.]+) seconds")
_FAILED = re.compile(r"Failed packets:\s+(\d+)")
_TCPDUMP = re.compile(rb"(\d+) packets? (captured|received by filter|dropped by kernel)")


@dataclass(frozen=True, slots=True)
class Sent:
    """What tcpreplay says it sent."""

    packets: int
    seconds: float


@dataclass(frozen=True, slots=True)
class LiveRun:
    """One replay, as the program that captured it counted."""

    sent: Sent
    packets: int
    drops: int
    cpu_seconds: float
    peak_bytes: int

    @property
    def rate(self) -> float:
        """Packets a second, as they were sent."""
        return self.sent.packets / self.sent.seconds

    @property
    def share(self) -> float:
        """Drops among the packets sent; what was neither dropped nor captured counts too."""
        lost = max(self.drops, self.sent.packets - self.packets)
        return lost / self.sent.packets


def main() -> None:
    """All runs, the table, and the bar."""
    options = _options()
    if options.capture_on:
        _capture(options.capture_on, options.ring_mib[0] * MIB)
        return
    reason = missing("tcpreplay", "tcpdump")
    if reason:
        sys.exit(f"benchmarks.live: {reason}")
    subprocess.run([sys.executable, "-m", "benchmarks.build", LIVE], cwd=ROOT, check=True)
    report.machine()
    warm_page_cache([capture(LIVE)])
    found = []
    for ring_mib in options.ring_mib:
        runs = _alternate(ring_mib, options.runs)
        _print(runs, ring_mib)
        found.append(_bar(ring_mib, *runs.values()))
    report.bars(found)


def _alternate(ring_mib: int, count: int) -> dict[str, list[LiveRun]]:
    """Both programs in turn, so many times, each on a wire of its own."""
    ways = {"tcpdump -w /dev/null": _tcpdump, "poolwatch, matcher": _poolwatch}
    runs: dict[str, list[LiveRun]] = {name: [] for name in ways}
    for number in range(count):
        for name, command in ways.items():
            say(f"ring of {ring_mib} MiB, run {number + 1} of {count}: {name}")
            with laid_wire() as wire:
                made = command(wire, ring_mib)
                runs[name].append(_measure(wire, made, own=name.startswith("poolwatch")))
    return runs


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.live", description=__doc__)
    parser.add_argument("--runs", type=int, default=5, help="runs of each (default 5)")
    parser.add_argument(
        "--ring-mib", type=int, nargs="+", default=RINGS_MIB, help="sizes of both rings"
    )
    parser.add_argument("--capture-on", help=argparse.SUPPRESS)
    return parser.parse_args()


def _tcpdump(wire: Wire, ring_mib: int) -> list[str]:
    kib = str(1024 * ring_mib)
    tcpdump = shutil.which("tcpdump") or "tcpdump"
    return [tcpdump, "-Z", "root", "-n", "-i", wire.tap, "-B", kib, "-w", "/dev/null"]


def _poolwatch(wire: Wire, ring_mib: int) -> list[str]:
    itself = [sys.executable, "-m", "benchmarks.live"]
    return [*itself, "--capture-on", wire.tap, "--ring-mib", str(ring_mib)]


def _measure(wire: Wire, command: list[str], *, own: bool) -> LiveRun:
    """Replay once while `command` captures; `own`: it tells its own CPU time, as JSON."""
    process = subprocess.Popen(
        wire.command(*command),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=ROOT,
    )
    assert process.stderr is not None
    assert process.stdout is not None
    try:
        _await_ready(process)
        sent = _replay(wire)
        time.sleep(_SETTLE_SECONDS)
        process.send_signal(signal.SIGINT)
        errors, output = process.stderr.read(), process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    finally:
        if process.returncode is None:
            process.kill()
            process.wait()
        process.stderr.close()
        process.stdout.close()
    if process.returncode:
        sys.exit(f"{command}: status {process.returncode}: {errors.decode(errors='replace')}")
    peak = usage.ru_maxrss * 1024
    if own:
        told = json.loads(output)
        return LiveRun(sent, told["packets"], told["drops"], told["cpu_seconds"], peak)
    counted = {what: int(number) for number, what in _TCPDUMP.findall(errors)}
    cpu = usage.ru_utime + usage.ru_stime
    return LiveRun(sent, counted[b"captured"], counted[b"dropped by kernel"], cpu, peak)


def _await_ready(process: subprocess.Popen[bytes]) -> None:
    """Wait for the line on standard error that says it listens."""
    assert process.stderr is not None
    until = time.monotonic() + _READY_SECONDS
    while time.monotonic() < until:
        line = process.stderr.readline()
        if b"listening on" in line:
            return
        if not line:
            break
    sys.exit("benchmarks.live: what was to capture did not start")


def _replay(wire: Wire) -> Sent:
    told = wire.replay(capture(LIVE), "--topspeed", "--preload-pcap")
    found, failed = _SENT.search(told), _FAILED.search(told)
    assert found, told
    assert failed, told
    return Sent(int(found[1]) - int(failed[1]), float(found[2]))


def _capture(interface: str, ring_bytes: int) -> None:
    """What runs in the namespace: ring, duplicates, matcher; one JSON object at the end."""
    from poolwatch.capture.live import RingSettings, open_live
    from poolwatch.capture.mirror import DuplicateWatch
    from poolwatch.catalog import load_catalog
    from poolwatch.match.matcher import Matcher
    from poolwatch.settings import Limits

    block = min(ring_bytes // 16, RingSettings().block_bytes)
    snap = min(RingSettings().snap_bytes, block // 2)
    settings = RingSettings(
        ring_bytes=ring_bytes, block_bytes=block, snap_bytes=snap, backend="ring"
    )
    matcher = Matcher(load_catalog(()), Limits())
    watch = DuplicateWatch(settings)
    source = open_live([interface], settings)
    signal.signal(signal.SIGINT, lambda *_: source.stop())
    source.start()
    print(f"listening on {interface}", file=sys.stderr, flush=True)
    before = resource.getrusage(resource.RUSAGE_SELF)
    hits = 0
    for batch in source.batches():
        watch.look(batch)
        hits += len(matcher.feed(batch))
    hits += len(matcher.finish())
    after = resource.getrusage(resource.RUSAGE_SELF)
    counts = source.statistics()
    told = {
        "packets": counts.packets,
        "drops": counts.drops,
        "fill_peak": counts.interfaces[0].fill_peak,
        "hits": hits,
        "duplicates": watch.counts().duplicates,
        "cpu_seconds": after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime,
    }
    print(json.dumps(told))


def _print(runs: dict[str, list[LiveRun]], ring_mib: int) -> None:
    built = load(LIVE)
    report.heading(
        f"live: {built.packets / 1e6:.2f} M packets, mean {built.mean_bytes:.0f} B, over veth "
        f"at top speed, ring {ring_mib} MiB, median (min-max)"
    )
    print(f"{'':<22} {'k packets/s':>22} {'drops %':>24} {'CPU seconds':>18} {'peak MiB':>9}")
    for name, row in runs.items():
        rates = _spread([run.rate / 1000 for run in row], ".0f")
        drops = _spread([100 * run.share for run in row], ".3f")
        cpu = _spread([run.cpu_seconds for run in row], ".2f")
        peak = max(run.peak_bytes for run in row) / MIB
        print(f"{name:<22} {rates:>22} {drops:>24} {cpu:>18} {peak:9.0f}")


def _spread(values: list[float], form: str) -> str:
    low, middle, high = (f(values) for f in (min, statistics.median, max))
    return f"{middle:{form}} ({low:{form}}-{high:{form}})"


def _bar(ring_mib: int, tcpdump: list[LiveRun], own: list[LiveRun]) -> Bar:
    theirs, ours = (statistics.median(run.share for run in row) for row in (tcpdump, own))
    return Bar(
        f"{ring_mib} MiB: drops <= tcpdump's {100 * theirs:.3f} % + {100 * MORE_DROPS:g} %",
        f"{100 * ours:.3f} %",
        ours <= theirs + MORE_DROPS,
    )


if __name__ == "__main__":
    main()
