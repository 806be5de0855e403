"""What could not be seen: of the conversation, and of the capture it stands in."""

from __future__ import annotations

from collections.abc import Iterator

from poolwatch.explain.facts import Coverage, Flow, Subject
from poolwatch.explain.statements import Statement
from poolwatch.outputs.table import BOUNDS
from poolwatch.terms import Stage

_SIDES = {"miner", "pool"}


def unseen(subject: Subject, digest: str) -> Iterator[Statement]:
    """What was not visible; `digest`: of the signatures used here."""
    if subject.best is not None:
        yield from _of_flow(subject.best)
    if subject.finding is not None and subject.more_flows:
        yield Statement("unseen.flows", {"count": subject.more_flows})
    if subject.coverage is None:
        yield Statement("unseen.no_coverage")
        return
    yield from _of_capture(subject.coverage)
    if subject.coverage.catalogue and subject.coverage.catalogue != digest:
        fields = {"then": subject.coverage.catalogue[:12], "now": digest[:12]}
        yield Statement("unseen.catalogue", {**fields})


def _of_flow(flow: Flow) -> Iterator[Statement]:
    if flow.stage > Stage.LOOKED_UP and flow.payload is not None:
        for side in sorted(_SIDES - flow.payload) if flow.payload else ():
            yield Statement(f"unseen.side_{side}")
        if not flow.payload:
            yield Statement("unseen.no_payload")
    if flow.midstream:
        yield Statement("unseen.beginning")
    if flow.open:
        yield Statement("unseen.end")
    if flow.encrypted:
        yield Statement("unseen.encrypted", {"sni": flow.sni or "-"})
    elif flow.dialect is None and flow.stage > Stage.LOOKED_UP and flow.payload:
        yield Statement("unseen.unreadable")
    if flow.via:
        yield Statement("unseen.proxy", {"via": flow.via})


def _of_capture(coverage: Coverage) -> Iterator[Statement]:
    if coverage.drops is None:
        yield Statement("unseen.drops_not_told")
    elif coverage.drops:
        yield Statement("unseen.drops", {"count": coverage.drops})
    for name in ("truncated", "gaps", "one_way", "encrypted_long", "not_understood", "problems"):
        count = getattr(coverage, name)
        if count:
            yield Statement(f"unseen.{name}", {"count": count})
    bounds = {name: coverage.counts.get(name, 0) for name in BOUNDS}
    bit = ", ".join(f"{name} {count}" for name, count in bounds.items() if count)
    if bit:
        yield Statement("unseen.bounds", {"bounds": bit})
