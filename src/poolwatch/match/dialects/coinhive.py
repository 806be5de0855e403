"""Coinhive's WebSocket protocol (D50), spoken by its clones and by deepMiner (D51).

A page in a browser authenticates with the key of a site, gets jobs of CryptoNote's form and
sends results. `hash_accepted` counts the hashes of the session so far. deepMiner's pages name
a user instead of a site.
Sources: x25/coinhive-stratum-mining-proxy; cazala/coin-hive-stratum; deepwn/deepMiner.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from poolwatch.match.dialects.base import Act, Event, facts, text_at
from poolwatch.match.dialects.named import Named, height_of
from poolwatch.match.message import Message

_OF_SHARES = ("share", "nonce", "job", "hash", "difficulty", "stale", "duplicate")
_REJECTS = (("duplicate", "duplicate"), ("low diff", "low"), ("job", "stale"), ("stale", "stale"))


class Coinhive(Named):
    """Every message has a `type`, and `params`."""

    def shown(self, message: Message) -> Iterable[Event]:
        """What the type says."""
        body = message.body
        kind, named = body.get("type"), body.get("params")
        params: dict[str, Any] = named if isinstance(named, dict) else {}
        if kind == "auth":
            yield Event(Act.GREETING, facts(login=_login(params)))
        elif kind == "authed":
            yield Event(Act.AUTHORIZED)
        elif kind == "job":
            yield job_event(params)
        elif kind == "submit":
            yield Event(
                Act.SUBMIT,
                facts(
                    job=text_at([params.get("job_id")], 0),
                    nonce=text_at([params.get("nonce")], 0),
                ),
            )
        elif kind == "hash_accepted":
            yield Event(Act.ACCEPT)
        elif kind == "banned":
            yield Event(Act.REFUSAL)
        elif kind == "error":
            yield error_event(params.get("error"))
        else:
            yield Event(Act.DETAIL)


def _login(params: dict[str, Any]) -> str | None:
    """Who mines: the site's key, with the user below it if one is named."""
    parts = [params.get(name) for name in ("site_key", "user")]
    return ".".join(part for part in parts if isinstance(part, str) and part) or None


def job_event(job: dict[str, Any]) -> Event:
    """A job of CryptoNote's form."""
    target = text_at([job.get("target")], 0)
    return Event(
        Act.JOB,
        facts(
            job=text_at([job.get("job_id")], 0),
            hashes=_hashes(target) if target else None,
            algorithm=text_at([job.get("algo")], 0),
            height=height_of(job.get("height")),
        ),
    )


def _hashes(target: str) -> float | None:
    """Hashes a share stands for: 2**32 / t or 2**64 / t, t little-endian."""
    if len(target) not in (8, 16):
        return None
    try:
        value = int.from_bytes(bytes.fromhex(target), "little")
    except ValueError:
        return None
    return float((1 << 4 * len(target)) // value) if value else None


def error_event(error: Any) -> Event:
    """An error names no message: its words say whether a share or the session is meant."""
    text = error.lower() if isinstance(error, str) else ""
    if not any(word in text for word in _OF_SHARES):
        return Event(Act.REFUSAL)
    kind = next((kind for word, kind in _REJECTS if word in text), "other")
    return Event(Act.REJECT, {"reject": kind})


DIALECT = Coinhive()
