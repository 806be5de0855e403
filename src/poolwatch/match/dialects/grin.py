"""Grin Stratum (D30), MimbleWimbleCoin's and Tari's C29: CryptoNote's words, cycles for shares.

Answers repeat the method of the request; their ids are not always those of the requests.
Sources: mimblewimble/grin doc/stratum.md; nicehash/Specifications Grin_NiceHash_v1.0.
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
    is_error,
    name_of,
    named_params,
    number_at,
    result_of,
    share_event,
)
from poolwatch.match.dialects.cryptonote import CryptoNote
from poolwatch.match.message import Message

# Edge bits: the algorithm, and what a graph of that size weighs, (2 << bits - 24) * bits.
_GRAPHS = {29: ("Cuckaroo29", 1856), 31: ("Cuckatoo31", 7936), 32: ("Cuckatoo32", 16384)}
_CYCLE = 42  # edges; about one graph in 42 has a cycle
_STALE = -32503
_LATER = ("getjobtemplate", "keepalive", "status")


class Grin(CryptoNote):
    """Work is `pre_pow`, a share a cycle in a graph of it."""

    openings = frozenset({"login", "getjobtemplate"})

    def said(self, method: str, message: Message) -> Iterable[Event]:
        """Work, cycles, and the requests between."""
        named = named_params(message)
        if method == "job" and "pre_pow" in named:
            yield _job(named)
        elif method == "submit" and "pow" in named:
            bits = named.get("edge_bits")
            algorithm = _GRAPHS[bits][0] if isinstance(bits, int) and bits in _GRAPHS else None
            yield Event(Act.SUBMIT, facts(job=name_of(named.get("job_id")), algorithm=algorithm))
        elif method in _LATER:
            yield Event(Act.DETAIL)
        else:
            yield from super().said(method, message)

    def answered(self, request: Request, message: Message) -> Iterable[Event]:
        """Work, or what became of a share; a block that was found says its hash."""
        body, result = message.body, result_of(message.body)
        if isinstance(result, dict) and "pre_pow" in result and not is_error(body):
            yield _job(result)
        elif request.method == "submit":
            if isinstance(result, str) and result.lower().startswith("block"):
                yield Event(Act.ACCEPT)
            elif _code(body) == _STALE:
                yield Event(Act.REJECT, {"reject": "stale"})
            else:
                yield share_event(body)
        else:
            yield from super().answered(request, message)

    def shown(self, message: Message) -> Iterable[Event]:
        """Work whose request was not seen."""
        result = result_of(message.body)
        if isinstance(result, dict) and "pre_pow" in result:
            yield _job(result)
        else:
            yield from super().shown(message)


def _code(body: Any) -> Any:
    error = body.get("error") if isinstance(body, dict) else None
    return error.get("code") if isinstance(error, dict) else None


def _job(job: dict[str, Any]) -> Event:
    """Graphs a share stands for: 42 * difficulty / weight. The size is the miner's choice."""
    number = number_at([job.get("difficulty")], 0)
    weights = [weight for _, weight in _GRAPHS.values()]
    expected = number and (_CYCLE * number / max(weights), _CYCLE * number / min(weights))
    return Event(
        Act.JOB,
        facts(
            job=name_of(job.get("job_id")),
            difficulty=number,
            hashes=expected,
            height=height_at(job.get("height")),
        ),
    )


DIALECT = Grin()
