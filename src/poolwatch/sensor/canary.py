"""A made-up conversation that goes through everything behind the ring, so that silence is proof.

Its addresses are those reserved for documentation (RFC 5737), its ports and its login are secrets
of this run: nobody else's conversation can get between, or pass for it, and it cannot hide one.
"""

from __future__ import annotations

import ipaddress
import secrets
import struct

import numpy as np

from poolwatch.capture.source import Batch
from poolwatch.layouts import PACKET, Link
from poolwatch.terms import Grade, Session, Stage

_MINER_NETWORK = "192.0.2."
_POOL_NETWORK = "198.51.100."
_PORTS = range(16_384, 65_536)
_FIN, _SYN, _PSH, _ACK = 1, 2, 8, 16
_STEP_NS = 1000


class Canary:
    """The canary of one ring; `number` tells it from those of other rings."""

    def __init__(self, number: int) -> None:
        self.ends = (
            (f"{_MINER_NETWORK}{1 + number % 254}", _any_port()),
            (f"{_POOL_NETWORK}{1 + number % 254}", _any_port()),
        )
        self._token = secrets.token_hex(16)
        self.packets = 0  # ever made
        self.bytes = 0
        self.made = 0

    def batch(self, now_ns: int) -> Batch:
        """A greeting, work, a share and its answer, at that time."""
        self.made += 1
        frames = _conversation(self.ends, self._lines())
        data = b"".join(frames)
        rows = np.zeros(len(frames), PACKET)
        offset = 0
        for index, frame in enumerate(frames):
            rows[index] = (
                now_ns + index * _STEP_NS,
                offset,
                len(frame),
                len(frame),
                int(Link.ETHERNET),
                0,
            )
            offset += len(frame)
        self.packets += len(frames)
        self.bytes += offset
        return Batch(np.frombuffer(data, np.uint8), rows, len(frames))

    def is_own(self, session: Session) -> bool:
        """Whether a session is this canary, however far it got."""
        ends = ((session.miner.address, session.miner.port), tuple(session.pool_end))
        return ends == self.ends and session.hit.logins in ((self._token,), ())

    def is_whole(self, session: Session) -> bool:
        """Whether all of it was understood."""
        return session.grade is Grade.CONFIRMED and session.hit.stage is Stage.MINING

    def _lines(self) -> list[tuple[int, str]]:
        token = self._token
        share = f'["{token}","1","00000001","65000001","0000beef"]'
        previous = "ab" * 32
        work = f'["1","{previous}","00","00",[],"20000000","1a0fffff","65000000",true]'
        return [
            (0, '{"id":1,"method":"mining.subscribe","params":["canary/1"]}'),
            (1, '{"id":1,"result":[[["mining.notify","1"]],"08000002",4],"error":null}'),
            (0, f'{{"id":2,"method":"mining.authorize","params":["{token}","x"]}}'),
            (1, '{"id":2,"result":true,"error":null}'),
            (1, '{"id":null,"method":"mining.set_difficulty","params":[1024]}'),
            (1, f'{{"id":null,"method":"mining.notify","params":{work}}}'),
            (0, f'{{"id":3,"method":"mining.submit","params":{share}}}'),
            (1, '{"id":3,"result":true,"error":null}'),
        ]


def _any_port() -> int:
    return secrets.choice(_PORTS)


def _conversation(
    ends: tuple[tuple[str, int], tuple[str, int]], lines: list[tuple[int, str]]
) -> list[bytes]:
    """Frames of a TCP connection in which these lines are said. Its SYN ends the one before."""
    seq = [1_000_000, 2_000_000]
    frames: list[bytes] = []

    def send(side: int, payload: bytes, flags: int) -> None:
        frames.append(_frame(ends[side], ends[1 - side], seq[side], seq[1 - side], flags, payload))
        seq[side] += len(payload) + bool(flags & (_SYN | _FIN))

    send(0, b"", _SYN)
    send(1, b"", _SYN | _ACK)
    for side, line in lines:
        send(side, line.encode() + b"\n", _PSH | _ACK)
    send(0, b"", _FIN | _ACK)
    send(1, b"", _FIN | _ACK)
    return frames


def _frame(
    source: tuple[str, int],
    target: tuple[str, int],
    seq: int,
    ack: int,
    flags: int,
    payload: bytes,
) -> bytes:
    """An Ethernet frame with a TCP segment over IPv4; nobody looks at checksums."""
    tcp = struct.pack(">HHIIBBHHH", source[1], target[1], seq, ack, 5 << 4, flags, 65_535, 0, 0)
    size = 20 + len(tcp) + len(payload)
    ip = struct.pack(">BBHHHBBH", 0x45, 0, size, 0, 0, 64, 6, 0)
    addresses = ipaddress.ip_address(source[0]).packed + ipaddress.ip_address(target[0]).packed
    return b"\2\0\0\0\0\2\2\0\0\0\0\1\x08\0" + ip + addresses + tcp + payload
