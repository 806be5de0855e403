"""Dero's getwork over WebSocket (D42): the wallet stands in the path, jobs come each second.

A job holds the miniblock's blob and the counts of what this miner found so far; a share is the
job's id and the blob. Nothing is answered but by those counts.
Sources: deroproject/derohe cmd/derod/rpc/websocket_getwork_server.go; xmrig/xmrig DaemonClient.
"""

from __future__ import annotations

from collections.abc import Iterable

from poolwatch.match.dialects.base import Act, Event, facts, number_at, text_at
from poolwatch.match.dialects.named import Named, height_of
from poolwatch.match.message import Message


class DeroGetwork(Named):
    """Jobs and shares, told apart by their blobs."""

    def shown(self, message: Message) -> Iterable[Event]:
        """A job, or a share."""
        body = message.body
        job = text_at([body.get("jobid")], 0)
        if "mbl_blob" in body:
            yield Event(Act.SUBMIT, facts(job=job))
        elif "blockhashing_blob" in body:
            hashes = number_at([body.get("difficultyuint64")], 0)
            yield Event(
                Act.JOB,
                facts(
                    job=job,
                    hashes=hashes,
                    height=height_of(body.get("height")),
                    algorithm="astrobwt",
                ),
            )
        else:
            yield Event(Act.DETAIL)


DIALECT = DeroGetwork()
