"""The ways to count machines: each one function and one row. Each says a low and maybe a high."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from typing import NamedTuple

from poolwatch.aggregate.rigs.evidence import Evidence
from poolwatch.aggregate.rigs.names import machine_of, machines_named
from poolwatch.aggregate.rigs.sessions import at_most, at_once
from poolwatch.aggregate.rigs.sitting import most_at_once
from poolwatch.terms import RigCount

Count = tuple[int, int | None]


class Method(NamedTuple):
    """A way to count, by its name in `basis`."""

    name: str
    how: Callable[[Evidence], Count | None]  # None: it has nothing to go by


def by_sessions(evidence: Evidence) -> Count | None:
    """Conversations at work at once, and all that are not shown to follow on others."""
    return (max(at_once(evidence), 1), at_most(evidence)) if evidence.sittings else None


def by_workers(evidence: Evidence) -> Count | None:
    """Different workers of one account that speak at once, or whose shares one socket carries."""
    spans: dict[tuple[str, str, int], list[tuple[int, int, object]]] = defaultdict(list)
    on_socket = 0
    for one in evidence.sittings:
        if one.crowd:
            on_socket = max(on_socket, len(machines_named(one.senders)))
        if one.worker and one.account not in evidence.fees:
            name = machine_of(one.worker)
            spans[one.account, one.pool, one.port].append((one.first_ns, one.last_ns, name))
    low = max([on_socket, *(most_at_once(group) for group in spans.values())])
    return (low, None) if low else None


def by_clocks(evidence: Evidence) -> Count | None:
    """Clocks that came back in several connections to one pool, and went at the same time."""
    kept = evidence.kept_clocks
    lasted: dict[str, dict[int, tuple[int, int]]] = defaultdict(dict)
    for place, clock in kept.items():
        one = evidence.sittings[place]
        begin, end = lasted[one.pool_end.address].get(clock, (one.first_ns, one.over_ns))
        lasted[one.pool_end.address][clock] = (min(begin, one.first_ns), max(end, one.over_ns))
    low = max(
        (
            most_at_once([(begin, end, clock) for clock, (begin, end) in spans.items()])
            for spans in lasted.values()
        ),
        default=0,
    )
    return (low, None) if low else None


def by_counters(evidence: Evidence) -> Count | None:
    """Counters of packets that surely are of different machines, each from every other."""
    _, apart = evidence.by_counter
    if not apart:
        return None
    places = sorted({place for pair in apart for place in pair})
    clique: list[int] = []
    for place in places:
        if all(frozenset((place, other)) in apart for other in clique):
            clique.append(place)
    return len(clique), None


def by_hops(evidence: Evidence) -> Count | None:
    """TTLs, each the same throughout a connection, that are there at the same time."""
    spans: list[tuple[int, int, object]] = [
        (one.first_ns, one.last_ns, one.ttl) for one in evidence.sittings if one.ttl >= 0
    ]
    low = most_at_once(spans)
    return (low, None) if low else None


def by_logins(evidence: Evidence) -> Count | None:
    """Encrypted logins of different lengths at one pool at once: other names, other machines."""
    spans: dict[tuple[str, int], list[tuple[int, int, object]]] = defaultdict(list)
    for one in evidence.sittings:
        if one.login_bytes and not one.account:
            spans[one.pool, one.port].append((one.first_ns, one.last_ns, one.login_bytes))
    low = max(map(most_at_once, spans.values()), default=0)
    return (low, None) if low else None


def by_clients(evidence: Evidence) -> Count | None:
    """Of a host that serves miners: the different addresses it serves at once."""
    spans: list[tuple[int, int, object]] = [
        (one.first_ns, one.last_ns, one.miner.address) for one in evidence.clients
    ]
    return (max(most_at_once(spans), 1), None) if spans else None


METHODS = (
    Method("sessions", by_sessions),
    Method("workers", by_workers),
    Method("clocks", by_clocks),
    Method("counters", by_counters),
    Method("ttl", by_hops),
    Method("logins", by_logins),
    Method("clients", by_clients),
)


def counts_of(evidence: Evidence) -> list[RigCount]:
    """What each method says that has something to go by."""
    found = ((method.name, method.how(evidence)) for method in METHODS)
    return [RigCount(name, *count) for name, count in found if count is not None]
