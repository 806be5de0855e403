"""Explanations about lists: an address that others share, a row that is out of date."""

from __future__ import annotations

from poolwatch.explain.innocent.grounds import (
    SAID_BY_MINER,
    Case,
    Verdict,
    cannot_tell,
    excluded,
    named,
    only_looked_up,
    possible,
    quote,
    spoken,
)
from poolwatch.explain.statements import joined

_APART_DAYS = 365
"""Between a row's attestation and the packets; further apart its pool may have moved."""
_DAY_US = 86_400_000_000


def shared_address(case: Case) -> Verdict:
    """Whether the address serves others beside a pool: a network for content, a host of many."""
    subject = case.subject
    flow = spoken(subject)
    if flow is not None:
        return excluded("dialect", quote(flow, *SAID_BY_MINER))
    if only_looked_up(subject):
        return excluded("lookup")
    said = named(subject)
    if said is not None:
        quotes = quote(said[0], "sni", "host", "certificate", "tunnel")
        ways = {name.via for name in said[0].names}
        if not said[0].via_target and ways.isdisjoint(("sni", "host")):
            return possible("certificate", quotes, name=said[1])
        return excluded("named", quotes, name=said[1])
    best = subject.flows[0]
    address = joined(*best.pool_end)
    if case.listed.is_shared(best):
        return possible("listed_shared", address=address)
    if any(name.via == "address" for name in best.names):
        return possible("by_lookup", quote(best, "answer", "address"), address=address)
    return cannot_tell("by_address", address=address)


def stale_indicator(case: Case) -> Verdict:
    """Whether a row of the lists tells of a pool that is gone from there."""
    subject = case.subject
    flow = spoken(subject)
    if flow is not None:
        return excluded("dialect", quote(flow, *SAID_BY_MINER))
    best = subject.flows[0]
    row = case.listed.best_row(best)
    if row is None:
        return cannot_tell("no_row", signatures=", ".join(best.signatures) or "-")
    date, source = row.verified.isoformat(), row.sources
    if row.nursery:
        return possible("one_source", row=row.id, source=source, date=date)
    if best.last_us is None:
        return cannot_tell("no_time", row=row.id, source=source, date=date)
    days = best.last_us // _DAY_US - case.listed.day_of(row.verified)
    if abs(days) > _APART_DAYS:
        ground = "old" if days > 0 else "later"
        return possible(ground, row=row.id, source=source, date=date, days=abs(days))
    return excluded("recent", row=row.id, source=source, date=date)
