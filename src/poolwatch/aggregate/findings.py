"""From sessions to one finding per host."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field, replace

from poolwatch.aggregate.hashrates import FEWEST_SHARES, estimate_hashrate, work_span
from poolwatch.aggregate.identities import Gateways, Machines, machine_of
from poolwatch.aggregate.repeats import Repeats, beyond
from poolwatch.aggregate.rigs import Sittings, count_rigs
from poolwatch.aggregate.runs import Runs
from poolwatch.aggregate.standing import Standing
from poolwatch.aggregate.traces import TraceGatherer
from poolwatch.match.dialects import ROWS
from poolwatch.settings import Limits
from poolwatch.terms import (
    DayWorth,
    Endpoint,
    Finding,
    Grade,
    Hashrate,
    Rigs,
    Role,
    Session,
    Shares,
    Stage,
    WorkKind,
    Worth,
)

_LIMITS = Limits()
_MOST_KINDS = 16  # of work of one host that are told apart: two are too many to say what it is
_UNSEEN = ("assembled", "nursery")  # proofs without a recorded session


@dataclass(slots=True)
class _Part:
    """What a host did in one role."""

    best: Session
    working: Runs  # of the conversations in which shares of known worth were accepted
    repeats: Repeats
    sittings: Sittings
    jobs: int = 0
    shares: Shares = field(default_factory=Shares)
    worth: Worth = field(default_factory=Worth)
    worth_by: str | None = None
    reported: float | None = None
    crowd: dict[str, None] = field(default_factory=dict)
    as_proxy: bool = True  # it only handed on what it was told
    days: dict[tuple[str | None, int, bool], DayWorth] = field(default_factory=dict)
    days_left_out: int = 0
    kinds: dict[WorkKind, None] = field(default_factory=dict)

    def add(self, session: Session, most_days: int) -> None:
        hit = session.hit
        self.as_proxy &= _as_proxy(session)
        if _weight(session) > _weight(self.best):
            self.best = session
        counted = self.repeats.note(session)
        self.jobs += hit.jobs if counted is None else 0
        self.shares.add(hit.shares if counted is None else beyond(hit.shares, counted))
        self.crowd |= dict.fromkeys(session.crowd)
        if hit.work.reported is not None:
            self.reported = max(self.reported or 0.0, hit.work.reported)
        if session.worth.shares and not (counted and counted.accepted):
            self.worth.join(session.worth)
            self.worth_by = self.worth_by or session.worth_by
            self.working.add(_miner(session), *work_span(hit))
            if len(self.kinds) < _MOST_KINDS:
                kind = WorkKind(session.coins, session.algorithm, session.hardware_class)
                self.kinds[kind] = None
        if not (counted and counted.accepted):
            self._add_days(session, most_days)

    def _add_days(self, session: Session, most: int) -> None:
        for day in session.days:
            key = (session.coin, day.day, day.blocks > 0)
            known = self.days.get(key)
            if known is not None:
                self.days[key] = known.joined(day)
            elif len(self.days) < most:
                self.days[key] = day
            else:
                self.days_left_out += 1

    def copy(self) -> _Part:
        """The same, to go on apart."""
        return replace(
            self,
            working=self.working.copy(),
            shares=replace(self.shares),
            worth=replace(self.worth),
            crowd=dict(self.crowd),
            days=dict(self.days),
            kinds=dict(self.kinds),
            repeats=self.repeats.copy(),
            sittings=self.sittings.copy(),
        )

    def hashrate(self) -> Hashrate | None:
        """The mean over the time in which it worked; several at once add up."""
        return estimate_hashrate(self.worth, self.working.total() / 1e9, self.worth_by)


@dataclass(slots=True)
class _Gathered:
    """What is kept of a host's sessions while they come in."""

    spans: Runs
    traces: TraceGatherer
    first_ns: int = 0  # 0: no time known
    last_ns: int = 0
    greeted_ns: int = 0  # first message of a conversation that got so far, 0: none
    parts: dict[Role, _Part] = field(default_factory=dict)
    sessions: int = 0
    machines: Machines = field(default_factory=Machines)
    captures: set[str | None] = field(default_factory=set)
    lists: dict[str, dict[object, None]] = field(default_factory=dict)

    def copy(self) -> _Gathered:
        """The same, to go on apart."""
        return replace(
            self,
            spans=self.spans.copy(),
            traces=self.traces.copy(),
            parts={role: part.copy() for role, part in self.parts.items()},
            machines=self.machines.copy(),
            captures=set(self.captures),
            lists={name: dict(values) for name, values in self.lists.items()},
        )

    @property
    def best(self) -> dict[Role, Session]:
        """Of each role the session that is worth most."""
        return {role: part.best for role, part in self.parts.items()}


