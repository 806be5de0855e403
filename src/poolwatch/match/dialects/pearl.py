"""Pearl Stratum (D58): Stratum's methods with named parameters; a share is a proof.

Sources: notes of several who wrote miners for it; no pool documents it.
"""

from __future__ import annotations

from collections.abc import Iterable

from poolwatch.match.dialects.base import Act, Event, facts, height_at, name_of, named_params
from poolwatch.match.dialects.stratum import Stratum
from poolwatch.match.message import Message


class Pearl(Stratum):
    """What a share stands for is not known here: one proof covers many tries."""

    def said(self, method: str, message: Message) -> Iterable[Event]:
        """Work and shares name their job."""
        named = named_params(message)
        job = name_of(named.get("job_id"))
        if method == "mining.notify":
            yield Event(Act.JOB, facts(job=job, height=height_at(named.get("height"))))
        elif method == "mining.submit":
            yield Event(Act.SUBMIT, facts(job=job))
        else:
            yield from super().said(method, message)


DIALECT = Pearl()
