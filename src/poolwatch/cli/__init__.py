"""The command line. One thin file per verb, imported when its verb is called."""

from __future__ import annotations

import contextlib
import importlib
import os
import sys
from typing import Any

import click

from poolwatch import __version__
from poolwatch.errors import PoolwatchError
from poolwatch.messages import printable

_USAGE = 2
_INTERRUPTED = 130
_READER_GONE = 141


class ReaderGone(Exception):
    """Whoever read our output has had enough. (click would end with status 1 for EPIPE.)"""


VERBS = {
    "scan": ("poolwatch.cli.scan", "Find miners in capture files."),
    "watch": ("poolwatch.cli.watch", "Watch a mirror port; keep and tell what is found."),
    "explain": (
        "poolwatch.cli.explain",
        "Say on which bytes a finding rests, and what speaks against it.",
    ),
    "decide": ("poolwatch.cli.decide", "Note down why a host mines, as a person decided."),
    "status": ("poolwatch.cli.status", "Say how the sensor on this machine is doing."),
    "signatures": ("poolwatch.cli.signatures", "Check, list, show and import signatures."),
    "report": ("poolwatch.cli.report", "Reports on findings, or on counts that are given."),
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

    def invoke(self, ctx: click.Context) -> Any:
        """Run the verb; what fails in writing must not look like something found."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError as error:
            _drop_output()
            raise ReaderGone from error
        except OSError as error:
            _drop_output()
            raise PoolwatchError(_sentence(error)) from error

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
    sys.exit(_run())


def _run() -> int:
    try:
        status: Any = command.main(standalone_mode=False)
    except click.ClickException as error:
        with contextlib.suppress(OSError):
            error.show()
        return _USAGE
    except click.exceptions.Abort:
        return _INTERRUPTED
    except PoolwatchError as error:
        _complain(error)
        return _USAGE
    except ReaderGone:  # leave without a word, as grep does
        return _READER_GONE
    return status if isinstance(status, int) else 0


def _complain(error: PoolwatchError) -> None:
    with contextlib.suppress(OSError):  # standard error may be full as well
        click.echo(f"poolwatch: {printable(str(error))}", err=True)
        if error.advice():
            click.echo(f"  {printable(error.advice())}", err=True)


def _sentence(error: OSError) -> str:
    what = os.fsdecode(error.filename) if error.filename else "the output cannot be written"
    return f"{what}: {error.strerror or error}"


def _drop_output() -> None:
    """Let what is still buffered for standard output go nowhere, also when Python ends."""
    with contextlib.suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
