"""`poolwatch units`: look after the tables that say whose an address is."""

from __future__ import annotations

import datetime
import ipaddress
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from poolwatch.cli.scan import read_limits
from poolwatch.cli.unit_options import field_option, report_notes, units_option
from poolwatch.errors import UsageError
from poolwatch.messages import LANGUAGES, Messages, default_language
from poolwatch.outputs.sentences import note_line
from poolwatch.plan import time_zone

if TYPE_CHECKING:
    from poolwatch.inventory.checks import Oddity, Review
    from poolwatch.inventory.unit_rows import UnitRow
    from poolwatch.inventory.units import UnitTable

_SOME_UNREADABLE = 3
_SECOND = 1_000_000_000

_files = click.argument(
    "files",
    nargs=-1,
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE...",
)
_language = click.option("--lang", type=click.Choice(LANGUAGES), help="Language of the answer.")
_zone = click.option(
    "--tz", default="UTC", show_default=True, help="Time zone of dates and times without one."
)
_limit = click.option(
    "--limit",
    multiple=True,
    metavar="NAME=N",
    help="Change a bound, for example unit_rows=2000000; may be given several times.",
)


@click.group("units")
def command() -> None:
    """Look after the tables of units: whose an address is, and since when."""


@command.command("check")
@_files
@click.option("--on", metavar="DATE", help="Rows that ended before DATE are stale.  [default: now]")
@click.option(
    "--within",
    multiple=True,
    metavar="CIDR",
    help="List the addresses of this network that no row holds; may be given several times.",
)
@field_option
@_zone
@_language
@_limit
def check(files: tuple[Path, ...], **options: Any) -> int:
    """List what is wrong or odd in unit tables, with file and row.

    Rows that cannot be read, bits set behind a mask, two units for the same addresses, rows
    written twice, ranges that cross, rows no longer valid, and gaps: addresses of a row
    which other rows divide that have no row of their own.

    Exit status: 0 all rows could be read, 2 usage or no headers understood, 3 some rows
    could not be read.
    """
    from poolwatch.inventory.checks import review

    messages = _messages(options)
    table = _load(files, options)
    now_ns = _moment(options["on"], options["tz"], "--on") if options["on"] else _now()
    spans = [_network(text) for text in options["within"]]
    found = review(table, now_ns, spans)
    _print_notes(table, messages)
    _print_oddities(found, messages)
    units = {row.unit.path for row in table.rows}
    unreadable = len(table.unreadable)
    remarks = len(table.notes) - unreadable + found.counts.total()
    counts = {"files": len(files), "rows": len(table.rows), "units": len(units)}
    if unreadable or remarks:
        click.echo(
            messages.say("units.check.summary", **counts, unreadable=unreadable, remarks=remarks)
        )
    else:
        click.echo(messages.say("units.check.fine", **counts))
    return _SOME_UNREADABLE if unreadable else 0


@command.command("who")
@click.argument("address", metavar="ADDRESS[@TIME]")
@units_option
@field_option
@_zone
@_language
@_limit
def who(address: str, **options: Any) -> int:
    """Say whose ADDRESS is, or was at TIME (for example 10.1.2.3@2021-09-06T08:30Z).

    A TIME without a zone is in --tz; without TIME, it is now.
    """
    if not options["units"]:
        raise UsageError("units who: no table given", "add --units FILE")
    messages = _messages(options)
    text, at, time = address.partition("@")
    host = _address(text.strip())
    ts_ns = _moment(time, options["tz"], address) if at else _now()
    table = _load(options["units"], options)
    report_notes(table.unreadable, messages, _limits(options).file_messages)
    rows = list(table.find_all(host.version, int(host), ts_ns))
    if not rows:
        moment = _shown(ts_ns, options["tz"])
        click.echo(messages.say("units.who.nobody", address=host, time=moment))
        others = table.find_ever(host.version, int(host))
        if others:
            click.echo(messages.say("units.who.otherwise", address=host))
            _print_short(others, messages, options["tz"])
        return 0
    _print_row(rows[0], messages, options["tz"])
    if rows[1:]:
        click.echo(messages.say("units.who.also"))
        _print_short(rows[1:], messages, options["tz"])
    return 0


@command.command("normalise")
@_files
@click.option(
    "-o", "--output", type=click.Path(dir_okay=False), help="Write to FILE.  [default: - ]"
)
@field_option
@_zone
@_language
@_limit
def normalise(files: tuple[Path, ...], **options: Any) -> int:
    """Write unit tables anew as one CSV: one prefix or range a row, plain headers, UTF-8.

    A FILE begins with the mark by which spreadsheet programs know UTF-8.

    Exit status 3 when some rows could not be read; they are named and left out.
    """
    from poolwatch.inventory.normalise import write_normalised

    messages = _messages(options)
    table = _load(files, options)
    output = options["output"]
    if output in (None, "-"):
        write_normalised(table, sys.stdout)
    else:
        try:
            with Path(output).open("w", encoding="utf-8-sig", newline="") as stream:
                write_normalised(table, stream)
        except OSError as error:
            raise UsageError(f"-o {output}: {error.strerror}") from error
    report_notes(table.notes, messages, _limits(options).file_messages)
    return _SOME_UNREADABLE if table.unreadable else 0


