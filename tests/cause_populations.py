"""Hosts that mine on purpose, for a thief, for research, or nobody can tell: as packets.

Nothing here knows how causes are judged. A host is drawn from a story; the story says what stands
on the wire, and what is true.
"""

from __future__ import annotations

import csv
import json
import random
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from Crypto.Hash import keccak

from tests.running import (
    ACK,
    FIN,
    MINER,
    NOON_NS,
    POOL,
    PSH,
    ROOT,
    SYN,
    Sent,
    Talk,
    tcp_frame,
)

SECOND = 10**9
HOUR = 3600 * SECOND
F2POOL, XMRPOOL = "203.0.113.10", "203.0.113.20"
ASICS = ("bmminer/2.0.0", "cgminer/4.11.1", "bosminer/0.1.0", "bmminer/4.11.1")
GPUS = ("ethminer/0.19.0", "kawpowminer/1.2.4")
XMRIG = "XMRig/6.21.0 (Linux x86_64) libuv/1.44.2 gcc/9.3.0"


@dataclass
class Host:
    """A host of the population: its story, and what is true of it."""

    address: str
    story: str
    truth: str  # deliberate, malware, research, ambiguous


@dataclass
class Population:
    """Hosts, their packets, and the registers that go with them."""

    hosts: list[Host] = field(default_factory=list)
    packets: list[Sent] = field(default_factory=list)
    exemptions: list[tuple[str, ...]] = field(default_factory=list)
    units: list[tuple[str, str]] = field(default_factory=list)
    shared: dict[str, str] = field(default_factory=dict)

    def write_exemptions(self, path: Path) -> Path:
        return _write(path, ("address", "kind", "valid from", "valid to", "document"), self)

    def write_units(self, path: Path) -> Path:
        rows = [f"{prefix},{unit}" for prefix, unit in self.units]
        path.write_text("\n".join(("prefix,unit", *rows, "")), "utf-8")
        return path


def _write(path: Path, header: tuple[str, ...], population: Population) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows((header, *population.exemptions))
    return path


