"""Which hosts of a run use the same wallet or account. Bounded; the counts go on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from poolwatch.aggregate.findings import roles_of
from poolwatch.terms import Grade, Role, Session

_INITIAL_TTLS = (64, 128, 255)


@dataclass(slots=True)
class Payee:
    """A wallet or account: the hosts that use it, of what kind each is, and their workers."""

    hosts: dict[str, set[str]] = field(default_factory=dict)
    since_ns: dict[str, int] = field(default_factory=dict)  # by host: when it was first seen
    workers: dict[str, str] = field(default_factory=dict)  # to the host that used it first

    @property
    def kinds(self) -> set[str]:
        """The kinds of its hosts: class of hardware and the system by the form of packets."""
        return set[str]().union(*self.hosts.values())

    @property
    def classes(self) -> set[str]:
        """The classes of hardware of its hosts, as far as known."""
        return {kind.partition("/")[0] for kind in self.kinds} - {""}


class Sharing:
    """Conversations in; who shares a payee, out."""

    def __init__(self, entries: int, hosts: int) -> None:
        self._room = entries
        self._most_hosts = hosts
        self._payees: dict[tuple[str, str], Payee] = {}
        self.left_out = 0

    def note(self, session: Session) -> None:
        """Take a conversation of a host inside with a pool into account."""
        if session.grade < Grade.PROBABLE or not session.inside:
            return
        hosts = [host for host, role in roles_of(session) if role in (Role.MINER, Role.RELAY)]
        for host in hosts:
            for key in payees_of(session):
                self._note(key, host, session)

    def of(self, kind: str, value: str) -> Payee | None:
        """Who uses a `wallet` or an `account`."""
        return self._payees.get((kind, value))

    def counts(self) -> dict[str, int]:
        """How often a bound bit."""
        return {"cause_payees_left_out": self.left_out}

    def _note(self, key: tuple[str, str], host: str, session: Session) -> None:
        payee = self._payees.get(key)
        if payee is None:
            if not self._has_room():
                return
            payee = self._payees[key] = Payee()
        if host in payee.hosts:
            payee.hosts[host].add(_kind_of(session))
        elif self._has_room(len(payee.hosts)):
            payee.hosts[host] = {_kind_of(session)}
            payee.since_ns[host] = session.hit.seen_first_ns or session.hit.first_ns
        for worker in session.workers:
            if worker not in payee.workers and self._has_room(len(payee.workers)):
                payee.workers[worker] = host

    def _has_room(self, known: int = 0) -> bool:
        if self._room <= 0 or known >= self._most_hosts:
            self.left_out += 1
            return False
        self._room -= 1
        return True


def payees_of(session: Session) -> Iterator[tuple[str, str]]:
    """Who is paid by a conversation."""
    for wallet in session.wallets:
        yield "wallet", wallet
    for account in session.accounts:
        yield "account", account


def _kind_of(session: Session) -> str:
    """What can be told of a host's kind: class of hardware, and the system by its TTL."""
    traits = session.hit.traits[session.hit.miner_side or 0]
    system = ""
    if traits.ttls:
        system = str(next((ttl for ttl in _INITIAL_TTLS if traits.ttls[0] <= ttl), 0))
    return f"{session.hardware_class or ''}/{system}"
