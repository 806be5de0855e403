"""The options about logs and registers that several verbs share, and the chains made by them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from poolwatch.cli.targets import PROTOCOLS, query_of
from poolwatch.cli.unit_options import report_notes
from poolwatch.errors import UsageError
from poolwatch.outputs.sentences import log_note_line

if TYPE_CHECKING:
    from poolwatch.chain.hops import Query, Trace
    from poolwatch.chain.trace import Tracer
    from poolwatch.logs.notes import Notes
    from poolwatch.messages import Messages
    from poolwatch.outputs.eve_queries import FoundHost
    from poolwatch.settings import Limits

F = TypeVar("F", bound=Callable[..., Any])

logs_option = click.option(
    "--logs",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="PATH",
    help="A log of leases, logins, switch ports or address translation, or a folder of them; "
    "may be given several times.",
)
logs_config_option = click.option(
    "--logs-config",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="A TOML file about the logs: formats, clocks, devices.  "
    "[default: logs.toml in a folder of --logs]",
)
register_option = click.option(
    "--register",
    multiple=True,
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="An asset register (CSV, XLSX): MAC address, host name, asset number, owner, room; "
    "may be given several times.",
)
exemptions_option = click.option(
    "--exemptions",
    multiple=True,
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="An exemption register (CSV, XLSX): address, MAC address or unit, kind (research, "
    "filed_project), valid from and to, document; may be given several times.",
)
reveal_option = click.option("--reveal", is_flag=True, help="Show accounts and owners.")


def chain_options(command: F) -> F:
    """The options of verbs that follow chains."""
    for option in reversed(
        (
            logs_option,
            logs_config_option,
            register_option,
            click.option(
                "--eve",
                multiple=True,
                type=click.Path(path_type=Path),
                metavar="FILE",
                help="Follow the findings of an EVE file (scan --format eve); - is standard "
                "input; may be given several times.",
            ),
            click.option(
                "--protocol", type=click.Choice(list(PROTOCOLS)), help="Protocol of the notice."
            ),
            click.option(
                "--to",
                metavar="ADDRESS[:PORT]",
                help="Whom the conversation of the notice was with: "
                "some devices use a port for several at once.",
            ),
            reveal_option,
        )
    ):
        command = option(command)
    return command


@dataclass(frozen=True, slots=True)
class Asked:
    """One thing asked for, a target or a finding, with its chains."""

    found: FoundHost | None
    traces: list[Trace]


def follow(
    targets: tuple[str, ...], options: dict[str, Any], limits: Limits, messages: Messages
) -> list[Asked]:
    """The chains of all targets and findings. Raises PoolwatchError."""
    if not options["logs"]:
        raise UsageError("no log given", "add --logs PATH, a file or a folder")
    if not targets and not options["eve"]:
        raise UsageError(
            "neither an address nor --eve FILE given",
            "for example 203.0.113.7:51322@2021-09-06T10:00+08:00",
        )
    queries = [query_of(t, options["tz"], options["protocol"], options["to"]) for t in targets]
    tracer = open_tracer(options, limits, messages)
    asked = [Asked(None, [_trace(tracer, query)]) for query in queries]
    asked += [
        Asked(found, [_trace(tracer, query, found) for query in found.queries])
        for found in _found(options["eve"], limits, messages)
    ]
    return asked


def open_tracer(options: dict[str, Any], limits: Limits, messages: Messages) -> Tracer:
    """What follows chains, with logs, units and register as wanted; remarks are printed."""
    from poolwatch.plan import Plan, load_tracer

    plan = Plan(
        units=tuple(options["units"]),
        unit_field=options["unit_field"],
        zone=options["tz"],
        logs=tuple(options["logs"]),
        logs_config=options["logs_config"],
        register=tuple(options["register"]),
        limits=limits,
    )
    tracer = load_tracer(
        plan,
        lambda notes: report_notes(notes, messages, limits.file_messages),
        lambda notes: report_log_notes(notes, messages, limits.file_messages),
    )
    assert tracer is not None
    return tracer


def report_log_notes(notes: Notes, messages: Messages, most: int) -> None:
    """Name on standard error what of logs is not used, up to a bound."""
    for note in notes.kept[:most]:
        click.echo(f"poolwatch: {log_note_line(note, messages)}", err=True)
    rest = notes.counts.total() - most
    if rest > 0:
        click.echo(f"poolwatch: {messages.say('log.note.more', count=rest)}", err=True)


def _trace(tracer: Tracer, query: Query, found: FoundHost | None = None) -> Trace:
    from poolwatch.chain.trace import is_private

    inside = is_private(query.address) and not (found and found.outside)
    return tracer.outwards(query) if inside else tracer.inwards(query)


def _found(files: tuple[Path, ...], limits: Limits, messages: Messages) -> Iterator[FoundHost]:
    from poolwatch.outputs.eve_queries import found_hosts
    from poolwatch.outputs.eve_reader import Reading

    for path in files:
        reading = Reading()
        try:
            with click.open_file(str(path), "rb") as stream:
                hosts = found_hosts(stream, limits, reading)
        except OSError as error:
            raise UsageError(f"--eve {path}: {error.strerror}") from error
        if reading.bad:
            first = reading.bad_lines[0]
            text = messages.say(
                "report.bad_lines", count=reading.bad, line=first.line, reason=first.reason
            )
            click.echo(f"poolwatch: {path}: {text}", err=True)
        if not hosts:
            click.echo(messages.say("chain.no_findings", file=str(path)), err=True)
        yield from hosts
