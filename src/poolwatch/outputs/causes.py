"""Causes, grounds and decisions as values of events, and in a sentence."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator
from typing import Any

from poolwatch.messages import Messages
from poolwatch.terms import Citation, Decision, Finding, Ground

_EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)


def ground_values(grounds: Iterable[Ground], *, favour: bool) -> list[dict[str, Any]]:
    """The grounds for causes, or those against."""
    return [_ground(ground) for ground in grounds if ground.favours is favour]


def decision_value(decision: Decision | None) -> dict[str, Any] | None:
    """What a person decided."""
    if decision is None:
        return None
    moment = _EPOCH + datetime.timedelta(microseconds=decision.ts_ns // 1000)
    return {
        "cause": decision.cause,
        "by": decision.by,
        "at": f"{moment:%Y-%m-%dT%H:%M:%S.%f}+0000",
        "note": decision.note,
    }


def cause_sentences(finding: Finding, messages: Messages) -> Iterator[str]:
    """The cause, where grounds name one, by the ids of the strong ones; else nothing."""
    if finding.cause not in (None, "undetermined"):
        strong = [
            ground.id
            for ground in finding.grounds
            if ground.favours and ground.cause == finding.cause and ground.rank == "strong"
        ]
        grounds = messages.say("cause.ground_separator").join(strong)
        yield messages.say(
            "cause.told", cause=messages.say(f"cause.{finding.cause}"), grounds=grounds
        )


def _ground(ground: Ground) -> dict[str, Any]:
    return {
        "id": ground.id,
        "cause": ground.cause,
        "rank": ground.rank,
        "text": ground.sentence,
        "fields": dict(ground.fields),
        "citations": [_citation(citation) for citation in ground.citations],
    }


def _citation(citation: Citation) -> dict[str, Any]:
    return {
        "what": citation.what,
        "flow_id": citation.flow_id,
        "packet": citation.packet,
        "capture": citation.capture,
        "source": citation.source,
    }
