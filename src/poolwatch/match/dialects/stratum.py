"""Bitcoin Stratum v1 (D01): `mining.*` over JSON lines.

Sources: recorded sessions (nesfit/DI-cryptominingdetection, jsiwek/zeek-cryptomining);
ckolivas/cgminer util.c; zone117x/node-stratum-pool lib/stratum.js; BIP 310.
"""

from __future__ import annotations

from collections.abc import Iterable

from poolwatch.match.dialects.base import (
    Act,
    Event,
    Request,
    facts,
    is_error,
    is_yes,
    named_params,
    number_at,
    params_of,
    result_of,
    text_at,
)
from poolwatch.match.message import Message


class Stratum:
    """`mining.subscribe`, `authorize`, `notify`, `submit` and what goes with them."""

    openings = frozenset({"mining.subscribe", "mining.authorize"})

    def said(self, method: str, message: Message) -> Iterable[Event]:
        """Requests of the miner, pushes of the pool."""
        params = params_of(message)
        if method == "mining.subscribe":
            yield Event(
                Act.GREETING,
                facts(agent=text_at(params, 0), named_host=text_at(params, 2)),
            )
        elif method == "mining.authorize":
            named = named_params(message)
            login = text_at(params, 0) or text_at([named.get("wallet")], 0)
            agent = text_at([named.get("agent")], 0)
            yield Event(Act.GREETING, facts(login=login, agent=agent))
        elif method == "mining.configure":
            yield Event(Act.GREETING)
        elif method == "mining.submit":
            yield Event(Act.SUBMIT, facts(login=text_at(params, 0)))
        elif method == "mining.notify":
            yield Event(Act.JOB)
        elif method == "mining.set_difficulty":
            yield Event(Act.DETAIL, facts(difficulty=number_at(params, 0)))
        else:
            yield Event(Act.DETAIL)

    def answered(self, request: Request, message: Message) -> Iterable[Event]:
        """Yes, no, or the subscription's details."""
        body = message.body
        method = request.method
        if method == "mining.submit":
            yield Event(Act.ACCEPT if is_yes(body) else Act.REJECT)
        elif method == "client.get_version":
            yield Event(Act.DETAIL, facts(agent=text_at([result_of(body)], 0)))
        elif not request.opening:
            yield Event(Act.DETAIL)
        elif is_error(body) or (body.get("result") is None and "result" in body):
            yield Event(Act.REFUSAL)
        elif method == "mining.authorize":
            yield Event(Act.AUTHORIZED)
        elif method == "mining.subscribe":
            yield Event(Act.SUBSCRIBED)
        else:
            yield Event(Act.DETAIL)

    def shown(self, message: Message) -> Iterable[Event]:
        """A subscription's answer whose request was not seen."""
        yield Event(Act.SUBSCRIBED)


DIALECT = Stratum()
