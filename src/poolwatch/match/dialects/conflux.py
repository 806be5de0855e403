"""Conflux Stratum (D29): a subscription that logs in, work with its height and boundary.

The first parameter of a subscription is the miner's account, not its software.
Sources: Conflux-Chain/conflux-doc docs/stratum.md; nicehash/Specifications
Octopus_NiceHash_v1.0.
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
    is_yes,
    item_at,
    name_of,
    params_of,
    reject_kind,
    result_of,
    target_at,
    text_at,
)
from poolwatch.match.dialects.stratum import Stratum
from poolwatch.match.message import Message


class Conflux(Stratum):
    """No authorization; answers to shares are lists."""

    def said(self, method: str, message: Message) -> Iterable[Event]:
        """The boundary is the last parameter: 2**256 / boundary hashes a share."""
        params = params_of(message)
        if method == "mining.subscribe":
            yield Event(Act.GREETING, facts(login=text_at(params, 0)))
        elif method == "mining.notify":
            yield Event(
                Act.JOB,
                facts(
                    job=name_of(item_at(params, 0)),
                    hashes=target_at(params[-1:], 0),
                    height=_height(params),
                    algorithm="Octopus",
                ),
            )
        else:
            yield from super().said(method, message)

    def answered(self, request: Request, message: Message) -> Iterable[Event]:
        """A share not taken is answered with the text `false` and why."""
        result = result_of(message.body)
        first = text_at(result, 0) if isinstance(result, list) else None
        if request.method == "mining.submit" and first and first.lower() == "false":
            yield Event(Act.REJECT, {"reject": reject_kind(message.body)})
        else:
            yield from super().answered(request, message)

    def takes_subscription(self, body: Any) -> bool:
        """Yes may be a text."""
        return is_yes(body) or super().takes_subscription(body)


def _height(params: list[Any]) -> int | None:
    """The height, in decimal digits; the node's own work comes without."""
    text = text_at(params, 1) if len(params) > 3 else None
    return height_at(int(text)) if text and len(text) <= 12 and text.isdecimal() else None


DIALECT = Conflux()
