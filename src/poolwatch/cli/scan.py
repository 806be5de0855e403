"""`poolwatch scan`: captures in, findings out."""

from __future__ import annotations

import os
import sys
import tomllib
from contextlib import ExitStack, closing
from dataclasses import replace
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import click

from poolwatch.cli.log_options import (
    exemptions_option,
    logs_config_option,
    logs_option,
    register_option,
    report_log_notes,
)
from poolwatch.cli.unit_options import field_option, report_notes, units_option
from poolwatch.errors import UsageError
from poolwatch.messages import LANGUAGES, Messages, default_language
from poolwatch.outputs import OUTPUTS, ROWS, Item, Output, View, open_output
from poolwatch.outputs.sentences import problem_line
from poolwatch.plan import time_zone
from poolwatch.settings import Limits
from poolwatch.terms import Grade, Stats

if TYPE_CHECKING:
    from poolwatch.engine import Engine
    from poolwatch.recording import Recorder

_FAILED_INPUT = 3
_FOUND = 1
_CONFIGURED = "poolwatch.limits"
_LIMIT_VARIABLE = "POOLWATCH_LIMIT_"


def _read_config(ctx: click.Context, _: click.Parameter, path: Path | None) -> None:
    """Make the `[scan]` table of a TOML file the defaults; unknown keys are refused."""
    if path is None:
        return
    try:
        document = tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UsageError(f"--config {path}: {error}") from error
    for name, table in document.items():
        if name not in ("scan", "limits"):
            raise UsageError(f"{path}: {name}: no such table", "known: [scan], [limits]")
        if not isinstance(table, dict):
            raise UsageError(f"{path}: {name}: not a table", f"begin it with a line [{name}]")
    options = {p.name: p for p in ctx.command.params if isinstance(p, click.Option) and p.name}
    defaults: dict[str, Any] = {}
    for key, value in document.get("scan", {}).items():
        name = key.replace("-", "_")
        if name not in options.keys() - {"config", "limit", "help"}:
            raise UsageError(f"{path}: scan.{key}: no such setting")
        defaults[name] = _setting(f"{path}: scan.{key}", value, several=options[name].multiple)
    ctx.default_map = defaults
    ctx.meta[_CONFIGURED] = document.get("limits", {})


def _setting(where: str, value: object, *, several: bool) -> object:
    """A value of the configuration as click takes it: one, or a list where several may stand."""
    values = value if isinstance(value, list) else [value]
    if isinstance(value, list) and not several:
        raise UsageError(f"{where} = {value!r}: one value is wanted, not a list")
    for one in values:
        if not isinstance(one, str | int | bool):
            raise UsageError(f"{where} = {value!r}: not a text", 'write it as "…"')
    return values if several else value


@click.command("scan")
@click.argument("inputs", nargs=-1, required=True, metavar="INPUT...")
@click.option(
    "--format",
    type=click.Choice([row.name for row in OUTPUTS]),
    default="table",
    show_default=True,
    help="How to write the findings.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(),
    metavar="PATH",
    help="Write to a file; for csv and parquet, into a folder with a file a table.",
)
@click.option(
    "--bom", is_flag=True, help="Begin CSV with a byte order mark, as spreadsheet programs want."
)
@click.option(
    "--internal",
    multiple=True,
    metavar="CIDR",
    help="A network whose hosts are inside; may be given several times. "
    "Without it and --units, private, carrier-NAT and unique-local addresses are.",
)
@units_option
@field_option
@click.option(
    "--mmdb",
    multiple=True,
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="An MMDB file of countries or autonomous systems: where pools stand; may be given "
    "several times.",
)
@click.option("--home", metavar="CC", help="The country of the hosts inside, for example CN.")
@logs_option
@logs_config_option
@register_option
@exemptions_option
@click.option(
    "--vantage",
    type=click.Choice(["inside", "outside"]),
    help="Side of address translation the captures were taken on; outside, an address is not a "
    "machine.",
)
@click.option(
    "--signatures",
    multiple=True,
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="A folder of signature files whose rows are added to the shipped ones.",
)
@click.option(
    "--min-grade",
    type=click.Choice([grade.word for grade in Grade]),
    default="noted",
    show_default=True,
    help="Leave out what is less sure.",
)
@click.option("--exit-code", is_flag=True, help="Exit 1 when something is at least probable.")
@click.option("--reveal", is_flag=True, help="Show wallets and accounts in the table.")
@click.option("--lang", type=click.Choice(LANGUAGES), help="Language of the table.")
@click.option(
    "--tz",
    default="UTC",
    show_default=True,
    help="Time zone of the table, of dates in unit tables and registers, and of office hours.",
)
@click.option("--sensor", help="Name of this observation point.  [default: the host name]")
@click.option(
    "--store",
    metavar="URL",
    help="Keep everything found in a store too: sqlite:///FILE or postgresql://USER@HOST/DATABASE. "
    "A second scan adds nothing. A password is best given in POOLWATCH_SCAN_STORE or PGPASSFILE.",
)
@click.option(
    "--limit",
    multiple=True,
    metavar="NAME=N",
    help="Change a bound, for example flows=2000000; may be given several times. "
    "In the environment: POOLWATCH_LIMIT_FLOWS.",
)
@click.option("-q", "--quiet", is_flag=True, help="No progress on the terminal.")
@click.option(
    "--config",
    type=click.Path(dir_okay=False, path_type=Path),
    callback=_read_config,
    is_eager=True,
    expose_value=False,
    help="A TOML file with defaults: [scan] for these options, [limits] for the bounds.",
)
@click.pass_context
def command(ctx: click.Context, /, **options: Any) -> int:
    """Find the hosts that talk to mining pools in captures.

    INPUT is a pcap or pcapng file, plain or packed, a folder (walked in path
    order), a pipe, or - for standard input. What a file is, its content tells.

    Exit status: 0 done, 1 with --exit-code when something is at least probable, 2 usage,
    3 some input could not be read or not to its end (the rest was done).
    """
    limits = read_limits(ctx.meta.get(_CONFIGURED, {}), options["limit"])
    messages = Messages(options["lang"] or default_language())
    with ExitStack() as stack:
        output = _open_output(options, limits, messages, stack)
        show = sys.stderr.isatty() and not options["quiet"]
        recorder = _open_recorder(options, stack)
        engine = _build_engine(options, limits, messages)
        status = 0
        for item in _run(engine, list(options["inputs"]), show, messages):
            if recorder is not None:
                recorder.add(item)
            output.write(item)
            if isinstance(item, Stats):
                if item.problems:
                    _report_problems(item, messages, limits)
                    status = _FAILED_INPUT
            elif options["exit_code"] and item.grade >= Grade.PROBABLE:
                status = status or _FOUND
    return status


