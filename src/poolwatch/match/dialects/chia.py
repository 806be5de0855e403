"""Chia's pooling protocol (D56) where it is in clear: behind a proxy that ends its TLS.

A farmer registers its launcher, and sends partial proofs of space. What is counted are points,
not hashes: storage farms, nothing computes.
Sources: Chia-Network/pool-reference SPECIFICATION.md.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from poolwatch.match.dialects.base import Act, Event, facts, text_at
from poolwatch.match.dialects.named import Named
from poolwatch.match.message import Message

# Error codes of the specification that are about a partial.
_REJECTS = {1: "other", 2: "stale", 3: "other", 4: "other", 5: "low", 6: "other"}


class ChiaPool(Named):
    """Registrations and partial proofs; errors have a number."""

    def shown(self, message: Message) -> Iterable[Event]:
        """What the members say."""
        body = message.body
        payload = body.get("payload")
        named: dict[str, Any] = payload if isinstance(payload, dict) else {}
        if "proof_of_space" in named:
            yield Event(Act.SUBMIT, facts(worker=text_at([named.get("harvester_id")], 0)))
        elif "authentication_public_key" in named or "payout_instructions" in named:
            yield Event(Act.GREETING, facts(login=text_at([named.get("launcher_id")], 0)))
        elif "welcome_message" in body:
            yield Event(Act.AUTHORIZED)
        elif "new_difficulty" in body:
            yield Event(Act.ACCEPT)
        elif "target_puzzle_hash" in body:
            yield Event(Act.WELCOME)
        elif "error_code" in body:
            code = body["error_code"]
            kind = _REJECTS.get(code) if isinstance(code, int) else None
            yield Event(Act.REJECT, {"reject": kind}) if kind else Event(Act.REFUSAL)
        else:
            yield Event(Act.DETAIL)


DIALECT = ChiaPool()
