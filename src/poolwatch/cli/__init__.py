"""The command line. One thin file per verb, imported when its verb is called."""

from __future__ import annotations

import importlib
import sys
from typing import Any

import click

from poolwatch import __version__
from poolwatch.errors import PoolwatchError

VERBS = {
    "scan": ("poolwatch.cli.scan", "Find miners in capture files."),
    "signatures": ("poolwatch.cli.signatures", "Check the signatures."),
    "units": ("poolwatch.cli.units", "Check unit tables; say whose an address is."),
    "warm": ("poolwatch.cli.warm", "Compile the kernels now instead of at the first scan."),
}


class Verbs(click.Group):
    """Verbs by name; the module of one is loaded only when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The verbs, in the order of the table."""
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of a verb."""
        if cmd_name not in VERBS:
            return None
        command: click.Command = importlib.import_module(VERBS[cmd_name][0]).command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The verbs with their one-line help, without loading any of them."""
        with formatter.section("Verbs"):
            formatter.write_dl([(name, text) for name, (_, text) in VERBS.items()])


@click.group(
    cls=Verbs,
    context_settings={"auto_envvar_prefix": "POOLWATCH", "help_option_names": ["-h", "--help"]},
)
@click.version_option(__version__, prog_name="poolwatch")
def command() -> None:
    """Find crypto-mining in network traffic: who, with which pool, how far it got, and on
    which bytes that rests.
    """


def main() -> None:
    """Run the command line; every expected failure ends in a sentence, not a traceback."""
    try:
        status: Any = command.main(standalone_mode=False)
    except click.ClickException as error:
        error.show()
        sys.exit(2)
    except click.exceptions.Abort:
        sys.exit(130)
    except PoolwatchError as error:
        click.echo(f"poolwatch: {error}", err=True)
        if error.advice():
            click.echo(f"  {error.advice()}", err=True)
        sys.exit(2)
    except BrokenPipeError:
        # Whoever read our output has had enough; leave without a word, as grep does.
        sys.stderr.close()
        sys.exit(141)
    sys.exit(status if isinstance(status, int) else 0)
