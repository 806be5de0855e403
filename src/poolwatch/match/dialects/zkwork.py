"""zk.work's Aleo workers over plain TCP (D40): a private protocol, read in one source only.

A message is the length of the rest (32 bits, little-endian, at most 512), a kind, and that.
The worker names itself, and its address or mail stands in clear.
Sources: 6block/zkwork_aleo_protocol src/message/poolmessage.rs.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from poolwatch.match.dialects.base import Act, Event, facts, named_params, text_at
from poolwatch.match.dialects.named import Named
from poolwatch.match.framing import Frame, Unlike, call, text_of
from poolwatch.match.message import Message

_LONGEST = 512
_ACK, _NOTIFY, _SHUTDOWN, _PONG = 0, 1, 2, 3
_CONNECT, _SUBMIT, _DISCONNECT, _PING = 128, 129, 130, 131
_NOTIFY_BYTES = 1 + 8 + 8 + 32
_REFUSED_BYTES = 1 + 1 + 32
_KINDS = frozenset((_ACK, _NOTIFY, _SHUTDOWN, _PONG, _CONNECT, _SUBMIT, _DISCONNECT, _PING))
_TYPES = 16  # of workers and of addresses


class _Framing:
    """Messages one after another, nothing between them."""

    mixed = False

    def opens(self, data: bytes) -> bool | None:
        """Whether a worker connects here, or sends a solution, or a pool answers with work."""
        size = int.from_bytes(data[:4], "little")
        if data[2:4].strip(b"\0") or (len(data) > 1 and data[1] > 2):
            return False
        if len(data) < 5:
            return None
        if data[4] not in _KINDS or not 16 <= size <= _LONGEST:
            return False
        if len(data) < 4 + size:
            return None
        return _read(data[4], data[5 : 4 + size]) is not None

    def read(self, data: bytes, final: bool) -> Frame | None:
        """One message."""
        if len(data) < 5:
            return None
        size = int.from_bytes(data[:4], "little")
        if not 1 <= size <= _LONGEST or data[4] not in _KINDS:
            raise Unlike
        if len(data) < 4 + size:
            return None
        return Frame(4 + size, _read(data[4], data[5 : 4 + size]))


def _read(kind: int, body: bytes) -> dict[str, Any] | None:
    """What a message says, None when it does not have the form of its kind."""
    if kind == _CONNECT:
        return _connect(body)
    if kind == _SUBMIT and len(body) >= 12 + 32:
        return call("zkwork.submit", job=str(int.from_bytes(body[4:12], "little")))
    if kind == _NOTIFY and len(body) == _NOTIFY_BYTES - 1:
        return call(
            "zkwork.notify",
            job=str(int.from_bytes(body[:8], "little")),
            target=int.from_bytes(body[8:16], "little"),
        )
    if kind == _ACK and len(body) >= 33 and body[0] <= 1:
        accepted = body[0] == 1
        if accepted is (len(body) > _REFUSED_BYTES):
            return call("zkwork.connect_ack", accepted=accepted)
    return None


def _connect(body: bytes) -> dict[str, Any] | None:
    if len(body) < 6 or body[0] >= _TYPES or body[1] >= _TYPES:
        return None
    name, address = body[6 : 6 + body[5]], body[6 + body[5] :]
    if not address or not (name + address).isascii() or not (name + address).decode().isprintable():
        return None
    return call(
        "zkwork.connect",
        version=".".join(str(part) for part in body[2:5]),
        worker=text_of(name),
        address=text_of(address),
    )


class ZkWork(Named):
    """A worker connects, gets work by epoch, sends solutions; they are not acknowledged."""

    def said(self, method: str, message: Message) -> Iterable[Event]:
        """Every message has a kind of its own."""
        named = named_params(message)
        if method == "zkwork.connect":
            login, worker = text_at([named.get("address")], 0), text_at([named.get("worker")], 0)
            full = f"{login}.{worker}" if login and worker else login
            yield Event(Act.GREETING, facts(login=full))
        elif method == "zkwork.connect_ack":
            yield Event(Act.AUTHORIZED if named.get("accepted") is True else Act.REFUSAL)
        elif method == "zkwork.notify":
            target = named.get("target")
            solutions = float(target) if isinstance(target, int) and target > 0 else None
            yield Event(Act.JOB, facts(job=named.get("job"), hashes=solutions))
        elif method == "zkwork.submit":
            yield Event(Act.SUBMIT, facts(job=named.get("job")))
        else:
            yield Event(Act.DETAIL)


FRAMING = _Framing()
DIALECT = ZkWork()
