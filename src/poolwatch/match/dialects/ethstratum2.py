"""EthereumStratum/2.0.0 (D15, EIP-1571): a hello first, terse answers, numbers in hexadecimal.

An answer without a result accepts a share; errors 2xx accept it too. After a hello that
agrees on gzip the messages come packed, and are unpacked before they come here.
Sources: ethereum/EIPs EIPS/eip-1571.md.
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
    named_params,
    params_of,
    result_of,
    share_event,
    target_difficulty,
    text_at,
)
from poolwatch.match.dialects.stratum import Stratum
from poolwatch.match.message import Message


class EthStratum2(Stratum):
    """`mining.hello` and `mining.set` besides; sessions and workers get names."""

    openings = Stratum.openings | {"mining.hello"}

    def said(self, method: str, message: Message) -> Iterable[Event]:
        """The hello names agent and pool; `mining.set` what a share stands for."""
        named = named_params(message)
        if method == "mining.hello":
            agent, host = text_at([named.get("agent")], 0), text_at([named.get("host")], 0)
            yield Event(Act.GREETING, facts(agent=agent, named_host=host))
        elif method == "mining.set":
            target = text_at([named.get("target")], 0)
            yield Event(
                Act.DETAIL,
                facts(
                    hashes=target_difficulty(target) if target else None,
                    algorithm=text_at([named.get("algo")], 0),
                ),
            )
        elif method == "mining.submit":
            params = params_of(message)  # the job, the nonce, and the worker's name here
            yield Event(Act.SUBMIT, facts(job=text_at(params, 0), worker=text_at(params, 2)))
        elif method == "mining.notify":
            params = params_of(message)
            height = height_at(int(hex_at(params, 1) or 0))
            yield Event(Act.JOB, facts(job=text_at(params, 0), height=height))
        elif method == "mining.hashrate":
            params = params_of(message)
            rate, worker = hex_at(params, 0), text_at(params, 1)
            yield Event(Act.DETAIL, facts(reported=rate, worker=worker))
        else:
            yield from super().said(method, message)

    def answered(self, request: Request, message: Message) -> Iterable[Event]:
        """A session, a worker, or what became of a share."""
        body, method = message.body, request.method
        if method == "mining.submit":
            yield _share_event(body)
        elif method == "mining.hello":
            if is_error(body):
                yield Event(Act.REFUSAL)
            else:
                packed = facts(encoding=_encoding(body))
                yield Event(Act.WELCOME if _is_welcome(body) else Act.DETAIL, packed)
        elif not is_error(body) and text_at([result_of(body)], 0) and method in _NAMED:
            yield Event(_NAMED[method])
        else:
            yield from super().answered(request, message)

    def shown(self, message: Message) -> Iterable[Event]:
        """A welcome whose hello was not seen."""
        if _is_welcome(message.body):
            yield Event(Act.WELCOME, facts(encoding=_encoding(message.body)))
        else:
            yield from super().shown(message)


# What it means when the answer gives a name: of a session, of a worker.
_NAMED = {"mining.subscribe": Act.SUBSCRIBED, "mining.authorize": Act.AUTHORIZED}


def _is_welcome(body: Any) -> bool:
    result = result_of(body)
    return isinstance(result, dict) and "proto" in result


def _encoding(body: Any) -> str | None:
    """How all that follows is packed, if a welcome says that it is."""
    result = result_of(body)
    encoding = result.get("encoding") if isinstance(result, dict) else None
    return "gzip" if encoding == "gzip" else None


def _share_event(body: Any) -> Event:
    """No result and no error is a yes here, an error 2xx a yes to a share that came late."""
    error = body.get("error") if isinstance(body, dict) else None
    code = error.get("code") if isinstance(error, dict) else None
    if isinstance(code, int) and 200 <= code < 300:
        return Event(Act.ACCEPT)
    if not is_error(body) and "result" not in body:
        return Event(Act.ACCEPT)
    return share_event(body)


DIALECT = EthStratum2()
