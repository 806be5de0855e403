"""Mining at a CryptoNote (Monero) node, over HTTP (D22): templates, and whole blocks.

A pool's own software asks its node with the same calls, so a bare call proves little.
Sources: xmrig/xmrig src/base/net/stratum/DaemonClient.cpp; monero-project core_rpc_server.
"""

from __future__ import annotations

from collections.abc import Iterable

from poolwatch.match.dialects.base import (
    Act,
    Event,
    Request,
    facts,
    height_at,
    is_error,
    named_params,
    number_at,
    result_of,
    share_event,
    text_at,
)
from poolwatch.match.message import Message

_SUBMITS = frozenset({"submitblock", "submit_block"})


class Daemon:
    """Both spellings of both calls; the wallet stands in the request."""

    openings = frozenset({"getblocktemplate", "get_block_template"})

    def said(self, method: str, message: Message) -> Iterable[Event]:
        """A request for a template, or a block."""
        if method in _SUBMITS:
            yield Event(Act.SUBMIT)
        else:
            wallet = text_at([named_params(message).get("wallet_address")], 0)
            yield Event(Act.GREETING, facts(login=wallet))

    def answered(self, request: Request, message: Message) -> Iterable[Event]:
        """A template, or what became of the block."""
        if request.method in _SUBMITS:
            yield share_event(message.body)
        elif not is_error(message.body) and _is_template(result_of(message.body)):
            yield _job(message)
        else:
            yield Event(Act.REFUSAL)

    def shown(self, message: Message) -> Iterable[Event]:
        """A template whose request was not seen."""
        yield _job(message)


def _is_template(result: object) -> bool:
    return isinstance(result, dict) and "blocktemplate_blob" in result


def _job(message: Message) -> Event:
    """The difficulty of a block is the hashes it takes."""
    result = result_of(message.body)
    template = result if isinstance(result, dict) else {}
    hashes = number_at([template.get("difficulty")], 0)
    return Event(Act.JOB, facts(hashes=hashes, height=height_at(template.get("height"))))


DIALECT = Daemon()
