"""`poolwatch explain`: the argument of a finding in plain sentences, with its bytes."""

from __future__ import annotations

import json
import sys
from contextlib import ExitStack, closing
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import click

from poolwatch.cli.scan import read_limits
from poolwatch.errors import UsageError
from poolwatch.messages import LANGUAGES, Messages, default_language
from poolwatch.plan import time_zone, warm_kernels
from poolwatch.settings import Limits

if TYPE_CHECKING:
    from poolwatch.explain.account import Account
    from poolwatch.explain.dissect import Decoded, Key
    from poolwatch.explain.quotes import QuoteReader
    from poolwatch.explain.subjects import Found, Wanted
    from poolwatch.outputs.eve_reader import Reading

_USAGE = 2
_FAILED_INPUT = 3
_FORMATS = ("text", "json", "markdown")


@click.command("explain")
@click.argument("ids", nargs=-1, metavar="[ID]...")
@click.option(
    "--eve",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="What `poolwatch scan --format eve` or a sensor wrote.",
)
@click.option("--store", metavar="URL", help="The store that holds the finding.")
@click.option(
    "--captures",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="PATH",
    help="A capture, or a folder that holds the captures the events name; may be given several "
    "times. Paths in events are not followed.",
)
@click.option(
    "--kept",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="The folder in which a sensor keeps packets.",
)
@click.option(
    "--format",
    type=click.Choice(_FORMATS),
    default="text",
    show_default=True,
    help="How to write it.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write to a file.",
)
@click.option(
    "--dissect", is_flag=True, help="Show quoted packets as tshark decodes them, and its filter."
)
@click.option("--reveal", is_flag=True, help="Show wallets and accounts, in the bytes too.")
@click.option("--lang", type=click.Choice(LANGUAGES), help="Language of the sentences.")
@click.option("--tz", default="UTC", show_default=True, help="Time zone of the times.")
@click.option(
    "--signatures",
    multiple=True,
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="A folder of signature files that the scan used beside the shipped ones.",
)
@click.option(
    "--limit",
    multiple=True,
    metavar="NAME=N",
    help="Change a bound, for example explain_bytes=2000; may be given several times.",
)
def command(ids: tuple[str, ...], **options: Any) -> int:
    """Explain findings: what speaks for them and against them, and on which bytes that rests.

    ID is the number of a finding or of a flow, or the address of a host. Without one the only
    finding is explained, or those there are to choose from are listed.

    Quoted bytes are read anew from --captures or --kept; without them the events' own text stands.

    Exit status: 0 done, 2 usage, or an ID that is not there, 3 a line of the events or a
    quoted packet could not be read, or the capture is another one (the rest was done).
    """
    from poolwatch.explain.subjects import wanted

    limits = read_limits({}, options["limit"])
    messages = Messages(options["lang"] or default_language())
    zone = time_zone(options["tz"])
    asked = [wanted(text) for text in ids]
    with ExitStack() as stack:
        found, reading, source = _find(asked, options, limits, stack)
        status = _report_lines(reading, source, messages)
        stream = _open(options["output"], stack)
        if not asked and not found.subjects:
            _list(stream, found, messages, as_json=options["format"] == "json")
            return status
        status = _explain(found, options, limits, messages, zone, stream) or status
        if found.unknown:
            text = ", ".join(found.unknown)
            click.echo(f"poolwatch: {messages.say('explain.unknown_id', ids=text)}", err=True)
            return _USAGE
    return status


def _find(
    asked: list[Wanted], options: dict[str, Any], limits: Limits, stack: ExitStack
) -> tuple[Found, Reading, str]:
    """The subjects, what was met in reading, and where."""
    eve, url = options["eve"], options["store"]
    if (eve is None) == (url is None):
        raise UsageError("explain: name one source of findings", "add --eve FILE or --store URL")
    if eve is not None:
        from poolwatch.explain.from_eve import EveSubjects

        events = EveSubjects(eve, limits)
        return events.find(asked), events.reading, str(eve)
    from poolwatch.explain.from_store import StoreSubjects
    from poolwatch.store import open_store, shown_url
    from poolwatch.store.urls import file_of

    file = file_of(url)
    if file is not None and not file.exists():  # opening it would make one
        raise UsageError(f"--store {shown_url(url)}: there is no such file")
    rows = StoreSubjects(stack.enter_context(closing(open_store(url, ""))), limits)
    return rows.find(asked), rows.reading, shown_url(url)


