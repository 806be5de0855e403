"""`poolwatch units`: look after the tables that say whose an address is."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from poolwatch.cli.targets import now, read_moment
from poolwatch.cli.unit_options import (
    field_option,
    language_option,
    limit_option,
    limits_of,
    load_table,
    messages_of,
    report_notes,
    shown_moment,
    zone_option,
)
from poolwatch.cli.units_request import request
from poolwatch.cli.units_who import who
from poolwatch.errors import UsageError
from poolwatch.outputs.sentences import note_line

if TYPE_CHECKING:
    from poolwatch.inventory.checks import Oddity, Review
    from poolwatch.inventory.units import UnitTable
    from poolwatch.messages import Messages

_SOME_UNREADABLE = 3

_files = click.argument(
    "files",
    nargs=-1,
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE...",
)


@click.group("units")
def command() -> None:
    """Look after the tables of units: whose an address is, and since when; and follow it to a
    machine by the logs of the network.
    """


command.add_command(who)
command.add_command(request)


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
@zone_option
@language_option
@limit_option
def check(files: tuple[Path, ...], **options: Any) -> int:
    """List what is wrong or odd in unit tables, with file and row.

    Rows that cannot be read, bits set behind a mask, two units for the same addresses, rows
    written twice, ranges that cross, rows no longer valid, and gaps: addresses of a row
    which other rows divide that have no row of their own.

    Exit status: 0 all rows could be read, 2 usage or no headers understood, 3 some rows
    could not be read.
    """
    from poolwatch.inventory.checks import review

    messages = messages_of(options)
    table = load_table(files, options)
    now_ns = read_moment(options["on"], options["tz"], "--on") if options["on"] else now()
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


@command.command("normalise")
@_files
@click.option(
    "-o", "--output", type=click.Path(dir_okay=False), help="Write to FILE.  [default: - ]"
)
@field_option
@zone_option
@language_option
@limit_option
def normalise(files: tuple[Path, ...], **options: Any) -> int:
    """Write unit tables anew as one CSV: one prefix or range a row, plain headers, UTF-8.

    A FILE begins with the mark by which spreadsheet programs know UTF-8.

    Exit status 3 when some rows could not be read; they are named and left out.
    """
    from poolwatch.inventory.normalise import write_normalised

    messages = messages_of(options)
    table = load_table(files, options)
    output = options["output"]
    if output in (None, "-"):
        write_normalised(table, sys.stdout)
    else:
        try:
            with Path(output).open("w", encoding="utf-8-sig", newline="") as stream:
                write_normalised(table, stream)
        except OSError as error:
            raise UsageError(f"-o {output}: {error.strerror}") from error
    report_notes(table.notes, messages, limits_of(options).file_messages)
    return _SOME_UNREADABLE if table.unreadable else 0


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
        fields["until"] = shown_moment(oddity.rows[0].to_ns, "UTC")
    kind = oddity.kind if oddity.rows else f"{oddity.kind}_within"
    return messages.say(f"units.odd.{kind}", **fields)


def _network(text: str) -> Any:
    from poolwatch.inventory.addresses import read_piece
    from poolwatch.inventory.notes import CellError

    try:
        return read_piece(text).span
    except CellError as error:
        raise UsageError(f"--within {text}: no network", "for example 10.1.0.0/16") from error
