"""Made-up traffic: long transfers that bring a mixture to its mean packet size, and all of
a mixture's ordinary traffic where no recorded captures are at hand.
"""

from __future__ import annotations

import json
import random
import struct
from typing import Any

from benchmarks.templates import RECORD_BYTES, Flow, record

CLIENT = bytes([10, 0, 0, 1])
SERVER = bytes([192, 0, 2, 10])
MSS = 1460
ETHERNET_IP = 14 + 20
EMPTY_BYTES = RECORD_BYTES + ETHERNET_IP + 20
"""A record without payload."""
SHARES_PER_JOB = 5

_SYN, _ACK, _PUSH, _FIN = 2, 16, 8, 1
_MACS = (bytes.fromhex("020000000001"), bytes.fromhex("020000000002"))


def frame(from_client: bool, protocol: int, transport: bytes) -> bytes:
    """An Ethernet frame with an IPv4 packet between CLIENT and SERVER, checksum left zero."""
    source, destination = (CLIENT, SERVER) if from_client else (SERVER, CLIENT)
    macs = _MACS if from_client else _MACS[::-1]
    total = 20 + len(transport)
    header = struct.pack(">BBHHHBBH", 0x45, 0, total, 0, 0x4000, 64, protocol, 0)
    return macs[1] + macs[0] + b"\x08\x00" + header + source + destination + transport


def client_at(from_client: bool) -> int:
    """Offset of the client's address in the record of such a frame."""
    return RECORD_BYTES + 26 + (0 if from_client else 4)


def bulk_flow(rng: random.Random, segments: int) -> Flow:
    """A download over TLS: full segments, each second one acknowledged."""
    talk = _Talk(rng, 443)
    talk.open()
    talk.say(True, b"\x16\x03\x01" + rng.randbytes(510))
    talk.say(False, b"\x16\x03\x03" + rng.randbytes(MSS - 3))
    for number in range(segments):
        first = b"\x17\x03\x03" if number % 11 == 0 else b""
        talk.say(False, first + rng.randbytes(MSS - len(first)))
        if number % 2:
            talk.say(True, b"")
    talk.close()
    return talk.flow


def mining_flow(rng: random.Random, shares: int) -> Flow:
    """A Bitcoin Stratum session: a job for every five shares, each share accepted."""
    talk = _Talk(rng, 3333)
    talk.open()
    talk.say(True, _line(id=1, method="mining.subscribe", params=["cgminer/4.10.0"]))
    talk.say(False, _line(id=1, result=[[["mining.notify", "ae68"]], "08000002", 4], error=None))
    talk.say(True, _line(id=2, method="mining.authorize", params=["account.rig1", "x"]))
    talk.say(False, _line(id=2, result=True, error=None))
    talk.say(False, _line(id=None, method="mining.set_difficulty", params=[8192]))
    for number in range(shares):
        job = f"{number // SHARES_PER_JOB:x}"
        if number % SHARES_PER_JOB == 0:
            branch = [rng.randbytes(32).hex() for _ in range(8)]
            coinbase = rng.randbytes(60).hex(), rng.randbytes(90).hex()
            work = [job, rng.randbytes(32).hex(), *coinbase, branch, "20000000", "1a0ffff0"]
            talk.say(
                False, _line(id=None, method="mining.notify", params=[*work, "5f5e1000", False])
            )
        nonces = rng.randbytes(4).hex(), "5f5e1000", rng.randbytes(4).hex()
        talk.say(
            True,
            _line(id=4 + number, method="mining.submit", params=["account.rig1", job, *nonces]),
        )
        talk.say(False, _line(id=4 + number, result=True, error=None))
    talk.close()
    return talk.flow


def _line(**members: Any) -> bytes:
    return json.dumps(members).encode() + b"\n"


def ordinary_flows(rng: random.Random, count: int) -> list[Flow]:
    """A mixture of name look-ups, web pages, JSON interfaces and short TLS sessions."""
    kinds = (_dns_flow, _dns_flow, _web_flow, _web_flow, _json_flow, _tls_flow)
    return [kinds[number % len(kinds)](rng) for number in range(count)]


