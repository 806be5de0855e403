"""getblocktemplate and submitblock over HTTP (D05; BIP 22, BIP 23).

A pool's own software asks its node with the same calls, so a bare call proves little.
"""

from __future__ import annotations

from collections.abc import Iterable

from poolwatch.match.dialects.base import Act, Event, Request, is_error, result_of
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
            yield Event(Act.ACCEPT if accepted else Act.REJECT)
        elif _is_template(result_of(body)) and not is_error(body):
            yield Event(Act.JOB)
        else:
            yield Event(Act.REFUSAL)

    def shown(self, message: Message) -> Iterable[Event]:
        """A template whose request was not seen."""
        yield Event(Act.JOB)


def _is_template(result: object) -> bool:
    return isinstance(result, dict) and "previousblockhash" in result


DIALECT = Template()
