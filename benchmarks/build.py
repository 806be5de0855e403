"""Builds the benchmark captures, once: `python -m benchmarks.build`, or only those named.

live, mixed-sample, mixed-2gb, mixed-4gb: recorded benign captures (or made-up traffic), long TLS
transfers and planted mining sessions, copied under fresh client addresses. Each smaller one
is the beginning of the larger. flows-10k, flows-1m: the same packets dealt to few and to many
flows.

A capture is made anew when its recipe has changed: the code here, the seeds, the templates.
"""

from __future__ import annotations

import hashlib
import ipaddress
import random
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import BinaryIO

import numpy as np

from benchmarks import synthetic, templates
from benchmarks.captures import (
    DATA,
    GROWTH,
    LIVE,
    LIVE_BYTES,
    MINING,
    MIXED,
    ROOT,
    SAMPLE,
    Built,
    Planted,
    capture,
    forget,
    is_current,
    save,
)
from benchmarks.chunk import FILE_HEADER, FIRST_CLIENT, Array, Chunk, interleave
from benchmarks.templates import Flow

BENIGN = ROOT.parent / "shared" / "captures" / "benign"

SEED = 20_260_112
MEAN_BYTES = 650
COPIES = 4  # of each benign flow in a chunk, so that enough flows are open at a time
BULK_SEGMENTS = 160
ORDINARY_FLOWS = 6_500
CHUNK_PACKETS = 200_000
GROWTH_CHUNKS = 31
MINING_SESSIONS = 40
MINING_SHARES = 250
MINING_COPIES = 20


ALL = (SAMPLE, *MIXED, *GROWTH, MINING)


def build(names: tuple[str, ...] = ALL) -> None:
    """Build the captures that are missing or made by another recipe."""
    DATA.mkdir(parents=True, exist_ok=True)
    recipe = _recipe()
    stale = [name for name in names if not is_current(name, recipe)]
    mixed = {
        name: size
        for name, size in (MIXED | {SAMPLE: 1, LIVE: LIVE_BYTES}).items()
        if name in stale
    }
    if mixed:
        flows = _mixture()
        chunk = interleave(flows, SEED)
        for name, size in mixed.items():
            _make(name, recipe, partial(_write_mixed, chunk, flows, size))
    if any(name in GROWTH for name in stale):
        grown = _growth_chunk()
        for name, size in GROWTH.items():
            _make(name, recipe, partial(_write_growth, grown, size))
    if MINING in stale:
        _make(MINING, recipe, _write_mining)


