"""Which of what is kept has to go: pure choices, by age and by quota."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple, Protocol

from poolwatch.sensor.keep.settings import RetentionSettings

_DAY_NS = 86_400 * 1_000_000_000


class Kept(Protocol):
    """Something that takes room and has an age."""

    @property
    def bytes(self) -> int:
        """The room."""
        ...

    @property
    def last_ns(self) -> int:
        """When the newest of it happened."""
        ...


class KeptPackets(Kept, Protocol):
    """A segment."""

    @property
    def hosts(self) -> Mapping[str, int]:
        """Bytes of packets, by the host of the finding."""
        ...


class Choice(NamedTuple):
    """Something to delete, by its place among what was given.

    `why`: `age`, `quota` or `disk full`.
    """

    place: int
    why: str
    unresolved: bool


def choose_segments(
    kept: Sequence[KeptPackets],
    unresolved: Sequence[bool],
    settings: RetentionSettings,
    now_ns: int,
    used_bytes: int,
) -> Iterator[Choice]:
    """The segments to delete, oldest first; `used_bytes`: of all, the one being written too.

    One to which an unresolved finding refers lives longer, and over the quota goes after all
    others but those of which a host that has more than its part fills the most.
    """
    gone: set[int] = set()
    for index, segment in enumerate(kept):
        held = unresolved[index]
        days = settings.packets_unresolved_days if held else settings.packets_days
        if days and segment.last_ns < now_ns - days * _DAY_NS:
            gone.add(index)
            used_bytes -= segment.bytes
            yield Choice(index, "age", held)
    if not settings.packets_bytes or used_bytes <= settings.packets_bytes:
        return
    for index in _in_order(kept, unresolved, gone, settings):
        if used_bytes <= settings.packets_bytes:
            return
        used_bytes -= kept[index].bytes
        yield Choice(index, "quota", unresolved[index])


def choose_for_room(
    kept: Sequence[KeptPackets],
    unresolved: Sequence[bool],
    settings: RetentionSettings,
    wanted_bytes: int,
) -> Iterator[Choice]:
    """The segments to delete until so much room is free, in the order of the quota."""
    for index in _in_order(kept, unresolved, set(), settings):
        if wanted_bytes <= 0:
            return
        wanted_bytes -= kept[index].bytes
        yield Choice(index, "disk full", unresolved[index])


def _in_order(
    kept: Sequence[KeptPackets],
    unresolved: Sequence[bool],
    gone: set[int],
    settings: RetentionSettings,
) -> Iterator[int]:
    """What is to be deleted first, second ..., but for what is gone already: what floods, then
    what no unresolved finding refers to; of equals the oldest.
    """
    left = [index for index in range(len(kept)) if index not in gone]
    floods = set(_of_floods([(index, kept[index].hosts) for index in left], settings))
    yield from sorted(left, key=lambda index: (index not in floods, unresolved[index]))


def _of_floods(
    segments: Sequence[tuple[int, Mapping[str, int]]], settings: RetentionSettings
) -> Iterator[int]:
    """Segments that a host fills the most of, while it has more than its part of all of them."""
    totals: Counter[str] = Counter()
    for _, hosts in segments:
        totals.update(hosts)
    most = settings.packets_host_part * totals.total()
    for index, hosts in segments:
        host = max(hosts, key=hosts.__getitem__, default="")
        if totals[host] > most and 2 * hosts[host] > sum(hosts.values()):
            totals.subtract(hosts)
            yield index


def choose_summaries(
    kept: Sequence[Kept], settings: RetentionSettings, now_ns: int
) -> Iterator[Choice]:
    """The files of host summaries to delete: by age, then over the quota the oldest."""
    used = sum(file.bytes for file in kept)
    order = sorted(range(len(kept)), key=lambda index: kept[index].last_ns)
    for index in order:
        file = kept[index]
        days = settings.summaries_days
        if days and file.last_ns < now_ns - days * _DAY_NS:
            why = "age"
        elif settings.summaries_bytes and used > settings.summaries_bytes:
            why = "quota"
        else:
            return
        used -= file.bytes
        yield Choice(index, why, unresolved=False)
