"""What would settle what is open: the questions of the finding, and explanations that remain."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from poolwatch.explain.facts import Subject
from poolwatch.explain.statements import Outcome, Statement, Tested, joined

_ASKED = frozenset(
    (
        "machine",
        "cause",
        "unit",
        "unit_row",
        "unit_changed",
        "hashrate",
        "coin",
        "other_direction",
        "beginning",
        "reading",
    )
)
"""Questions of findings that have a sentence; others are of a newer version."""
_BY_EXPLANATION = {
    "lookup_only": "longer_capture",
    "web_page": "browser",
    "p2p_node": "machine_look",
    "rpc_client": "node_owner",
    "resolver": "resolver_log",
    "scanner": "scanner_list",
    "health_checker": "monitor_list",
    "shared_address": "passive_dns",
    "stale_indicator": "passive_dns",
    "one_way": "other_direction",
}


def settle(subject: Subject, tested: Iterable[Tested]) -> Iterator[Statement]:
    """What would decide it, each thing once."""
    told: set[str] = set()
    for statement in _wanted(subject, tested):
        if statement.id not in told:
            told.add(statement.id)
            yield statement


def _wanted(subject: Subject, tested: Iterable[Tested]) -> Iterator[Statement]:
    questions = subject.finding.unknown if subject.finding else ("machine",)
    for question in questions:
        if question in _ASKED:
            yield Statement(f"settle.{question}", {"host": subject.host, **_when(subject)})
    for one in tested:
        if one.outcome is not Outcome.EXCLUDED and one.id in _BY_EXPLANATION:
            yield Statement(f"settle.{_BY_EXPLANATION[one.id]}", {"host": subject.host})
    if subject.best is not None and subject.best.encrypted:
        yield Statement("settle.encrypted", {"host": subject.host})


def _when(subject: Subject) -> dict[str, str]:
    """The port of the host, without which a log of address translation says nothing."""
    best = subject.best
    if best is None:
        return {"end": subject.host}
    end = best.miner if best.miner[0] == subject.host else best.pool_end
    return {"end": joined(*end)}
