"""Why a host mines, as far as grounds say, and what a person decided."""

from __future__ import annotations

from collections.abc import Iterator

from poolwatch.catalog.grounds import Grounds, sentence_of
from poolwatch.errors import CatalogError
from poolwatch.explain.facts import CauseGround, Cited, Decided, Subject
from poolwatch.explain.statements import Field, Moment, Sentences, Statement, Word

_RANKS = ("strong", "leaning", "weak")
_UNDETERMINED = "undetermined"


def cause(subject: Subject, rows: Grounds) -> Iterator[Statement]:
    """What follows from the grounds, each of them, and the decision beside it; nothing else."""
    finding = subject.finding
    if finding is None or (finding.cause is None and finding.decision is None):
        return
    if finding.cause == _UNDETERMINED:
        yield Statement("cause.undetermined")
    elif finding.cause is not None:
        yield Statement("cause.named", {"cause": Word(f"cause.{finding.cause}")})
    if finding.decision is not None:
        yield _decision(finding.decision)
    for rank in _RANKS:
        for ground in finding.cause_grounds:
            if ground.rank == rank:
                yield _ground(ground, rows)
    if finding.cause is not None and not finding.cause_grounds:
        yield Statement("cause.no_ground")


def _ground(ground: CauseGround, rows: Grounds) -> Statement:
    fields: dict[str, Field] = {
        "cause": Word(f"cause.{ground.cause}"),
        "rank": Word(f"cause.rank.{ground.rank}"),
        "sentence": _sentences(ground, rows),
        "cited": "; ".join(_cited(one) for one in ground.citations) or "–",
    }
    return Statement(f"cause.{'for' if ground.favours else 'against'}", fields)


def _sentences(ground: CauseGround, rows: Grounds) -> Sentences:
    """The row's sentences; for a row that is not at hand the one of the event."""
    try:
        row = rows.find(ground.id)
    except CatalogError:
        row = None
    if row is None:
        return Sentences(ground.text, ground.text)
    en, zh = (sentence_of(row, language, ground.fields) for language in ("en", "zh"))
    return Sentences(en, zh)


def _cited(one: Cited) -> str:
    where = f"{one.capture} #{one.packet}" if one.packet else one.capture
    return " · ".join(text for text in (one.what, where, one.source) if text)


def _decision(decision: Decided) -> Statement:
    fields: dict[str, Field] = {
        "cause": Word(f"cause.{decision.cause}"),
        "by": decision.by or "–",
        "at": Moment(decision.at_us) if decision.at_us is not None else "–",
        "note": decision.note or "–",
    }
    return Statement("cause.decided", fields)
