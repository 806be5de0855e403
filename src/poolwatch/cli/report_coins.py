"""`poolwatch report coins`: what a hashrate brings over a time, by the tables of networks."""

from __future__ import annotations

import datetime
from typing import Any

import click

from poolwatch.cli.report_options import (
    RangeType,
    load_figures,
    opened,
    output_options,
    price_options,
    read_all_prices,
    report_messages,
)
from poolwatch.cli.scan import read_limits
from poolwatch.errors import UsageError

_DATE = click.DateTime(["%Y-%m-%d"])


@click.command("coins")
@click.option("--coin", required=True, help="Its symbol, for example ETH.")
@click.option(
    "--hashrate", type=RangeType(1e30), required=True, metavar="L-H", help="H/s of one machine."
)
@click.option(
    "--machines",
    type=click.IntRange(1, 1_000_000_000),
    default=1,
    show_default=True,
    help="How many of them.",
)
@click.option("--from", "first", type=_DATE, required=True, help="The first day, UTC.")
@click.option("--until", type=_DATE, required=True, help="The last day, UTC.")
@click.option(
    "--uptime",
    type=RangeType(1),
    default="1",
    show_default=True,
    metavar="L-H",
    help="The share of the time in which they work.",
)
@click.option(
    "--pool-fee",
    type=RangeType(1),
    metavar="L-H",
    help="The pool's share of the reward.  [default: what pools publish, 0-0.04]",
)
@price_options
@output_options
def command(**options: Any) -> int:
    """The coins a hashrate brings from one day to another, with formula, factors and sources.

    Each day counts with the difficulty of its month (network.csv) and the reward of its time
    (rewards.csv). Where a month is missing there is no figure; the report says which.
    """
    from poolwatch.aggregate.yields import Yields
    from poolwatch.outputs.quantities import coins_value
    from poolwatch.report.energy import EnergyReport
    from poolwatch.report.energy.files import write_csv, write_json
    from poolwatch.report.energy.hosts import coin_sum
    from poolwatch.report.energy.text import report_lines

    limits = read_limits({}, options["limit"])
    messages = report_messages(options["lang"])
    first, until = options["first"].date(), options["until"].date()
    days = (until - first).days + 1
    if not 0 < days <= limits.finding_days:
        raise UsageError(
            f"--until {until}: {days} days from {first}",
            f"at least one, at most {limits.finding_days}; raise it with --limit finding_days=N",
        )
    low, high = (rate * options["machines"] for rate in options["hashrate"])
    yields = Yields(load_figures(options["signatures"]), options["pool_fee"])
    end = until + datetime.timedelta(days=1)
    mined = yields.of_rate(options["coin"].upper(), (low, high), first, end, options["uptime"])
    record = coins_value(mined)
    total = coin_sum(mined.coin, [record], read_all_prices(options, limits))
    report = EnergyReport(coins=[total], given_rate=True)
    with opened(options["output"]) as stream:
        if options["form"] == "json":
            write_json(report, stream)
        elif options["form"] == "csv":
            write_csv(report, stream)
        else:
            for line in report_lines(report, messages, limits.table_findings):
                stream.write(line + "\n")
    return 0
