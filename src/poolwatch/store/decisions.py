"""Findings as the store tells them: with what a person decided beside what was found."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from poolwatch.store.rows import DecisionRow, FindingRow, to_json
from poolwatch.store.store import Store

_EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)


def with_decisions(store: Store, findings: Iterable[FindingRow]) -> Iterator[FindingRow]:
    """The findings, each event with the last decision about it. Nothing is changed in the store."""
    last = {(row.sensor, row.finding_id): row for row in store.decisions()}
    for finding in findings:
        row = last.get((finding.sensor, finding.finding_id))
        yield finding if row is None else _decided(finding, row)


def decision_of(row: DecisionRow) -> dict[str, Any]:
    """A decision as events have it."""
    moment = _EPOCH + datetime.timedelta(microseconds=row.decided_ns // 1000)
    return {
        "cause": row.cause,
        "by": row.decided_by,
        "at": f"{moment:%Y-%m-%dT%H:%M:%S.%f}+0000",
        "note": row.note,
    }


def _decided(finding: FindingRow, row: DecisionRow) -> FindingRow:
    try:
        event = msgspec.json.decode(finding.event)
    except msgspec.MsgspecError:  # whoever reads it says so
        return finding
    if not isinstance(event, dict):
        return finding
    return msgspec.structs.replace(finding, event=to_json(event | {"decision": decision_of(row)}))
