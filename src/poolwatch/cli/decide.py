"""`poolwatch decide`: what a person decided of a finding's cause, kept beside its grounds."""

from __future__ import annotations

import datetime
import time
import zoneinfo
from collections.abc import Iterable
from contextlib import closing
from typing import TYPE_CHECKING

import click

from poolwatch.errors import UsageError
from poolwatch.messages import LANGUAGES, Messages, default_language, printable
from poolwatch.plan import time_zone

if TYPE_CHECKING:
    from poolwatch.store import DecisionRow, FindingRow, Store

_CAUSES = ("deliberate", "malware", "research", "undetermined")
_LISTED = 20
_LONGEST = 4000
_EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)


@click.command("decide")
@click.argument("wanted", required=False, metavar="HOST|FINDING")
@click.option("--store", "url", metavar="URL", required=True, help="The store with the finding.")
@click.option("--cause", type=click.Choice(_CAUSES), help="What was decided.")
@click.option("--by", metavar="NAME", help="Who decided.")
@click.option("--note", default="", metavar="TEXT", help="Why, or the number of a document.")
@click.option("--sensor", help="The sensor of the finding, where several have seen the host.")
@click.option("--list", "listing", is_flag=True, help="List what was decided, the oldest first.")
@click.option("--lang", type=click.Choice(LANGUAGES), help="Language of the sentences.")
@click.option("--tz", default="UTC", show_default=True, help="Time zone of the times.")
def command(
    wanted: str | None,
    url: str,
    cause: str | None,
    by: str | None,
    note: str,
    sensor: str | None,
    listing: bool,
    lang: str | None,
    tz: str,
) -> int:
    """Note down the cause of a finding, as a person decided it.

    It is kept beside the grounds and changes none of them; a later decision about the same finding
    stands before it, and both stay. `undetermined` takes a decision back.
    """
    from poolwatch.store import DecisionRow

    messages, zone = Messages(lang or default_language()), time_zone(tz)
    if not listing and (wanted is None or cause is None or not (by or "").strip()):
        raise UsageError(
            "decide: HOST or FINDING, --cause and --by are needed", "--list shows what was decided"
        )
    if len(note) > _LONGEST or len(by or "") > _LONGEST:
        raise UsageError(f"decide: --by and --note hold at most {_LONGEST} characters")
    with closing(_open(url)) as store:
        if listing:
            findings = None if wanted is None else _matching(store, wanted, sensor)
            _list(store, findings, sensor, messages, zone)
            return 0
        finding = _only(_matching(store, wanted or "", sensor), wanted or "")
        row = DecisionRow(
            sensor=finding.sensor,
            finding_id=finding.finding_id,
            decided_ns=time.time_ns(),
            host=finding.host,
            cause=cause or "",
            decided_by=(by or "").strip(),
            note=note.strip(),
        )
        _say(messages, "kept", store.decide(row), zone)
    return 0


def _open(url: str) -> Store:
    from poolwatch.store import open_store, shown_url
    from poolwatch.store.urls import file_of

    file = file_of(url)
    if file is not None and not file.exists():  # opening it would make one
        raise UsageError(f"--store {shown_url(url)}: there is no such file")
    return open_store(url, "")


def _matching(store: Store, wanted: str, sensor: str | None) -> list[FindingRow]:
    """The findings an argument stands for. Raises UsageError for what can be none."""
    from poolwatch.explain.subjects import wanted as read

    one = read(wanted)
    if one.number is not None and one.number >= 1 << 63:
        return []
    return list(store.findings(sensor=sensor, host=one.host, finding_id=one.number))


def _only(findings: list[FindingRow], wanted: str) -> FindingRow:
    if len(findings) == 1:
        return findings[0]
    if not findings:
        raise UsageError(f"{wanted}: no such finding in the store", "poolwatch explain lists them")
    known = ", ".join(f"{row.finding_id} ({row.sensor})" for row in findings[:_LISTED])
    raise UsageError(f"{wanted}: has {len(findings)} findings", f"name one: {known}")


def _list(
    store: Store,
    findings: Iterable[FindingRow] | None,
    sensor: str | None,
    messages: Messages,
    zone: str,
) -> None:
    wanted = None if findings is None else {(row.sensor, row.finding_id) for row in findings}
    shown = 0
    for row in store.decisions(sensor=sensor):
        if wanted is None or (row.sensor, row.finding_id) in wanted:
            _say(messages, "line", row, zone)
            shown += 1
    if not shown:
        click.echo(messages.say("decide.none"))


def _say(messages: Messages, key: str, row: DecisionRow, zone: str) -> None:
    moment = _EPOCH + datetime.timedelta(microseconds=row.decided_ns // 1000)
    at = f"{moment.astimezone(zoneinfo.ZoneInfo(zone)):%Y-%m-%d %H:%M:%S} {zone}"
    fields = {"host": row.host, "number": row.finding_id, "by": row.decided_by, "at": at}
    if key == "kept":
        fields["sensor"] = row.sensor
    else:
        fields["note"] = printable(row.note)
    click.echo(messages.say(f"decide.{key}", cause=messages.say(f"cause.{row.cause}"), **fields))