def _recipe() -> str:
    digest = hashlib.sha256()
    here = Path(__file__).parent
    sources = [here / f"{name}.py" for name in ("build", "chunk", "synthetic", "templates")]
    mining = [ROOT / "pcaps" / name / "capture.pcap" for name in templates.MINING_SCENARIOS]
    for path in [*sources, *mining, *templates.benign_files(BENIGN)]:
        digest.update(path.name.encode() + b"\0" + hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def _make(name: str, recipe: str, write: Callable[[BinaryIO], Built]) -> None:
    """Write a capture under another name first, so that a broken-off build leaves none."""
    print(f"  building {name}.pcap", file=sys.stderr, flush=True)
    part = DATA / f"{name}.part"
    forget(name)
    with part.open("wb") as file:
        file.write(FILE_HEADER)
        built = write(file)
    built.recipe = recipe
    part.rename(capture(name))
    save(name, built)


# -- the mixture -----------------------------------------------------------------------


def _mixture() -> list[Flow]:
    """The flows of a chunk, with a mean packet of MEAN_BYTES; each mining session once."""
    rng = random.Random(SEED)
    flows = templates.benign_flows(BENIGN) or synthetic.ordinary_flows(rng, ORDINARY_FLOWS)
    packets = sum(len(flow.records) for flow in flows)
    size = sum(flow.bytes for flow in flows)
    while size < MEAN_BYTES * packets:
        bulk = synthetic.bulk_flow(rng, rng.randrange(4, 2 * BULK_SEGMENTS))
        flows.append(bulk)
        packets += len(bulk.records)
        size += bulk.bytes
    return flows * COPIES + templates.mining_flows()


def _write_mixed(chunk: Chunk, flows: list[Flow], size: int, file: BinaryIO) -> Built:
    """Copies of the chunk, each with clients of its own, until there are about `size` bytes."""
    built = Built()
    real = sum(flow.client is not None for flow in flows)
    copies = max(round(size / len(chunk.data)), 1)
    for copy in range(copies):
        first = FIRST_CLIENT + copy * len(flows)
        chunk.stamp(first + chunk.flows, built.packets)
        file.write(chunk.data.data)
        built.packets += chunk.count
        built.captured_bytes += chunk.captured_bytes
        built.flows += real
        built.planted += _planted(flows, first)
    return built


def _planted(flows: list[Flow], first: int) -> list[Planted]:
    """The mining flows of one chunk: client address and port, server address and port."""
    planted: list[Planted] = []
    for number, flow in enumerate(flows):
        if flow.mining and flow.client and flow.server:
            client = str(ipaddress.ip_address(first + number))
            server = str(ipaddress.ip_address(flow.server[0]))
            planted.append((client, flow.client[1], server, flow.server[1]))
    return planted


# -- mining alone ----------------------------------------------------------------------


def _write_mining(file: BinaryIO) -> Built:
    """Sessions of many shares, side by side."""
    rng = random.Random(SEED)
    flows = [synthetic.mining_flow(rng, MINING_SHARES) for _ in range(MINING_SESSIONS)]
    chunk = interleave(flows, SEED)
    built = Built(flows=MINING_COPIES * len(flows))
    for copy in range(MINING_COPIES):
        chunk.stamp(FIRST_CLIENT + copy * len(flows) + chunk.flows, built.packets)
        file.write(chunk.data.data)
        built.packets += chunk.count
        built.captured_bytes += chunk.captured_bytes
    empty = sum(len(record) == synthetic.EMPTY_BYTES for flow in flows for record in flow.records)
    built.payload_packets = built.packets - MINING_COPIES * empty
    return built


# -- few and many flows ----------------------------------------------------------------


def _growth_chunk() -> Chunk:
    """TLS data, bare acknowledgements and small messages in both directions."""
    rng = random.Random(SEED)
    sizes = rng.choices((synthetic.MSS, 0, 90), (41, 35, 24), k=CHUNK_PACKETS)
    filler = rng.randbytes(1 << 16)
    records, at = [], []
    for size in sizes:
        from_client = rng.random() < 0.5
        ports = (40_000, 443) if from_client else (443, 40_000)
        header = synthetic.tcp_header(ports, rng.getrandbits(32), rng.getrandbits(32), 0x18)
        place = rng.randrange(len(filler) - synthetic.MSS)
        payload = (b"\x17\x03\x03" + filler[place : place + size])[:size]
        records.append(templates.record(synthetic.frame(from_client, 6, header + payload)))
        at.append(synthetic.client_at(from_client))
    return Chunk(records, np.array(at, np.int64), np.zeros(len(records), np.int64))


def _write_growth(chunk: Chunk, flows: int, file: BinaryIO) -> Built:
    """The same packets whatever the number of flows: all are open all the time, and each
    speaks once in every round, in an order drawn anew. No cache helps, which is meant.
    """
    built = Built(flows=flows)
    order = _rounds(flows, chunk.count * GROWTH_CHUNKS)
    for _ in range(GROWTH_CHUNKS):
        turn = order[built.packets : built.packets + chunk.count]
        chunk.stamp(FIRST_CLIENT + turn, built.packets)
        file.write(chunk.data.data)
        built.packets += chunk.count
        built.captured_bytes += chunk.captured_bytes
    return built


def _rounds(flows: int, packets: int) -> Array:
    rng = np.random.default_rng(SEED)
    rounds = -(-packets // flows)
    return np.concatenate([rng.permutation(flows) for _ in range(rounds)])[:packets]


if __name__ == "__main__":
    build(tuple(sys.argv[1:]) or ALL)
