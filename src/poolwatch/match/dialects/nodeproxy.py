"""What xmr-node-proxy and its pools say (D21): CryptoNote login, whole block templates for work.

One socket serves many miners; a share says by a number of the proxy's own whose it is.
Sources: MoneroOcean/xmr-node-proxy proxy/pool.js; MoneroOcean/nodejs-pool lib/coins.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from poolwatch.match.dialects.base import (
    Act,
    Event,
    facts,
    height_at,
    name_of,
    named_params,
    number_at,
    text_at,
)
from poolwatch.match.dialects.ownwork import OwnWork
from poolwatch.match.message import Message


class NodeProxy(OwnWork):
    """The pool leaves room in its templates; the proxy gives each miner a part of it."""

    mark: ClassVar = "blocktemplate_blob"

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

    def job_of(self, job: Any) -> Event:
        """What a job says."""
        return _job(job)


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