def _build_engine(options: dict[str, Any], limits: Limits, messages: Messages) -> Engine:
    from poolwatch.plan import Plan, make_engine

    plan = Plan(
        internal=tuple(options["internal"]),
        signatures=tuple(options["signatures"]),
        units=tuple(options["units"]),
        unit_field=options["unit_field"],
        zone=options["tz"],
        mmdb=tuple(options["mmdb"]),
        home=options["home"],
        logs=tuple(options["logs"]),
        logs_config=options["logs_config"],
        register=tuple(options["register"]),
        exemptions=tuple(options["exemptions"]),
        vantage=options["vantage"],
        sensor=options["sensor"],
        limits=limits,
        identify=ROWS[options["format"]].shows_ids or options["store"] is not None,
    )
    return make_engine(
        plan,
        unreadable_rows=lambda notes: report_notes(notes, messages, limits.file_messages),
        unread_logs=lambda notes: report_log_notes(notes, messages, limits.file_messages),
        compiling=lambda: click.echo(f"poolwatch: {messages.say('progress.compiling')}", err=True),
    )


def _open_recorder(options: dict[str, Any], stack: ExitStack) -> Recorder | None:
    """What keeps the findings, if that is wanted."""
    if options["store"] is None:
        return None
    from poolwatch.plan import sensor_name
    from poolwatch.recording import Recorder
    from poolwatch.store import open_store

    store = open_store(options["store"], sensor_name(options["sensor"]))
    return Recorder(stack.enter_context(closing(store)))


def _run(engine: Engine, inputs: list[str], show: bool, messages: Messages) -> Any:
    if not show:
        return engine.run(inputs)
    from poolwatch.cli.progress import run_with_progress

    return run_with_progress(engine, inputs, messages)


def read_limits(configured: dict[str, object], assignments: tuple[str, ...]) -> Limits:
    """The bounds: from options, else the environment, else what is configured, else built in.

    Raises UsageError.
    """
    values: dict[str, object] = {}
    for assignment in assignments:
        name, equals, value = assignment.partition("=")
        if not equals:
            raise UsageError(f"--limit {assignment}: not of the form NAME=N")
        values[name.strip()] = value.strip()
    surroundings: dict[str, object] = {
        name.removeprefix(_LIMIT_VARIABLE).lower(): value
        for name, value in os.environ.items()
        if name.startswith(_LIMIT_VARIABLE) and value
    }
    return Limits().changed(configured).changed(surroundings).changed(values)


def _open_output(
    options: dict[str, Any], limits: Limits, messages: Messages, stack: ExitStack
) -> Output:
    """The output wanted, into a stream or a folder."""
    row = ROWS[options["format"]]
    path = None if options["output"] in (None, "-") else Path(options["output"])
    view = View(
        messages=messages,
        min_grade=Grade[options["min_grade"].upper()],
        reveal=options["reveal"],
        zone=time_zone(options["tz"]),
        most=limits.table_findings,
        bom=options["bom"],
    )
    if "folder" in row.goes_to and path is not None:
        from poolwatch.outputs.folder import open_folder

        return stack.enter_context(closing(open_folder(row.name, path, view)))
    if "stream" not in row.goes_to:
        raise UsageError(f"{row.name} is written to a folder", "name it: -o FOLDER")
    stream = _open_stream(path, stack)
    stack.callback(stream.flush)
    colour = stream.isatty() and "NO_COLOR" not in os.environ
    output = open_output(row.name, stream, replace(view, colour=colour))
    return output if row.tells_stats else _WithStats(output, view)


class _WithStats:
    """An output that has no place for the stats: they go to standard error, in sentences."""

    def __init__(self, output: Output, view: View) -> None:
        self._output = output
        self._view = view

    def write(self, item: Item) -> None:
        self._output.write(item)
        if isinstance(item, Stats):
            from poolwatch.outputs.table import TableOutput

            TableOutput(sys.stderr, self._view).write_stats(item)


def _open_stream(path: Path | None, stack: ExitStack) -> IO[str]:
    if path is None:
        sys.stdout.reconfigure(encoding="utf-8", errors="backslashreplace")  # type: ignore[union-attr]
        return sys.stdout
    try:
        file = path.open("w", encoding="utf-8", errors="backslashreplace")
    except OSError as error:
        raise UsageError(f"-o {path}: {error.strerror}") from error
    return stack.enter_context(file)


def _report_problems(stats: Stats, messages: Messages, limits: Limits) -> None:
    for problem in stats.problems[: limits.file_messages]:
        click.echo(f"poolwatch: {problem_line(problem, messages)}", err=True)
    rest = len(stats.problems) - limits.file_messages
    if rest > 0:
        click.echo(f"poolwatch: {messages.say('problem.more', count=rest)}", err=True)
