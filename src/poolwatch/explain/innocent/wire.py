"""Explanations about the capture itself."""

from __future__ import annotations

from poolwatch.explain.innocent.grounds import (
    Case,
    Verdict,
    cannot_tell,
    excluded,
    only_looked_up,
    possible,
    quote,
)

_ANSWERS = ("accept", "reject", "refusal", "job", "authorized", "subscribed", "welcome")


def one_way(case: Case) -> Verdict:
    """Whether the other direction, which was not captured, would have told otherwise."""
    subject = case.subject
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
