"""Is the mirror port set up well? Packets that come twice, conversations seen one way only.

A switch that copies both legs of a way sends each packet twice; one that copies one direction
shows half of each conversation, and then no handshake can be confirmed. Both are counted and
told; nothing is left out, for streams are put together from either copy, and of a conversation
whose copies differ by VLAN neither copy is always the first.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from poolwatch.kernels.sights import look_for_doubles
from poolwatch.layouts import SIGHT, SIGHTS, FlowFlag, Kind

if TYPE_CHECKING:
    from poolwatch.capture.live import RingSettings
    from poolwatch.capture.source import Batch

    Rows = np.ndarray[Any, np.dtype[Any]]

_MS = 1_000_000
_STAGE = 64
_DATA = int(FlowFlag.DATA_A | FlowFlag.DATA_B)
_SEEN = int(FlowFlag.SEEN_A | FlowFlag.SEEN_B)
_SAMPLE = 1 << 16  # flows looked at: a share needs no more

ENOUGH = 100
"""Packets or flows below which nothing is said of a share."""
DUPLICATE_SHARE = 0.2
"""Above it two legs are mirrored: of all packets copied twice, one half are duplicates."""
ONE_WAY_SHARE = 0.5
"""Above it the mirror copies one direction; scans and asymmetric routes alone stay below."""


@dataclass(frozen=True, slots=True)
class Duplicates:
    """What was counted of packets that came twice."""

    looked_at: int  # packets whose double would be known
    duplicates: int
    forgotten: int  # packets that made room for others before their time was over

    @property
    def share(self) -> float | None:
        """Duplicates among the packets looked at, None while there are too few."""
        return self.duplicates / self.looked_at if self.looked_at >= ENOUGH else None

    @property
    def two_legs(self) -> bool:
        """Whether the mirror seems to copy both legs of a way."""
        return (self.share or 0.0) > DUPLICATE_SHARE

    def __add__(self, other: Duplicates) -> Duplicates:
        """The counts of two threads."""
        return Duplicates(
            self.looked_at + other.looked_at,
            self.duplicates + other.duplicates,
            self.forgotten + other.forgotten,
        )


class DuplicateWatch:
    """Remembers the packets of the last moments by their hash, within fixed memory."""

    def __init__(self, settings: RingSettings, *, seed: int | None = None) -> None:
        """`seed`: secret unless given, so that nobody can make packets look like others."""
        self._sights = np.zeros(settings.duplicate_slots, SIGHT)
        self._state = np.zeros(1, SIGHTS)
        self._hashes = np.zeros(_STAGE, np.uint64)
        self._state["window_ns"] = settings.duplicate_ms * _MS
        self._state["seed"] = secrets.randbits(64) if seed is None else seed
        self._on = settings.duplicate_ms > 0

    def look(self, batch: Batch) -> None:
        """Count the packets of a batch that came before."""
        if self._on and batch.count:
            look_for_doubles(
                batch.buffer,
                batch.packets,
                batch.count,
                self._sights,
                self._state,
                self._hashes,
            )

    def counts(self) -> Duplicates:
        """What was counted until now; may be called from any thread."""
        row = self._state[0]
        return Duplicates(int(row["looked_at"]), int(row["duplicates"]), int(row["forgotten"]))


@dataclass(frozen=True, slots=True)
class Directions:
    """TCP flows with payload, and those of them seen in one direction only."""

    flows: int
    one_way: int

    @property
    def share(self) -> float | None:
        """The part seen one way only, None while there are too few flows."""
        return self.one_way / self.flows if self.flows >= ENOUGH else None

    @property
    def one_way_mirror(self) -> bool:
        """Whether the mirror seems to copy one direction only."""
        return (self.share or 0.0) > ONE_WAY_SHARE

    def __add__(self, other: Directions) -> Directions:
        """The counts of two threads."""
        return Directions(self.flows + other.flows, self.one_way + other.one_way)


def directions(flows: Rows, used: int) -> Directions:
    """Of the live flows among the first `used` FLOW rows; of many, an even sample.

    The matcher counts `one_way` when flows close; this tells of those still open, which on a
    mirror port that has just been set up is what there is.
    """
    rows = flows[: max(used, 0) : max(used // _SAMPLE, 1)]
    flags = rows["flags"]
    kinds = rows["kind"]
    tcp = (kinds == int(Kind.TCP4)) | (kinds == int(Kind.TCP6))  # a closed one is neither
    spoken = tcp & ((flags & _DATA) != 0)
    seen = flags[spoken] & _SEEN
    return Directions(int(np.count_nonzero(spoken)), int(np.count_nonzero(seen != _SEEN)))