def _messages(options: dict[str, Any]) -> Messages:
    sys.stdout.reconfigure(encoding="utf-8", errors="replace")  # type: ignore[union-attr]
    return Messages(options["lang"] or default_language())


def _limits(options: dict[str, Any]) -> Any:
    return read_limits({}, options["limit"])


def _load(files: tuple[Path, ...], options: dict[str, Any]) -> UnitTable:
    from poolwatch.inventory.unit_files import load_units

    zone = time_zone(options["tz"])
    return load_units(files, _limits(options), zone, options["unit_field"])


def _print_notes(table: UnitTable, messages: Messages) -> None:
    from poolwatch.inventory.notes import NoteKind

    for kind in NoteKind:
        lines = [note_line(note, messages) for note in table.notes if note.kind is kind]
        _print_group(f"units.check.{kind}", lines, messages)


def _print_oddities(found: Review, messages: Messages) -> None:
    from poolwatch.inventory.checks import Odd

    for kind in Odd:
        lines = [_oddity_line(item, messages) for item in found.oddities if item.kind is kind]
        _print_group(f"units.check.{kind}", lines, messages)
    if found.unlisted:
        click.echo(messages.say("units.check.unlisted", count=found.unlisted))


def _print_group(title: str, lines: list[str], messages: Messages) -> None:
    if lines:
        click.echo(messages.say(title))
    for line in lines:
        click.echo(f"  {line}")


def _oddity_line(oddity: Oddity, messages: Messages) -> str:
    fields: dict[str, object] = {"span": oddity.span}
    for which, row in zip(("first", "second"), oddity.rows, strict=False):
        fields |= {
            which: row.unit.place,
            f"{which}_unit": " / ".join(row.unit.path),
            f"{which}_prefix": row.unit.prefix,
        }
    if oddity.rows:
        fields["until"] = _shown(oddity.rows[0].to_ns, "UTC")
    kind = oddity.kind if oddity.rows else f"{oddity.kind}_within"
    return messages.say(f"units.odd.{kind}", **fields)


def _print_row(row: UnitRow, messages: Messages, zone: str) -> None:
    unit = row.unit
    values = {
        "unit": unit.name,
        "path": " / ".join(unit.path),
        "kind": unit.kind,
        "contact": unit.contact,
        "prefix": unit.prefix,
        "valid": _validity(row, messages, zone),
        "source": unit.source,
        "row": unit.place,
    }
    words = {name: messages.say(f"units.who.{name}") for name in values}
    for name, value in values.items():
        if value:
            click.echo(f"{words[name]}: {value}")


def _print_short(rows: list[UnitRow], messages: Messages, zone: str) -> None:
    for row in rows:
        validity = _validity(row, messages, zone)
        path = " / ".join(row.unit.path)
        click.echo(f"  {row.unit.prefix}  {path}  ({validity})  {row.unit.place}")


def _validity(row: UnitRow, messages: Messages, zone: str) -> str:
    if not row.is_dated:
        return messages.say("units.who.always")
    ends = [_shown(ns, zone) or messages.say("units.who.open") for ns in (row.from_ns, row.to_ns)]
    return messages.say("units.who.span", first=ends[0], last=ends[1])


def _shown(ns: int, zone: str) -> str:
    """A moment in a zone; nothing where there is no bound."""
    import zoneinfo

    from poolwatch.inventory import dates

    if ns in (dates.ALWAYS_FROM, dates.ALWAYS_TO):
        return ""
    moment = datetime.datetime.fromtimestamp(ns // _SECOND, zoneinfo.ZoneInfo(zone))
    return f"{moment:%Y-%m-%d %H:%M:%S} {zone}"


def _now() -> int:
    return int(datetime.datetime.now(datetime.UTC).timestamp()) * _SECOND


def _moment(text: str, zone: str, option: str) -> int:
    import zoneinfo

    from poolwatch.inventory import dates
    from poolwatch.inventory.notes import CellError

    try:
        ns = dates.read_from(text, zoneinfo.ZoneInfo(time_zone(zone)))
    except CellError:
        ns = dates.ALWAYS_FROM
    if ns in (dates.ALWAYS_FROM, dates.ALWAYS_TO):
        raise UsageError(f"{option}: no time “{text}”", "for example 2021-09-06T08:30:00Z")
    return ns


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    try:
        return ipaddress.ip_address(text)
    except ValueError as error:
        raise UsageError(f"{text}: no address", "for example 10.1.2.3@2021-09-06") from error


def _network(text: str) -> Any:
    from poolwatch.inventory.addresses import read_piece
    from poolwatch.inventory.notes import CellError

    try:
        return read_piece(text).span
    except CellError as error:
        raise UsageError(f"--within {text}: no network", "for example 10.1.0.0/16") from error
