"""`poolwatch signatures`: look after the catalogue."""

from __future__ import annotations

from pathlib import Path

import click

from poolwatch.errors import CatalogError


@click.group("signatures")
def command() -> None:
    """Look after the signatures: pools, endpoints, agents, coins, needles."""


@command.command("check")
@click.argument(
    "folders", nargs=-1, type=click.Path(file_okay=False, path_type=Path), metavar="[DIR]..."
)
def check(folders: tuple[Path, ...]) -> int:
    """Check the shipped signatures, and those of the folders DIR added to them.

    Every row must be readable and say its source and date; every needle must recognise
    its yes-examples and none of its no-examples. Exit status 2 when a row is unfit.
    """
    from poolwatch.catalog import build_catalog
    from poolwatch.catalog.lint import lint_rows
    from poolwatch.catalog.load import load_rows
    from poolwatch.match.dialects import require_known

    rows = load_rows(folders)
    complaints = lint_rows(rows)
    for complaint in complaints:
        click.echo(f"poolwatch: {complaint}", err=True)
    catalog = build_catalog(rows)
    require_known(catalog)
    if complaints:
        raise CatalogError(f"{len(complaints)} unfit row(s)", "each is named above, with its line")
    counts = ", ".join(f"{count} {name}" for name, count in catalog.counts.items())
    click.echo(f"{counts}: all fit. Catalogue {catalog.digest}")
    return 0
