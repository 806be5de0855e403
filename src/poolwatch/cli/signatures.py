"""`poolwatch signatures`: look after the catalogue."""

from __future__ import annotations

import csv
import datetime
import sys
import unicodedata
from pathlib import Path
from typing import TYPE_CHECKING

import click

from poolwatch.errors import CatalogError, UsageError

if TYPE_CHECKING:
    from poolwatch.catalog.imports.run import Outcome
    from poolwatch.catalog.load import Rows

_KINDS = (
    "pools",
    "endpoints",
    "prefixes",
    "agents",
    "coins",
    "wallets",
    "coinbase-tags",
    "networks",
    "needles",
)
_FORMATS = ("auto", "hosts", "domains", "csv", "maltrail", "misp", "suricata")
_MOST_COMPLAINTS = 1000
_WIDEST_CELL = 48

_FOLDERS = click.option(
    "--signatures",
    "folders",
    multiple=True,
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Add the rows of this folder; may be given more than once.",
)


@click.group("signatures")
def command() -> None:
    """Look after the signatures: pools, endpoints, prefixes, agents, coins, needles."""


@command.command("check")
@click.argument(
    "folders", nargs=-1, type=click.Path(file_okay=False, path_type=Path), metavar="[DIR]..."
)
def check(folders: tuple[Path, ...]) -> int:
    """Check the shipped signatures, and those of the folders DIR added to them.

    Every row must be readable and say its source and date; no name may be so wide that it
    covers strangers, and no row contradict another; every needle must recognise its
    yes-examples and none of its no-examples. Exit status 2 when a row is unfit.
    """
    from poolwatch.catalog import build_catalog
    from poolwatch.catalog.lint import lint_rows
    from poolwatch.match.dialects import require_known

    rows = _load(folders)
    complaints = lint_rows(rows)
    for complaint in complaints:
        click.echo(f"poolwatch: {complaint}", err=True)
    catalog = build_catalog(rows)
    require_known(catalog)
    if complaints:
        raise CatalogError(f"{len(complaints)} unfit row(s)", "each is named above, with its line")
    named = ((name.replace("_", " "), count) for name, count in catalog.counts.items())
    counts = ", ".join(f"{count} {name}" for name, count in named)
    click.echo(f"{counts}: all fit. Catalogue {catalog.digest}")
    return 0


@command.command("list")
@click.option("--kind", type=click.Choice(_KINDS), default="pools", show_default=True)
@click.option(
    "--format", "format_", type=click.Choice(["table", "csv"]), default="table", show_default=True
)
@_FOLDERS
def list_(kind: str, format_: str, folders: tuple[Path, ...]) -> int:
    """Print all rows of one kind, with the place of each."""
    from poolwatch.catalog.lookup import KINDS

    row_type, rows_of = KINDS[kind]
    placed = rows_of(_load(folders))
    hidden = () if format_ == "csv" else ("yes", "no")
    columns = [name for name in row_type.__struct_fields__ if name not in hidden]
    lines = [[*columns, "place"]]
    lines += [[*(_cell(getattr(p.row, name)) for name in columns), p.place] for p in placed]
    if format_ == "csv":
        csv.writer(sys.stdout, lineterminator="\n").writerows(lines)
    else:
        _print_table(lines)
    return 0


@command.command("show")
@click.argument("name", metavar="NAME_OR_ID")
@_FOLDERS
def show(name: str, folders: tuple[Path, ...]) -> int:
    """Print the rows a name stands for: where each stands, who says so, and since when.

    NAME_OR_ID is an id from a finding (pool:f2pool.com, endpoint:192.0.2.1:3333, agent:XMRig,
    stratum-submit), a host name, a pool, an address, an agent string or a coin.
    """
    from poolwatch.catalog.lookup import find_rows

    found = find_rows(_load(folders), name)
    if not found:
        raise CatalogError(f"{name!r}: no row", "poolwatch signatures list shows all of a kind")
    for index, placed in enumerate(found):
        if index:
            click.echo()
        click.echo(f"place: {placed.place}")
        for column in placed.row.__struct_fields__:
            click.echo(f"{column}: {_cell(getattr(placed.row, column))}")
    return 0


