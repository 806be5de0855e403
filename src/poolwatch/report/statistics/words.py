"""Statistics in sentences and cells of text, for every format that people read."""

from __future__ import annotations

import datetime
import zoneinfo
from collections.abc import Iterator
from typing import TYPE_CHECKING

from poolwatch.messages import printable
from poolwatch.outputs.rates import rate_texts
from poolwatch.report.energy.text import basis_lines, number, range_text, set_line
from poolwatch.report.statistics import SEVERAL, By, Figures, Group, Range, Rate, Sort, Statistics
from poolwatch.report.statistics.groups import DECIDED
from poolwatch.report.statistics.public import FEWEST
from poolwatch.terms import Grade, Hashrate

if TYPE_CHECKING:
    from poolwatch.messages import Messages

COLUMNS = (
    "addresses",
    "mined",
    "units",
    "machines",
    "conversations",
    "shares",
    "hours",
    "kwh",
    "coal",
    "co2",
    "energy_unknown",
)
_TONNE = 1000.0  # kg
_EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)


def columns_of(by: By) -> tuple[str, ...]:
    """The columns of a table, after the group."""
    return (*COLUMNS, "watched") if by is By.WEEK else COLUMNS


def label(group: Group, by: By, statistics: Statistics, messages: Messages) -> str:
    """What a group is called."""
    if group.sort is Sort.OTHERS:
        return messages.say("statistics.others", count=group.merged)
    if group.sort is Sort.UNKNOWN:
        return messages.say(f"statistics.unknown.{by}")
    if by is By.UNIT and statistics.public:
        return messages.say("statistics.unit_number", number=group.name)
    if by is By.CAUSE:
        return _cause(group.name, messages)
    return printable(group.name)


def cells(figures: Figures, watched: float | None, by: By, messages: Messages) -> list[str]:
    """The cells of one row, as `columns_of` has them."""
    texts = {
        "addresses": count_text(figures.addresses),
        "mined": count_text(figures.mined),
        "units": count_text(figures.units),
        "machines": machines_text(figures, messages),
        "conversations": count_text(figures.conversations),
        "shares": f"{figures.accepted:,} / {figures.submitted:,}",
        "hours": number(figures.hours),
        "kwh": _energy(figures.kwh, figures, messages),
        "coal": _energy(tonnes(figures.coal_kg), figures, messages),
        "co2": _energy(tonnes(figures.co2_kg), figures, messages),
        "energy_unknown": count_text(figures.energy_unknown),
        "watched": "–" if watched is None else number(watched),
    }
    return [texts[name] for name in columns_of(by)]


def count_text(count: int) -> str:
    """A count, with marks between thousands."""
    return f"{count:,}"


def tonnes(kilograms: Range | None) -> Range | None:
    """The same mass in tonnes."""
    return kilograms and (kilograms[0] / _TONNE, kilograms[1] / _TONNE)


def machines_text(figures: Figures, messages: Messages) -> str:
    """How many machines, from at least to at most, and of how many addresses nobody knows."""
    machines = figures.machines
    if machines.high is None:
        text = messages.say("statistics.at_least", low=count_text(machines.low))
    else:
        text = range_text(machines.low, machines.high)
    if not machines.unknown:
        return text
    if not machines.low:
        return messages.say("statistics.not_known")
    return messages.say("statistics.machines_unknown", text=text, count=machines.unknown)


def rate_lines(figures: Figures, messages: Messages) -> Iterator[str]:
    """The hashrates, an algorithm a line."""
    for rate in figures.rates:
        low, about, high = rate_texts(_hashrate(rate))
        said = {"rate": about, "low": low, "high": high, "count": rate.addresses}
        yield messages.say("statistics.rate", algorithm=rate.algorithm, **said)
    if figures.rates_unknown:
        yield messages.say("statistics.rates_unknown", count=figures.rates_unknown)


def algorithms_of(statistics: Statistics, most: int) -> list[str]:
    """The algorithms that most addresses work on."""
    return [rate.algorithm for rate in statistics.total.rates[:most]]


def rate_cells(figures: Figures, algorithms: list[str]) -> list[tuple[str, str]]:
    """The hashrate of each algorithm with its range, and of how many addresses it is not known."""
    by_name = {rate.algorithm: rate for rate in figures.rates}
    told = [
        rate_texts(_hashrate(by_name[name])) if name in by_name else None for name in algorithms
    ]
    cells = [(text[1], f"{text[0]}–{text[2]}") if text else ("–", "") for text in told]
    return [*cells, (count_text(figures.rates_unknown), "")]


def headline(statistics: Statistics, messages: Messages) -> str:
    """What there is, in one sentence."""
    figures, grade = statistics.total, _grade(statistics.min_grade.word, messages)
    if not figures.addresses:
        return messages.say("statistics.nothing", grade=grade)
    key = "statistics.headline" if figures.kwh else "statistics.headline_unknown"
    return messages.say(
        key,
        addresses=count_text(figures.addresses),
        mined=count_text(figures.mined),
        grade=grade,
        machines=machines_text(figures, messages),
        kwh=range_text(*figures.kwh) if figures.kwh else "",
    )


