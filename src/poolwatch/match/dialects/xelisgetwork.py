"""Xelis nodes' getwork over WebSocket (D43): address and worker stand in the path.

A job comes as `new_job` with the header's work and the difficulty, which is the number of
hashes itself; the miner sends the work back with its nonce.
Sources: xelis-project/xelis-blockchain daemon getwork server; xelis-project/xelis-go-sdk getwork.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from poolwatch.match.dialects.base import Act, Event, facts, number_at, text_at
from poolwatch.match.dialects.named import Named, height_of
from poolwatch.match.message import Message

_DIGITS = 40


class XelisGetwork(Named):
    """`new_job`, `miner_work`, `block_accepted`, `block_rejected`."""

    def shown(self, message: Message) -> Iterable[Event]:
        """Work, a block, or what became of it."""
        body = message.body
        job = body.get("new_job")
        if isinstance(job, dict):
            yield Event(
                Act.JOB,
                facts(
                    hashes=_number(job.get("difficulty")),
                    height=height_of(job.get("height")),
                    algorithm=text_at([job.get("algorithm")], 0),
                ),
            )
        elif "block_rejected" in body:
            yield Event(Act.REJECT, {"reject": "other"})
        elif "block_accepted" in body:
            yield Event(Act.ACCEPT)
        elif "miner_work" in body or "block_template" in body:
            yield Event(Act.SUBMIT)
        else:
            yield Event(Act.DETAIL)


def _number(value: Any) -> float | None:
    """A difficulty, which is written in decimal digits or as a number."""
    if isinstance(value, str):
        digits = value.isascii() and value.isdecimal() and len(value) < _DIGITS
        return float(value) or None if digits else None
    return number_at([value], 0)


DIALECT = XelisGetwork()
