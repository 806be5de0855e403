"""`poolwatch report`: reports, one file each, imported when it is called."""

from __future__ import annotations

import importlib

import click

REPORTS = {
    "energy": ("poolwatch.cli.report_energy", "Power, coal, CO2 and coins, with every factor."),
    "statistics": (
        "poolwatch.cli.report_statistics",
        "How many mine, by region, unit, kind, coin, pool, dialect, cause, week.",
    ),
    "coins": ("poolwatch.cli.report_coins", "The coins a hashrate brings over a time."),
}


class Reports(click.Group):
    """Reports by name; the module of one is loaded only when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The reports, in the order of the table."""
        return list(REPORTS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of a report."""
        if cmd_name not in REPORTS:
            return None
        found: click.Command = importlib.import_module(REPORTS[cmd_name][0]).command
        return found

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The reports with their one-line help, without loading any of them."""
        with formatter.section("Reports"):
            formatter.write_dl([(name, text) for name, (_, text) in REPORTS.items()])


@click.group("report", cls=Reports)
def command() -> None:
    """Reports on findings, or on counts that are given."""