def _explain(
    found: Found,
    options: dict[str, Any],
    limits: Limits,
    messages: Messages,
    zone: str,
    stream: IO[str],
) -> int:
    from poolwatch.explain.account import explain
    from poolwatch.explain.phrases import Phrases
    from poolwatch.explain.rows import load_listed
    from poolwatch.explain.writing import FORMATS
    from poolwatch.explain.writing.page import Page

    listed = load_listed(options["signatures"])
    reader = _reader(options, limits, messages)
    accounts = [explain(subject, listed, reader) for subject in found.subjects]
    decoded, problems = _dissect(accounts) if options["dissect"] else ({}, [])
    pages = [
        Page(
            account,
            Phrases(messages, zone, account.subject.secrets, reveal=options["reveal"]),
            decoded,
        )
        for account in accounts
    ]
    FORMATS[options["format"]](stream, pages)
    stream.flush()
    said = [messages.say("explain.dissect_problem", problem=text) for text in problems]
    kept = reader.kept.problems if reader.kept else []
    said += [messages.say("explain.kept_problem", problem=text) for text in kept]
    for line in said[: limits.file_messages]:
        click.echo(f"poolwatch: {line}", err=True)
    return _FAILED_INPUT if said or any(account.failed for account in accounts) else 0


def _reader(options: dict[str, Any], limits: Limits, messages: Messages) -> QuoteReader:
    from poolwatch.explain.captures import Captures
    from poolwatch.explain.kept import Kept
    from poolwatch.explain.quotes import QuoteReader

    captures = Captures(options["captures"], limits)
    kept = Kept(options["kept"], limits) if options["kept"] else None
    if options["captures"] or kept:
        say = messages.say("progress.compiling")
        warm_kernels(lambda: click.echo(f"poolwatch: {say}", err=True))
    return QuoteReader(captures, kept, limits, options["reveal"])


def _dissect(accounts: list[Account]) -> tuple[dict[Key, Decoded], list[str]]:
    from poolwatch.explain.dissect import dissect

    quotes = (quote for account in accounts for quote in account.quotes.values())
    return dissect(part for quote in quotes for part in quote.parts)


def _list(stream: IO[str], found: Found, messages: Messages, *, as_json: bool) -> None:
    """The findings there are."""
    from poolwatch.outputs.sentences import verdict_id

    if as_json:
        rows = [
            {
                "finding_id": finding.finding_id,
                "host": finding.host,
                "role": finding.role.value,
                "grade": finding.grade.word,
                "stage": finding.stage.word,
            }
            for finding in found.choice
        ]
        json.dump({"v": 1, "choice": rows, "more": found.more}, stream, indent=1)
        stream.write("\n")
        return
    if not found.choice:
        stream.write(messages.say("explain.choice.none") + "\n")
        return
    count = len(found.choice) + found.more
    stream.write(messages.say("explain.choice.title", count=count) + "\n")
    for finding in found.choice:
        verdict = verdict_id(finding.role, finding.stage, finding.grade, refused=finding.refused)
        line = messages.say(
            "explain.choice.line",
            number=finding.finding_id if finding.finding_id is not None else "-",
            host=finding.host,
            verdict=messages.say(f"verdict.{verdict}"),
            grade=messages.say(f"grade.{finding.grade.word}"),
            stage=messages.say(f"stage.{finding.stage.word}"),
        )
        stream.write(f"  {line}\n")
    if found.more:
        stream.write(messages.say("explain.choice.more", count=found.more) + "\n")


def _report_lines(reading: Reading, source: str, messages: Messages) -> int:
    """Name the first line that could not be used."""
    if not reading.bad:
        return 0
    first = reading.bad_lines[0]
    text = messages.say(
        "explain.lines_left_out",
        source=source,
        count=reading.bad,
        line=first.line,
        reason=first.reason,
    )
    click.echo(f"poolwatch: {text}", err=True)
    return _FAILED_INPUT


def _open(path: Path | None, stack: ExitStack) -> IO[str]:
    if path is None:
        sys.stdout.reconfigure(encoding="utf-8", errors="backslashreplace")  # type: ignore[union-attr]
        return sys.stdout
    try:
        file = path.open("w", encoding="utf-8", errors="backslashreplace")
    except OSError as error:
        raise UsageError(f"-o {path}: {error.strerror}") from error
    return stack.enter_context(file)
