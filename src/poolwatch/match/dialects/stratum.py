"""Bitcoin Stratum v1 (D01): `mining.*` over JSON lines, with BIP 310 (D03) within it.

The other algorithms of these pools (D02) use the very same bytes, and NiceHash's
EthereumStratum/1.0.0 (D14) the same messages with another form of work.
Sources: recorded sessions (nesfit/DI-cryptominingdetection, jsiwek/zeek-cryptomining);
ckolivas/cgminer util.c; zone117x/node-stratum-pool lib/stratum.js; BIP 310;
nicehash/Specifications EthereumStratum_NiceHash_v1.0.0.
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
    share_event,
    text_at,
)
from poolwatch.match.dialects.coinbase import work_facts
from poolwatch.match.dialects.password import password_options
from poolwatch.match.message import Message

_HEX = re.compile(r"[0-9a-fA-F]*\Z")
_EXTRANONCE = 64  # hex digits
_EXTENSIONS = ("version-rolling", "minimum-difficulty", "subscribe-extranonce", "info")  # BIP 310


class Stratum:
    """`mining.subscribe`, `authorize`, `notify`, `submit` and what goes with them."""

    openings = frozenset({"mining.subscribe", "mining.authorize"})

    def said(self, method: str, message: Message) -> Iterable[Event]:
        """Requests of the miner, pushes of the pool."""
        params = params_of(message)
        if method == "mining.submit":  # the commonest by far
            return (Event(Act.SUBMIT, _share(params)),)
        if method == "mining.notify":
            return (Event(Act.JOB, self._job(params)),)
        if method == "mining.set_difficulty":
            return (Event(Act.DETAIL, self._difficulty(number_at(params, 0))),)
        if method == "mining.subscribe":
            agent, host = text_at(params, 0), _host_at(params, 2)
            return (Event(Act.GREETING, facts(agent=agent, named_host=host)),)
        if method == "mining.authorize":
            return (Event(Act.GREETING, _login(params, named_params(message))),)
        if method == "mining.configure":
            return (Event(Act.GREETING, facts(extensions=_asked_for(params))),)
        return (Event(Act.DETAIL),)

    def _job(self, params: list[Any]) -> dict[str, Any]:
        """What a job says of itself."""
        return work_facts(params) | facts(job=text_at(params, 0))

    def _difficulty(self, number: float | None) -> dict[str, Any]:
        """What a difficulty says: the algorithm, which the wire does not name, decides."""
        return facts(difficulty=number)

    def answered(self, request: Request, message: Message) -> Iterable[Event]:
        """Yes, no, or the subscription's details."""
        body = message.body
        method = request.method
        if method == "mining.submit":
            return (share_event(body),)
        if method == "client.get_version":
            return (Event(Act.DETAIL, facts(agent=text_at([result_of(body)], 0))),)
        act = self._granted(method, request.opening, body)
        return (Event(act, _session(body) if act is Act.SUBSCRIBED else {}),)

    def _granted(self, method: str, opening: bool, body: Any) -> Act:
        """What the answer to anything but a share means."""
        if method == "mining.configure" and _is_configuration(body):
            return Act.WELCOME
        if not opening:
            return Act.DETAIL
        if is_no(body):
            return Act.REFUSAL
        if method == "mining.authorize" and is_yes(body):
            return Act.AUTHORIZED
        if method == "mining.subscribe" and self.takes_subscription(body):
            return Act.SUBSCRIBED
        return Act.DETAIL

    def takes_subscription(self, body: Any) -> bool:
        """Whether an answer that is no error takes a subscription; a text may be anybody's."""
        return _is_subscription(body) or (is_yes(body) and not isinstance(result_of(body), str))

    def shown(self, message: Message) -> Iterable[Event]:
        """The answer to a subscription or configuration whose request was not seen."""
        if _is_configuration(message.body):
            yield Event(Act.WELCOME, facts(extensions=_granted(message.body)))
        else:
            yield Event(Act.SUBSCRIBED, _session(message.body))


def _share(params: list[Any]) -> dict[str, Any]:
    """Whose share it is, and for which job."""
    login, job = text_at(params, 0), text_at(params, 1)
    if login is not None and job is not None:
        return {"login": login, "worker": login, "job": job}
    return facts(login=login, worker=login, job=job)


def _login(params: list[Any], named: dict[str, Any]) -> dict[str, Any]:
    """Who asks to be let in."""
    login = text_at(params, 0) or text_at([named.get("wallet")], 0)
    agent = text_at([named.get("agent")], 0)
    options = password_options(text_at(params, 1) or named.get("password"))
    return facts(login=login, agent=agent, options=options)


def _is_subscription(body: Any) -> bool:
    """Whether a subscription's details came back: a list with the extranonce's hex digits."""
    result = result_of(body)
    return isinstance(result, list) and any(
        isinstance(item, str) and len(item) <= _EXTRANONCE and _HEX.match(item) for item in result
    )


def _session(body: Any) -> dict[str, Any]:
    """The extranonce a pool gives to a connection, by which it knows it again."""
    result = result_of(body)
    texts = [item for item in result if isinstance(item, str)] if isinstance(result, list) else []
    return facts(session_id=texts[0] if texts and _HEX.match(texts[0]) else None)


def _host_at(params: list[Any], index: int) -> str | None:
    """The pool's name among the parameters of a subscription; some put a time or a hash there."""
    text = text_at(params, index)
    return text if text and "." in text else None


def _asked_for(params: list[Any]) -> list[str] | None:
    """The extensions a miner asks for (BIP 310)."""
    asked = params[0] if params and isinstance(params[0], list) else []
    return [name for name in asked if name in _EXTENSIONS] or None


def _granted(body: Any) -> list[str] | None:
    """The extensions a pool grants."""
    result = result_of(body)
    named = result if isinstance(result, dict) else {}
    return [name for name in _EXTENSIONS if named.get(name) is True] or None


def _is_configuration(body: Any) -> bool:
    """Whether a pool answers for the extensions one by one, granted or not."""
    result = result_of(body)
    return isinstance(result, dict) and any(name in result for name in _EXTENSIONS)


DIALECT = Stratum()
