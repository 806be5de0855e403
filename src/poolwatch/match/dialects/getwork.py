"""Bitcoin getwork over HTTP (D04).

Sources: recorded sessions (nesfit cgminer.g0/g2, jsiwek/zeek-cryptomining bitcoin-mining).
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from poolwatch.match.dialects.base import (
    Act,
    Event,
    Request,
    facts,
    is_error,
    params_of,
    reject_kind,
    result_of,
    target_difficulty,
    text_at,
)
from poolwatch.match.message import Message

_DIGITS = re.compile(r"\d{1,30}(?:\.\d{1,9})?\Z", re.ASCII)
_ROOT = slice(72, 136)  # of the data: the Merkle root, which the miner does not change


class Getwork:
    """One method: without data it asks for work, with data it submits it."""

    openings = frozenset({"getwork"})

    def said(self, method: str, message: Message) -> Iterable[Event]:
        """A request for work, or a share."""
        data = text_at(params_of(message), 0)
        yield Event(Act.SUBMIT, {"job": data[_ROOT]}) if data else Event(Act.GREETING)
        reported = _number(message.head.header("x-mining-hashrate")) if message.head else None
        if reported is not None:
            yield Event(Act.DETAIL, {"reported": reported})

    def answered(self, request: Request, message: Message) -> Iterable[Event]:
        """Work, or what became of the share."""
        if request.submits:
            accepted = result_of(message.body) is True and not is_error(message.body)
            rejected = Event(Act.REJECT, {"reject": reject_kind(message.body)})
            yield Event(Act.ACCEPT) if accepted else rejected
        elif _is_work(result_of(message.body)) and not is_error(message.body):
            yield _job(message.body)
        else:
            yield Event(Act.REFUSAL)

    def shown(self, message: Message) -> Iterable[Event]:
        """Work whose request was not seen."""
        yield _job(message.body)


def _number(text: str) -> float | None:
    """A number written out in digits; None for anything else."""
    return float(text) if _DIGITS.match(text) else None


def _is_work(result: object) -> bool:
    return isinstance(result, dict) and "data" in result


def _job(body: object) -> Event:
    """The target is little-endian: 2**256 / target hashes a share; the data names the job."""
    work = result_of(body)
    named = work if isinstance(work, dict) else {}
    data, target = text_at([named.get("data")], 0), text_at([named.get("target")], 0)
    return Event(
        Act.JOB,
        facts(
            hashes=target_difficulty(_reversed(target)) if target else None,
            job=data[_ROOT] if data else None,
        ),
    )


def _reversed(target: str) -> str:
    """The same number with its highest byte first; empty when it is none."""
    try:
        return bytes.fromhex(target)[::-1].hex()
    except ValueError:
        return ""


DIALECT = Getwork()
