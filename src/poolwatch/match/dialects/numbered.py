"""Stratum shaped like Bitcoin's whose difficulties stand for hashes in a unit of their own.

What Siacoin (D35), Decred (D36), Handshake (D37), Xelis (D43), Nexa (D44) and Warthog (D49) have
alike; each has its own file.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, ClassVar

from poolwatch.match.dialects.base import (
    Act,
    Event,
    facts,
    height_at,
    item_at,
    name_of,
    number_at,
    params_of,
    text_at,
)
from poolwatch.match.dialects.stratum import Stratum
from poolwatch.match.message import Message

_BITS = re.compile(r"[0-9a-fA-F]{8}\Z")


class Numbered(Stratum):
    """`mining.set_difficulty` gives what a share of the jobs to come stands for.

    `algorithm`: what all work in this form is for, None when it does not say. `unit`: hashes
    at difficulty 1. `bits`: where among the parameters of a job its network target stands; 0:
    nowhere.
    """

    algorithm: ClassVar[str | None] = None
    unit: ClassVar[float] = 2.0**32
    bits: ClassVar[int] = 0

    def said(self, method: str, message: Message) -> Iterable[Event]:
        """Difficulties, and work as `job_facts` reads it."""
        params = params_of(message)
        if method == "mining.set_difficulty":
            number = number_at(params, 0)
            yield Event(Act.DETAIL, facts(difficulty=number, hashes=number and number * self.unit))
        elif method == "mining.notify":
            yield Event(
                Act.JOB,
                facts(algorithm=self.algorithm, unit=self.unit) | self.job_facts(params),
            )
        else:
            yield from super().said(method, message)

    def job_facts(self, params: list[Any]) -> dict[str, Any]:
        """What the parameters of a job say."""
        bits = item_at(params, self.bits) if self.bits else None
        return facts(job=name_of(item_at(params, 0)), nbits=bits_of(bits))


def bits_of(value: Any) -> str | None:
    """A network target in compact form: 8 hexadecimal digits, lower case."""
    return value.lower() if isinstance(value, str) and _BITS.match(value) else None


def little_endian(text: str | None, begin: int, count: int) -> int | None:
    """The number in `count` bytes of hexadecimal text, from byte `begin` on, least byte first."""
    digits = (text or "")[2 * begin : 2 * (begin + count)]
    if len(digits) < 2 * count:
        return None
    try:
        return int.from_bytes(bytes.fromhex(digits), "little")
    except ValueError:
        return None


def height_in(params: list[Any], index: int, begin: int) -> int | None:
    """The height in four bytes of the header that is one of the parameters."""
    return height_at(little_endian(text_at(params, index), begin, 4))
