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
    height_at,
    hex_at,
    is_error,
    is_yes,
    params_of,
    result_of,
    share_event,
    target_at,
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
            worker, job = text_at([message.body.get("worker")], 0), text_at(params_of(message), 1)
            yield Event(Act.SUBMIT, facts(worker=worker, job=job))
        elif method == "eth_submithashrate":
            params = params_of(message)
            worker = text_at([message.body.get("worker")], 0)
            yield Event(Act.DETAIL, facts(reported=hex_at(params, 0), worker=worker))
        else:
            yield Event(Act.DETAIL)

    def answered(self, request: Request, message: Message) -> Iterable[Event]:
        """Work, or yes or no to a login or a share."""
        body = message.body
        if request.method == "eth_submitwork":
            yield share_event(body)
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
    """Header, seed and target: 2**256 / target hashes a share; the header names the job."""
    work = result_of(body)
    height = height_at(int(hex_at(work, 3) or 0)) if _is_height(work) else None
    return Event(Act.JOB, facts(hashes=target_at(work, 2), job=text_at(work, 0), height=height))


def _is_height(work: list[Any]) -> bool:
    """Whether the fourth item is a height: some pools put a starting nonce there, without 0x."""
    text = text_at(work, 3)
    return text is not None and text.startswith("0x")


DIALECT = EthProxy()
