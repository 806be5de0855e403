"""`poolwatch report statistics`: how many mine, where, what, and what it takes."""

from __future__ import annotations

import datetime
import io
import zoneinfo
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from poolwatch.cli.report_options import (
    load_figures,
    opened,
    opened_bytes,
    output_options_of,
    report_messages,
)
from poolwatch.cli.scan import read_limits
from poolwatch.errors import UsageError
from poolwatch.plan import time_zone
from poolwatch.terms import Grade

if TYPE_CHECKING:
    from poolwatch.messages import Messages
    from poolwatch.report.statistics import Statistics
    from poolwatch.settings import Limits

_BY = ("region", "unit", "kind", "coin", "pool", "dialect", "cause", "week")
_FORMATS = ("text", "csv", "xlsx", "html", "json")
_MOST_US = 9_000_000_000_000_000  # what a store can be asked for, in ns of 64 bits
_EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)


@click.command("statistics")
@click.argument(
    "eve",
    nargs=-1,
    type=click.Path(exists=True, dir_okay=False, path_type=Path, allow_dash=True),
    metavar="[EVE...]",
)
@click.option("--store", metavar="URL", help="Findings of a store, as sqlite:///poolwatch.db.")
@click.option(
    "--from", "first", metavar="TIME", help="Count from then on: 2026-01-31, or with T08:00."
)
@click.option("--to", "until", metavar="TIME", help="Count until then; of a day, to its end.")
@click.option(
    "--by",
    multiple=True,
    type=click.Choice(_BY),
    help="The tables wanted; may be given several times.  [default: all]",
)
@click.option(
    "--min-grade",
    type=click.Choice([grade.word for grade in Grade]),
    default="probable",
    show_default=True,
    help="What is less sure is counted apart.",
)
@click.option("--tz", default="UTC", show_default=True, help="Time zone of weeks and times.")
@click.option(
    "--factors", metavar="NAME", help="Coal and CO2 by this set; official ones stand beside."
)
@click.option(
    "--region", help="Official factors of a province or grid, for example Zhejiang, 浙江."
)
@click.option(
    "--public",
    is_flag=True,
    help="For publication: units without names, small groups put together.",
)
@click.option("--title", help="Heading of the report.")
@click.option("--issuer", metavar="NAME", help="Who issues it.")
@click.option(
    "--bom", is_flag=True, help="Begin CSV with a byte order mark, as spreadsheet programs want."
)
@output_options_of(_FORMATS)
def command(**options: Any) -> int:
    """How many addresses, machines and units mine, with traffic, hashrate, energy, coal and CO2.

    By region, unit, kind of unit, coin, pool, dialect, cause and week. EVE is what scan --format
    eve wrote, or - for standard input; a sensor's file too. What was looked at stands at the head.
    """
    from poolwatch.report.energy import FactorSets
    from poolwatch.report.energy.rows import read_events
    from poolwatch.report.statistics import By
    from poolwatch.report.statistics.make import Wishes, make_statistics

    if bool(options["eve"]) == bool(options["store"]):
        raise UsageError(
            "report statistics: give event lines or a store, one of both",
            "event lines: FILE of scan --format eve; a store: --store URL",
        )
    limits = read_limits({}, options["limit"])
    messages = report_messages(options["lang"])
    zone = time_zone(options["tz"])
    first = _moment(options["first"], zone, "--from", whole_day=False)
    until = _moment(options["until"], zone, "--to", whole_day=True)
    if first is not None and until is not None and first >= until:
        raise UsageError("report statistics: --from is not before --to")
    wishes = Wishes(
        by=tuple(By(name) for name in dict.fromkeys(options["by"])) or tuple(By),
        min_grade=Grade[options["min_grade"].upper()],
        zone=zone,
        between=(first, until),
        factors=options["factors"],
        public=options["public"],
        title=options["title"],
        issuer=options["issuer"],
    )
    figures = load_figures(options["signatures"])
    names = (options["factors"],) if options["factors"] else ()
    sets = FactorSets(figures, names, options["region"])
    ns = tuple(None if at is None else at * 1000 for at in (first, until))
    events = read_events(options["eve"], options["store"], limits, _complain, (ns[0], ns[1]))
    statistics = make_statistics(events, wishes, sets, limits)
    _write(statistics, options, messages, limits)
    return 0


def _write(
    statistics: Statistics, options: dict[str, Any], messages: Messages, limits: Limits
) -> None:
    form = options["form"]
    if form == "xlsx":
        from poolwatch.report.statistics.xlsx import write_xlsx

        content = io.BytesIO()
        write_xlsx(statistics, messages, content)
        with opened_bytes(options["output"], "report statistics --format xlsx") as file:
            file.write(content.getvalue())
        return
    with opened(options["output"]) as stream:
        if form == "json":
            from poolwatch.report.statistics.files import write_json

            write_json(statistics, stream)
        elif form == "csv":
            from poolwatch.report.statistics.files import write_csv

            write_csv(statistics, stream, bom=options["bom"])
        elif form == "html":
            from poolwatch.report.statistics.page import write_page

            write_page(statistics, messages, limits.table_findings, stream)
        else:
            from poolwatch.report.statistics.text import report_lines

            for line in report_lines(statistics, messages, limits.table_findings):
                stream.write(line + "\n")


def _moment(text: str | None, zone: str, option: str, *, whole_day: bool) -> int | None:
    """A time as microseconds UTC; without a zone it is in `zone`. A day as an end is over."""
    if text is None:
        return None
    try:
        moment = datetime.datetime.fromisoformat(text)
        if whole_day and len(text.strip()) <= len("2026-01-31"):
            moment += datetime.timedelta(days=1)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=zoneinfo.ZoneInfo(zone))
        at = (moment - _EPOCH) // datetime.timedelta(microseconds=1)
    except (ValueError, OverflowError) as error:
        raise UsageError(f"{option} {text}: not a time", "for example 2026-01-31") from error
    if abs(at) > _MOST_US:
        raise UsageError(f"{option} {text}: not a time", "for example 2026-01-31")
    return at


def _complain(text: str) -> None:
    from poolwatch.messages import printable

    click.echo(f"poolwatch: {printable(text)}", err=True)
