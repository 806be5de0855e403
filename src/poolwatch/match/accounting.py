"""What the shares of one flow stand for: jobs remembered, shares weighed, accepts counted.

A share is worth what the job it names asked for. Where a job has no target of its own, the
difficulty or target set last *before* it holds; one set later counts from the next job on.
What was set before the capture began is not known, and is never guessed.
"""

from __future__ import annotations

import math
from collections import Counter, OrderedDict
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, TypeGuard

from poolwatch.match.dialects.base import Act, Event, block_work
from poolwatch.terms import DayWork, Shares, Work

if TYPE_CHECKING:
    from poolwatch.match.message import Tally
    from poolwatch.settings import Limits

_MOST = 2.0**256  # hashes a share can stand for
_LEAST = 1024.0  # hashes below which no pool sets a share
_NAME_CHARS = 64  # of a job or worker
_FIXED_NONCES = 16  # shares after which a byte that never changed is no chance
_SECOND_SENDER = 0.1  # part of the shares from which on a second sender is no fee to the developer
_KINDS = frozenset(("stale", "duplicate", "low"))
_DAY_NS = 86_400_000_000_000


class Weight(NamedTuple):
    """What one share is worth: expected hashes, or (`raw`) a difficulty as the wire has it.

    `block`: expected hashes of the block worked on; 0 where the wire does not say.
    """

    low: float
    high: float
    raw: bool
    block: float = 0.0


class Share(NamedTuple):
    """A share that waits for its answer."""

    job: str | None
    weight: Weight | None  # None: its job was not seen

    def names(self, job: Any) -> bool:
        """Whether it was found for that job."""
        return self.job == _name(job)


