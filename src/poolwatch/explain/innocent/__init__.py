"""Innocent explanations, each tested: one function and one row.

A test says what it found, never what it wishes: `excluded` needs something in the capture that
the explanation could not have made, `cannot_tell` says what is missing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from poolwatch.explain.facts import Subject
from poolwatch.explain.innocent import lists, names, parties, wire
from poolwatch.explain.innocent.grounds import Case, Verdict
from poolwatch.explain.rows import ListedRows
from poolwatch.explain.statements import Outcome, Statement, Tested


@dataclass(frozen=True, slots=True)
class Explanation:
    """An innocent explanation; its sentences stand below `explain.innocent.ID`."""

    id: str
    test: Callable[[Case], Verdict]


EXPLANATIONS = (
    Explanation("lookup_only", names.lookup_only),
    Explanation("web_page", names.web_page),
    Explanation("p2p_node", parties.p2p_node),
    Explanation("rpc_client", parties.rpc_client),
    Explanation("resolver", names.resolver),
    Explanation("scanner", parties.scanner),
    Explanation("health_checker", parties.health_checker),
    Explanation("shared_address", lists.shared_address),
    Explanation("stale_indicator", lists.stale_indicator),
    Explanation("one_way", wire.one_way),
)


def tested(subject: Subject, listed: ListedRows) -> Iterator[Tested]:
    """Every explanation and how it fared."""
    for explanation in EXPLANATIONS:
        if not subject.flows:
            yield Tested(explanation.id, Outcome.CANNOT_TELL, Statement("innocent.no_flow"))
            continue
        outcome, ground = explanation.test(Case(subject, listed))
        ground = Statement(f"innocent.{explanation.id}.{ground.id}", ground.fields, ground.quotes)
        yield Tested(explanation.id, outcome, ground)