def listed_wallets() -> list[str]:
    """Wallets that the shipped table calls malware's."""
    with (ROOT / "signatures/malware.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return [row["value"] for row in rows if row["kind"] == "wallet" and row["value"][:1] == "4"]


LISTED = listed_wallets()


class Stage:
    """Writes what one host does; all random choices come from its own seed."""

    def __init__(self, population: Population, address: str, chance: random.Random) -> None:
        self.population, self.address, self.chance = population, address, chance
        self.host = Host(address, "", "")
        self.begin = NOON_NS + int(chance.uniform(2, 6) * HOUR)
        self.port = chance.randrange(20000, 50000)
        self.account = "acct" + address.replace(".", "x")
        self.ttl = chance.choice((64, 128))

    def put(self, at: int, frame: bytes) -> None:
        self.population.packets.append(Sent(at, frame))

    def as_sent(self, packet: Sent) -> Sent:
        """A packet with the TTL of its sender's system, if that is the host."""
        own = bytes(map(int, self.address.split(".")))
        if packet.data[26:30] != own:
            return packet
        return replace(packet, data=packet.data[:22] + bytes([self.ttl]) + packet.data[23:])

    def next_port(self) -> int:
        self.port += 1
        return self.port

    # -- mining ------------------------------------------------------------------------

    def stratum(
        self, login: str, agent: str, *, pool: str = F2POOL, port: int = 3333, after: int = 0
    ) -> None:
        """Shares by Bitcoin's Stratum, for some minutes."""
        talk = Talk((self.address, self.next_port()), (pool, port), self.begin + after).greet()
        job = ["j1", "ab" * 32, "cd" * 40, "ef" * 20, [], "20000000", "17034219", "65a0f1c0", True]
        talk.say(
            (MINER, _line(id=1, method="mining.subscribe", params=[agent])),
            (POOL, _line(id=1, result=[[["mining.notify", "1"]], "00b61738", 4], error=None)),
            (MINER, _line(id=2, method="mining.authorize", params=[login, "x"])),
            (POOL, _line(id=2, result=True, error=None)),
            (POOL, _line(id=None, method="mining.notify", params=job)),
        )
        for number in range(self.chance.randrange(1, 5)):
            share = [login, "j1", f"{number:02x}", "65a0f1c0", "00000001"]
            talk.say(
                (MINER, _line(id=3 + number, method="mining.submit", params=share)),
                (POOL, _line(id=3 + number, result=True, error=None)),
                wait=self.chance.uniform(5, 200),
            )
        self.population.packets += talk.packets

    def cryptonote(
        self, login: str, *, pool: str = XMRPOOL, port: int = 3333, after: int = 0
    ) -> None:
        """Shares by Monero's Stratum."""
        talk = Talk((self.address, self.next_port()), (pool, port), self.begin + after).greet()
        blob = f"0606{'ab' * 37}00000000{'cd' * 33}"
        work = {"blob": blob, "job_id": "1", "target": "b88d0600", "height": 1, "algo": "rx/0"}
        work["seed_hash"] = "ef" * 32
        params = {"login": login, "pass": "x", "agent": XMRIG, "algo": ["rx/0"]}
        answer = {"id": "8", "job": work, "status": "OK"}
        talk.say(
            (MINER, _line(id=1, jsonrpc="2.0", method="login", params=params)),
            (POOL, _line(id=1, jsonrpc="2.0", error=None, result=answer)),
        )
        for number in range(self.chance.randrange(1, 5)):
            share = {"id": "8", "job_id": "1", "nonce": f"{number:08x}", "result": "09" * 32}
            done = {"status": "OK"}
            talk.say(
                (MINER, _line(id=2 + number, jsonrpc="2.0", method="submit", params=share)),
                (POOL, _line(id=2 + number, jsonrpc="2.0", error=None, result=done)),
                wait=self.chance.uniform(5, 200),
            )
        self.population.packets += talk.packets

    # -- beside it ---------------------------------------------------------------------

    def sweep(self, port: int, peers: int, after: int = 60 * SECOND) -> None:
        """One port of many addresses, hardly any of which answers."""
        at = self.begin + after
        for number in range(peers):
            to, own = (f"10.200.{number // 250}.{number % 250 + 1}", port), self.next_port()
            self.put(at + number * SECOND // 5, tcp_frame((self.address, own), to, flags=SYN))
            if self.chance.random() >= 0.9:
                answer = tcp_frame(to, (self.address, own), seq=9, flags=SYN | ACK)
                self.put(at + number * SECOND // 5 + 10**6, answer)

    def guess(self, peers: int, tries: int, after: int = 60 * SECOND) -> None:
        """Logins of a few, again and again."""
        at = self.begin + after
        for number in range(peers * tries):
            to = (f"10.201.0.{number % peers + 1}", 22)
            self._login((self.address, self.next_port()), to, at + number * SECOND)

    def administer(self, peers: int) -> None:
        """An administrator's own logins: one each, all answered."""
        at = self.begin - HOUR
        for number in range(peers):
            to = (f"10.202.0.{number + 1}", 22)
            self._login((self.address, self.next_port()), to, at + number * SECOND)

    def be_guessed(self, tries: int) -> None:
        """Somebody outside tries its logins before it mines."""
        at = self.begin - HOUR
        for number in range(tries):
            own = ("198.51.100.77", 40000 + number)
            self._login(own, (self.address, 22), at + number * SECOND)

    def be_entered(self) -> None:
        """One login from outside, as its user's from home."""
        at = self.begin - 600 * SECOND
        self._login(("198.51.100.78", 41000), (self.address, 22), at)

    def fetch(self, path: str, server: str = "198.51.100.99") -> None:
        """A file of a bare address, shortly before it mines."""
        at = self.begin - 300 * SECOND
        talk = Talk((self.address, self.next_port()), (server, 80), at).greet()
        asked = f"GET {path} HTTP/1.1\r\nHost: {server}\r\nUser-Agent: curl/7.61\r\n\r\n"
        talk.send(MINER, asked.encode())
        talk.send(POOL, b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n#!/bin/sh")
        self.population.packets += talk.packets

    def _login(self, source: tuple[str, int], to: tuple[str, int], at: int) -> None:
        for wait, ends, flags, payload in (
            (0, (source, to), SYN, b""),
            (1, (to, source), SYN | ACK, b""),
            (2, (source, to), PSH | ACK, b"SSH-2.0-libssh_0.9\r\n"),
            (3, (to, source), PSH | ACK, b"SSH-2.0-OpenSSH_8.9\r\n"),
            (4, (source, to), FIN | ACK, b""),
        ):
            seq = {MINER: 1000, POOL: 9000}[MINER if ends[0] == source else POOL]
            frame = tcp_frame(*ends, payload, seq=seq + (wait > 1), flags=flags)
            self.put(at + wait * 10**7, frame)

    def exempt(self, kind: str, first: str, last: str) -> None:
        row = (self.address, kind, first, last, f"No. {self.chance.randrange(1000)}")
        self.population.exemptions.append(row)


def _line(**body: object) -> str:
    return json.dumps(body)


_BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_BLOCK_CHARS = {8: 11, 5: 7}  # of Monero's base58, by bytes


def _wallet(chance: random.Random) -> str:
    """A Monero wallet nobody knows."""
    body = b"\x12" + chance.randbytes(64)
    data = body + keccak.new(digest_bits=256, data=body).digest()[:4]
    text = ""
    for start in range(0, len(data), 8):
        block = data[start : start + 8]
        number, digits = int.from_bytes(block, "big"), ""
        for _ in range(_BLOCK_CHARS[len(block)]):
            number, digit = divmod(number, 58)
            digits = _BASE58[digit] + digits
        text += digits
    return text


# -- stories: the first word is the truth ------------------------------------------------


def deliberate_asic(stage: Stage) -> None:
    chance = stage.chance
    stage.stratum(f"{stage.account}.{chance.randrange(400):03}", chance.choice(ASICS))


def deliberate_asic_reserve(stage: Stage) -> None:
    agent, login = stage.chance.choice(ASICS), f"{stage.account}.s19"
    stage.stratum(login, agent)
    stage.stratum(login, agent, pool="203.0.113.11", port=25, after=HOUR)


def deliberate_rigs(stage: Stage) -> None:
    agent, name = stage.chance.choice(GPUS), stage.account
    for number in range(1, stage.chance.randrange(4, 7)):
        stage.stratum(f"{name}.rig{number}", agent, after=number * 60 * SECOND)


def deliberate_administrator(stage: Stage) -> None:
    stage.administer(40)
    deliberate_asic(stage)


def deliberate_from_home(stage: Stage) -> None:
    stage.be_entered()
    deliberate_rigs(stage)


def deliberate_operator(stage: Stage) -> None:
    """One who keeps rigs at several units, of two makes, for one account or one wallet."""
    operator = stage.population.shared.setdefault("operator", "acctoperator")
    stage.stratum(f"{operator}.{stage.chance.randrange(99):02}", stage.chance.choice(ASICS))


def deliberate_servers(stage: Stage) -> None:
    """An administrator of several units who lets their servers mine for one wallet."""
    stage.cryptonote(stage.population.shared.setdefault("servers", _wallet(stage.chance)))


def malware_listed(stage: Stage) -> None:
    stage.cryptonote(stage.chance.choice(LISTED))


def malware_listed_worker(stage: Stage) -> None:
    stage.cryptonote(f"{stage.chance.choice(LISTED)}.pc{stage.chance.randrange(99)}", port=443)


def malware_worm(stage: Stage) -> None:
    stage.cryptonote(_wallet(stage.chance))
    stage.sweep(stage.chance.choice((445, 22, 3389)), stage.chance.randrange(25, 90))


def malware_guesser(stage: Stage) -> None:
    stage.be_guessed(30)
    stage.cryptonote(_wallet(stage.chance))
    stage.guess(stage.chance.randrange(2, 5), stage.chance.randrange(20, 30))


def malware_script(stage: Stage) -> None:
    stage.fetch(f"/{stage.chance.choice(('x', 'init', 'ldr'))}.sh")
    stage.cryptonote(_wallet(stage.chance))


def malware_account(stage: Stage) -> None:
    """A thief with an account at a pool and numbered workers, as farms have."""
    for number in (1, 2, 3):
        stage.stratum(f"{stage.account}.bot{number}", "cpuminer-multi/1.3.5", after=number * SECOND)
    stage.sweep(22, 60)


def malware_on_asic(stage: Stage) -> None:
    """A rig that somebody else's wallet was put into."""
    stage.stratum(stage.chance.choice(LISTED), stage.chance.choice(ASICS))


def malware_quiet(stage: Stage) -> None:
    """Nothing of how it came is in view."""
    stage.cryptonote(_wallet(stage.chance))


def malware_campaign(stage: Stage) -> None:
    """One wallet at units and on hosts that have nothing to do with each other."""
    wallet = stage.population.shared.setdefault("campaign", _wallet(stage.chance))
    stage.cryptonote(wallet)


def research_filed(stage: Stage) -> None:
    stage.exempt("科研", "2025-09-01", "2026-08-31")
    stage.cryptonote(_wallet(stage.chance))


def research_project(stage: Stage) -> None:
    stage.exempt("filed_project", "2026-01-01", "2026-12-31")
    deliberate_asic(stage)


def ambiguous_plain(stage: Stage) -> None:
    stage.cryptonote(_wallet(stage.chance))


def ambiguous_gpu(stage: Stage) -> None:
    stage.be_guessed(40)
    stage.stratum(f"{stage.account}.pc", stage.chance.choice(GPUS))


def ambiguous_asic_worm(stage: Stage) -> None:
    deliberate_asic(stage)
    stage.sweep(445, 60)


def ambiguous_expired(stage: Stage) -> None:
    stage.exempt("research", "2024-01-01", "2025-12-31")
    stage.cryptonote(_wallet(stage.chance))


def ambiguous_exempt_worm(stage: Stage) -> None:
    stage.exempt("research", "2025-01-01", "2026-12-31")
    malware_worm(stage)


def ambiguous_gateway(stage: Stage) -> None:
    """A farm's rig and a thief's, at the same time, behind one address."""
    stage.stratum("farm7.001", stage.chance.choice(ASICS))
    stage.cryptonote(stage.chance.choice(LISTED))


STORIES: tuple[tuple[Callable[[Stage], None], int], ...] = (
    (deliberate_asic, 20),
    (deliberate_asic_reserve, 16),
    (deliberate_rigs, 18),
    (deliberate_administrator, 10),
    (deliberate_from_home, 10),
    (deliberate_operator, 6),
    (deliberate_servers, 4),
    (malware_listed, 20),
    (malware_listed_worker, 12),
    (malware_worm, 24),
    (malware_guesser, 14),
    (malware_script, 20),
    (malware_account, 8),
    (malware_on_asic, 8),
    (malware_quiet, 8),
    (malware_campaign, 12),
    (research_filed, 16),
    (research_project, 14),
    (ambiguous_plain, 16),
    (ambiguous_gpu, 12),
    (ambiguous_asic_worm, 8),
    (ambiguous_expired, 8),
    (ambiguous_exempt_worm, 8),
    (ambiguous_gateway, 8),
)
"""How many hosts there are of each story: 300."""


def draw(seed: int) -> Population:
    """A population of 300 hosts, each at a unit of its own net."""
    population = Population()
    chance = random.Random(seed)
    stories = [story for story, count in STORIES for _ in range(count)]
    chance.shuffle(stories)
    for number, story in enumerate(stories):
        address = f"10.{number // 100}.{number % 100}.{chance.randrange(2, 250)}"
        stage = Stage(population, address, random.Random(f"{seed} {number}"))
        name = story.__name__
        stage.host.story, stage.host.truth = name, name.partition("_")[0]
        before = len(population.packets)
        story(stage)
        population.packets[before:] = map(stage.as_sent, population.packets[before:])
        population.hosts.append(stage.host)
    population.units = [(f"10.{n // 100}.{n % 100}.0/24", f"Unit {n}") for n in range(len(stories))]
    population.packets.sort(key=lambda packet: packet.ts_ns)
    return population
