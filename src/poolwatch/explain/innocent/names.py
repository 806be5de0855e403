"""Explanations about names: only a lookup, a page that was visited, a resolver."""

from __future__ import annotations

from poolwatch.aggregate.named import WEB_PORTS
from poolwatch.explain.innocent.grounds import (
    SAID_BY_MINER,
    Case,
    Verdict,
    cannot_tell,
    excluded,
    listed_lookup,
    named,
    only_looked_up,
    possible,
    quote,
    spoken,
    weakly_spoken,
)
from poolwatch.terms import Role, Stage

# A page can bring these miners along; whoever opened it may not know.
_OF_PAGES = frozenset(("coinhive", "webminerpool", "nimiq-pool"))


def lookup_only(case: Case) -> Verdict:
    """Whether a name was looked up and nothing else done."""
    subject = case.subject
    if only_looked_up(subject):
        found = listed_lookup(subject)
        if found is None:
            return possible("unnamed")
        flow, name = found
        return possible("nothing_else", quote(flow, "lookup", "answer"), name=name)
    flow_said = spoken(subject)
    if flow_said is not None:
        return excluded("conversation", quote(flow_said, *SAID_BY_MINER))
    flow = next(flow for flow in subject.flows if flow.stage is not Stage.LOOKED_UP)
    if flow.payload:
        return excluded("exchange", quote(flow, "sni", "host"), packet=flow.first_packet or 0)
    return excluded("attempt", packet=flow.first_packet or 0)


def web_page(case: Case) -> Verdict:
    """Whether somebody read a page of a pool, or one that mines by itself."""
    subject = case.subject
    weak = weakly_spoken(subject)
    if weak is not None:
        return cannot_tell("weak", quote(weak, *SAID_BY_MINER), dialect=weak.dialect_title)
    flow = spoken(subject)
    if flow is not None:
        if flow.dialect in _OF_PAGES:
            return possible(
                "browser_miner", quote(flow, *SAID_BY_MINER), dialect=flow.dialect_title
            )
        return excluded("dialect", quote(flow, *SAID_BY_MINER), dialect=flow.dialect_title)
    if only_looked_up(subject):
        return possible("lookup")
    said = named(subject)
    use = case.listed.use_of(subject)
    if use in ("web", "any") or any(f.pool_end[1] in WEB_PORTS for f in subject.flows):
        if said is None:
            return possible("web_port", port=subject.flows[0].pool_end[1])
        return possible("named", quote(said[0], "sni", "host", "certificate"), name=said[1])
    if not any(flow.payload for flow in subject.flows):
        return cannot_tell("nothing_said")
    if said is not None:
        name, quotes = said[1], quote(said[0], "sni", "host", "certificate", "tunnel")
        return cannot_tell("stratum_name", quotes, name=name)
    return cannot_tell("unreadable", packet=subject.flows[0].first_packet or 0)


def resolver(case: Case) -> Verdict:
    """Whether the host asked for somebody else."""
    subject = case.subject
    if subject.role is Role.RESOLVER:
        found = listed_lookup(subject)
        quotes = quote(found[0], "lookup", "answer") if found else ()
        return possible("asked_itself", quotes)
    if only_looked_up(subject):
        return cannot_tell("clients_unseen")
    flow = spoken(subject)
    if flow is not None:
        return excluded("conversation", quote(flow, *SAID_BY_MINER))
    first = next(flow for flow in subject.flows if flow.stage is not Stage.LOOKED_UP)
    return excluded("connection", packet=first.first_packet or 0)
