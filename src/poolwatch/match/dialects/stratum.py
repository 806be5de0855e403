"""Bitcoin Stratum v1 (D01): `mining.*` over JSON lines.

Sources: recorded sessions (nesfit/DI-cryptominingdetection, jsiwek/zeek-cryptomining);
ckolivas/cgminer util.c; zone117x/node-stratum-pool lib/stratum.js; BIP 310.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from poolwatch.match.dialects.base import (
    Act,
    Event,
    Request,
    facts,
    is_no,
    is_yes,
    named_params,
    number_at,
    params_of,
    result_of,
    share_act,
    text_at,
)
from poolwatch.match.message import Message

_HEX = re.compile(r"[0-9a-fA-F]*\Z")
_EXTRANONCE = 64  # hex digits


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
            yield Event(share_act(body))
        elif method == "client.get_version":
            yield Event(Act.DETAIL, facts(agent=text_at([result_of(body)], 0)))
        elif not request.opening:
            yield Event(Act.DETAIL)
        elif is_no(body):
            yield Event(Act.REFUSAL)
        elif method == "mining.authorize" and is_yes(body):
            yield Event(Act.AUTHORIZED)
        elif method == "mining.subscribe" and (is_yes(body) or _is_subscription(body)):
            yield Event(Act.SUBSCRIBED)
        else:
            yield Event(Act.DETAIL)

    def shown(self, message: Message) -> Iterable[Event]:
        """A subscription's answer whose request was not seen."""
        yield Event(Act.SUBSCRIBED)


def _is_subscription(body: Any) -> bool:
    """Whether a subscription's details came back: a list with the extranonce's hex digits."""
    result = result_of(body)
    return isinstance(result, list) and any(
        isinstance(item, str) and len(item) <= _EXTRANONCE and _HEX.match(item) for item in result
    )


DIALECT = Stratum()
