"""One conversation, as far as it tells how many machines there are."""

from __future__ import annotations

from typing import NamedTuple

from poolwatch.aggregate.rigs.clocks import Clock, read_clock
from poolwatch.aggregate.spans import Span
from poolwatch.terms import Endpoint, Session, Stage

SILENT_PROXY = frozenset(("agent", "nonce"))
"""Signs of many miners on a socket that name none of them."""


class Sitting(NamedTuple):
    """A conversation with a pool; times in ns."""

    miner: Endpoint
    pool_end: Endpoint
    pool: str  # its name, or its address
    port: int
    account: str  # who is paid; empty where the login was not seen
    worker: str | None
    first_ns: int  # of its mining messages
    last_ns: int
    over_ns: int  # of its last packet
    worked: Span | None  # from its first payload to its last share: it lived that long
    shares: int
    senders: tuple[tuple[str, int], ...]  # whom its shares name
    crowd: tuple[str, ...]
    introduced: bool  # what it said first was seen: its agent, if it has one
    session_id: str | None
    clock: Clock | None
    stamped: bool  # its packets bear timestamps
    ids: tuple[tuple[int, int], ...]  # time and IP-ID
    ttl: int  # -1: not seen, or more than one
    login_bytes: int = 0  # of a login nobody can read


def sitting_of(session: Session) -> Sitting | None:
    """What a session tells; None where nobody mined, or tried to."""
    hit = session.hit
    if hit.stage < Stage.GREETED:
        return None
    side = hit.miner_side or 0
    traits = hit.traits[side]
    first_ns = hit.seen_first_ns or hit.first_ns
    worked = None
    if hit.shares.submitted and hit.work.idle_from_ns:
        worked = (traits.first_ns or first_ns, hit.work.idle_from_ns)
    return Sitting(
        miner=session.miner,
        pool_end=session.pool_end,
        pool=session.pool or session.pool_end.address,
        port=session.pool_end.port,
        account=_account(session),
        worker=session.workers[0] if session.workers else None,
        first_ns=first_ns,
        last_ns=hit.seen_last_ns or hit.last_ns,
        over_ns=hit.last_ns,
        worked=worked,
        shares=hit.shares.submitted,
        senders=hit.work.senders,
        crowd=session.crowd,
        introduced=hit.agent is not None or (hit.opened and traits.first_ns > 0),
        session_id=hit.session_id,
        clock=read_clock(traits.samples),
        stamped=any(sample.tsval >= 0 for sample in traits.samples),
        ids=tuple((sample.ts_ns, sample.ip_id) for sample in traits.samples if sample.ip_id > 0),
        ttl=traits.ttls[0] if len(traits.ttls) == 1 else -1,
        login_bytes=hit.login_bytes,
    )


def _account(session: Session) -> str:
    for names in (session.wallets, session.accounts):
        if names:
            return names[0]
    return session.hit.login or ""


def once_each(sittings: list[Sitting]) -> list[Sitting]:
    """Conversations in order; of one captured twice the copy with more shares."""
    kept: dict[tuple[Endpoint, Endpoint], list[Sitting]] = {}
    for one in sorted(sittings, key=_order):
        copies = kept.setdefault((one.miner, one.pool_end), [])
        if copies and copies[-1].over_ns > one.first_ns and copies[-1].first_ns < one.over_ns:
            copies[-1] = max(copies[-1], one, key=lambda copy: copy.shares)
        else:
            copies.append(one)
    return sorted((one for copies in kept.values() for one in copies), key=_order)


def _order(one: Sitting) -> tuple[int, int, Endpoint, Endpoint]:
    return one.first_ns, one.over_ns, one.miner, one.pool_end


def most_at_once(spans: list[tuple[int, int, object]]) -> int:
    """The most different things that are there at one time; each has a beginning and an end."""
    events = [(start, 1, thing) for start, end, thing in spans if end > start]
    events += [(end, 0, thing) for start, end, thing in spans if end > start]
    events.sort(key=lambda event: event[:2])
    here: dict[object, int] = {}
    most = 0
    for _, begins, thing in events:
        here[thing] = here.get(thing, 0) + (1 if begins else -1)
        if not here[thing]:
            del here[thing]
        most = max(most, len(here))
    return most
