"""Which of what is kept has to go: pure choices, by age and by quota."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
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


class Choice(NamedTuple):
    """Something to delete, by its place among what was given.

    `why`: `age`, `quota` or `disk full`.
    """

    place: int
    why: str
    unresolved: bool


def choose_segments(
    kept: Sequence[Kept],
    unresolved: Sequence[bool],
    settings: RetentionSettings,
    now_ns: int,
    used_bytes: int,
) -> Iterator[Choice]:
    """The segments to delete, oldest first; `used_bytes`: of all, the one being written too.

    One to which an unresolved finding refers lives longer, and over the quota goes after all
    others.
    """
    gone: set[int] = set()
    for index, segment in enumerate(kept):
        held = unresolved[index]
        days = settings.packets_unresolved_days if held else settings.packets_days
        if days and segment.last_ns < now_ns - days * _DAY_NS:
            gone.add(index)
            used_bytes -= segment.bytes
            yield Choice(index, "age", held)
    if not settings.packets_bytes:
        return
    for held in (False, True):
        for index, segment in enumerate(kept):
            if used_bytes <= settings.packets_bytes:
                return
            if index not in gone and unresolved[index] == held:
                used_bytes -= segment.bytes
                yield Choice(index, "quota", held)


def choose_for_room(
    kept: Sequence[Kept], unresolved: Sequence[bool], wanted_bytes: int
) -> Iterator[Choice]:
    """The segments to delete until so much room is free: the oldest, unresolved ones last."""
    for held in (False, True):
        for index, segment in enumerate(kept):
            if wanted_bytes <= 0:
                return
            if unresolved[index] == held:
                wanted_bytes -= segment.bytes
                yield Choice(index, "disk full", held)


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