def coverage_lines(statistics: Statistics, messages: Messages) -> Iterator[str]:
    """What was looked at and what was not, and who is in no table."""
    coverage, say = statistics.coverage, messages.say
    if statistics.between != (None, None):
        first, until = statistics.between
        yield say(
            "statistics.time",
            first=say("statistics.time_begin") if first is None else _moment(first, statistics),
            until=say("statistics.time_end") if until is None else _moment(until, statistics),
            zone=statistics.zone,
        )
    if not coverage.parts:
        yield say("statistics.coverage_none")
    else:
        yield _looked_at(statistics, messages)
        counts = {name: count_text(count) for name, count in coverage.counts.items()}
        untold = coverage.drops_untold
        yield say(
            "statistics.coverage_not",
            drops=count_text(coverage.drops),
            untold=(
                untold and say("statistics.coverage_untold", count=untold, parts=coverage.parts)
            )
            or "",
            not_understood=count_text(coverage.not_understood),
            problems=count_text(coverage.problems),
            **{n: counts[n] for n in ("truncated", "one_way", "encrypted_long", "evicted")},
        )
    grade = _grade(statistics.min_grade.word, messages)
    if statistics.left_out:
        yield say("statistics.left_out", count=count_text(statistics.left_out))
    if statistics.below:
        order = [g.word for g in reversed(Grade) if g.word in statistics.below]
        below = [(_grade(word, messages), statistics.below[word]) for word in order]
        yield say("statistics.below", grade=grade, counts=_counts(below, messages))
    if statistics.roles:
        roles = [(_role(role, messages), n) for role, n in sorted(statistics.roles.items())]
        yield say("statistics.roles", counts=_counts(roles, messages))


def note_lines(statistics: Statistics, messages: Messages) -> Iterator[str]:
    """What has to be known to read the tables."""
    by = {table.by for table in statistics.tables}
    sets = ", ".join(statistics.factor_sets)
    if statistics.public:
        yield messages.say("statistics.public", fewest=FEWEST)
    wanted = {
        "several": bool(by & SEVERAL),
        "several_energy": bool(by & SEVERAL - {By.WEEK}),
        "machines": True,
        "rates": True,
        "energy": True,
        "energy_sets": bool(sets) and statistics.total.kwh is not None,
        "traffic": True,
        "region": By.REGION in by,
        "cause": By.CAUSE in by,
        "week": By.WEEK in by,
        "time": statistics.between != (None, None),
    }
    said = {"sets": sets, "zone": statistics.zone}
    for name, is_wanted in wanted.items():
        if is_wanted:
            yield messages.say(f"statistics.note.{name}", **said)
    for name in ("timeless", "repeated", "relays", "outside"):
        count = getattr(statistics, name)
        if count:
            yield messages.say(f"statistics.note.{name}", count=count)


def factor_lines(statistics: Statistics, messages: Messages) -> Iterator[str]:
    """The total by each set of factors, then each formula and factor with its source."""
    for section in statistics.sections:
        figures = [
            f"{messages.say(f'energy.figure.{name}')} {range_text(f.low, f.high)} {f.unit}"
            for name, f in section.figures
        ]
        yield f"{set_line(section, messages)}: {', '.join(figures)}"
    yield from basis_lines(statistics.basis, messages)


def _looked_at(statistics: Statistics, messages: Messages) -> str:
    coverage = statistics.coverage
    said = {
        "files": count_text(coverage.counts["files"]),
        "packets": count_text(coverage.counts["packets"]),
        "bytes": count_text(coverage.counts["bytes"]),
    }
    if not coverage.spans:
        return messages.say("statistics.coverage_untimed", **said)
    return messages.say(
        "statistics.coverage",
        hours=number(coverage.hours),
        first=_moment(coverage.spans[0][0], statistics),
        last=_moment(coverage.spans[-1][1], statistics),
        zone=statistics.zone,
        **said,
    )


def _moment(at: int, statistics: Statistics) -> str:
    moment = _EPOCH + datetime.timedelta(microseconds=at)
    try:
        moment = moment.astimezone(zoneinfo.ZoneInfo(statistics.zone))
    except OverflowError:
        return moment.isoformat(" ", "minutes")
    return f"{moment.replace(tzinfo=None).isoformat(' ', 'minutes')}"


def _energy(ends: Range | None, figures: Figures, messages: Messages) -> str:
    if ends is not None:
        return range_text(*ends)
    return messages.say("statistics.not_known") if figures.energy_unknown or figures.kwh else "–"


def _hashrate(rate: Rate) -> Hashrate:
    return Hashrate(rate.low, rate.estimate, rate.high, 0, 0.0, "")


def _counts(counts: list[tuple[str, int]], messages: Messages) -> str:
    texts = [messages.say("statistics.count", word=word, count=n) for word, n in counts]
    return messages.say("statistics.separator").join(texts)


def _cause(name: str, messages: Messages) -> str:
    bare = name.removeprefix(DECIDED)
    key = f"statistics.cause.{bare}"
    word = messages.say(key) if messages.knows(key) else printable(bare)
    return messages.say("statistics.decided", cause=word) if bare != name else word


def _grade(word: str, messages: Messages) -> str:
    return messages.say(f"grade.{word}")


def _role(role: str, messages: Messages) -> str:
    key = f"role.{role}"
    return messages.say(key) if messages.knows(key) else printable(role)
