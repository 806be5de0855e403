"""Ergo Stratum (D28): Bitcoin's openings and shares, a message and a bound for work.

What a share stands for depends on the pool: the bound alone, or the bound times the
difficulty set before. So jobs give `bound` (2**256 / b hashes), and accounting divides.
Sources: NBMiner logs of two pools; leifjacky/erg-gominer-demo (the work of 2019);
oliverw/miningcore Blockchain/Ergo; MoneroOcean/nodejs-pool lib/coins.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from poolwatch.match.dialects.base import (
    Act,
    Event,
    facts,
    height_at,
    item_at,
    name_of,
    params_of,
    target_at,
    text_at,
)
from poolwatch.match.dialects.stratum import Stratum
from poolwatch.match.message import Message

_WORK = 9  # parameters; four in the work of 2019
_DIGITS = 78  # of the largest bound


class Ergo(Stratum):
    """The bound is a number in decimal digits."""

    def said(self, method: str, message: Message) -> Iterable[Event]:
        """Work of today, with the height in second place, or of 2019, in third."""
        params = params_of(message)
        if method == "mining.notify":
            today = len(params) >= _WORK
            yield Event(
                Act.JOB,
                facts(
                    job=name_of(item_at(params, 0)),
                    height=height_at(item_at(params, 1 if today else 2)),
                    bound=_bound(params) if today else None,
                    algorithm="Autolykos v2" if today else "Autolykos",
                ),
            )
        elif method == "mining.set_target":
            yield Event(Act.DETAIL, facts(hashes=target_at(params, 0)))
        else:
            yield from super().said(method, message)


def _bound(params: list[Any]) -> float | None:
    """2**256 / b: the hashes that b alone stands for."""
    text = text_at(params, 6)
    if not text or len(text) > _DIGITS or not (text.isascii() and text.isdecimal()):
        return None
    value = int(text)
    return float((1 << 256) // value) if 0 < value < 1 << 256 else None


DIALECT = Ergo()
