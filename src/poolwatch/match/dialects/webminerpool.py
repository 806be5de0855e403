"""webminerpool's WebSocket protocol (D52): a page in a browser mines for a pool it names.

Every message has an `identifier`. The handshake names the pool behind the server and the login
there; jobs have CryptoNote's form.
Sources: notgiven688/webminerpool SDK/miner_raw/miner/miner.js, server/Server.
"""

from __future__ import annotations

from collections.abc import Iterable

from poolwatch.match.dialects.base import Act, Event, facts, text_at
from poolwatch.match.dialects.coinhive import error_event, job_event
from poolwatch.match.dialects.named import Named
from poolwatch.match.message import Message


class WebMinerPool(Named):
    """`handshake`, `job`, `solved`, `hashsolved`, `error`."""

    def shown(self, message: Message) -> Iterable[Event]:
        """What the identifier says."""
        body = message.body
        kind = body.get("identifier")
        if kind == "handshake":
            login = text_at([body.get("login")], 0) or text_at([body.get("loginid")], 0)
            yield Event(Act.GREETING, facts(login=login, named_host=text_at([body.get("pool")], 0)))
        elif kind == "job":
            yield job_event(body)
        elif kind == "solved":
            nonce = text_at([body.get("nonce")], 0)
            yield Event(Act.SUBMIT, facts(job=text_at([body.get("job_id")], 0), nonce=nonce))
        elif kind == "hashsolved":
            yield Event(Act.ACCEPT)
        elif kind == "error":
            yield error_event(body.get("param"))
        else:
            yield Event(Act.DETAIL)


DIALECT = WebMinerPool()