class Accounting:
    """Events of one flow in, counts and sums out (`work`, `shares`)."""

    __slots__ = (
        "_forgotten",
        "_height",
        "_idle_from_ns",
        "_jobs",
        "_limits",
        "_newest",
        "_newest_job",
        "_next",
        "_nonce_byte",
        "_nonces",
        "_reports",
        "_senders",
        "_work",
        "linked",
        "shares",
    )

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self.shares = Shares()
        self.linked = False  # a share named a job that was handed out in this flow
        self._work = Work()
        self._next: Weight | None = None  # for jobs to come
        self._jobs: OrderedDict[str, Weight | None] = OrderedDict()
        self._forgotten: list[Weight | None] = []  # of the job forgotten last, if one was
        self._newest: Share | None = None  # the share sent last, if the jobs are still the same
        self._newest_job: Any = None  # the job it named, as it was written
        self._senders: Counter[str] = Counter()
        self._reports: dict[str, float] = {}
        self._nonce_byte: str | None = None  # the last of all nonces so far; "" when they differ
        self._nonces = 0
        self._idle_from_ns = 0
        self._height: int | None = None  # of the newest block worked on

    def sent(self, facts: Mapping[str, Any], ts_ns: int, tally: Tally) -> Share:
        """A share was sent: what it is worth if it is accepted."""
        self.shares.submitted += 1
        self._idle_from_ns = ts_ns
        worker, nonce = facts.get("worker"), facts.get("nonce")
        if isinstance(worker, str) and worker in self._senders:
            self._senders[worker] += 1
        elif worker is not None:
            self._note_sender(worker, tally)
        if nonce is not None:
            self._note_nonce(nonce)
        job = facts.get("job")
        share = self._newest
        if share is None or job != self._newest_job:
            share = self._newest = self._share_of(_name(job), tally)
            self._newest_job = job
        return share

    def accepted(self, share: Share | None, ts_ns: int, tally: Tally) -> None:
        """A share was accepted; None: one that was not seen."""
        self.shares.accepted += 1
        weight = share.weight if share else None
        day = self._day(ts_ns, weight is not None and weight.block > 0, tally)
        if weight is None:
            self._work.unweighed += 1
            day.unweighed += 1
        elif weight.raw:
            self._work.numbers.add(weight.low, weight.high)
            day.numbers.add(weight.low, weight.high)
            day.number_blocks += weight.high / weight.block if weight.block else 0.0
        else:
            self._work.hashes.add(weight.low, weight.high)
            day.hashes.add(weight.low, weight.high)
            day.hash_blocks += weight.high / weight.block if weight.block else 0.0

    def _day(self, ts_ns: int, targeted: bool, tally: Tally) -> DayWork:
        """Where the shares of a day are counted."""
        days, key = self._work.days, (ts_ns // _DAY_NS, targeted)
        day = days.get(key)
        if day is None:
            if len(days) >= self._limits.flow_days:
                tally["days_left_out"] += 1
                return DayWork()
            day = days[key] = DayWork()
        day.height = self._height
        return day

    def _share_of(self, job: str | None, tally: Tally) -> Share:
        if job is None:
            return Share(None, next(reversed(self._jobs.values()), self._next))
        if job not in self._jobs and self._forgotten:
            tally["jobs_forgotten"] += 1
            return Share(job, self._forgotten[0])
        self.linked |= job in self._jobs
        return Share(job, self._jobs.get(job))

    def take(self, event: Event, share: Share | None, ts_ns: int, tally: Tally) -> None:
        """One act; `share` is the one it answers, if that is known."""
        act, facts = event
        if act is Act.JOB:
            self._add_job(facts, ts_ns)
        elif act is Act.ACCEPT:
            self.accepted(share, ts_ns, tally)
        elif act is Act.REJECT:
            self._reject(facts)
        elif act is Act.DETAIL and facts:
            self._next = _weight(facts) or self._next
            self._newest = None
        if "reported" in facts:
            self._note_report(facts, tally)
        if act in (Act.JOB, Act.AUTHORIZED):
            self._idle_from_ns = self._idle_from_ns or ts_ns

    @property
    def work(self) -> Work:
        """What the accepted shares stand for, so far."""
        self._work.idle_from_ns = self._idle_from_ns
        self._work.reported = sum(self._reports.values()) if self._reports else None
        self._work.crowd = self._crowd()
        self._work.senders = tuple(self._senders.items())
        return self._work

    def _add_job(self, facts: Mapping[str, Any], ts_ns: int) -> None:
        self._newest = None
        weight = _weight(facts) or _as_worked(self._next, facts)
        self._height = facts.get("height", self._height)
        if weight is not None:
            weight = weight._replace(block=block_work(facts.get("nbits")) or 0.0)
            self._work.first_ns = self._work.first_ns or ts_ns
        name = _name(facts.get("job")) or ""
        self._jobs.pop(name, None)
        self._jobs[name] = weight
        if len(self._jobs) > self._limits.flow_jobs:
            self._forgotten = [self._jobs.popitem(last=False)[1]]

    def _reject(self, facts: Mapping[str, Any]) -> None:
        self.shares.rejected += 1
        kind = facts.get("reject")
        if kind in _KINDS:
            setattr(self.shares, kind, getattr(self.shares, kind) + 1)

    def _note_sender(self, worker: Any, tally: Tally) -> None:
        if not isinstance(worker, str) or not worker:
            return
        name = worker[:_NAME_CHARS]
        if name in self._senders or len(self._senders) < self._limits.flow_logins:
            self._senders[name] += 1
        else:
            tally["workers_left_out"] += 1

    def _note_nonce(self, nonce: Any) -> None:
        if not isinstance(nonce, str) or self._nonce_byte == "":
            return
        last = nonce[-2:].lower()
        self._nonces += 1
        self._nonce_byte = last if self._nonce_byte in (None, last) else ""

    def _note_report(self, facts: Mapping[str, Any], tally: Tally) -> None:
        """The newest report of each worker."""
        rate = facts["reported"]
        if not isinstance(rate, int | float) or not 0 < rate < _MOST:
            return
        name = str(facts.get("worker") or "")[:_NAME_CHARS]
        if name in self._reports or len(self._reports) < self._limits.flow_logins:
            self._reports[name] = float(rate)
        else:
            tally["workers_left_out"] += 1

    def _crowd(self) -> tuple[str, ...]:
        counts = [count for _, count in self._senders.most_common(3)]
        several = len(counts) > 2 or (
            len(counts) == 2 and counts[1] >= max(2, _SECOND_SENDER * sum(counts))
        )
        # Miners count nonces up from 0, so a last byte of 0 is anybody's.
        fixed = self._nonces >= _FIXED_NONCES and self._nonce_byte not in ("", "00")
        return ("workers",) * several + ("nonce",) * fixed


def _weight(facts: Mapping[str, Any]) -> Weight | None:
    """What the facts of a message make a share worth; None when nothing."""
    hashes = facts.get("hashes")
    if hashes is None:
        number = facts.get("difficulty")
        return Weight(float(number), float(number), raw=True) if _is_size(number) else None
    low, high = hashes if isinstance(hashes, tuple) else (hashes, hashes)
    if not (_is_size(low) and _is_size(high)):
        return None
    return Weight(float(min(low, high)), float(max(low, high)), raw=False)


def _as_worked(before: Weight | None, facts: Mapping[str, Any]) -> Weight | None:
    """What was set before, with what the work says of a number that was read bare.

    Of pools whose `bound` is already that of a share the number says nothing: then a share
    would stand for next to none (oliverw/miningcore and MoneroOcean/nodejs-pool differ).
    """
    if before is None or not before.raw:
        return before
    unit, bound = facts.get("unit"), facts.get("bound")
    if _is_size(unit):
        hashes = before.low * unit
    elif _is_size(bound):
        narrowed = bound / before.low
        hashes = narrowed if narrowed >= _LEAST else bound
    else:
        return before
    return Weight(hashes, hashes, raw=False) if _is_size(hashes) else None


def _is_size(value: Any) -> TypeGuard[float]:
    return isinstance(value, int | float) and math.isfinite(value) and 0 < value <= _MOST


def _name(value: Any) -> str | None:
    """The id of a job in a form that can be compared: some answer 4 to "4", or leave out 0x."""
    if value is None or isinstance(value, bool):
        return None
    text = str(value).lower().removeprefix("0x")
    return text[:_NAME_CHARS]
