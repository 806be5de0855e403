"""Arweave Stratum (D47) as Matpool had it: CryptoNote's words around a data segment.

Sources: matpool/Arweave-stratum-mining-protocol README.md.
"""

from __future__ import annotations

from collections.abc import Iterable

from poolwatch.match.dialects.base import (
    Act,
    Event,
    facts,
    height_at,
    name_of,
    named_params,
    text_at,
)
from poolwatch.match.dialects.cryptonote import CryptoNote
from poolwatch.match.dialects.numbered import little_endian
from poolwatch.match.message import Message

_TARGET_DIGITS = 8


class Arweave(CryptoNote):
    """`bds` is work; a share has no session, and its hash under another name."""

    def said(self, method: str, message: Message) -> Iterable[Event]:
        """Jobs and shares; targets are CryptoNote's: 2**32 / t hashes, t little-endian."""
        named = named_params(message)
        if method == "job" and "bds" in named:
            yield Event(
                Act.JOB,
                facts(
                    job=name_of(named.get("job_id")),
                    hashes=_expected(text_at([named.get("target")], 0)),
                    height=height_at(named.get("height")),
                ),
            )
        elif method == "submit":
            yield Event(Act.SUBMIT, facts(job=name_of(named.get("job_id"))))
        else:
            yield from super().said(method, message)


def _expected(target: str | None) -> float | None:
    value = little_endian(target, 0, 4) if target and len(target) == _TARGET_DIGITS else None
    return float((1 << 32) // value) if value else None


DIALECT = Arweave()
