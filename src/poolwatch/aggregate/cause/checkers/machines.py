"""What computes, how much, and when."""

from __future__ import annotations

import datetime
from collections.abc import Iterator

from poolwatch.aggregate.cause.context import Context, Evidence, cite, found
from poolwatch.catalog.difficulties import algorithm_key
from poolwatch.catalog.grounds import Parameters
from poolwatch.terms import Where

_EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
_SATURDAY = 5
_HOUR_NS = 3_600_000_000_000


def hardware(context: Context, parameters: Parameters) -> Evidence | None:
    """Its agents are those of machines of these classes, and of no others."""
    classes = parameters.of("classes")
    if not set(context.values("hardware")) <= set(classes):
        return None
    where = dict(context.facts("hardware"))
    citations = [cite(agent, place) for agent, place in context.facts("agent")] if where else []
    return found(citations, hardware=", ".join(where))


def great_rate(context: Context, parameters: Parameters) -> Evidence | None:
    """It computes more than anything but machines built for it can, by its accepted shares."""
    finding, least = context.finding, parameters.number("rate")
    wanted = {algorithm_key(name) for name in parameters.of("algorithms")}
    rate = finding.hashrate
    algorithms = {algorithm_key(name) for name in _algorithms(context)}
    if rate is None or rate.low < least or not algorithms or not algorithms <= wanted:
        return None
    what = f"{rate.low:.3g}–{rate.high:.3g} H/s, {', '.join(sorted(algorithms))}"
    return found([cite(what, _first(context))], rate=f"{rate.low:.3g}")


def day_and_night(context: Context, parameters: Parameters) -> Evidence | None:
    """It works through days and nights, on machines of these classes, for one account."""
    if len(set(context.values("account"))) != 1 or context.values("wallet"):
        return None
    classes = set(context.values("hardware"))
    if not classes or not classes <= set(parameters.of("classes")):
        return None
    by_day: dict[datetime.date, set[int]] = {}
    for moment in _moments(context):
        by_day.setdefault(moment.date(), set()).add(moment.hour)
    whole = [day for day, hours in by_day.items() if len(hours) >= parameters.number("hours")]
    if len(whole) < parameters.number("days"):
        return None
    return found([cite(_hours_text(context), _first(context))], days=len(whole))


def off_hours(context: Context, parameters: Parameters) -> Evidence | None:
    """It works at nights and weekends, and hardly ever when others do."""
    return _by_hours(context, parameters, office=False)


def office_hours(context: Context, parameters: Parameters) -> Evidence | None:
    """It works when machines in offices are on, and hardly ever else."""
    return _by_hours(context, parameters, office=True)


def short_runs(context: Context, parameters: Parameters) -> Evidence | None:
    """It was tried for some minutes, while much more time was looked at."""
    finding, window = context.finding, context.window_ns
    if window is None or not context.traces.in_view:
        return None
    active = finding.active_ns / 1e9
    looked_at = (window[1] - window[0]) / 1e9
    ended = (window[1] - finding.last_ns) / 1e9
    quiet = parameters.number("quiet_seconds")
    if active > parameters.number("seconds") or looked_at < 2 * quiet or ended < quiet:
        return None
    return found([cite(f"{active:.0f} s", _first(context))], seconds=f"{active:.0f}")


def long_runs(context: Context, parameters: Parameters) -> Evidence | None:
    """It worked for longer than a test takes."""
    hours = context.finding.active_ns / _HOUR_NS
    if hours < parameters.number("hours"):
        return None
    return found([cite(f"{hours:.0f} h", _first(context))], hours=f"{hours:.0f}")


def _by_hours(context: Context, parameters: Parameters, *, office: bool) -> Evidence | None:
    begin, end = parameters.number("begin"), parameters.number("end")
    moments = list(_moments(context))
    days = {moment.date() for moment in moments}
    if len(moments) < parameters.number("hours") or len(days) < parameters.number("days"):
        return None
    inside = sum(m.weekday() < _SATURDAY and begin <= m.hour < end for m in moments)
    fitting = inside if office else len(moments) - inside
    if fitting < parameters.number("share") * len(moments):
        return None
    return found(
        [cite(_hours_text(context), _first(context))],
        hours=len(moments),
        days=len(days),
        zone=context.zone.key,
    )


def _moments(context: Context) -> Iterator[datetime.datetime]:
    for hour in sorted(context.traces.hours):
        yield (_EPOCH + datetime.timedelta(hours=hour)).astimezone(context.zone)


def _hours_text(context: Context) -> str:
    """How many of the hours it was active in fell on each hour of the day."""
    counts: dict[int, int] = {}
    for moment in _moments(context):
        counts[moment.hour] = counts.get(moment.hour, 0) + 1
    listed = " ".join(f"{hour:02}h×{count}" for hour, count in sorted(counts.items()))
    return f"{listed} ({context.zone.key})"


def _algorithms(context: Context) -> Iterator[str]:
    coins = context.catalog.coins
    for kind in context.finding.kinds:
        named = [coins.rows[coin].algorithm for coin in kind.coins if coin in coins.rows]
        if kind.algorithm is not None and not named:
            of_wire = coins.of_wire(kind.algorithm)
            named = [coins.rows[coin].algorithm for coin in of_wire] or [kind.algorithm]
        yield from named


def _first(context: Context) -> Where:
    """Where the host was seen first as a miner."""
    return next(iter(context.traces.facts.values()), Where(None, 0, ""))
