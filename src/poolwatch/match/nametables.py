"""The arrays behind `kernels.names`: listed names and networks in, openings out."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from poolwatch.catalog.names import pack_suffixes
from poolwatch.kernels.names import (
    NAME_BYTES,
    TAIL,
    learn_all,
    note_servers,
    tail_place,
)
from poolwatch.kernels.openings import adopt_openings
from poolwatch.layouts import (
    FETCH,
    LEARNED,
    NAME_TABLES,
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
_TAILS = 32  # places for the end of a name, for each suffix
_FEWEST_TAILS = 1 << 12
_MOST_TAILS = 1 << 20
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
        lists, self._most_labels = _lists(suffixes, networks)
        self.arrays = {
            **lists,
            "insides": np.zeros(0, PREFIX),
            "fetches": np.zeros(0, FETCH),
            "fetch_hashes": np.zeros(0, np.uint64),
            "learned": np.zeros(limits.learned_addresses, LEARNED),
            "learned_slots": np.zeros(power_of_two(2 * limits.learned_addresses), np.int32),
            "servers": np.zeros(power_of_two(2 * limits.resolvers), SERVER),
            "openings": np.zeros(max(limits.opening_bytes // _ROW_BYTES, 1), OPENING),
            "ring": np.zeros(limits.opening_bytes, np.uint8),
            "flat": np.zeros(NAME_BYTES, np.uint8),
            "work": np.zeros(4, np.int64),
        }
        self.state = np.zeros(1, NAMES)  # what the kernels get: it leads to the arrays

    def reset(self, seeds: tuple[int, ...], *, keep: bool) -> None:
        """Forget everything, for the next capture."""
        state = self.state[0]
        if state["learned"]:
            self.arrays["learned_slots"][:] = 0
        if state["servers"]:
            self.arrays["servers"][:] = np.zeros(1, SERVER)
        lasting = {name: state[name] for name in ("capture", "fetches")}
        self.state[:] = np.zeros(1, NAMES)
        for name, value in lasting.items():
            state[name] = value
        self._point()
        state["seed_a"], state["seed_b"] = seeds[:2]
        state["keep"] = keep

    def use(self, suffixes: Iterable[str], networks: Sequence[str]) -> None:
        """Look for other names and networks from now on; what was learned stays."""
        lists, self._most_labels = _lists(suffixes, networks)
        self.arrays |= lists
        self._point()

    def note_fetches(self, insides: Array, fetches: Array, hashes: Array) -> None:
        """From now on keep what is fetched of bare addresses, in a ring of FETCH rows.

        `insides`: PREFIX rows of the addresses that are inside; `hashes`: zeros, by which a
        fetch is known again.
        """
        self.arrays |= {"insides": insides, "fetches": fetches, "fetch_hashes": hashes}
        self._point()

    def _point(self) -> None:
        """Tell the kernels where the arrays stand."""
        state = self.state[0]
        for name in NAME_TABLES:
            state[f"{name}_at"] = self.arrays[name].ctypes.data
            state[f"{name}_count"] = len(self.arrays[name])
        state["most_labels"] = self._most_labels

    def servers(self) -> set[int]:
        """Addresses of the hosts that were asked for names."""
        rows = self.arrays["servers"]
        used = rows[rows["used"] != 0]
        return {int(hi) << 64 | int(lo) for hi, lo in zip(used["hi"], used["lo"], strict=True)}

    def counts(self) -> dict[str, int]:
        """Bounds that bit."""
        state = self.state[0]
        return {
            "learned_forgotten": int(state["learned_forgotten"]),
            "resolvers_forgotten": int(state["servers_forgotten"]),
        }

    def is_kept(self, number: int) -> bool:
        """Whether the opening of that number is still in the ring."""
        state = self.state[0]
        openings = self.arrays["openings"]
        if not number or (int(state["openings"]) - number) & _SERIAL >= len(openings):
            return False
        at = int(openings["at"][number % len(openings)])
        return int(state["bytes"]) - at <= len(self.arrays["ring"])

    def take(self, number: int) -> Opened | None:
        """The opening of that number, None when it is forgotten or nothing of it came."""
        if not self.is_kept(number):
            return None
        row = self.arrays["openings"][number % len(self.arrays["openings"])]
        have = int(row["have"])
        if not have:
            return None
        start = int(row["at"]) % len(self.arrays["ring"])
        cut = bool(row["bits"] & OpeningBit.CUT) or have < int(row["want"])
        return Opened(
            Opening(int(row["what"])),
            int(row["side"]),
            int(row["ts_ns"]),
            cut,
            self.arrays["ring"][start : start + have].tobytes(),
            _spans(row),
        )

    def adopt(self, later: NameTables, packets: int) -> int:
        """Append the openings of a later slice; what to add to their numbers here.

        `packets`: what to add to the numbers of its packets.
        """
        before = int(self.state["openings"][0])
        adopt_openings(self.state, later.state, packets)
        return before

    def learn_rows(self, rows: Array) -> None:
        """Learn what LEARNED rows say."""
        learn_all(self.state, rows, len(rows))

    def learn(self, later: NameTables) -> None:
        """Learn what a later slice learned, its packets already numbered from our beginning."""
        learned = later.arrays["learned"]
        self.learn_rows(learned[: int(later.state["learned"][0])])
        note_servers(self.state, later.arrays["servers"])
        for name in ("learned_forgotten", "servers_forgotten"):
            self.state[name] += later.state[name]


def _lists(suffixes: Iterable[str], networks: Sequence[str]) -> tuple[dict[str, Array], int]:
    """The arrays of what is listed, and the most labels a listed name has."""
    arrays, most_labels = _packed(tuple(suffixes), tuple(networks))
    return dict(arrays), most_labels


@lru_cache(maxsize=4)
def _packed(suffixes: tuple[str, ...], networks: tuple[str, ...]) -> tuple[dict[str, Array], int]:
    """The same; all matchers of one catalogue share the arrays, which nobody writes to."""
    packed = pack_suffixes(suffixes)
    arrays = {
        "hashes": packed.hashes,
        "slots": packed.slots,
        "tails": _tails(suffixes),
        "prefixes": _prefixes(networks),
    }
    for array in arrays.values():
        array.flags.writeable = False
    return arrays, packed.most_labels


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


def _tails(suffixes: Sequence[str]) -> Array:
    """Where the ends of the suffixes fall; any name may end in one that is shorter."""
    size = power_of_two(_TAILS * len(suffixes))
    tails = np.zeros(min(max(size, _FEWEST_TAILS), _MOST_TAILS), np.bool_)
    flat = np.zeros(NAME_BYTES, np.uint8)
    for suffix in suffixes:
        if len(suffix) < TAIL:
            tails[:] = True
            break
        flat[: len(suffix)] = np.frombuffer(suffix.encode("ascii"), np.uint8)
        tails[tail_place(flat, len(suffix), len(tails))] = True
    return tails


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


def power_of_two(count: int) -> int:
    """The least one, from 2 on, that is no smaller: tables are indexed by masks."""
    size = 2
    while size < count:
        size *= 2
    return size