@command.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--format",
    "format_",
    type=click.Choice(_FORMATS),
    default="auto",
    show_default=True,
    help="How FILE is written; auto tells by its beginning.",
)
@click.option("--source", required=True, help="Whose list it is: name, address, version.")
@click.option("--licence", required=True, help="The licence under which the list may be used.")
@click.option(
    "--date",
    type=click.DateTime(["%Y-%m-%d"]),
    default=None,
    metavar="YYYY-MM-DD",
    help="When the list was made or fetched. Default: today.",
)
@click.option(
    "--into",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="The folder the rows go to, for scan --signatures DIR. Made if need be.",
)
@click.option(
    "--grade-full",
    is_flag=True,
    help="Vouch for the list: its rows may raise a grade above noted.",
)
@click.option(
    "--valid-days",
    type=click.IntRange(0, 366),
    default=90,
    show_default=True,
    help="How long before and after the date an address is taken for the pool's.",
)
def import_(
    file: Path,
    format_: str,
    source: str,
    licence: str,
    date: datetime.datetime | None,
    into: Path,
    grade_full: bool,
    valid_days: int,
) -> int:
    """Add the names and addresses of somebody's list to a folder of signatures.

    Rows are nursery rows unless you say --grade-full: what they match is listed, and never
    raised above noted. Lines that cannot be read, names too wide to be a pool's and rows at odds
    with the catalogue are named on standard error and left out; the rest is used.
    """
    from poolwatch.catalog.imports.run import import_list
    from poolwatch.catalog.imports.sieve import Terms, clean

    today = datetime.datetime.now(datetime.UTC).date()
    day = date.date() if date else today
    if day > today:
        raise UsageError(f"--date {day} lies in the future")
    if not clean(source) or not clean(licence):
        raise UsageError("--source and --licence must say something")
    terms = Terms(clean(source), clean(licence), day, grade_full, valid_days)
    outcome = import_list(file, format_, terms, into)
    _report(outcome, file, into, grade_full)
    return 0


def _report(outcome: Outcome, file: Path, into: Path, full: bool) -> None:
    for complaint in outcome.complaints[:_MOST_COMPLAINTS]:
        click.echo(f"poolwatch: {complaint}", err=True)
    more = len(outcome.complaints) - _MOST_COMPLAINTS
    if more > 0:
        click.echo(f"poolwatch: {file}: and {more} more", err=True)
    if not outcome.written and not outcome.known:
        raise CatalogError(
            f"{file}: read as {outcome.format}, nothing of it could be used",
            "--format says how it is written" if outcome.unread else "",
        )
    grade = "full" if full else "nursery"
    written = ", ".join(
        f"{n} {grade} row(s) to {into / name}" for name, n in outcome.written.items()
    )
    click.echo(
        f"{file}: read as {outcome.format}: {written or 'nothing new'}; {outcome.known} known "
        f"already, {outcome.refused} refused, {outcome.unread} not understood"
    )


def _load(folders: tuple[Path, ...]) -> Rows:
    from poolwatch.catalog.load import load_rows

    return load_rows(folders)


def _cell(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        value = "; ".join(f"{key}={item}" for key, item in value.items())
    elif isinstance(value, list):
        value = " · ".join(map(str, value))
    text = str(value)
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)


def _print_table(lines: list[list[str]]) -> None:
    """Columns side by side; a long cell is cut, which `--format csv` never does."""
    cut = [[_cut(cell) for cell in cells[:-1]] + cells[-1:] for cells in lines]
    widths = [max(map(_width, column)) for column in zip(*cut, strict=True)]
    for cells in cut:
        padded = (c + " " * (w - _width(c)) for c, w in zip(cells, widths, strict=True))
        click.echo("  ".join(padded).rstrip())


def _cut(text: str) -> str:
    return text if len(text) <= _WIDEST_CELL else f"{text[: _WIDEST_CELL - 1]}…"


def _width(text: str) -> int:
    """Columns of a terminal a text takes: two for each Chinese character."""
    return sum(1 + (unicodedata.east_asian_width(char) in "WF") for char in text)
