"""Shared by the tests of the matcher and of everything behind it."""

from __future__ import annotations

import datetime
import json
import os
import struct
import subprocess
import sys
from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from poolwatch.aggregate.judge import Judge
from poolwatch.aggregate.places import Inside
from poolwatch.capture import open_source
from poolwatch.capture.bytestream import ByteStream
from poolwatch.capture.source import Batch
from poolwatch.catalog import Catalog, load_catalog
from poolwatch.engine import Engine
from poolwatch.layouts import PACKET, Link
from poolwatch.match.dialects.base import Act
from poolwatch.match.matcher import Matcher
from poolwatch.match.message import Segment, Tally
from poolwatch.match.prefilter import key_of as key_of
from poolwatch.match.stream import Stream
from poolwatch.settings import Limits
from poolwatch.terms import Capture, Finding, FlowKey, Hit, Session, Stats

ROOT = Path(__file__).resolve().parents[1]
PCAPS = ROOT / "pcaps"
SCENARIOS = sorted(path.parent.name for path in PCAPS.glob("*/truth.json"))
LIMITS = Limits(flows=4096)  # a small table is quick to make
XMR = (  # of a recorded login, nesfit xmr-eu1.nanopool.org
    "47mr7jYTroxQMwdKoPQuJoc9Vs9S9qCUAL6Ek4qyNFWJdqgBZRn4RYY2QjQfqEMJZVWPscupSgaq"
    "mUn1dpdUTC4fQsu3yjN"
)
MINER, POOL = 0, 1  # sides of the streams built here
NOON_NS = int(datetime.datetime(2026, 1, 12, 12, tzinfo=datetime.UTC).timestamp()) * 10**9


@cache
def catalog(*folders: Path) -> Catalog:
    return load_catalog(folders)


# -- scenarios -------------------------------------------------------------------------


@dataclass(slots=True)
class Scan:
    """Everything one run of the engine said."""

    sessions: list[Session] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    stats: Stats | None = None

    @property
    def counts(self) -> dict[str, int]:
        assert self.stats is not None
        return self.stats.counts


def batched(names: Sequence[str], size: int) -> list[tuple[str, ...]]:
    """Names in parts of a size; the last may be smaller."""
    return [tuple(names[at : at + size]) for at in range(0, len(names), size)]


def truth_of(scenario: str) -> dict[str, Any]:
    truth: dict[str, Any] = json.loads((PCAPS / scenario / "truth.json").read_text("utf-8"))
    return truth


def capture_of(scenario: str) -> Path:
    return PCAPS / scenario / "capture.pcap"


def options_of(scenario: str, name: str) -> tuple[str, ...]:
    """The values a scenario's truth gives to one option."""
    options = truth_of(scenario)["options"]
    return tuple(v for o, v in zip(options[::2], options[1::2], strict=True) if o == name)


def catalog_of(scenario: str) -> Catalog:
    return catalog(*(ROOT / folder for folder in options_of(scenario, "--signatures")))


def scan(
    paths: Iterable[Path | str],
    *,
    using: Catalog | None = None,
    limits: Limits = LIMITS,
    internal: tuple[str, ...] = (),
) -> Scan:
    engine = Engine(using or catalog(), limits, Inside(internal), "test-sensor", seed=1)
    result = Scan()
    for item in engine.run([str(path) for path in paths]):
        if isinstance(item, Session):
            result.sessions.append(item)
        elif isinstance(item, Finding):
            result.findings.append(item)
        else:
            result.stats = item
    return result


@cache
def scan_scenario(scenario: str) -> Scan:
    internal = options_of(scenario, "--internal")
    return scan([capture_of(scenario)], using=catalog_of(scenario), internal=internal)


