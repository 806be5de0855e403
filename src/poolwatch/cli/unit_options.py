"""The options about units that several verbs share, and what is said about rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from poolwatch.outputs.sentences import note_line

if TYPE_CHECKING:
    from poolwatch.inventory.notes import Note
    from poolwatch.messages import Messages

F = TypeVar("F", bound=Callable[..., Any])

units_option = click.option(
    "--units",
    multiple=True,
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="A table of units (CSV, XLSX, NetBox export, MMDB): whose an address is. Its "
    "addresses count as inside; may be given several times.",
)
field_option = click.option(
    "--unit-field",
    default="unit",
    show_default=True,
    metavar="NAME",
    help="The field of MMDB records that names the unit.",
)


def report_notes(notes: Iterable[Note], messages: Messages, most: int) -> None:
    """Name on standard error the rows that are not used, up to a bound."""
    lines = [note_line(note, messages) for note in notes]
    for line in lines[:most]:
        click.echo(f"poolwatch: {line}", err=True)
    if len(lines) > most:
        rest = messages.say("units.note.more", count=len(lines) - most)
        click.echo(f"poolwatch: {rest}", err=True)
