"""What is kept of a host's conversations for judging its cause, while they come in. Bounded."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from poolwatch.terms import Session, Traces, Where

_HOUR_NS = 3_600_000_000_000
_LONGEST = 40 * 366 * 24  # hours of a conversation that are believed


@dataclass(slots=True)
class TraceGatherer:
    """Facts of the conversations in which a host acts as a miner."""

    most: int
    left_out: int = 0
    _facts: dict[tuple[str, str], Where] = field(default_factory=dict)
    _hours: set[int] = field(default_factory=set)
    _in_view: bool = True
    _sessions: int = 0

    def add(self, session: Session) -> None:
        """Take a conversation into account."""
        hit = session.hit
        self._sessions += 1
        self._in_view &= hit.opened
        where = Where(
            session.flow_id,
            hit.seen_first_packet or hit.first_packet,
            session.capture.named,
        )
        for fact in _facts_of(session):
            if fact in self._facts or len(self._facts) < self.most:
                self._facts.setdefault(fact, where)
            else:
                self.left_out += 1
        self._add_hours(hit.seen_first_ns or hit.first_ns, hit.seen_last_ns or hit.last_ns)

    def copy(self) -> TraceGatherer:
        """The same, to go on apart."""
        return replace(self, _facts=dict(self._facts), _hours=set(self._hours))

    def traces(self) -> Traces | None:
        """What was gathered; None where there was no such conversation."""
        if not self._sessions:
            return None
        hours = frozenset(self._hours)
        return Traces(dict(self._facts), hours, self._in_view)

    def _add_hours(self, first_ns: int, last_ns: int) -> None:
        if not first_ns:
            return
        first, last = first_ns // _HOUR_NS, last_ns // _HOUR_NS
        for hour in range(first, min(last, first + _LONGEST) + 1):
            if len(self._hours) >= self.most and hour not in self._hours:
                self.left_out += 1
                return
            self._hours.add(hour)


def _facts_of(session: Session) -> Iterator[tuple[str, str]]:
    hit = session.hit
    end = session.pool_end
    payee = "wallet" if session.wallets else "account"
    for kind, value in (
        ("agent", hit.agent),
        ("hardware", session.hardware_class),
        ("software", session.software),
        ("algorithm", session.algorithm),
        ("coin", session.coin),
        ("pool", session.pool),
        ("name", hit.named_host),
        ("name", hit.tls.sni if hit.tls else None),
        ("end", f"{end.address} {end.port}"),
    ):
        if value:
            yield kind, value
    named = hit.named_host or hit.names or (hit.tls is not None and hit.tls.sni)
    if session.pool is None and not named:
        yield "bare_end", f"{end.address} {end.port}"
    if session.pool_inside and hit.dialect:
        yield "own_pool", f"{hit.dialect} {end.address} {end.port}"
    for seen in hit.names:
        yield "name", seen.name
    for kind, values in (
        ("wallet", session.wallets),
        ("account", session.accounts),
        (f"{payee}_worker", session.workers),
    ):
        for value in values:
            yield kind, value
