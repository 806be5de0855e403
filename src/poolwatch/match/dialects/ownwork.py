"""CryptoNote's words around work of another form.

What Bytom (D47), Tari's own miner (D45) and xmr-node-proxy (D21) have alike; each has its own
file.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from poolwatch.match.dialects.base import Act, Event, Request, is_error, result_of
from poolwatch.match.dialects.cryptonote import CryptoNote
from poolwatch.match.message import Message


class OwnWork(CryptoNote):
    """A job comes in answer to a login or to a request for work.

    `mark`: the member by which an object is a job.
    """

    mark: ClassVar[str]

    def job_of(self, job: Any) -> Event:
        """What a job says."""
        raise NotImplementedError

    def work_in(self, body: Any) -> Any:
        """The job of an answer that is no error: its result, or the job in it; else None."""
        result = result_of(body)
        job = result.get("job", result) if isinstance(result, dict) else None
        return job if isinstance(job, dict) and self.mark in job and not is_error(body) else None

    def answered(self, request: Request, message: Message) -> Iterable[Event]:
        """A job in answer to a login, or to a request for one."""
        job = self.work_in(message.body)
        if job is None or request.method == "submit":
            yield from super().answered(request, message)
            return
        if request.method == "login":
            yield Event(Act.AUTHORIZED)
        yield self.job_of(job)

    def shown(self, message: Message) -> Iterable[Event]:
        """A job whose request was not seen."""
        job = self.work_in(message.body)
        if job is None:
            yield from super().shown(message)
        else:
            yield self.job_of(job)
