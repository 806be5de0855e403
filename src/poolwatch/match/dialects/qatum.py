"""Qubic's Qatum (D46): objects whose `id` says what they are.

A difficulty is a score to reach, not a number of hashes.
Sources: hackerby888/qatum-protocol README.md, docs/how-to-interact-with-qatum.md.
"""

from __future__ import annotations

from collections.abc import Iterable

from poolwatch.match.dialects.base import (
    Act,
    Event,
    Request,
    facts,
    is_no,
    is_yes,
    name_of,
    number_at,
    share_event,
    text_at,
)
from poolwatch.match.message import Message


class Qatum:
    """Work is a seed; a share names the seed and whom it is for."""

    openings: frozenset[str] = frozenset()

    def said(self, method: str, message: Message) -> Iterable[Event]:
        """Nothing has a method."""
        yield Event(Act.DETAIL)

    def answered(self, request: Request, message: Message) -> Iterable[Event]:
        """Yes or no to a subscription or a share."""
        if request.submits:
            yield share_event(message.body)
        elif request.opening and is_yes(message.body):
            yield Event(Act.AUTHORIZED)
        else:
            yield Event(Act.REFUSAL if request.opening and is_no(message.body) else Act.DETAIL)

    def shown(self, message: Message) -> Iterable[Event]:
        """Everything else is known by its members."""
        body = message.body if isinstance(message.body, dict) else {}
        seed = name_of(body.get("seed"))
        if "wallet" in body:
            wallet, worker = text_at([body["wallet"]], 0), text_at([body.get("worker")], 0)
            yield Event(Act.GREETING, facts(login=wallet, worker=worker))
        elif "nonce" in body:
            yield Event(Act.SUBMIT, facts(job=seed))
        elif "hashrate" in body:
            yield Event(Act.DETAIL, facts(reported=number_at([body["hashrate"]], 0)))
        elif "seed" in body and body.get("isEmpty") is not True:
            yield Event(Act.JOB, facts(job=seed, algorithm="Useful proof of work"))
        else:
            yield Event(Act.DETAIL, facts(difficulty=number_at([body.get("difficulty")], 0)))


DIALECT = Qatum()
