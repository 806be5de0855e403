"""Populations of rigs behind one address, as packets: what an estimate is held against.

Nothing here knows how machines are counted. A population is rigs with an operating system
each, that start and stop, lose connections, pay a developer, keep a second pool, share an
address or a proxy; the capture sees a part of the time, loses packets, or sees one direction.
"""

from __future__ import annotations

import json
import random
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

START = 1_768_219_200.0  # 2026-01-12 12:00 UTC
HOST = "10.9.0.1"
POOL, RESERVE, FEES = "203.0.113.10", "203.0.113.77", "203.0.113.200"
ACCOUNT = "1BoatSLRHtKNngkdXEeobR76b53LETtpyT"
ETHERNET = b"\x02\0\0\0\0\x01\x02\0\0\0\0\x02\x08\x00"
SYN, ACK, FIN, PSH = 2, 16, 1, 8
SYSTEMS = ("linux-boot", "linux-pair", "linux-random", "windows", "none")


@dataclass
class System:
    """How a machine writes its headers."""

    kind: str
    ttl: int
    chance: random.Random
    boot: float = 0.0
    counters: dict[str, list[int]] = field(default_factory=dict)

    def connect(self, to: str) -> tuple[list[int], float]:
        """The counter of a new connection's packets, and when its clock showed 0."""
        chance = self.chance
        boot = self.boot
        if self.kind == "linux-random":
            boot = START - chance.uniform(0, 4e6)
        elif self.kind == "linux-pair":
            boot = START - random.Random(f"{self.boot}{to}").uniform(0, 4e6)
        own = [chance.randrange(1 << 16)]
        if self.kind == "windows":  # one for each destination
            own = self.counters.setdefault(to, own)
        return own, boot


@dataclass
class Population:
    """What was drawn, and how many rigs the capture shows."""

    seed: int
    rigs: int
    topology: str  # direct, nat, proxy-marked, proxy-names, proxy-plain
    naming: str  # names, image, bare
    traits: tuple[str, ...]
    host: str = HOST
    seen: set[int] = field(default_factory=set)


class Writer:
    """Packets of one population, in memory until they are written in order of time."""

    def __init__(self, chance: random.Random, begin: float, end: float) -> None:
        self.chance, self.begin, self.end = chance, begin, end
        self.packets: list[tuple[float, bytes, list[int], bool]] = []
        self.seen: set[int] = set()  # rigs of which the capture has a packet
        self.loss = chance.choice((0, 0, 0.002, 0.02))
        self.only: int | None = chance.choice((None,) * 8 + (0, 1))

    def put(self, at: float, side: int, frame: bytes, counter: list[int]) -> bool:
        """A packet is sent; whether the capture has it."""
        lost = not self.begin <= at <= self.end or self.only == 1 - side
        lost = lost or self.chance.random() < self.loss
        self.packets.append((at, frame, counter, not lost))
        return not lost

    def write(self, path: Path) -> None:
        rows = [struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1)]
        self.packets.sort(key=lambda packet: packet[0])
        for at, frame, counter, captured in self.packets:
            counter[0] = (counter[0] + self.chance.choice((1, 1, 2))) & 0xFFFF
            if not captured:
                continue
            frame = frame[:18] + counter[0].to_bytes(2, "big") + frame[20:]
            head = (int(at), int(at % 1 * 1e6), len(frame), len(frame))
            rows += (struct.pack("<IIII", *head), frame)
        path.write_bytes(b"".join(rows))


