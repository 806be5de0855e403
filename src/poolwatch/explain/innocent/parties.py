"""Explanations about who else says such things: nodes, their clients, scanners, monitors."""

from __future__ import annotations

from poolwatch.explain.facts import Flow, Subject
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
    weakly_spoken,
)
from poolwatch.explain.statements import Quoted
from poolwatch.terms import Role, Stage

_MANY_ENDS = 5
"""Pools greeted and left again from which on it looks like a search for them."""


def p2p_node(case: Case) -> Verdict:
    """Whether it is a node of a coin's network that keeps the chain and mines nothing."""
    subject = case.subject
    weak = weakly_spoken(subject)
    if weak is not None:
        return cannot_tell("weak", quote(weak, *SAID_BY_MINER), dialect=weak.dialect_title)
    flow = spoken(subject)
    if flow is not None:
        return excluded("dialect", quote(flow, *SAID_BY_MINER), dialect=flow.dialect_title)
    if only_looked_up(subject):
        return cannot_tell("lookup")
    said = named(subject)
    if said is not None:
        quotes = quote(said[0], "sni", "host", "certificate", "tunnel")
        return excluded("named", quotes, name=said[1])
    return cannot_tell("unreadable", packet=subject.flows[0].first_packet or 0)


def rpc_client(case: Case) -> Verdict:
    """Whether a wallet or the owner of a node asks that node."""
    subject = case.subject
    weak = weakly_spoken(subject)
    if weak is not None:
        return cannot_tell("weak", quote(weak, *SAID_BY_MINER), dialect=weak.dialect_title)
    flow = spoken(subject)
    if flow is None:
        if only_looked_up(subject) or not any(flow.payload for flow in subject.flows):
            return cannot_tell("nothing_said")
        return cannot_tell("unreadable", packet=subject.flows[0].first_packet or 0)
    submitted = subject.shares[0]
    if submitted:
        return excluded("share", quote(flow, "submit", *SAID_BY_MINER), submitted=submitted)
    if case.listed.are_bare(flow.signatures):
        return possible("bare", quote(flow, "greeting", "job"))
    if subject.role in (Role.TARGET, Role.POOL):
        return excluded("other_side", quote(flow, *SAID_BY_MINER))
    if "greeting" in {step for message in flow.messages for step in message.shows}:
        return excluded("opening", quote(flow, "greeting"))
    return excluded("work", quote(flow, "job", *SAID_BY_MINER))


def scanner(case: Case) -> Verdict:
    """Whether somebody merely knocks, to learn what answers."""
    subject = case.subject
    if subject.role is Role.TARGET:
        return possible("greeted", quote(subject.flows[0], "greeting", "refusal", "job"))
    if subject.role is Role.POOL:
        return excluded("serves", quote(subject.flows[0], "job", "accept", "subscribed"))
    if subject.stage >= Stage.AUTHORIZED:
        flow = spoken(subject) or subject.flows[0]
        return excluded("stayed", quote(flow, "submit", "authorized", "job"))
    if only_looked_up(subject):
        return cannot_tell("lookup")
    ends = {flow.pool_end for flow in subject.flows if flow.stage > Stage.LOOKED_UP}
    if len(ends) >= _MANY_ENDS:
        return possible("many_ends", count=len(ends))
    if any(flow.logins for flow in subject.flows):
        return excluded("login", _login(subject))
    return cannot_tell("few_ends", count=len(ends))


def health_checker(case: Case) -> Verdict:
    """Whether a program looks if a pool is up, and does no work."""
    subject = case.subject
    submitted = subject.shares[0]
    if submitted:
        sent = next((f for f in subject.flows if f.submitted), subject.flows[0])
        return excluded("share", quote(sent, "submit"), submitted=submitted)
    if subject.role is Role.POOL:
        return excluded("serves", quote(subject.flows[0], "job", "subscribed"))
    if subject.role is Role.TARGET:
        return possible("greeted", quote(subject.flows[0], "greeting", "job"))
    monitor = next((flow for flow in subject.flows if _is_monitor(flow)), None)
    if monitor is not None:
        agent = monitor.agent or ""
        return possible("agent", quote(monitor, "greeting"), agent=agent)
    if only_looked_up(subject):
        return possible("lookup")
    if any(flow.logins for flow in subject.flows) or subject.stage >= Stage.AUTHORIZED:
        return cannot_tell("no_share", _login(subject))
    flow = spoken(subject)
    if flow is None:
        return possible("contact", packet=subject.flows[0].first_packet or 0)
    return possible("no_login", quote(flow, "greeting"))


def _is_monitor(flow: Flow) -> bool:
    return flow.hardware == "monitor"


def _login(subject: Subject) -> tuple[Quoted, ...]:
    flow = next((flow for flow in subject.flows if flow.logins), subject.flows[0])
    return quote(flow, "authorized", "greeting", "job")
