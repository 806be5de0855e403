"""Explanations about the capture itself."""

from __future__ import annotations

from poolwatch.explain.facts import Subject
from poolwatch.explain.innocent.grounds import (
    cannot_tell,
    excluded,
    only_looked_up,
    possible,
    quote,
)
from poolwatch.explain.rows import ListedRows
from poolwatch.explain.statements import Outcome, Statement

_ANSWERS = ("accept", "reject", "refusal", "job", "authorized", "subscribed", "welcome")


def one_way(subject: Subject, listed: ListedRows) -> tuple[Outcome, Statement]:
    """Whether the other direction, which was not captured, would have told otherwise."""
    best = subject.flows[0]
    if best.payload is None:
        return cannot_tell("not_said")
    if only_looked_up(subject):
        answered = any(flow.proving("answer") for flow in subject.flows)
        return excluded("answer") if answered else possible("no_answer")
    if best.payload == {"miner", "pool"}:
        return excluded("both", quote(best, *_ANSWERS))
    if not best.payload:
        return possible("nothing")
    side = "miner" if "miner" in best.payload else "pool"
    return possible(f"only_{side}", quote(best, "submit", "greeting", "job"))
