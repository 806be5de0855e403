"""The arrays behind `kernels.names`: listed names and networks in, openings out."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from poolwatch.catalog.names import pack_suffixes
from poolwatch.kernels.names import NAME_BYTES, Names, learn_all, note_servers
from poolwatch.kernels.openings import adopt_openings
from poolwatch.layouts import (
    LEARNED,
    NAMES,
    OPENING,
    PREFIX,
    SERVER,
    Opening,
    OpeningBit,
)
from poolwatch.match.message import Span

if TYPE_CHECKING:
    from poolwatch.settings import Limits

    Array = np.ndarray[Any, np.dtype[Any]]

_SERIAL = 0xFFFFFFFF
_MASK64 = (1 << 64) - 1
_ROW_BYTES = 512  # of the ring, for one row of openings: a hello without much in it


class Opened(NamedTuple):
    """An opening taken out of the ring."""

    what: Opening
    side: int
    ts_ns: int
    cut: bool
    data: bytes
    spans: tuple[tuple[int, Span], ...]  # first packets: place of their bytes here, in the frame

    def place(self, at: int, length: int) -> list[Span]:
        """Where some of its bytes stand in the capture."""
        return places(self.spans, at, length)


def places(spans: Iterable[tuple[int, Span]], at: int, length: int) -> list[Span]:
    """Where bytes `at` to `at + length` of something stand that came in several packets."""
    found: list[Span] = []
    for start, span in spans:
        begin, end = max(at, start), min(at + length, start + span.length)
        if begin < end:
            found.append(Span(span.packet, span.offset + begin - start, end - begin))
            length -= end - at
            at = end  # what an overlapping segment repeats is quoted once
    return found


class NameTables:
    """What the kernels know and keep of names, within bounds."""

    def __init__(self, suffixes: Iterable[str], networks: Sequence[str], limits: Limits) -> None:
        packed = pack_suffixes(suffixes)
        ring = np.zeros(limits.opening_bytes, np.uint8)
        read_only = ring.view()
        read_only.flags.writeable = False
        self.arrays = Names(
            packed.hashes,
            packed.slots,
            _prefixes(networks),
            np.zeros(limits.learned_addresses, LEARNED),
            np.zeros(_power(2 * limits.learned_addresses), np.int32),
            np.zeros(_power(2 * limits.resolvers), SERVER),
            np.zeros(max(limits.opening_bytes // _ROW_BYTES, 1), OPENING),
            ring,
            read_only,
            np.zeros(NAME_BYTES, np.uint8),
            np.zeros(4, np.int64),
            np.zeros(1, NAMES),
        )
        self._most_labels = packed.most_labels

    def reset(self, seeds: tuple[int, ...], *, keep: bool) -> None:
        """Forget everything, for the next capture."""
        names, state = self.arrays, self.arrays.state[0]
        if state["learned"]:
            names.learned_slots[:] = 0
        if state["servers"]:
            names.servers[:] = np.zeros(1, SERVER)
        names.state[:] = np.zeros(1, NAMES)
        state["seed_a"], state["seed_b"] = seeds[:2]
        state["most_labels"] = self._most_labels
        state["keep"] = keep

    def servers(self) -> set[int]:
        """Addresses of the hosts that were asked for names."""
        rows = self.arrays.servers
        used = rows[rows["used"] != 0]
        return {int(hi) << 64 | int(lo) for hi, lo in zip(used["hi"], used["lo"], strict=True)}

    def counts(self) -> dict[str, int]:
        """Bounds that bit."""
        state = self.arrays.state[0]
        return {
            "learned_forgotten": int(state["learned_forgotten"]),
            "resolvers_forgotten": int(state["servers_forgotten"]),
        }

    def is_kept(self, number: int) -> bool:
        """Whether the opening of that number is still in the ring."""
        state = self.arrays.state[0]
        openings = self.arrays.openings
        if not number or (int(state["openings"]) - number) & _SERIAL >= len(openings):
            return False
        at = int(openings["at"][number % len(openings)])
        return int(state["bytes"]) - at <= len(self.arrays.ring)

    def take(self, number: int) -> Opened | None:
        """The opening of that number, None when it is forgotten or nothing of it came."""
        if not self.is_kept(number):
            return None
        row = self.arrays.openings[number % len(self.arrays.openings)]
        have = int(row["have"])
        if not have:
            return None
        start = int(row["at"]) % len(self.arrays.ring)
        cut = bool(row["bits"] & OpeningBit.CUT) or have < int(row["want"])
        return Opened(
            Opening(int(row["what"])),
            int(row["side"]),
            int(row["ts_ns"]),
            cut,
            self.arrays.ring[start : start + have].tobytes(),
            _spans(row),
        )

    def adopt(self, later: NameTables, packets: int) -> int:
        """Append the openings of a later slice; what to add to their numbers here.

        `packets`: what to add to the numbers of its packets.
        """
        before = int(self.arrays.state["openings"][0])
        adopt_openings(self.arrays, later.arrays, packets)
        return before

    def learn(self, later: NameTables) -> None:
        """Learn what a later slice learned, its packets already numbered from our beginning."""
        theirs = later.arrays
        count = min(int(theirs.state["learned"][0]), len(theirs.learned))
        learn_all(self.arrays, theirs.learned, count)
        note_servers(self.arrays, theirs.servers)
        for name in ("learned_forgotten", "servers_forgotten"):
            self.arrays.state[name] += theirs.state[name]


def _spans(row: Any) -> tuple[tuple[int, Span], ...]:
    """Where the first packets of an opening stand, each behind its place in the opening."""
    pieces = zip(
        row["places"].tolist(),
        row["packets"].tolist(),
        row["frames"].tolist(),
        row["sizes"].tolist(),
        strict=True,
    )
    spans = [(place, Span(packet, frame, size)) for place, packet, frame, size in pieces]
    return tuple(sorted(spans[: int(row["pieces"])]))


def _prefixes(networks: Sequence[str]) -> Array:
    """Networks as stretches that lie apart; where they overlap the longest prefix holds."""
    found = [ipaddress.ip_network(text) for text in networks]
    stretches: list[tuple[int, int, int, int]] = []
    for version in (4, 6):
        rows = [(i, n) for i, n in enumerate(found) if n.version == version]
        rows.sort(key=lambda pair: (int(pair[1].network_address), pair[1].prefixlen))
        stretches += _cut(version, [(int(n[0]), int(n[-1]), i) for i, n in rows])
    array = np.zeros(len(stretches), PREFIX)
    for index, (version, first, last, row) in enumerate(stretches):
        halves = (first >> 64, first & _MASK64, last >> 64, last & _MASK64)
        array[index] = (*halves, row, version)
    return array


def _cut(version: int, rows: list[tuple[int, int, int]]) -> list[tuple[int, int, int, int]]:
    """Nested stretches, outer ones first, to stretches that lie apart."""
    done: list[tuple[int, int, int, int]] = []
    around: list[tuple[int, int]] = []  # open ones: last address, row
    at = 0

    def close(before: int) -> None:
        nonlocal at
        while around and around[-1][0] < before:
            last, row = around.pop()
            if at <= last:
                done.append((version, at, last, row))
                at = last + 1

    for first, last, row in rows:
        close(first)
        if around and at < first:
            done.append((version, at, first - 1, around[-1][1]))
        at = first
        around.append((last, row))
    close(1 << 129)
    return done


def _power(count: int) -> int:
    size = 2
    while size < count:
        size *= 2
    return size