class Findings:
    """Gathers sessions and gives the findings at the end.

    `entries`: flows, logins, workers ... listed per finding; the counts go on.
    `hosts`: hosts kept; beyond, the longest silent of the least grade gives way to a surer one,
    and to one as sure too once `gave_up` is set: it is told of each host left out, how sure it
    was and how far it had come.
    `spans`: separate times of activity kept per host; `miners`: logins and endpoints of a host
    whose conversations are joined across reconnects. `repeats`: conversations of a host that are
    remembered, should they have been captured twice. `rig_sessions`: conversations of a host that
    are compared to count machines; `all_rig_sessions`: those of all hosts. `days`: those of one
    host, by coin, whose work is counted apart. `traces`: facts of one host by which its cause is
    judged, and hours in which it was active.
    """

    def __init__(
        self,
        entries: int,
        hosts: int = _LIMITS.hosts,
        spans: int = _LIMITS.finding_spans,
        miners: int = _LIMITS.finding_miners,
        repeats: int = _LIMITS.finding_repeats,
        rig_sessions: int = _LIMITS.finding_rig_sessions,
        all_rig_sessions: int = _LIMITS.rig_sessions,
        days: int = _LIMITS.finding_days,
        traces: int = _LIMITS.finding_traces,
    ) -> None:
        self._entries = entries
        self._most_hosts = hosts
        self._most_spans = spans
        # The only session of a host is kept as it is: most of a flood of hosts have but one.
        self._hosts: dict[str, _Gathered | tuple[Session, Role]] = {}
        self._standing = Standing[str]()  # which of them gives way
        self.gave_up: Callable[[str, Grade, Stage], None] | None = None
        self._most_miners = miners
        self._most_repeats = repeats
        self._most_sittings, self._most_sittings_in_all = rig_sessions, all_rig_sessions
        self._sittings = self._sittings_left_out = 0
        self.gateways = Gateways(hosts)
        self.vantage: str | None = None  # `inside` or `outside` of address translation
        self._most_days = days
        self._most_traces = traces
        self._traces_left_out = 0
        self._days_left_out = 0
        self._repeats_found = self._repeats_forgotten = 0
        self._spans_joined = self._miners_joined = 0
        self.left_out = 0  # entries
        self.hosts_left_out = 0  # turned away or given up; one that comes again counts again

    def add(self, session: Session) -> None:
        """Take one session into account."""
        self.note_machines(session)
        for host, role in roles_of(session):
            self._add(host, session, role)

    def note_machines(self, session: Session, more: Collection[str] = ()) -> set[str]:
        """Whose hardware addresses a session shows; the hosts whose own one turns out to be none.

        Of those kept here and of `more`.
        """
        changed: set[str] = set()
        for host, _ in roles_of(session):
            machine = machine_of(host, session)
            if machine is not None:
                changed |= self.gateways.note(host, machine)
        return {host for host in changed if host in self._hosts or host in more}

    def heard(self, host: str) -> None:
        """A host was heard of that a session which is not added yet is about."""
        self._standing.heard(host)

    def of_host(self, host: str, more: Iterable[tuple[Session, Role]] = ()) -> Finding | None:
        """The finding about one host as it stands, with `more` sessions that are not added.

        None when there is nothing to say of it.
        """
        kept, unsettled = self._hosts.get(host), list(more)
        if isinstance(kept, tuple):
            unsettled.insert(0, kept)
            kept = None
        if kept is None and not unsettled:
            return None
        gathered = kept if kept is not None else self._new()
        if kept is not None and unsettled:
            gathered = kept.copy()
        counted = self.left_out, self._sittings
        for session, role in unsettled:
            self._add_to(gathered, session, role)
        self.left_out, self._sittings = counted
        if _is_mere_proxy(gathered):
            return None
        return _finding(host, gathered, self.gateways, self.vantage)

    def all(self) -> Iterator[Finding]:
        """One finding per host: the surest first, then the furthest, then by address.

        Each host is forgotten as its finding is given.
        """
        order = {
            host: _rank(host, kept)
            for host, kept in self._hosts.items()
            if not _is_mere_proxy(kept)
        }
        for host in sorted(order, key=order.__getitem__):
            kept = self._hosts.pop(host)
            self._standing.forget(host)
            gathered = self._gather(kept) if isinstance(kept, tuple) else kept
            for runs in (gathered.spans, *(part.working for part in gathered.parts.values())):
                self._spans_joined += runs.spans_joined
                self._miners_joined += runs.keys_joined
            self._traces_left_out += gathered.traces.left_out
            for part in gathered.parts.values():
                self._repeats_found += part.repeats.found
                self._repeats_forgotten += part.repeats.forgotten
                self._sittings_left_out += part.sittings.left_out
                self._days_left_out += part.days_left_out
            yield _finding(host, gathered, self.gateways, self.vantage)

    def counts(self) -> dict[str, int]:
        """How often a bound bit, once all findings were given."""
        return {
            "finding_entries_left_out": self.left_out,
            "finding_spans_joined": self._spans_joined,
            "finding_miners_joined": self._miners_joined,
            "conversations_captured_twice": self._repeats_found,
            "finding_repeats_forgotten": self._repeats_forgotten,
            "rig_sessions_left_out": self._sittings_left_out,
            "finding_days_left_out": self._days_left_out,
            "finding_traces_left_out": self._traces_left_out,
            "hosts_left_out": self.hosts_left_out,
        }

    def _add(self, host: str, session: Session, role: Role) -> None:
        kept = self._hosts.get(host)
        if kept is None:
            if self._has_room(session.grade):
                self._hosts[host] = (session, role)
                self._standing.note(host, session.grade)
            else:
                self._tell_left_out(host, (session, role))
            return
        self._standing.raise_to(host, session.grade)
        if isinstance(kept, tuple):
            kept = self._hosts[host] = self._gather(kept)
        self._add_to(kept, session, role)

    def _has_room(self, grade: Grade) -> bool:
        """Whether another host can be kept: a flood of lesser ones must not hide who mines."""
        if len(self._hosts) < self._most_hosts:
            return True
        self.hosts_left_out += 1
        least = self._standing.least()
        if least is None or least[0] > grade:
            return False
        # A scan rather keeps whole findings of some than the last conversations of others.
        if least[0] == grade and self.gave_up is None:
            return False
        self._give_up(least[1])
        return True

    def _give_up(self, host: str) -> None:
        kept = self._hosts.pop(host)
        self._standing.forget(host)
        if isinstance(kept, _Gathered):
            self._sittings -= sum(len(part.sittings.kept) for part in kept.parts.values())
        self._tell_left_out(host, kept)

    def _tell_left_out(self, host: str, kept: _Gathered | tuple[Session, Role]) -> None:
        if self.gave_up is not None and not _is_mere_proxy(kept):
            _, best, grade = _judged(_best_of(kept))
            self.gave_up(host, grade, best.hit.stage)

    def _gather(self, only: tuple[Session, Role]) -> _Gathered:
        gathered = self._new()
        self._add_to(gathered, *only)
        return gathered

    def _add_to(self, gathered: _Gathered, session: Session, role: Role) -> None:
        hit = session.hit
        if role not in gathered.parts:
            repeats, sittings = Repeats(self._most_repeats), Sittings(self._most_sittings)
            gathered.parts[role] = _Part(session, self._runs(), repeats, sittings)
        gathered.parts[role].add(session, self._most_days)
        room = self._sittings < self._most_sittings_in_all
        self._sittings += gathered.parts[role].sittings.add(session, room=room)
        gathered.sessions += 1
        if role is Role.MINER:
            gathered.traces.add(session)
        machine = machine_of(_host_of(session, role), session)
        if machine is not None:
            gathered.machines.add(machine, hit.first_ns)
        self._note_time(gathered, session)
        gathered.captures.add(session.capture.id)
        self._list(gathered, "dialects", hit.dialect)
        self._list(gathered, "coins", session.coin)
        self._list(gathered, "pools", session.pool)
        self._list(gathered, "pool_ends", session.pool_end)
        for name, values in (
            ("logins", hit.logins),
            ("wallets", session.wallets),
            ("accounts", session.accounts),
            ("workers", session.workers),
            ("mails", session.mails),
        ):
            for value in values:
                self._list(gathered, name, value)
        self._list(gathered, "agents", hit.agent)
        self._list(gathered, "flow_ids", session.flow_id)

    def _new(self) -> _Gathered:
        return _Gathered(self._runs(), TraceGatherer(self._most_traces))

    def _runs(self) -> Runs:
        return Runs(self._most_spans, min(self._most_miners, max(self._most_spans // 2, 1)))

    def _note_time(self, gathered: _Gathered, session: Session) -> None:
        hit = session.hit
        last_ns = hit.seen_last_ns or hit.last_ns
        first_ns = hit.seen_first_ns or hit.first_ns or last_ns
        if not last_ns:  # a capture without a clock
            return
        gathered.first_ns = min(gathered.first_ns or first_ns, first_ns)
        gathered.last_ns = max(gathered.last_ns, last_ns)
        if hit.stage >= Stage.GREETED:
            gathered.greeted_ns = min(gathered.greeted_ns or first_ns, first_ns)
        gathered.spans.add(_miner(session), first_ns, last_ns)

    def _list(self, gathered: _Gathered, name: str, value: object) -> None:
        if value is None:
            return
        values = gathered.lists.setdefault(name, {})
        if value in values or len(values) < self._entries:
            values[value] = None
        else:
            self.left_out += 1


def findings_within(limits: Limits) -> Findings:
    """Findings with the bounds of these limits."""
    return Findings(
        limits.finding_entries,
        limits.hosts,
        limits.finding_spans,
        limits.finding_miners,
        limits.finding_repeats,
        limits.finding_rig_sessions,
        limits.rig_sessions,
        limits.finding_days,
        limits.finding_traces,
    )


def roles_of(session: Session) -> Iterator[tuple[str, Role]]:
    """The hosts a session says something about, and what each does in it."""
    yield session.host, session.role
    served_inside = session.pool_inside and session.role is Role.MINER
    if served_inside and session.hit.answered:
        yield session.pool_end.address, Role.POOL


def _host_of(session: Session, role: Role) -> str:
    """Which of a session's hosts has a role."""
    return next((host for host, has in roles_of(session) if has is role), session.host)


def _miner(session: Session) -> tuple[str, str | None, Endpoint]:
    """Who it is that comes back after a reconnect: machine, login, and where to."""
    return session.miner.address, session.hit.login, session.pool_end


def _weight(session: Session) -> tuple[int, int, bool, int]:
    hit = session.hit
    return session.grade, hit.stage, not hit.refused, hit.shares.accepted


def _as_proxy(session: Session) -> bool:
    """Whether the pool's end only handed on what it was told."""
    tunnel = session.hit.tunnel
    return tunnel is not None and tunnel.via != "proxy-v1"


def _is_mere_proxy(kept: _Gathered | tuple[Session, Role]) -> bool:
    """Whether a host is here only because miners reached a pool through it: no pool itself."""
    if isinstance(kept, tuple):
        return kept[1] is Role.POOL and _as_proxy(kept[0])
    return set(kept.parts) == {Role.POOL} and kept.parts[Role.POOL].as_proxy


def _main_role(best: dict[Role, Session]) -> Role:
    """What a host does above all: a relay only if it surely both mines and serves.

    `best` has the session worth most of each role.
    """
    miner, pool = best.get(Role.MINER), best.get(Role.POOL)
    if miner is None or pool is None:
        # Who greeted it from outside says least about a host, and a name looked up for others.
        order = (Role.MINER, Role.POOL, Role.TARGET, Role.RESOLVER)
        return next(role for role in order if role in best)
    if min(miner.grade, pool.grade) >= Grade.PROBABLE:
        return Role.RELAY
    return Role.MINER if _weight(miner) >= _weight(pool) else Role.POOL


def _judged(best: dict[Role, Session]) -> tuple[Role, Session, Grade]:
    """A host's role, the session that rests on, and the grade.

    Of a relay it is the one with the pool above it; its clients have findings of their own.
    """
    role = _main_role(best)
    if role is Role.RELAY:
        main = best[Role.MINER]
        return role, main, max(main.grade, best[Role.POOL].grade)
    return role, best[role], best[role].grade


def _best_of(kept: _Gathered | tuple[Session, Role]) -> dict[Role, Session]:
    """Of each role the session that is worth most."""
    return {kept[1]: kept[0]} if isinstance(kept, tuple) else kept.best


def _rank(host: str, kept: _Gathered | tuple[Session, Role]) -> tuple[int, int, bool, str]:
    """Where a host's finding stands among all."""
    _, main, grade = _judged(_best_of(kept))
    return -grade, -main.hit.stage, not main.inside, host


def _finding(host: str, gathered: _Gathered, gateways: Gateways, vantage: str | None) -> Finding:
    role, best, grade = _judged(gathered.best)
    part = gathered.parts[Role.MINER if role is Role.RELAY else role]
    lists = {name: list(values) for name, values in gathered.lists.items()}
    return Finding(
        host=host,
        inside=best.inside,
        role=role,
        grade=grade,
        stage=best.hit.stage,
        refused=best.hit.refused,
        first_ns=gathered.first_ns,
        last_ns=gathered.last_ns,
        active_ns=gathered.spans.total(),
        first_greeting_ns=gathered.greeted_ns or None,
        dialects=lists.get("dialects", []),  # type: ignore[arg-type]
        coins=lists.get("coins", []),  # type: ignore[arg-type]
        pools=lists.get("pools", []),  # type: ignore[arg-type]
        pool_ends=lists.get("pool_ends", []),  # type: ignore[arg-type]
        logins=lists.get("logins", []),  # type: ignore[arg-type]
        wallets=lists.get("wallets", []),  # type: ignore[arg-type]
        accounts=lists.get("accounts", []),  # type: ignore[arg-type]
        workers=lists.get("workers", []),  # type: ignore[arg-type]
        mails=lists.get("mails", []),  # type: ignore[arg-type]
        agents=lists.get("agents", []),  # type: ignore[arg-type]
        shares=part.shares,
        jobs=part.jobs,
        hashrate=part.hashrate(),
        reported=part.reported,
        crowd=list(part.crowd),
        sessions=gathered.sessions,
        flow_ids=lists.get("flow_ids", []),  # type: ignore[arg-type]
        finding_id=finding_id(host, gathered.captures),
        best=best,
        unknown=_unknown(best, part, bool(lists.get("coins"))),
        vantage=vantage,
        rigs=_rigs(gathered, role, grade, at_exit=vantage == "outside"),
        identity=gathered.machines.identity(gateways.known) if best.inside else None,
        kinds=list(part.kinds),
        days=[(coin, day) for (coin, *_), day in part.days.items()],
        traces=gathered.traces.traces(),
    )


def _rigs(gathered: _Gathered, role: Role, grade: Grade, *, at_exit: bool) -> Rigs | None:
    """How many machines mined there: never of a host that only spoke to a pool, or is one."""
    if role not in (Role.MINER, Role.RELAY) or grade is Grade.NOTED:
        return None
    served = gathered.parts[Role.POOL].sittings.kept if role is Role.RELAY else ()
    return count_rigs(gathered.parts[Role.MINER].sittings, served, at_exit=at_exit)


def finding_id(host: str, captures: set[str | None]) -> int | None:
    """63-bit identity of a finding: the host and the captures; None when theirs is not known."""
    known = [capture for capture in captures if capture is not None]
    if len(known) < len(captures):
        return None
    identity = "\0".join([host, *sorted(known)])
    digest = hashlib.blake2b(identity.encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") >> 1


def _unknown(best: Session, part: _Part, coin_known: bool) -> list[tuple[str, str]]:
    """What this capture cannot say, and what would."""
    unknown = [("machine", "dhcp_or_nat_log"), ("unit", "unit_table")]
    if not coin_known and best.grade > Grade.NOTED:
        unknown.append(("coin", "pool_or_wallet"))
    if part.shares.accepted >= FEWEST_SHARES and part.worth.shares < FEWEST_SHARES:
        unknown.append(("hashrate", "algorithm_or_jobs"))
    if not all(best.hit.payload):
        unknown.append(("other_direction", "both_directions"))
    if not best.hit.opened:
        unknown.append(("beginning", "earlier_capture"))
    if best.hit.dialect is not None and ROWS[best.hit.dialect].proof in _UNSEEN:
        unknown.append(("reading", "recorded_session"))
    return unknown
