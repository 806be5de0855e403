"""Alephium Stratum (D26): jobs for all sixteen chains at once, parameters with names.

The pool may speak first. After `connection.set_gzip` the rest is not read.
Sources: alephium/mining-pool lib/stratum.js, lib/blockTemplate.js; alephium/docs
docs/mining/alephium-stratum.md (the hello); blackmennewstyle/miningcore Blockchain/Alephium;
nicehash/Specifications Alephium_NiceHash_v1.0.
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
    name_of,
    named_params,
    number_at,
    params_of,
    result_of,
    target_at,
    text_at,
)
from poolwatch.match.dialects.stratum import Stratum
from poolwatch.match.message import Message

_CHAINS = 16  # a hash must fall to the right one besides; also the most jobs of one message
_HASHES = 2.0**30  # at difficulty 1, on one chain


class Alephium(Stratum):
    """Work and shares are objects."""

    openings = Stratum.openings | {"mining.hello"}

    def said(self, method: str, message: Message) -> Iterable[Event]:
        """One job a chain, each with its own name."""
        params = params_of(message)
        if method == "mining.hello":
            yield Event(Act.GREETING, facts(agent=text_at(params, 0)))
        elif method == "mining.notify":
            for job in params[:_CHAINS]:
                if isinstance(job, dict):
                    yield _job(job)
        elif method == "mining.submit":
            named = named_params(message)
            worker = text_at([named.get("worker")], 0)
            yield Event(
                Act.SUBMIT, facts(login=worker, worker=worker, job=name_of(named.get("jobId")))
            )
        elif method == "mining.set_difficulty":
            number = number_at(params, 0)
            expected = number and number * _HASHES * _CHAINS
            yield Event(Act.DETAIL, facts(difficulty=number, hashes=expected))
        else:
            yield from super().said(method, message)

    def answered(self, request: Request, message: Message) -> Iterable[Event]:
        """A hello, and sessions or workers that get names."""
        body = message.body
        if request.method == "mining.hello":
            if is_error(body):
                yield Event(Act.REFUSAL)
            else:
                yield Event(Act.WELCOME if _is_welcome(body) else Act.DETAIL)
        elif request.method in _NAMED and isinstance(result_of(body), str) and not is_error(body):
            yield Event(_NAMED[request.method])
        else:
            yield from super().answered(request, message)

    def shown(self, message: Message) -> Iterable[Event]:
        """A welcome whose hello was not seen."""
        if _is_welcome(message.body):
            yield Event(Act.WELCOME)
        else:
            yield from super().shown(message)


# What it means when the answer is a text, also an empty one: the name of a session, of a worker.
_NAMED = {"mining.subscribe": Act.SUBSCRIBED, "mining.authorize": Act.AUTHORIZED}


def _is_welcome(body: Any) -> bool:
    result = result_of(body)
    said = text_at(result, 0) if isinstance(result, list) else None
    return said is not None and said.startswith("AlephiumStratum/")


def _job(job: dict[str, Any]) -> Event:
    """16 * 2**256 / target hashes a share; some pools leave the target out."""
    expected = target_at([job.get("targetBlob")], 0)
    return Event(
        Act.JOB,
        facts(
            job=name_of(job.get("jobId")),
            hashes=expected and expected * _CHAINS,
            unit=_HASHES * _CHAINS,
            algorithm="Blake3",
        ),
    )


DIALECT = Alephium()
