"""Stratum whose pools set a target ahead, and hand out a header and little more.

What Aeternity (D32), Nervos CKB (D33) and Kadena (D34) have alike; each has its own file.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from poolwatch.match.dialects.base import (
    Act,
    Event,
    facts,
    height_at,
    item_at,
    name_of,
    params_of,
    target_at,
)
from poolwatch.match.dialects.stratum import Stratum
from poolwatch.match.message import Message


class Targeted(Stratum):
    """`mining.set_target` gives what a share of the jobs to come stands for.

    `algorithm`: what all work in this form is for, None when it does not say. `tries`: how
    many are one try at the target, on average. `height`: where among the parameters a job has
    its height; 0: nowhere.
    """

    algorithm: ClassVar[str | None] = None
    tries: ClassVar[float] = 1.0
    height: ClassVar[int] = 0

    def said(self, method: str, message: Message) -> Iterable[Event]:
        """Targets, and work that has only its name and height."""
        params = params_of(message)
        if method == "mining.set_target":
            expected = target_at(params, 0)
            yield Event(Act.DETAIL, facts(hashes=expected and expected * self.tries))
        elif method == "mining.notify":
            height = item_at(params, self.height) if self.height else None
            yield Event(
                Act.JOB,
                facts(
                    job=name_of(item_at(params, 0)),
                    height=height_at(height),
                    algorithm=self.algorithm,
                ),
            )
        else:
            yield from super().said(method, message)
