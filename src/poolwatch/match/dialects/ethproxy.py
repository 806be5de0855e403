"""Ethereum eth-proxy over JSON lines (D12) and getWork over HTTP (D16).

Sources: recorded sessions (nesfit eth-eu1.nanopool.org, pool.eth.pp.ua; ntop/nDPI mining).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from poolwatch.match.dialects.base import (
    Act,
    Event,
    Request,
    facts,
    is_error,
    is_yes,
    params_of,
    result_of,
    share_act,
    target_difficulty,
    text_at,
)
from poolwatch.match.dialects.password import password_options
from poolwatch.match.message import Message


class EthProxy:
    """`eth_submitLogin`, `eth_getWork`, `eth_submitWork`; work comes as an array."""

    openings = frozenset({"eth_submitlogin", "eth_getwork"})

    def said(self, method: str, message: Message) -> Iterable[Event]:
        """Requests of the miner."""
        if method == "eth_submitlogin":
            params = params_of(message)
            options = password_options(text_at(params, 1))
            yield Event(Act.GREETING, facts(login=text_at(params, 0), options=options))
        elif method == "eth_getwork":
            yield Event(Act.GREETING)
        elif method == "eth_submitwork":
            yield Event(Act.SUBMIT)
        else:
            yield Event(Act.DETAIL)

    def answered(self, request: Request, message: Message) -> Iterable[Event]:
        """Work, or yes or no to a login or a share."""
        body = message.body
        if request.method == "eth_submitwork":
            yield Event(share_act(body))
        elif _is_work(result_of(body)):
            yield _job(body)
        elif request.method == "eth_submitlogin" and is_yes(body):
            yield Event(Act.AUTHORIZED)
        elif request.opening and is_error(body):
            yield Event(Act.REFUSAL)
        else:
            yield Event(Act.DETAIL)

    def shown(self, message: Message) -> Iterable[Event]:
        """Work pushed without being asked for."""
        yield _job(message.body)


def _is_work(result: Any) -> bool:
    return (
        isinstance(result, list)
        and len(result) >= 3
        and all(isinstance(item, str) for item in result[:3])
    )


def _job(body: Any) -> Event:
    """The target is the third item: 2**256 / target hashes a share."""
    target = text_at(result_of(body), 2)
    return Event(Act.JOB, facts(difficulty=target_difficulty(target) if target else None))


DIALECT = EthProxy()
