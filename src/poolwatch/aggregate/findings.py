"""From sessions to one finding per host."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field

from poolwatch.terms import Finding, Grade, Role, Session, Shares, Stage

_ROLES = (Role.MINER, Role.POOL, Role.TARGET, Role.RESOLVER)
"""What it mines itself says most about a host, then what it serves; what is merely noted, less."""


@dataclass(slots=True)
class _Part:
    """What a host did in one role."""

    best: Session
    stage: Stage = Stage.LOOKED_UP
    jobs: int = 0
    shares: Shares = field(default_factory=Shares)

    def add(self, session: Session) -> None:
        hit = session.hit
        if _weight(session) > _weight(self.best):
            self.best = session
        self.stage = max(self.stage, hit.stage)
        self.jobs += hit.jobs
        self.shares.submitted += hit.shares.submitted
        self.shares.accepted += hit.shares.accepted
        self.shares.rejected += hit.shares.rejected


@dataclass(slots=True)
class _Gathered:
    """What is kept of a host's sessions while they come in."""

    first_ns: int
    last_ns: int
    parts: dict[Role, _Part] = field(default_factory=dict)
    sessions: int = 0
    spans: list[tuple[int, int]] = field(default_factory=list)
    captures: set[str] = field(default_factory=set)
    lists: dict[str, dict[object, None]] = field(default_factory=dict)


class Findings:
    """Gathers sessions and gives the findings at the end.

    `entries`: flows, logins, workers ... listed per finding; the counts go on.
    """

    def __init__(self, entries: int) -> None:
        self._entries = entries
        self._hosts: dict[str, _Gathered] = {}
        self.left_out = 0

    def add(self, session: Session) -> None:
        """Take one session into account."""
        self._add(session.host, session, session.role)
        served_inside = session.pool_inside and session.role is Role.MINER
        if served_inside and session.hit.answered:
            self._add(session.pool_end.address, session, Role.POOL)

    def all(self) -> list[Finding]:
        """One finding per host: the surest first, then the furthest, then by address."""
        findings = [_finding(host, gathered) for host, gathered in self._hosts.items()]
        findings.sort(key=lambda f: (-f.grade, -f.stage, not f.inside, f.host))
        return findings

    def _add(self, host: str, session: Session, role: Role) -> None:
        hit = session.hit
        gathered = self._hosts.get(host)
        first_ns = hit.seen_first_ns or hit.first_ns
        last_ns = hit.seen_last_ns or hit.last_ns
        if gathered is None:
            gathered = self._hosts[host] = _Gathered(first_ns, last_ns)
        gathered.parts.setdefault(role, _Part(session)).add(session)
        gathered.sessions += 1
        gathered.first_ns = min(gathered.first_ns, first_ns)
        gathered.last_ns = max(gathered.last_ns, last_ns)
        gathered.spans.append((first_ns, last_ns))
        if len(gathered.spans) > 2 * self._entries:
            gathered.spans = _united(gathered.spans)
        gathered.captures.add(session.capture.id)
        self._list(gathered, "dialects", hit.dialect)
        self._list(gathered, "coins", session.coin)
        self._list(gathered, "pools", session.pool)
        self._list(gathered, "pool_ends", session.pool_end)
        self._list(gathered, "logins", hit.login)
        self._list(gathered, "wallets", session.wallet)
        self._list(gathered, "workers", session.worker)
        self._list(gathered, "agents", hit.agent)
        self._list(gathered, "flow_ids", session.flow_id)

    def _list(self, gathered: _Gathered, name: str, value: object) -> None:
        if value is None:
            return
        values = gathered.lists.setdefault(name, {})
        if value in values or len(values) < self._entries:
            values[value] = None
        else:
            self.left_out += 1


def _weight(session: Session) -> tuple[int, int, bool, int]:
    hit = session.hit
    return session.grade, hit.stage, not hit.refused, hit.shares.accepted


def _finding(host: str, gathered: _Gathered) -> Finding:
    parts = gathered.parts
    main = min(parts, key=lambda role: (parts[role].best.grade is Grade.NOTED, _ROLES.index(role)))
    part = parts[main]
    best = part.best
    relays = Role.POOL in parts and main is Role.MINER
    lists = {name: list(values) for name, values in gathered.lists.items()}
    identity = "\0".join([host, *sorted(gathered.captures)])
    digest = hashlib.blake2b(identity.encode(), digest_size=8).digest()
    return Finding(
        host=host,
        inside=best.inside,
        role=Role.RELAY if relays else main,
        grade=best.grade,
        stage=part.stage,
        refused=best.hit.refused,
        first_ns=gathered.first_ns,
        last_ns=gathered.last_ns,
        active_ns=sum(end - start for start, end in _united(gathered.spans)),
        dialects=lists.get("dialects", []),  # type: ignore[arg-type]
        coins=lists.get("coins", []),  # type: ignore[arg-type]
        pools=lists.get("pools", []),  # type: ignore[arg-type]
        pool_ends=lists.get("pool_ends", []),  # type: ignore[arg-type]
        logins=lists.get("logins", []),  # type: ignore[arg-type]
        wallets=lists.get("wallets", []),  # type: ignore[arg-type]
        workers=lists.get("workers", []),  # type: ignore[arg-type]
        agents=lists.get("agents", []),  # type: ignore[arg-type]
        shares=part.shares,
        jobs=part.jobs,
        sessions=gathered.sessions,
        flow_ids=lists.get("flow_ids", []),  # type: ignore[arg-type]
        finding_id=int.from_bytes(digest, "big") >> 1,
        best=best,
        unknown=_unknown(best, bool(lists.get("coins"))),
    )


def _unknown(best: Session, coin_known: bool) -> list[tuple[str, str]]:
    """What this capture cannot say, and what would."""
    unknown = [("machine", "dhcp_or_nat_log"), ("unit", "unit_table")]
    if not coin_known and best.grade > Grade.NOTED:
        unknown.append(("coin", "pool_or_wallet"))
    if not all(best.hit.payload):
        unknown.append(("other_direction", "both_directions"))
    if not best.hit.opened:
        unknown.append(("beginning", "earlier_capture"))
    return unknown


def _united(spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Time spans without overlap, in order."""
    united: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if united and start <= united[-1][1]:
            united[-1] = (united[-1][0], max(end, united[-1][1]))
        else:
            united.append((start, end))
    return united
