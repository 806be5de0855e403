"""What xmr-node-proxy and its pools say (D21): CryptoNote login, whole block templates for work.

One socket serves many miners; a share says by a number of the proxy's own whose it is.
Sources: MoneroOcean/xmr-node-proxy proxy/pool.js; MoneroOcean/nodejs-pool lib/coins.
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
    text_at,
)
from poolwatch.match.dialects.cryptonote import CryptoNote
from poolwatch.match.message import Message


class NodeProxy(CryptoNote):
    """The pool leaves room in its templates; the proxy gives each miner a part of it."""

    def said(self, method: str, message: Message) -> Iterable[Event]:
        """Templates pushed, shares with the extra nonces they were found under."""
        named = named_params(message)
        if method == "job" and "blocktemplate_blob" in named:
            yield _job(named)
        elif method == "submit" and "workerNonce" in named:
            yield Event(
                Act.SUBMIT,
                facts(job=name_of(named.get("job_id")), worker=name_of(named.get("workerNonce"))),
            )
        else:
            yield from super().said(method, message)

    def answered(self, request: Request, message: Message) -> Iterable[Event]:
        """A template in answer to a login, or to `getjob`."""
        template = _template(message.body)
        if template is None or is_error(message.body):
            yield from super().answered(request, message)
            return
        if request.method == "login":
            yield Event(Act.AUTHORIZED)
        yield _job(template)

    def shown(self, message: Message) -> Iterable[Event]:
        """A template whose request was not seen."""
        template = _template(message.body)
        if template is None:
            yield from super().shown(message)
        else:
            yield _job(template)


def _template(body: Any) -> dict[str, Any] | None:
    """The template of an answer: its result, or the job in it."""
    result = result_of(body)
    if not isinstance(result, dict):
        return None
    job = result.get("job", result)
    return job if isinstance(job, dict) and "blocktemplate_blob" in job else None


def _job(job: dict[str, Any]) -> Event:
    """`target_diff` hashes a share; the difficulty of the block stands beside it."""
    return Event(
        Act.JOB,
        facts(
            job=name_of(job.get("job_id")),
            hashes=number_at([job.get("target_diff")], 0),
            height=height_at(job.get("height")),
            algorithm=text_at([job.get("algo")], 0),
        ),
    )


DIALECT = NodeProxy()