class Link:
    """One TCP connection of a machine, as the sensor sees it."""

    def __init__(
        self, writer: Writer, system: System, port: int, to: tuple[str, int], rigs: set[int]
    ) -> None:
        self.writer, self.system, self.port, self.to, self.rigs = writer, system, port, to, rigs
        self.counter, self.boot = system.connect(to[0])
        chance = writer.chance
        self.seqs = [chance.randrange(1 << 32), chance.randrange(1 << 32)]
        self.other = [chance.randrange(1 << 16)]

    def send(self, at: float, side: int, payload: bytes, flags: int = ACK | PSH) -> None:
        """One packet; side 0 is the rig's."""
        system, options = self.system, b""
        if system.kind.startswith("linux"):
            ticks = int((at - (0 if side else self.boot)) * 1000) & 0xFFFFFFFF
            options = struct.pack(">BBBBII", 1, 1, 8, 10, ticks, 1)
        ports, ends = (self.port, self.to[1]), (HOST, self.to[0])
        if side:
            ports, ends = ports[::-1], ends[::-1]
        size = 20 + len(options)
        seqs = (self.seqs[side], self.seqs[1 - side])
        tcp = struct.pack(">HHIIBBHHH", *ports, *seqs, size // 4 << 4, flags, 512, 0, 0)
        length, ttl = 20 + size + len(payload), 52 if side else system.ttl
        ip = struct.pack(">BBHHHBBH", 0x45, 0, length, 0, 0x4000, ttl, 6, 0)
        ip += b"".join(bytes(map(int, end.split("."))) for end in ends)
        late = at + system.chance.uniform(0.0002, 0.004)
        counter = self.other if side else self.counter
        if self.writer.put(late, side, ETHERNET + ip + tcp + options + payload, counter):
            self.writer.seen |= self.rigs
        self.seqs[side] = (seqs[0] + len(payload) + bool(flags & (SYN | FIN))) & 0xFFFFFFFF


def line(**body: object) -> bytes:
    return json.dumps(body).encode() + b"\n"


def talk(
    link: Link,
    begin: float,
    end: float,
    login: str,
    pace: float,
    jobs: list[float],
    *,
    workers: list[str] | None = None,
    agent: str = "cgminer/4.11.1",
    idle: bool = False,
    ending: str = "fin",
) -> None:
    """A whole Stratum conversation; `pace`: seconds a share; `ending`: fin, lost or open."""
    chance, at = link.writer.chance, begin
    trip = chance.uniform(0.02, 0.2)
    link.send(at, 0, b"", SYN)
    link.send(at + trip, 1, b"", SYN | ACK)
    at += trip + 0.01
    extranonce = f"{chance.randrange(1 << 32):08x}"
    link.send(at, 0, line(id=1, method="mining.subscribe", params=[agent]))
    link.send(
        at + trip, 1, line(id=1, result=[[["mining.notify", "ae68"]], extranonce, 4], error=None)
    )
    link.send(at + trip + 0.05, 0, line(id=2, method="mining.authorize", params=[login, "x"]))
    link.send(at + 2 * trip + 0.1, 1, line(id=2, result=True, error=None))
    link.send(at + 2 * trip + 0.2, 1, line(id=None, method="mining.set_difficulty", params=[16384]))
    events: list[tuple[float, int]] = [(at + 3 * trip + 0.3, 1)]
    events += [(job + chance.uniform(0, 0.3), 1) for job in jobs if at + 1 < job < end]
    when = at + 1 + chance.expovariate(1 / pace)
    while not idle and when < end:
        events.append((when, 0))
        when += max(chance.expovariate(1 / pace), 0.05)
    number, name = 3, ""
    for when, side in sorted(events):
        if side:
            name = f"{int(when):x}"
            link.send(when, 1, line(id=None, method="mining.notify", params=_work(name)))
            continue
        sender = chance.choice(workers) if workers else login
        share = [sender, name, "00000001", "65a0f1c0", f"{chance.randrange(1 << 32):08x}"]
        link.send(when, 0, line(id=number, method="mining.submit", params=share))
        link.send(when + trip, 1, line(id=number, result=True, error=None))
        number += 1
    if ending == "fin":
        link.send(end, 0, b"", FIN | ACK)
        link.send(end + trip, 1, b"", FIN | ACK)
    elif ending == "lost":  # the pool goes on for a while, and nobody answers
        for pushed in [job for job in jobs if end < job < end + 400][:6]:
            work = _work(f"{int(pushed):x}")
            link.send(pushed, 1, line(id=None, method="mining.notify", params=work))


def _work(name: str) -> list[object]:
    return [name, "0" * 64, "01", "02", [], "20000000", "1702905c", "65a0f1c0", True]


def draw(seed: int, path: Path) -> Population:
    """Write one population's capture; what it is."""
    chance = random.Random(seed)
    lasts = chance.uniform(900, 3600)
    begin = START + (chance.uniform(0, 600) if chance.random() < 0.4 else -60)
    writer = Writer(chance, begin, begin + lasts)
    topology = chance.choices(
        ("direct", "nat", "proxy-marked", "proxy-names", "proxy-plain"), (12, 72, 7, 6, 3)
    )[0]
    rigs = 1 if topology == "direct" else min(60, int(2 ** chance.uniform(0, 6)))
    traits = tuple(
        name
        for name, odds in (
            ("reconnects", 0.4),
            ("reserve", 0.25),
            ("fees", 0.3),
            ("churn", 0.2),
            ("cards", 0.08),
        )
        if chance.random() < odds
    )
    population = Population(seed, rigs, topology, chance.choice(("names", "image", "bare")), traits)
    _fill(population, writer, chance, begin, lasts)
    writer.write(path)
    population.seen = writer.seen
    return population


def _fill(
    population: Population, writer: Writer, chance: random.Random, begin: float, lasts: float
) -> None:
    end = begin + lasts
    jobs, at = [], begin - 700
    while at < end + 500:
        jobs.append(at)
        at += chance.uniform(20, 60)
    restarts = (
        [chance.uniform(begin, end)]
        if "reconnects" in population.traits and chance.random() < 0.5
        else []
    )
    ports = iter(chance.sample(range(1024, 65535), 20_000))
    if population.topology.startswith("proxy"):
        _proxy(population, writer, chance, (begin, end), jobs, ports)
        return
    one_os = chance.random() < 0.5
    common = chance.choice(SYSTEMS)
    floor = chance.uniform(0, 3600)  # a room that was switched on together
    for rig in range(population.rigs):
        kind = common if one_os else chance.choice(SYSTEMS)
        born = 128 if kind == "windows" else 64
        hops = 0 if population.topology == "direct" else 1
        system = System(
            kind, born - hops - (chance.random() < 0.05), random.Random(f"{population.seed} {rig}")
        )
        system.boot = START - floor - chance.uniform(0, 600 if chance.random() < 0.3 else 3e6)
        spans = [(START - 600 - chance.uniform(0, 300), end + 900)]
        if "churn" in population.traits:
            first = chance.uniform(begin - 600, end - 60)
            spans = [(first, first + chance.uniform(60, lasts))]
        elif chance.random() < 0.5:
            spans = [(chance.uniform(begin - 300, begin + min(lasts / 2, 900)), end + 900)]
        cuts = [cut + chance.uniform(0, 3) for cut in restarts]
        if "reconnects" in population.traits and not restarts:
            cuts = [chance.uniform(begin, end) for _ in range(chance.randrange(4))]
        _rig(population, writer, chance, rig, system, spans[0], sorted(cuts), jobs, ports)


def _rig(
    population: Population,
    writer: Writer,
    chance: random.Random,
    rig: int,
    system: System,
    span: tuple[float, float],
    cuts: list[float],
    jobs: list[float],
    ports: Iterator[int],
) -> None:
    names = {"names": f"{ACCOUNT}.rig{rig:02d}", "image": f"{ACCOUNT}.pc", "bare": ACCOUNT}
    logins = [names[population.naming]]
    if "cards" in population.traits and population.naming == "names":
        logins = [f"{logins[0]}-gpu{card}" for card in range(chance.randrange(2, 5))]
    pace = chance.choice((15, 30, 60, 150)) * chance.uniform(0.7, 1.3)
    for login in logins:
        start = span[0]
        for cut in [*(cut for cut in cuts if span[0] < cut < span[1]), span[1]]:
            if cut <= start:
                continue
            ending = "fin" if cut == span[1] or chance.random() < 0.6 else "lost"
            link = Link(writer, system, next(ports), (POOL, 3333), {rig})
            talk(link, start, cut, login, pace, jobs, ending=ending)
            start = cut + (chance.uniform(2, 25) if ending == "fin" else chance.uniform(8, 90))
    if "reserve" in population.traits and chance.random() < 0.8:
        link = Link(writer, system, next(ports), (RESERVE, 3333), {rig})
        talk(link, span[0] + 1, span[1], logins[0], pace, jobs, idle=True, ending="open")
    at = span[0] + chance.uniform(0, 1500)
    while "fees" in population.traits and at < span[1]:
        link = Link(writer, system, next(ports), (FEES, 3333), {rig})
        talk(
            link, at, at + chance.uniform(20, 60), "1DevFeeXXXXXXXXXXXXXXXXXXXXXUWLpVr", pace, jobs
        )
        at += chance.uniform(2400, 4000)


def _proxy(
    population: Population,
    writer: Writer,
    chance: random.Random,
    span: tuple[float, float],
    jobs: list[float],
    ports: Iterator[int],
) -> None:
    """Many rigs, one socket: with a proxy's own name, with theirs, or with neither."""
    system = System(chance.choice(SYSTEMS[:3]), 64, random.Random(population.seed))
    rigs = set(range(population.rigs))
    workers = (
        [f"{ACCOUNT}.rig{rig:02d}" for rig in rigs]
        if population.topology == "proxy-names"
        else None
    )
    agent = "xmrig-proxy/6.20.0" if population.topology == "proxy-marked" else "stratum-proxy"
    if population.topology == "proxy-plain":
        agent = "cgminer/4.11.1"
    link = Link(writer, system, next(ports), (POOL, 3333), rigs)
    pace = chance.uniform(20, 90) / population.rigs
    begin = span[0] - chance.uniform(-30, 300)
    talk(
        link, begin, span[1] + 60, ACCOUNT, pace, jobs, workers=workers, agent=agent, ending="open"
    )
