"""`poolwatch report energy`: what machines take and bring, of findings or of counts."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

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
from poolwatch.plan import time_zone

if TYPE_CHECKING:
    from poolwatch.catalog.figures import Figures
    from poolwatch.report.energy import Counts, EnergyReport
    from poolwatch.settings import Limits

_KINDS = {
    "addresses": "kw_per_address",
    "rigs": "kw_per_rig",
    "pcs": "kw_per_pc",
}
_KILOWATTS = RangeType(1e9)
_MANY = click.IntRange(1, 1_000_000_000)


@click.command("energy")
@click.option(
    "--eve",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Findings: what scan --format eve wrote; may be given several times.",
)
@click.option("--store", metavar="URL", help="Findings of a store, as sqlite:///poolwatch.db.")
@click.option("--addresses", type=_MANY, help="Addresses that mine.")
@click.option("--kw-per-address", type=_KILOWATTS, metavar="L-H", help="kW of each.")
@click.option("--rigs", type=_MANY, help="Mining rigs.")
@click.option("--kw-per-rig", type=_KILOWATTS, metavar="L-H", help="kW of each.")
@click.option("--pcs", type=_MANY, help="PCs that mine.")
@click.option("--kw-per-pc", type=_KILOWATTS, metavar="L-H", help="kW of each.")
@click.option("--on-addresses", type=_MANY, help="On how many addresses the machines were found.")
@click.option("--scale-to", type=_MANY, help="For how many addresses the figures are wanted.")
@click.option(
    "--hours",
    type=RangeType(24),
    default="24",
    show_default=True,
    metavar="L-H",
    help="Hours a day, for counts.",
)
@click.option(
    "--factors",
    multiple=True,
    metavar="NAME",
    help="A set of factors, for example newspaper-2021; several stand beside each other. "
    "Official ones stand beside always.",
)
@click.option(
    "--region", help="Official factors of a province or grid, for example Zhejiang, 浙江."
)
@click.option(
    "--meter",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="A CSV of a meter: does its load follow the hours of mining?",
)
@click.option("--meter-columns", metavar="TIME,LOAD", help="Its columns.  [default: the first two]")
@click.option(
    "--meter-tz", default="UTC", show_default=True, help="Time zone of its times without one."
)
@click.option(
    "--meter-lag",
    type=click.FloatRange(0, 168),
    default=3.0,
    show_default=True,
    metavar="HOURS",
    help="The most that the load may come later or earlier.",
)
@price_options
@output_options
def command(**options: Any) -> int:
    """Power, energy, standard coal and CO2, each with its formula, factors and their sources.

    Of findings (--eve, --store): what each host takes by its hashrate and the machines there
    were, and the coins of its accepted work. Of counts: addresses, or rigs and PCs, times a
    power each.
    """
    from poolwatch.report.energy.files import write_csv, write_json
    from poolwatch.report.energy.text import report_lines

    limits = read_limits({}, options["limit"])
    messages = report_messages(options["lang"])
    counts = _counts(options)
    found = bool(options["eve"] or options["store"])
    if found == bool(counts):
        raise UsageError(
            "report energy: give findings or counts, one of both",
            "findings: --eve FILE or --store URL; counts: --addresses N --kw-per-address X",
        )
    figures = load_figures(options["signatures"])
    report = (
        _of_findings(options, figures, limits) if found else _of_counts(options, counts, figures)
    )
    with opened(options["output"]) as stream:
        if options["form"] == "json":
            write_json(report, stream)
        elif options["form"] == "csv":
            write_csv(report, stream)
        else:
            for line in report_lines(report, messages, limits.table_findings):
                stream.write(line + "\n")
    return 0


def _counts(options: dict[str, Any]) -> list[Counts]:
    """The ways of counting that were given: by addresses, by machines."""
    from poolwatch.aggregate.counts import Kind
    from poolwatch.report.energy import Counts

    kinds = {}
    for name, each in _KINDS.items():
        count, power = options[name], options[each]
        if (count is None) != (power is None):
            missing = each if power is None else name
            raise UsageError(
                f"report energy: --{name} and --{each.replace('_', '-')} belong together",
                f"--{missing.replace('_', '-')} is missing",
            )
        if count is not None:
            kinds[name] = Kind(name, each, count, power)
    scale = options["on_addresses"], options["scale_to"]
    if (scale[0] is None) != (scale[1] is None):
        raise UsageError("report energy: --on-addresses and --scale-to belong together")
    by_address = kinds.pop("addresses", None)
    counts = [Counts((by_address,))] if by_address is not None else []
    if kinds:
        counts.append(Counts(tuple(kinds.values()), scale if scale[0] is not None else None))
    elif scale[0] is not None:
        raise UsageError("report energy: --scale-to is for machines", "add --rigs or --pcs")
    return counts


def _of_counts(options: dict[str, Any], counts: list[Counts], figures: Figures) -> EnergyReport:
    from poolwatch.report.energy import FactorSets, report_counts

    for name in ("meter", "price", "prices"):
        if options[name]:
            raise UsageError(f"report energy: --{name} goes with findings", "add --eve FILE")
    sets = FactorSets(figures, options["factors"], options["region"])
    return report_counts(counts, options["hours"], sets)


def _of_findings(options: dict[str, Any], figures: Figures, limits: Limits) -> EnergyReport:
    from poolwatch.report.energy import FactorSets, report_hosts
    from poolwatch.report.energy.hosts import read_hosts, sum_coins
    from poolwatch.report.energy.rows import read_events, times_of

    prices = read_all_prices(options, limits)
    rows = read_events(options["eve"], options["store"], limits, _complain)
    hosts, without = read_hosts(rows.findings)
    years = [host.last_year for host in hosts if host.last_year]
    sets = FactorSets(figures, options["factors"], options["region"])
    report = report_hosts(hosts, without, max(years, default=None), sets)
    report.coins = sum_coins(hosts, prices)
    if options["meter"] is not None:
        from poolwatch.report.energy.meter import follow, read_meter

        columns = _columns(options["meter_columns"])
        zone = time_zone(options["meter_tz"], "--meter-tz")
        meter = read_meter(options["meter"], columns, zone, limits)
        spans, seen = times_of(rows)
        report.meter = follow(meter, spans, seen, options["meter_lag"] * 3600)
    return report


def _columns(text: str | None) -> tuple[str, str] | None:
    if text is None:
        return None
    names = [name.strip() for name in text.split(",")]
    if len(names) != 2 or not all(names):
        raise UsageError(f"--meter-columns {text}: not of the form TIME,LOAD")
    return names[0], names[1]


def _complain(text: str) -> None:
    from poolwatch.messages import printable

    click.echo(f"poolwatch: {printable(text)}", err=True)
