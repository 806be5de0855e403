"""An alert in words, and as the JSON of a webhook. No wallets, accounts or mails."""

from __future__ import annotations

import time
from typing import Any

from poolwatch.messages import Messages
from poolwatch.outputs.sentences import verdict_id
from poolwatch.outputs.times import timestamp
from poolwatch.sensor.tell.changes import Alert, parse_time
from poolwatch.terms import Grade, Role, Stage

_POOLS = 3  # named in a sentence
_MOST_POOLS = 20  # named in JSON
_COPIED = ("finding_id", "host", "inside", "role", "unit", "grade", "stage", "refused")
_COPIED_TOO = ("first_seen", "last_seen", "active_seconds", "shares", "hashrate", "sessions")


def sentence(alert: Alert, messages: Messages) -> str:
    """What happened, for people."""
    event, before = alert.event, alert.before
    say = messages.say
    verdict = verdict_id(
        Role(event["role"]),
        Stage[str(event["stage"]).upper()],
        Grade[str(event["grade"]).upper()],
        refused=bool(event.get("refused")),
    )
    fields: dict[str, Any] = {
        "host": alert.host,
        "unit": say("alert.unit", unit=unit) if (unit := unit_name(event)) else "",
        "verdict": say(f"verdict.{verdict}"),
        "pools": "",
    }
    pools = [str(pool) for pool in event.get("pools") or ()][:_POOLS]
    if pools:
        fields["pools"] = say("alert.pools", pools=", ".join(pools))
    for name in ("grade", "stage", "role"):
        fields[name] = say(f"{name}.{event[name]}")
        fields[f"old_{name}"] = say(f"{name}.{getattr(before, name)}") if before else ""
    fields["hours"] = silent_hours(alert)
    text = say(f"alert.{alert.change.value}", **fields)
    if alert.sightings:
        text += " " + say("alert.sightings", count=alert.sightings)
    return text


def body(alert: Alert, text: str) -> dict[str, Any]:
    """What a webhook is sent."""
    event, before = alert.event, alert.before
    old = {"grade": before.grade, "stage": before.stage, "role": before.role} if before else None
    return {
        "v": 1,
        "type": "alert",
        "key": alert.key,
        "change": alert.change.value,
        "changes": [change.value for change in alert.changes],
        "sensor": event.get("sensor"),
        "time": timestamp(time.time_ns()),
        **{name: event.get(name) for name in _COPIED},
        "before": old,
        "sightings": alert.sightings,
        "dialects": event.get("dialects") or [],
        "coins": event.get("coins") or [],
        "pools": list(event.get("pools") or ())[:_MOST_POOLS],
        **{name: event.get(name) for name in _COPIED_TOO},
        "text": text,
    }


def unit_name(event: dict[str, Any]) -> str:
    """Whose the host is; empty: not known."""
    unit = event.get("unit")
    return str(unit.get("name") or "") if isinstance(unit, dict) else ""


def silent_hours(alert: Alert) -> int:
    """How long the host was silent before."""
    last_ns = parse_time(alert.event.get("last_seen"))
    if alert.before is None or last_ns is None:
        return 0
    return max(last_ns - alert.before.last_ns, 0) // 3_600_000_000_000
