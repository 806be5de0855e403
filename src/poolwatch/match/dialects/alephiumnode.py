"""Alephium's full node and its own miner (D27): work for every pair of groups, blocks back.

A message is the length of the rest (32 bits, big-endian), in later versions the byte 1, and a
kind. The node sends jobs without being asked, one a pair of groups: a header, the
transactions, the network's target. The miner answers with whole blocks only, so nothing here
is a share of a pool. One hash in 16 lands in the pair of groups it was made for.
Sources: alephium/gpu-miner src/messages.h; alephium/mining-pool.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from poolwatch.match.dialects.base import (
    Act,
    Event,
    facts,
    named_params,
    target_difficulty,
    text_at,
)
from poolwatch.match.dialects.named import Named
from poolwatch.match.framing import Frame, Unlike, call
from poolwatch.match.message import Message

_CHAINS = 16
_GROUPS = 16  # the most a message may number
_LONGEST = 1 << 20
_HEADER = range(100, 1025)  # bytes of a header in a job
_BLOCK = 150
_TARGET = 32
_RESULT = 9
_VERSION = 1
_JOBS, _KIND_RESULT = 0, 1


class _Framing:
    """Messages one after another, nothing between them."""

    mixed = False

    def opens(self, data: bytes) -> bool | None:
        """Whether jobs, a result or a block begin here."""
        if not data or data[0]:
            return False
        if len(data) < 6:
            return None if len(data) < 2 or data[1] < 16 else False
        size, at = int.from_bytes(data[:4], "big"), _kind_at(data)
        if not _RESULT < size < _LONGEST or data[at] > _KIND_RESULT:
            return False
        rest = 4 + size - at - 1
        if data[at] == _KIND_RESULT:
            return rest == _RESULT
        if len(data) < at + 17:
            return None
        first, origin, goal, header = (_number(data, at + 1 + 4 * i) for i in range(4))
        if first == rest - 4 and first >= _BLOCK:
            return True
        return 1 <= first <= _CHAINS and origin < _GROUPS and goal < _GROUPS and header in _HEADER

    def read(self, data: bytes, final: bool) -> Frame | None:
        """One message."""
        if len(data) < 6:
            return None
        size, at = int.from_bytes(data[:4], "big"), _kind_at(data)
        if not 1 <= size < _LONGEST or data[at] > _KIND_RESULT:
            raise Unlike
        if len(data) < 4 + size:
            return None
        body = data[at + 1 : 4 + size]
        return Frame(4 + size, _read(data[at], body))


def _kind_at(data: bytes) -> int:
    """Where the kind stands: behind the version, if there is one."""
    size = int.from_bytes(data[:4], "big")
    return 5 if data[4] == _VERSION and data[5] <= _KIND_RESULT and size != _RESULT + 1 else 4


def _number(data: bytes, at: int) -> int:
    return int.from_bytes(data[at : at + 4], "big")


def _read(kind: int, body: bytes) -> dict[str, Any] | None:
    if kind == _KIND_RESULT:
        if len(body) != _RESULT or body[8] > 1:
            return None
        return call(
            "alephium.result",
            chain=f"{_number(body, 0)}-{_number(body, 4)}",
            accepted=body[8] == 1,
        )
    if len(body) >= 4 and _number(body, 0) == len(body) - 4 >= _BLOCK:
        return call("alephium.block", bytes=len(body) - 4)
    jobs = _jobs(body)
    return call("alephium.jobs", count=len(jobs), target=jobs[0]) if jobs else None


def _jobs(body: bytes) -> list[str]:
    """The targets of the jobs in a message; empty when it is not made of whole jobs."""
    if len(body) < 4 or not 1 <= _number(body, 0) <= _CHAINS:
        return []
    targets: list[str] = []
    at = 4
    for _ in range(_number(body, 0)):
        at += 8  # the groups
        blobs: list[bytes] = []
        for _ in range(3):
            size = _number(body, at)
            if at + 4 + size > len(body):
                return []
            blobs.append(body[at + 4 : at + 4 + size])
            at += 4 + size
        if len(blobs[0]) not in _HEADER or not 1 <= len(blobs[2]) <= _TARGET:
            return []
        targets.append(blobs[2].hex())
    return targets if at == len(body) else []


class AlephiumNode(Named):
    """Jobs, blocks and what became of them."""

    def said(self, method: str, message: Message) -> Iterable[Event]:
        """Work, a block that was found, or whether it was taken."""
        named = named_params(message)
        if method == "alephium.jobs":
            target = text_at([named.get("target")], 0)
            expected = target_difficulty(target) if target else None
            yield Event(Act.JOB, facts(hashes=expected * _CHAINS if expected else None))
        elif method == "alephium.block":
            yield Event(Act.SUBMIT)
        elif method == "alephium.result":
            yield Event(Act.ACCEPT if named.get("accepted") is True else Act.REJECT)
        else:
            yield Event(Act.DETAIL)


FRAMING = _Framing()
DIALECT = AlephiumNode()
