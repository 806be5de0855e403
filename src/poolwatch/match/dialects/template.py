"""getblocktemplate and submitblock over HTTP (D05; BIP 22, BIP 23).

A pool's own software asks its node with the same calls, so a bare call proves little.
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
    reject_kind,
    result_of,
    target_at,
    text_at,
)
from poolwatch.match.message import Message


class Template:
    """Templates instead of work; a share is a whole block."""

    openings = frozenset({"getblocktemplate"})

    def said(self, method: str, message: Message) -> Iterable[Event]:
        """A request for a template, or a block."""
        yield Event(Act.SUBMIT if method == "submitblock" else Act.GREETING)

    def answered(self, request: Request, message: Message) -> Iterable[Event]:
        """A template, or what became of the block (null: accepted, BIP 22)."""
        body = message.body
        if request.method == "submitblock":
            accepted = not is_error(body) and result_of(body) is None
            rejected = Event(Act.REJECT, {"reject": reject_kind(body)})
            yield Event(Act.ACCEPT) if accepted else rejected
        elif _is_template(result_of(body)) and not is_error(body):
            yield _job(body)
        else:
            yield Event(Act.REFUSAL)

    def shown(self, message: Message) -> Iterable[Event]:
        """A template whose request was not seen."""
        yield _job(message.body)


def _is_template(result: object) -> bool:
    return isinstance(result, dict) and "previousblockhash" in result


def _job(body: object) -> Event:
    """The target of the block: 2**256 / target hashes find one."""
    named = result_of(body)
    template = named if isinstance(named, dict) else {}
    return Event(
        Act.JOB,
        facts(
            hashes=target_at([template.get("target")], 0),
            height=height_at(template.get("height")),
            nbits=text_at([template.get("bits")], 0),
        ),
    )


DIALECT = Template()
