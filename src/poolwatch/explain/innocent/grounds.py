"""What several explanations ask of a subject."""

from __future__ import annotations

from typing import NamedTuple

from poolwatch.explain.facts import Flow, Subject
from poolwatch.explain.rows import ListedRows
from poolwatch.explain.statements import Outcome, Quoted, Statement, Value
from poolwatch.match.dialects import ROWS
from poolwatch.terms import Stage

SAID_BY_MINER = ("submit", "greeting", "authorized", "job")
"""Steps that prove a dialect, the most telling first."""
_NAMED = ("sni", "host", "certificate")
Verdict = tuple[Outcome, Statement]


class Case(NamedTuple):
    """What an explanation is tested on: the subject, and what the lists say of it."""

    subject: Subject
    listed: ListedRows


def excluded(ground: str, quotes: tuple[Quoted, ...] = (), **fields: Value) -> Verdict:
    """The explanation cannot be: this speaks against it."""
    return Outcome.EXCLUDED, Statement(ground, {**fields}, quotes)


def possible(ground: str, quotes: tuple[Quoted, ...] = (), **fields: Value) -> Verdict:
    """The explanation fits what was seen."""
    return Outcome.POSSIBLE, Statement(ground, {**fields}, quotes)


def cannot_tell(ground: str, quotes: tuple[Quoted, ...] = (), **fields: Value) -> Verdict:
    """What was seen does not decide it."""
    return Outcome.CANNOT_TELL, Statement(ground, {**fields}, quotes)


def spoken(subject: Subject) -> Flow | None:
    """The conversation in a dialect that says most; None: nobody was seen to speak one."""
    return next((flow for flow in subject.flows if flow.dialect is not None), None)


def weakly_spoken(subject: Subject) -> Flow | None:
    """That conversation, where only a weak source tells of its dialect: it may be misread."""
    flow = spoken(subject)
    row = ROWS.get(flow.dialect or "") if flow else None
    return flow if row is not None and row.proof == "nursery" else None


def quote(flow: Flow, *steps: str) -> tuple[Quoted, ...]:
    """The message of a flow that shows one of these steps, the first of them that any does."""
    return tuple(Quoted(flow, message) for message in flow.proving(*steps))


def named(subject: Subject) -> tuple[Flow, str] | None:
    """A conversation that itself says a listed name, and that name."""
    for flow in subject.flows:
        for name in flow.names:
            if name.listed and name.via in _NAMED:
                return flow, name.name
        if flow.via_target and any(one.startswith("pool:") for one in flow.signatures):
            return flow, flow.via_target  # a proxy was asked for it
    return None


def listed_lookup(subject: Subject) -> tuple[Flow, str] | None:
    """A lookup of a listed name, and that name."""
    for flow in subject.flows:
        for name in flow.names:
            if name.listed and name.via == "dns":
                return flow, name.name
    return None


def only_looked_up(subject: Subject) -> bool:
    """Whether nothing but lookups was seen."""
    return subject.stage is Stage.LOOKED_UP and all(
        flow.stage is Stage.LOOKED_UP for flow in subject.flows
    )
