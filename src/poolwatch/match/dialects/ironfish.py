"""Iron Fish Stratum (D38): Stratum's methods with a `body` of named members, answers that call.

The server counts its own messages: an answer names the request it is for.
Sources: iron-fish/ironfish src/mining/stratum; TeamRedMiner's notes on its version 2;
nicehash/Specifications FishHash_v1.0.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from poolwatch.match.dialects.base import (
    Act,
    Event,
    Request,
    facts,
    is_no,
    name_of,
    reject_kind,
    share_event,
    target_at,
    text_at,
)
from poolwatch.match.message import Message

_TURNED_AWAY = ("bad_version", "banned")


class IronFish:
    """Subscription and account in one; work is a header."""

    openings = frozenset({"mining.subscribe"})

    def said(self, method: str, message: Message) -> Iterable[Event]:
        """Requests of the miner, and what the pool says of its own or in answer."""
        body = _members(message.body)
        if method == "mining.subscribe":
            yield Event(
                Act.GREETING,
                facts(
                    agent=text_at([body.get("agent")], 0),
                    login=text_at([body.get("publicAddress")], 0),
                    worker=text_at([body.get("name")], 0),
                ),
            )
        elif method == "mining.subscribed":
            yield Event(Act.SUBSCRIBED)
        elif method == "mining.set_target":
            yield Event(Act.DETAIL, facts(hashes=target_at([body.get("target")], 0)))
        elif method == "mining.notify":
            job = name_of(body.get("miningRequestId"))
            yield Event(Act.JOB, facts(job=job, algorithm="FishHash"))
        elif method == "mining.submit":
            yield Event(Act.SUBMIT, facts(job=name_of(body.get("miningRequestId"))))
        elif method == "mining.submitted":
            yield _outcome(body)
        elif method == "mining.disconnect" and body.get("reason") in _TURNED_AWAY:
            yield Event(Act.REFUSAL)
        else:
            yield Event(Act.DETAIL)

    def answered(self, request: Request, message: Message) -> Iterable[Event]:
        """Only errors come as answers: of a share, or of the subscription."""
        if request.method == "mining.submit":
            yield share_event(message.body)
        elif request.opening and is_no(message.body):
            yield Event(Act.REFUSAL)
        else:
            yield Event(Act.DETAIL)

    def shown(self, message: Message) -> Iterable[Event]:
        """Nothing comes without a method but errors."""
        yield Event(Act.DETAIL)


def _members(message: Any) -> dict[str, Any]:
    body = message.get("body") if isinstance(message, dict) else None
    return body if isinstance(body, dict) else {}


def _outcome(body: dict[str, Any]) -> Event:
    """What became of the share that a request of the miner's sent."""
    answers = name_of(body.get("id"))
    if body.get("result") is True:
        return Event(Act.ACCEPT, facts(answers=answers))
    if body.get("result") is not False:
        return Event(Act.DETAIL)
    said = {"error": body.get("message")}
    return Event(Act.REJECT, facts(answers=answers, reject=reject_kind(said)))


DIALECT = IronFish()
