"""Spells into groups, groups into figures, figures into tables."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from poolwatch.report.statistics import (
    By,
    Figures,
    Group,
    Machines,
    Range,
    Rate,
    Sort,
    Table,
)
from poolwatch.report.statistics.coverage import Coverage
from poolwatch.report.statistics.spans import HOUR, Span, Weeks, clipped, length, share, united
from poolwatch.report.statistics.spells import Spell, Talk

DECIDED = "decided:"
"""Before a cause that a person decided."""
_UNKNOWN = ""
_MOST_WEEKS = 530  # of one conversation: ten years


class Part(NamedTuple):
    """What of a spell belongs to one group."""

    spell: Spell
    conversations: int
    submitted: int
    accepted: int
    spans: list[Span]
    share: float  # of its energy


@dataclass(slots=True)
class _Heap:
    """The parts of one group; `begin`, `end` of a week."""

    parts: list[Part] = field(default_factory=list)
    begin: int = 0
    end: int = 0


def table_by(by: By, spells: Sequence[Spell], weeks: Weeks, coverage: Coverage, most: int) -> Table:
    """The table of one thing; of more than `most` groups the smallest are put together."""
    if by is By.WEEK:
        heaps = _by_week(spells, weeks)
        _fill(heaps, weeks, coverage)
    else:
        heaps = _by_key(by, spells)
    groups = []
    for name, heap in heaps.items():
        sort = Sort.VALUE if name != _UNKNOWN else Sort.UNKNOWN
        group = Group(name, sort, figures_of(heap.parts))
        if heap.end and coverage.parts:
            group = replace(group, watched=coverage.hours_between(heap.begin, heap.end))
        groups.append(group)
    kept = sorted(groups, key=_week_order if by is By.WEEK else size_order)
    if len(kept) > most:
        largest = {group.name for group in sorted(groups, key=size_order)[:most]}
        rest = [heap.parts for name, heap in heaps.items() if name not in largest]
        kept = [group for group in kept if group.name in largest]
        kept.append(merged(Sort.OTHERS, rest))
    return Table(by, tuple(kept))


def parts_by(by: By, spells: Iterable[Spell]) -> dict[str, list[Part]]:
    """The parts of each group, for who merges groups."""
    return {name: heap.parts for name, heap in _by_key(by, spells).items()}


def merged(sort: Sort, parts: Sequence[Sequence[Part]]) -> Group:
    """Several groups as one."""
    return Group("", sort, figures_of([part for some in parts for part in some]), len(parts))


def size_order(group: Group) -> tuple[object, ...]:
    """The most addresses first, then the most energy, then by name; what is not known last."""
    figures = group.figures
    energy = figures.kwh[1] if figures.kwh else 0.0
    return (group.sort is not Sort.VALUE, -figures.addresses, -energy, group.name)


def whole(spell: Spell) -> Part:
    """All of a spell."""
    return Part(
        spell, spell.conversations, spell.submitted, spell.accepted, spell.spans, spell.part
    )


def figures_of(parts: Iterable[Part]) -> Figures:
    """The figures of a group. Each address counts once, however many parts it has."""
    parts = list(parts)
    by_host: dict[str, list[Part]] = {}
    for part in parts:
        by_host.setdefault(part.spell.host, []).append(part)
    rates, rates_unknown = _rates(by_host.values())
    working = [part for part in parts if part.spell.kwh is not None]
    asked = {part.spell.host for part in parts if _lacks_energy(part.spell)}
    hours = sum(
        length(united(span for part in some for span in part.spans)) for some in by_host.values()
    )
    return Figures(
        addresses=len(by_host),
        mined=sum(any(part.spell.mined for part in some) for some in by_host.values()),
        units=len({part.spell.unit for part in parts if part.spell.unit}),
        machines=_machines(by_host.values()),
        conversations=sum(part.conversations for part in parts),
        submitted=sum(part.submitted for part in parts),
        accepted=sum(part.accepted for part in parts),
        hours=hours / HOUR,
        rates=rates,
        rates_unknown=rates_unknown,
        kwh=_sum(working, lambda spell: spell.kwh),
        energy_unknown=len(asked),
        coal_kg=_sum(working, lambda spell: spell.coal_kg),
        co2_kg=_sum(working, lambda spell: spell.co2_kg),
    )


def _by_key(by: By, spells: Iterable[Spell]) -> dict[str, _Heap]:
    heaps: dict[str, _Heap] = {}
    for spell in spells:
        for name, part in _KEYS[by](spell):
            heaps.setdefault(name, _Heap()).parts.append(part)
    return heaps


def _one(key: Callable[[Spell], str | None]) -> Callable[[Spell], list[tuple[str, Part]]]:
    return lambda spell: [(key(spell) or _UNKNOWN, whole(spell))]


def _several(
    key: Callable[[Talk], str | None], keys: Callable[[Spell], Sequence[str]]
) -> Callable[[Spell], list[tuple[str, Part]]]:
    """By what each conversation says; where none is at hand, by what the finding says."""

    def split(spell: Spell) -> list[tuple[str, Part]]:
        if not spell.talks:
            return [(name, whole(spell)) for name in dict.fromkeys(keys(spell)) or (_UNKNOWN,)]
        by_name: dict[str, list[Talk]] = {}
        for talk in spell.talks:
            by_name.setdefault(key(talk) or _UNKNOWN, []).append(talk)
        return [(name, _of_talks(spell, talks)) for name, talks in by_name.items()]

    return split


def _of_talks(spell: Spell, talks: Sequence[Talk]) -> Part:
    spans = united(talk.span for talk in talks if talk.span is not None)
    return Part(
        spell,
        sum(talk.conversations for talk in talks),
        sum(talk.submitted for talk in talks),
        sum(talk.accepted for talk in talks),
        clipped(spans, *spell.between),
        spell.part,
    )


def _by_week(spells: Iterable[Spell], weeks: Weeks) -> dict[str, _Heap]:
    """A spell is in every week it was connected in, with the energy of its time in it.

    A conversation counts in the week it began in, and so do its shares: events do not say when
    each was sent.
    """
    heaps: dict[str, _Heap] = {}
    for spell in spells:
        spans: dict[str, list[Span]] = {}
        for span in spell.spans:
            for name, begin, end in weeks.of(span, _MOST_WEEKS):
                heaps.setdefault(name, _Heap(begin=begin, end=end))
                spans.setdefault(name, []).extend(clipped([span], begin, end))
        talks = _talks_by_week(spell, weeks, spans.keys())
        for name in spans or (_UNKNOWN,):
            inside = spans.get(name, [])
            energy = spell.part * (share(spell.spans, inside) if spans else 1.0)
            counts = [(t.conversations, t.submitted, t.accepted) for t in talks.get(name, ())]
            sums = [sum(count) for count in zip(*counts, strict=True)] or [0, 0, 0]
            part = Part(spell, sums[0], sums[1], sums[2], inside, energy)
            heaps.setdefault(name, _Heap()).parts.append(part)
    return heaps


def _fill(heaps: dict[str, _Heap], weeks: Weeks, coverage: Coverage) -> None:
    """Add the weeks in between in which nothing was found: the series has no holes."""
    begins = [heap.begin for heap in heaps.values() if heap.end]
    ends = [heap.end - 1 for heap in heaps.values() if heap.end]
    begins += [span[0] for span in coverage.spans[:1]]
    ends += [span[1] for span in coverage.spans[-1:]]
    if not begins:
        return
    found = list(weeks.of((min(begins), max(ends)), _MOST_WEEKS + 1))
    if len(found) <= _MOST_WEEKS:
        for name, begin, end in found:
            heaps.setdefault(name, _Heap(begin=begin, end=end))


def _talks_by_week(spell: Spell, weeks: Weeks, names: Iterable[str]) -> dict[str, list[Talk]]:
    """The conversations by the week they began in, of `names`; the first has all others."""
    known = frozenset(names)
    first = min(known, default=_UNKNOWN)
    if not spell.talks:
        sums = (spell.submitted, spell.accepted, spell.conversations)
        return {first: [Talk(None, None, None, None, *sums)]}
    found: dict[str, list[Talk]] = {}
    for talk in spell.talks:
        name = first
        if talk.span is not None and spell.spans:
            began = max(talk.span[0], spell.spans[0][0])
            name = next((name for name, _, _ in weeks.of((began, began), 1)), first)
        found.setdefault(name if name in known else first, []).append(talk)
    return found


def _week_order(group: Group) -> tuple[object, ...]:
    return (group.sort is Sort.UNKNOWN, group.name)


def _machines(hosts: Iterable[Sequence[Part]]) -> Machines:
    """Of several findings about an address the largest counts: it may be the same machines."""
    low, high, unknown, is_open = 0, 0, 0, False
    for parts in hosts:
        own = [part.spell for part in parts if not part.spell.serves]
        rigs = [spell.rigs for spell in own if spell.rigs is not None]
        if not rigs:
            unknown += bool(own)
            continue
        low += max(at_least for at_least, _ in rigs)
        highs = [at_most for _, at_most in rigs if at_most is not None]
        is_open = is_open or len(highs) < len(rigs)
        high += max(highs, default=0)
    return Machines(low, None if is_open else high, unknown)


def _rates(hosts: Iterable[Sequence[Part]]) -> tuple[tuple[Rate, ...], int]:
    """Hashrates by algorithm. Of several of one address the highest counts."""
    sums: dict[str, Rate] = {}
    unknown = 0
    for parts in hosts:
        best: dict[str, tuple[float, float, float]] = {}
        lacks = False
        for spell in (part.spell for part in parts if not part.spell.serves):
            if spell.rate is None or spell.algorithm is None:
                lacks = lacks or spell.mined
                continue
            best[spell.algorithm] = max(
                spell.rate, best.get(spell.algorithm, spell.rate), key=lambda rate: rate[1]
            )
        unknown += lacks and not best
        for algorithm, (low, about, high) in best.items():
            known = sums.get(algorithm, Rate(algorithm, 0.0, 0.0, 0.0, 0))
            sums[algorithm] = Rate(
                algorithm,
                known.low + low,
                known.estimate + about,
                known.high + high,
                known.addresses + 1,
            )
    ordered = sorted(sums.values(), key=lambda rate: (-rate.addresses, rate.algorithm))
    return tuple(ordered), unknown


def _lacks_energy(spell: Spell) -> bool:
    """Whether there is energy that is not known. A mere greeting takes none."""
    return spell.kwh is None and not spell.serves and (spell.asked or spell.mined)


def _sum(parts: Sequence[Part], of: Callable[[Spell], Range | None]) -> Range | None:
    """The sum over spells whose energy is known; None if one of them has no such figure."""
    low = high = 0.0
    for part in parts:
        ends = of(part.spell)
        if ends is None:
            return None
        low, high = low + ends[0] * part.share, high + ends[1] * part.share
    return (low, high) if parts else None


def _region(spell: Spell) -> str | None:
    return spell.unit[0] if len(spell.unit) > 1 else None


def _cause(spell: Spell) -> str | None:
    return f"{DECIDED}{spell.decided}" if spell.decided else spell.cause


_KEYS: dict[By, Callable[[Spell], list[tuple[str, Part]]]] = {
    By.REGION: _one(_region),
    By.UNIT: _one(lambda spell: " / ".join(spell.unit)),
    By.KIND: _one(lambda spell: spell.kind),
    By.CAUSE: _one(_cause),
    By.COIN: _several(lambda talk: talk.coin, lambda spell: spell.coins),
    By.POOL: _several(lambda talk: talk.pool, lambda spell: spell.pools),
    By.DIALECT: _several(lambda talk: talk.dialect, lambda spell: spell.dialects),
}