def command_line(
    *arguments: str | Path, env: dict[str, str] | None = None, stdin: bytes | None = None
) -> subprocess.CompletedProcess[bytes]:
    """Run poolwatch as a user would."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("POOLWATCH_", "LC_"))}
    clean |= {"LANG": "C.UTF-8", "PYTHONWARNINGS": "error"}
    return subprocess.run(
        [sys.executable, "-m", "poolwatch", *map(str, arguments)],
        capture_output=True,
        input=stdin if stdin is not None else b"",
        env=clean | (env or {}),
        cwd=ROOT,
        timeout=120,
        check=False,
    )


def events_of(output: bytes | str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in output.splitlines()]


# -- packets ---------------------------------------------------------------------------

FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16


@dataclass(frozen=True, slots=True)
class Sent:
    """One packet of a capture being put together."""

    ts_ns: int
    data: bytes
    wirelen: int = 0  # 0: as long as what was captured


def tcp_frame(
    source: tuple[str, int],
    destination: tuple[str, int],
    payload: bytes = b"",
    *,
    seq: int = 0,
    flags: int = PSH | ACK,
) -> bytes:
    """An Ethernet frame with one TCP segment over IPv4; checksums are left zero."""
    tcp = struct.pack(
        ">HHIIBBHHH",
        source[1],
        destination[1],
        seq % 2**32,
        0,
        5 << 4,
        flags,
        64240,
        0,
        0,
    )
    return _ipv4_frame(source[0], destination[0], 6, tcp + payload)


def udp_frame(source: tuple[str, int], destination: tuple[str, int], payload: bytes) -> bytes:
    udp = struct.pack(">HHHH", source[1], destination[1], 8 + len(payload), 0)
    return _ipv4_frame(source[0], destination[0], 17, udp + payload)


def _ipv4_frame(source: str, destination: str, protocol: int, content: bytes) -> bytes:
    addresses = b"".join(bytes(map(int, end.split("."))) for end in (source, destination))
    ip = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(content), 1, 0, 64, protocol, 0) + addresses
    return b"\2\0\0\0\0\1\2\0\0\0\0\2\x08\0" + ip + content


FRAME_HEAD = 54  # Ethernet, IPv4 and TCP headers of `tcp_frame`


def make_batch(packets: Sequence[Sent]) -> Batch:
    """All packets in one batch."""
    buffer = np.frombuffer(b"".join(p.data for p in packets) or b"\0", np.uint8)
    rows = np.zeros(len(packets), PACKET)
    offset = 0
    for row, packet in zip(rows, packets, strict=True):
        size = len(packet.data)
        row["ts_ns"], row["offset"], row["caplen"] = packet.ts_ns, offset, size
        row["wirelen"], row["link"] = packet.wirelen or size, int(Link.ETHERNET)
        offset += size
    return Batch(buffer, rows, len(packets))


def part_of(batch: Batch, start: int, stop: int) -> Batch:
    """Some packets of a batch, as a batch."""
    return Batch(batch.buffer, batch.packets[start:stop], stop - start)


def read_batch(path: Path) -> Batch:
    """A small capture as one batch of its own."""
    buffers: list[Any] = []
    rows: list[Any] = []
    size = 0
    with closing(ByteStream(str(path), 200)) as stream:
        for batch in open_source(stream, LIMITS).batches():
            packets = batch.packets[: batch.count].copy()
            packets["offset"] += size
            rows.append(packets)
            buffers.append(batch.buffer.copy())
            size += len(batch.buffer)
    packets = np.concatenate(rows)
    return Batch(np.concatenate(buffers), packets, len(packets))


def write_pcap(path: Path, packets: Iterable[Sent], *, link: int = 1) -> Path:
    """A classic pcap file with nanoseconds."""
    records = [struct.pack("<IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, 1 << 18, link)]
    for packet in packets:
        seconds, ns = divmod(packet.ts_ns, 10**9)
        size = len(packet.data)
        records.append(struct.pack("<IIII", seconds, ns, size, packet.wirelen or size))
        records.append(packet.data)
    path.write_bytes(b"".join(records))
    return path


@dataclass(slots=True)
class Talk:
    """A TCP connection being put together, packet by packet."""

    miner: tuple[str, int] = ("10.0.0.5", 50001)
    pool: tuple[str, int] = ("198.51.100.7", 3333)
    ts_ns: int = NOON_NS
    seq: list[int] = field(default_factory=lambda: [1000, 9000])
    packets: list[Sent] = field(default_factory=list)

    def greet(self) -> Talk:
        self.send(MINER, b"", SYN)
        self.send(POOL, b"", SYN | ACK)
        return self.send(MINER, b"", ACK)

    def send(self, side: int, payload: bytes, flags: int = PSH | ACK, wait: float = 0.01) -> Talk:
        ends = (self.miner, self.pool) if side == MINER else (self.pool, self.miner)
        self.ts_ns += int(wait * 10**9)
        frame = tcp_frame(*ends, payload, seq=self.seq[side], flags=flags)
        self.packets.append(Sent(self.ts_ns, frame))
        self.seq[side] += len(payload) + bool(flags & SYN) + bool(flags & FIN)
        return self

    def say(self, *lines: tuple[int, str], wait: float = 0.01) -> Talk:
        for side, line in lines:
            self.send(side, line.encode() + b"\n", wait=wait)
        return self


def match(packets: Sequence[Sent], limits: Limits = LIMITS) -> tuple[list[Hit], dict[str, int]]:
    """The hits of a capture made here, and what was counted."""
    matcher = Matcher(catalog(), limits, seed=1)
    hits = matcher.feed(make_batch(packets)) if packets else []
    hits += matcher.finish()
    return hits, matcher.counts()


# -- streams ---------------------------------------------------------------------------


def blank_hit() -> Hit:
    key = FlowKey(4, 6, 0x0A000005, 50001, 0xC6336407, 3333, 0)
    return Hit(key, 1, NOON_NS, NOON_NS, 0, True, (True, True))


@dataclass(slots=True)
class Reading:
    """One stream fed by hand: every `send` is one packet."""

    limits: Limits = field(default_factory=Limits)
    tally: Tally = field(default_factory=Tally)
    packet: int = 0
    seq: list[int] = field(default_factory=lambda: [1, 1])
    stream: Stream = field(init=False)

    def __post_init__(self) -> None:
        self.stream = Stream(catalog(), self.limits, self.tally, (1, 1))

    def send(self, side: int, data: bytes) -> Reading:
        self.packet += 1
        segment = Segment(
            NOON_NS + self.packet, self.packet, side, self.seq[side], len(data), 54, data
        )
        self.seq[side] += len(data)
        self.stream.feed(segment)
        return self

    def hit(self) -> Hit:
        hit = blank_hit()
        self.stream.finish(hit)
        return hit


def read_lines(*lines: tuple[int, str | bytes], limits: Limits | None = None) -> Hit:
    """What is found in messages sent one a packet, each with a line end."""
    reading = Reading(limits or Limits())
    for side, line in lines:
        data = line.encode() if isinstance(line, str) else line
        reading.send(side, data + b"\n")
    return reading.hit()


def judged(
    hit: Hit, *, internal: tuple[str, ...] = (), using: Catalog | None = None
) -> Session | None:
    """What the judge makes of a hit of the capture `test.pcap`."""
    judge = Judge(using or catalog(), Inside(internal), "test-sensor")
    return judge.judge(hit, Capture("test.pcap", "0" * 64))


def http_post(
    body: str, *, path: str = "/", agent: str = "curl/8", headers: tuple[str, ...] = ()
) -> bytes:
    lines = [f"POST {path} HTTP/1.1", "Host: node.example:8332", f"User-Agent: {agent}", *headers]
    lines.append(f"Content-Length: {len(body.encode())}")
    return ("\r\n".join(lines) + "\r\n\r\n" + body).encode()


def http_answer(
    body: str | bytes, status: str = "200 OK", *, headers: tuple[str, ...] = ()
) -> bytes:
    data = body.encode() if isinstance(body, str) else body
    lines = [f"HTTP/1.1 {status}", *headers]
    if not any(h.lower().startswith(("content-length", "transfer-encoding")) for h in headers):
        lines.append(f"Content-Length: {len(data)}")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + data


def without_places(hit: Hit) -> Hit:
    """A hit to be compared with that of the same bytes in other packets."""
    quotes = tuple(
        quote._replace(packet=0, offset=0, length=0) for quote in hit.quotes if quote.text
    )
    work = replace(hit.work, first_ns=0, idle_from_ns=0)
    return replace(
        hit, quotes=quotes, work=work, seen_first_packet=0, seen_first_ns=0, seen_last_ns=0
    )


def check_reading(reading: Reading) -> None:
    """End a stream: a hit comes out, it can be judged, and it holds together."""
    hit = reading.hit()
    assert hit.shares.accepted + hit.shares.rejected <= hit.shares.submitted
    assert len(hit.quotes) <= (len(Act) - 1) * reading.limits.evidence_spans
    for text in (hit.agent, hit.login, hit.named_host, hit.algorithm):
        assert text is None or 0 < len(text) <= reading.limits.text_chars
    session = judged(hit)
    assert session is None or hit.signatures
