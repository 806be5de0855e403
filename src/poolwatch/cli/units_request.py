"""`poolwatch units request`: which logs to ask for, of whom, for which minutes."""

from __future__ import annotations

import json
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Any

import click

from poolwatch.cli.log_options import chain_options, follow
from poolwatch.cli.unit_options import (
    field_option,
    language_option,
    limit_option,
    limits_of,
    messages_of,
    units_option,
    zone_option,
)
from poolwatch.errors import UsageError


@click.command("request")
@click.argument("targets", nargs=-1, metavar="[ADDRESS[:PORT]@TIME...]")
@units_option
@field_option
@chain_options
@click.option(
    "--format",
    type=click.Choice(["text", "csv", "json"]),
    default="text",
    show_default=True,
    help="How to write the requests.",
)
@click.option("-o", "--output", type=click.Path(dir_okay=False), help="Write to FILE.")
@zone_option
@language_option
@limit_option
def request(targets: tuple[str, ...], **options: Any) -> int:
    """List the logs that would settle what chains leave open: which log, of which device, which
    minutes, and what to look for in it.

    Chains are followed as `units who` does, of notices or of the findings of an EVE file.
    """
    from poolwatch.chain.requests import requests_of
    from poolwatch.outputs.chain_rows import request_object, write_requests
    from poolwatch.outputs.chain_text import ChainText
    from poolwatch.outputs.chain_words import Masker

    messages = messages_of(options)
    asked = follow(targets, options, limits_of(options), messages)
    traces = [trace for one in asked for trace in one.traces]
    requests = requests_of(traces)
    with ExitStack() as stack:
        stream: IO[str] = sys.stdout
        if options["output"] not in (None, "-"):
            try:
                path = Path(options["output"])
                stream = stack.enter_context(path.open("w", encoding="utf-8", newline=""))
            except OSError as error:
                raise UsageError(f"-o {options['output']}: {error.strerror}") from error
        if options["format"] == "csv":
            write_requests(requests, messages, stream)
        elif options["format"] == "json":
            for one in requests:
                stream.write(json.dumps(request_object(one), ensure_ascii=False) + "\n")
        else:
            text = ChainText(messages, options["tz"], Masker(traces, reveal=options["reveal"]))
            for line in text.requests(requests):
                stream.write(line + "\n")
    return 0
