"""Xelis Stratum (D43): an algorithm named in subscription and work, a difficulty in hashes.

Sources: vipor-net/xelis-stratum-protocol; nicehash/Specifications XelisHashV2_NiceHash_v1.0.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from poolwatch.match.dialects.base import (
    Act,
    Event,
    facts,
    number_at,
    params_of,
    result_of,
    text_at,
)
from poolwatch.match.dialects.numbered import Numbered
from poolwatch.match.message import Message

_WITH_WORKER = 3  # parameters of an authorization: wallet, worker, password
_SIZE_AT = 2  # in the answer to a subscription: session, extranonce, its size, public key


class Xelis(Numbered):
    """Wallet and worker are named apart."""

    algorithm: ClassVar = "XelisHash"
    unit: ClassVar = 1.0

    def said(self, method: str, message: Message) -> Iterable[Event]:
        """Authorizations, reports of speed, and the rest as others have it."""
        params = params_of(message)
        if method == "mining.authorize" and len(params) >= _WITH_WORKER:
            yield Event(Act.GREETING, facts(login=text_at(params, 0), worker=text_at(params, 1)))
        elif method == "mining.hashrate":
            yield Event(Act.DETAIL, facts(reported=number_at(params, 0)))
        else:
            yield from super().said(method, message)

    def takes_subscription(self, body: Any) -> bool:
        """Also extranonce and public key."""
        return _is_session(body) or super().takes_subscription(body)


def _is_session(body: Any) -> bool:
    result = result_of(body)
    return isinstance(result, list) and len(result) > _SIZE_AT and isinstance(result[_SIZE_AT], int)


DIALECT = Xelis()
