"""The options about units that several verbs share, and what is said about rows."""

from __future__ import annotations

import datetime
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from poolwatch.messages import LANGUAGES, Messages, default_language
from poolwatch.outputs.sentences import note_line
from poolwatch.plan import time_zone

if TYPE_CHECKING:
    from poolwatch.inventory.notes import Note
    from poolwatch.inventory.units import UnitTable
    from poolwatch.settings import Limits

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

language_option = click.option(
    "--lang", type=click.Choice(LANGUAGES), help="Language of the answer."
)
zone_option = click.option(
    "--tz", default="UTC", show_default=True, help="Time zone of dates and times without one."
)
limit_option = click.option(
    "--limit",
    multiple=True,
    metavar="NAME=N",
    help="Change a bound, for example unit_rows=2000000; may be given several times.",
)


def messages_of(options: dict[str, Any]) -> Messages:
    """The sentences in the language wanted; standard output takes every character of them."""
    sys.stdout.reconfigure(encoding="utf-8", errors="replace")  # type: ignore[union-attr]
    return Messages(options["lang"] or default_language())


def limits_of(options: dict[str, Any]) -> Limits:
    """The bounds as wanted. Raises UsageError."""
    from poolwatch.cli.scan import read_limits

    return read_limits({}, options["limit"])


def load_table(files: tuple[Path, ...], options: dict[str, Any]) -> UnitTable:
    """The unit tables of these files. Raises UnitsError."""
    from poolwatch.inventory.unit_files import load_units

    zone = time_zone(options["tz"])
    return load_units(files, limits_of(options), zone, options["unit_field"])


def shown_moment(ns: int, zone: str) -> str:
    """A moment in a zone; nothing where there is no bound."""
    import zoneinfo

    from poolwatch.inventory import dates

    if ns in (dates.ALWAYS_FROM, dates.ALWAYS_TO):
        return ""
    moment = datetime.datetime.fromtimestamp(ns // 1_000_000_000, zoneinfo.ZoneInfo(zone))
    return f"{moment:%Y-%m-%d %H:%M:%S} {zone}"


def report_notes(notes: Iterable[Note], messages: Messages, most: int) -> None:
    """Name on standard error the rows that are not used, up to a bound."""
    lines = [note_line(note, messages) for note in notes]
    for line in lines[:most]:
        click.echo(f"poolwatch: {line}", err=True)
    if len(lines) > most:
        rest = messages.say("units.note.more", count=len(lines) - most)
        click.echo(f"poolwatch: {rest}", err=True)
