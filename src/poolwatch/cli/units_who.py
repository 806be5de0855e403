"""`poolwatch units who`: whose an address is, and with logs which machine was behind it."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

import click

from poolwatch.cli.log_options import chain_options, follow
from poolwatch.cli.targets import now, read_moment, split_target
from poolwatch.cli.unit_options import (
    field_option,
    language_option,
    limit_option,
    limits_of,
    load_table,
    messages_of,
    report_notes,
    shown_moment,
    units_option,
    zone_option,
)
from poolwatch.errors import UsageError
from poolwatch.messages import Messages

if TYPE_CHECKING:
    from poolwatch.cli.log_options import Asked
    from poolwatch.inventory.unit_rows import UnitRow
    from poolwatch.outputs.chain_text import ChainText


@click.command("who")
@click.argument("targets", nargs=-1, metavar="[ADDRESS[:PORT][@TIME]...]")
@units_option
@field_option
@chain_options
@click.option(
    "--format",
    type=click.Choice(["text", "csv", "json"]),
    default="text",
    show_default=True,
    help="How to write a chain.",
)
@zone_option
@language_option
@limit_option
def who(targets: tuple[str, ...], **options: Any) -> int:
    """Say whose ADDRESS is, or was at TIME (for example 10.1.2.3@2021-09-06T08:30Z).

    A TIME without a zone is in --tz; without TIME, it is now.

    With --logs the address is followed to a machine: through every address translation to
    the inside address, its MAC address, switch port, account and row of the register, each
    with the line that says so. Every candidate is kept; where the logs stop, the one log is
    named that would go on. TIME is then needed, and PORT where addresses are translated.
    """
    messages = messages_of(options)
    if options["logs"] or options["eve"]:
        return _who_by_logs(targets, options, messages)
    if not targets:
        raise UsageError("units who: no address given", "for example 10.1.2.3@2021-09-06")
    if not options["units"]:
        raise UsageError("units who: no table given", "add --units FILE, or --logs PATH")
    if options["format"] != "text":
        raise UsageError(f"--format {options['format']}: only of chains", "add --logs PATH")
    table = load_table(options["units"], options)
    report_notes(table.unreadable, messages, limits_of(options).file_messages)
    for target in targets:
        address, _, time = split_target(target)
        ts_ns = now() if time is None else read_moment(time, options["tz"], target)
        rows = list(table.find_all(address.version, int(address), ts_ns))
        if rows:
            _print_row(rows[0], messages, options["tz"])
            if rows[1:]:
                click.echo(messages.say("units.who.also"))
                _print_short(rows[1:], messages, options["tz"])
            continue
        moment = shown_moment(ts_ns, options["tz"])
        click.echo(messages.say("units.who.nobody", address=address, time=moment))
        others = table.find_ever(address.version, int(address))
        if others:
            click.echo(messages.say("units.who.otherwise", address=address))
            _print_short(others, messages, options["tz"])
    return 0


def _who_by_logs(targets: tuple[str, ...], options: dict[str, Any], messages: Messages) -> int:
    from poolwatch.outputs.chain_rows import chain_object, write_chains
    from poolwatch.outputs.chain_text import ChainText
    from poolwatch.outputs.chain_words import Masker

    asked = follow(targets, options, limits_of(options), messages)
    traces = [trace for one in asked for trace in one.traces]
    masker = Masker(traces, reveal=options["reveal"])
    if options["format"] == "csv":
        write_chains(traces, masker, sys.stdout)
    elif options["format"] == "json":
        for one in asked:
            host = one.found.host if one.found else None
            for trace in one.traces:
                line = {"finding": host, **chain_object(trace, masker)}
                click.echo(json.dumps(line, ensure_ascii=False))
    else:
        text = ChainText(messages, options["tz"], masker)
        for number, one in enumerate(asked):
            if number:
                click.echo()
            _print_chains(one, text, messages)
        click.echo()
        click.echo(messages.say("chain.caution"))
        if masker.hides:
            click.echo(messages.say("chain.hidden"))
    return 0


def _print_chains(asked: Asked, text: ChainText, messages: Messages) -> None:
    """The chains of one thing asked for; conversations with the same chain are told once."""
    found = asked.found
    if found is not None:
        click.echo(text.finding(found))
        if not asked.traces:
            click.echo(messages.say("chain.no_flows"))
    for trace, more in text.distinct(asked.traces):
        for line in text.chain(trace):
            click.echo(line)
        if more:
            click.echo(messages.say("chain.alike", count=more))
    if found is not None and found.left_out > 0:
        click.echo(messages.say("chain.flows_left_out", count=found.left_out))


def _print_row(row: UnitRow, messages: Messages, zone: str) -> None:
    unit = row.unit
    values = {
        "unit": unit.name,
        "path": " / ".join(unit.path),
        "kind": unit.kind,
        "contact": unit.contact,
        "prefix": unit.prefix,
        "valid": _validity(row, messages, zone),
        "source": unit.source,
        "row": unit.place,
    }
    words = {name: messages.say(f"units.who.{name}") for name in values}
    for name, value in values.items():
        if value:
            click.echo(f"{words[name]}: {value}")


def _print_short(rows: list[UnitRow], messages: Messages, zone: str) -> None:
    for row in rows:
        validity = _validity(row, messages, zone)
        path = " / ".join(row.unit.path)
        click.echo(f"  {row.unit.prefix}  {path}  ({validity})  {row.unit.place}")


def _validity(row: UnitRow, messages: Messages, zone: str) -> str:
    if not row.is_dated:
        return messages.say("units.who.always")
    ends = [
        shown_moment(ns, zone) or messages.say("units.who.open") for ns in (row.from_ns, row.to_ns)
    ]
    return messages.say("units.who.span", first=ends[0], last=ends[1])
