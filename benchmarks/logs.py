"""How fast 10 M lease rows and 10 M NAT rows are read, in how much memory, and looked up."""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

from benchmarks import report
from benchmarks.measure import MIB, Task, interleave, run
from benchmarks.report import Bar

ROWS = 10_000_000
LOOKUPS = 2_000_000
LOAD_SECONDS = 60.0
PEAK_BYTES = 2 << 30
RATE = 2e5  # lookups a second
_CHUNK = 100_000
_START = 1_630_893_600
_LEASE_SECONDS = 3600
_KEA = (
    "address,hwaddr,client_id,valid_lifetime,expire,subnet_id,fqdn_fwd,fqdn_rev,hostname,state,"
    "user_context,pool_id\n"
)


def measure(runs: int) -> list[Bar]:
    """Write the logs, and read and ask them in a process of its own, some times."""
    with tempfile.TemporaryDirectory(prefix="poolwatch-logs-") as folder:
        write = Task("write", [sys.executable, "-m", "benchmarks.logs", "write", folder])
        if run(write).status:
            raise RuntimeError("the logs could not be written")
        found: list[dict[str, float]] = []
        task = Task(
            "load and ask",
            [sys.executable, "-m", "benchmarks.logs", "read", folder],
            times_itself=True,
            check=lambda done: found.append(json.loads(done.output)) if not done.status else None,
        )
        samples = interleave({"load": task}, runs)["load"]
    worst = {name: min(one[name] for one in found) for name in ("leases_rate", "nat_rate")}
    report.heading(f"Logs: {ROWS / 1e6:.0f} M rows of Kea and {ROWS / 1e6:.0f} M of conntrack")
    spread = f"{min(samples.seconds):.1f}-{max(samples.seconds):.1f}"
    print(f"loaded in {samples.median:.1f} s ({spread}), peak {samples.peak_bytes / MIB:.0f} MiB")
    print(
        f"leases {worst['leases_rate'] / 1e6:.2f} M, NAT {worst['nat_rate'] / 1e6:.2f} M a second"
    )
    slowest = min(worst.values())
    load, peak = samples.median, samples.peak_bytes
    return [
        Bar("10 M leases and 10 M NAT rows loaded <= 60 s", f"{load:.1f} s", load <= LOAD_SECONDS),
        Bar("... in <= 2 GiB", f"{peak / MIB:.0f} MiB", peak <= PEAK_BYTES),
        Bar("lookups at a time >= 200 k a second", f"{slowest / 1e3:.0f} k", slowest >= RATE),
    ]


def write(folder: Path) -> None:
    """10 M rows of leases, each a machine's, and 10 M of sessions that begin and end."""
    with (folder / "kea-leases4.csv").open("w") as file:
        file.write(_KEA)
        for first in range(0, ROWS, _CHUNK):
            file.writelines(_lease(n) for n in range(first, first + _CHUNK))
    with (folder / "nat.log").open("w") as file:
        for first in range(0, ROWS // 2, _CHUNK):
            file.writelines(
                _session(n, "    [NEW] tcp      6 120 SYN_SENT", 0)
                for n in range(first, first + _CHUNK)
            )
            file.writelines(
                _session(n, "[DESTROY] tcp      6", 30) for n in range(first, first + _CHUNK)
            )


def _machine(number: int) -> int:
    """A number of 20 bits that looks like no order."""
    return number * 2_654_435_761 % (1 << 32) >> 12


def _lease(number: int) -> str:
    which = _machine(number)
    expire = _START + number // 200 + _LEASE_SECONDS
    address = f"10.{which >> 16}.{which >> 8 & 255}.{which & 255}"
    mac = f"aa:bb:{which >> 16:02x}:{which >> 8 & 255:02x}:{which & 255:02x}:{number % 5:02x}"
    return f"{address},{mac},01:{mac},{_LEASE_SECONDS},{expire},1,0,0,pc-{which % 60_000},0,,0\n"


def _session(number: int, event: str, later: int) -> str:
    which = _machine(number)
    inside = f"10.{which >> 16}.{which >> 8 & 255}.{which & 255}"
    remote = f"198.51.{number % 100}.{number % 200 + 1}"
    port, mapped = 1024 + number % 60_000, 1024 + number // 64 % 60_000
    outside = f"203.0.113.{number % 64}"
    return (
        f"[{_START + number // 200 + later}.{number % 200 * 5000:06d}]\t{event} src={inside} "
        f"dst={remote} sport={port} dport=443 [UNREPLIED] src={remote} dst={outside} "
        f"sport=443 dport={mapped}\n"
    )


def read(folder: Path) -> None:
    """Load and look up; prints seconds, and lookups a second, as JSON."""
    import resource
    import time

    import numpy as np

    from poolwatch.logs.load import load_logs

    begun = time.perf_counter()
    book = load_logs([folder])
    book.ready()
    seconds = time.perf_counter() - begun
    generator = np.random.default_rng(20260112)
    numbers = generator.integers(0, ROWS // 2, LOOKUPS)
    which = numbers * 2_654_435_761 % (1 << 32) >> 12
    times = (_START + numbers // 200 + 15) * 1_000_000_000
    inside = (np.uint64(0xFFFF) << np.uint64(32)) | (which + (10 << 24)).astype(np.uint64)
    outside = (np.uint64(0xFFFF) << np.uint64(32)) | (numbers % 64 + 0xCB007100).astype(np.uint64)
    zeros = np.zeros(LOOKUPS, np.uint64)
    book.bindings_at(zeros[:1], inside[:1], times[:1])
    start = time.perf_counter()
    rows, _ = book.bindings_at(zeros, inside, times)
    leases = time.perf_counter() - start
    start = time.perf_counter()
    ports = (1024 + numbers // 64 % 60_000).astype(np.uint16)
    protocols = np.full(LOOKUPS, 6, np.int16)
    sessions, _ = book.translations_at(zeros, outside, ports, protocols, times)
    nat = time.perf_counter() - start
    found = {
        "seconds": seconds,
        "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
        "leases_rate": LOOKUPS / leases,
        "nat_rate": LOOKUPS / nat,
        "leases_found": float((rows >= 0).mean()),
        "nat_found": float((sessions >= 0).mean()),
        **book.counts(),
    }
    print(json.dumps(found))


if __name__ == "__main__":
    {"write": write, "read": read}[sys.argv[1]](Path(sys.argv[2]))