def _dns_flow(rng: random.Random) -> Flow:
    talk = _Talk(rng, 53)
    name = b"\x04host" + bytes([8]) + b"%08x" % rng.getrandbits(32) + b"\x04test\0\0\1\0\1"
    talk.send_datagram(True, rng.randbytes(2) + bytes.fromhex("01000001000000000000") + name)
    answer = bytes.fromhex("c00c000100010000012c0004c0000201")
    talk.send_datagram(
        False, rng.randbytes(2) + bytes.fromhex("81800001000100000000") + name + answer
    )
    return talk.flow


def _web_flow(rng: random.Random) -> Flow:
    talk = _Talk(rng, 80)
    talk.open()
    talk.say(True, b"GET /page/%d HTTP/1.1\r\nHost: www.test\r\n\r\n" % rng.getrandbits(32))
    size = rng.randrange(800, 12_000)
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: %d\r\n\r\n" % size
    talk.say(False, head + b"<p>%s</p>" % rng.randbytes(size // 2).hex().encode())
    talk.close()
    return talk.flow


def _json_flow(rng: random.Random) -> Flow:
    talk = _Talk(rng, 8545)
    talk.open()
    for number in range(rng.randrange(1, 6)):
        body = b'{"jsonrpc":"2.0","id":%d,"method":"item.list","params":[]}' % number
        head = b"POST /api HTTP/1.1\r\nHost: api.test\r\nContent-Length: %d\r\n\r\n" % len(body)
        talk.say(True, head + body)
        answer = b'{"jsonrpc":"2.0","id":%d,"result":"%s"}' % (number, b"x" * 300)
        talk.say(False, b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(answer) + answer)
    talk.close()
    return talk.flow


def _tls_flow(rng: random.Random) -> Flow:
    return bulk_flow(rng, rng.randrange(2, 12))


class _Talk:
    """Writes one flow down packet by packet."""

    def __init__(self, rng: random.Random, port: int) -> None:
        self._ports = (rng.randrange(32_768, 60_000), port)
        self._sequence = [rng.getrandbits(32), rng.getrandbits(32)]
        self.flow = Flow((CLIENT, self._ports[0]), (SERVER, port))

    def open(self) -> None:
        self._segment(True, b"", _SYN)
        self._segment(False, b"", _SYN | _ACK)
        self._segment(True, b"", _ACK)

    def close(self) -> None:
        self._segment(True, b"", _FIN | _ACK)
        self._segment(False, b"", _FIN | _ACK)

    def say(self, from_client: bool, payload: bytes) -> None:
        for start in range(0, len(payload) or 1, MSS):
            self._segment(from_client, payload[start : start + MSS], _PUSH | _ACK)

    def send_datagram(self, from_client: bool, payload: bytes) -> None:
        ports = self._ports if from_client else self._ports[::-1]
        header = struct.pack(">HHHH", *ports, 8 + len(payload), 0)
        self._add(from_client, 17, header + payload)

    def _segment(self, from_client: bool, payload: bytes, flags: int) -> None:
        mine, other = (0, 1) if from_client else (1, 0)
        header = tcp_header(
            self._ports if from_client else self._ports[::-1],
            self._sequence[mine],
            self._sequence[other],
            flags,
        )
        taken = len(payload) + bool(flags & (_SYN | _FIN))
        self._sequence[mine] = (self._sequence[mine] + taken) & 0xFFFFFFFF
        self._add(from_client, 6, header + payload)

    def _add(self, from_client: bool, protocol: int, transport: bytes) -> None:
        self.flow.records.append(record(frame(from_client, protocol, transport)))
        self.flow.client_at.append(client_at(from_client))


def tcp_header(ports: tuple[int, ...], sequence: int, acknowledged: int, flags: int) -> bytes:
    """Twenty bytes, checksum left zero."""
    return struct.pack(">HHIIBBHHH", *ports, sequence, acknowledged, 0x50, flags, 64_240, 0, 0)
