"""What else inside hosts did, in bounded tables: flows that ended go in, rows of a host come out.

No judgement here, and nothing of payload but the requests of fetches. Addresses are positions in
one address space: IPv4 is v4-mapped.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from poolwatch.kernels.companions import (
    PEER_A,
    PEER_B,
    WANTED_SHIFT,
    fold_closed,
    fold_living,
)
from poolwatch.layouts import (
    COMPANION,
    COMPANION_HOST,
    COMPANIONS,
    FETCH,
    PEERS,
    PEERS_KNOWN,
    PREFIX,
    CompanionBit,
    HostBit,
)
from poolwatch.match.nametables import power_of_two

if TYPE_CHECKING:
    from poolwatch.match.nametables import NameTables
    from poolwatch.match.prefilter import FlowTable
    from poolwatch.settings import Limits
    from poolwatch.terms import FlowKey

    Array = np.ndarray[Any, np.dtype[Any]]
    Tables = tuple[Array, Array, Array, Array, Array, Array]

MAPPED = 0xFFFF_0000_0000
_HALF = (1 << 64) - 1
_MAPPED_END = MAPPED | 0xFFFF_FFFF


class Row(NamedTuple):
    """A port of others that a host tried, or (`inbound`) one other that tried a port of it.

    `peers`: different addresses, at least. `silent`: flows to which nothing came back; `reset`:
    those that were reset before any payload. `first_packet` counts from 1 in its capture.
    """

    inbound: bool
    udp: bool
    inside: bool  # the others are
    port: int
    peer: int  # its position, 0 for those a host tried
    peers: int
    flows: int
    silent: int
    reset: int
    first_ns: int
    last_ns: int
    first_packet: int


class Fetched(NamedTuple):
    """A file asked for by HTTP of a server without a name."""

    server: int  # its position
    port: int
    path: str
    ts_ns: int
    packet: int


@dataclass(frozen=True, slots=True)
class HostCompanions:
    """All that is kept of one host. `capture`: the number of the only one, None: several."""

    rows: tuple[Row, ...]
    fetched: tuple[Fetched, ...]
    spoke: bool
    heard: bool
    left_out: int
    capture: int | None


def inside_rows(spans: Iterable[tuple[int, int]]) -> Array:
    """PREFIX rows of stretches of addresses, by first and last position, in order and apart."""
    four, six = [], []
    for first, last in spans:
        for low, high in _unmapped(first, last):
            if MAPPED <= low <= _MAPPED_END:
                four.append((4, low & 0xFFFF_FFFF, high & 0xFFFF_FFFF))
            else:
                six.append((6, low, high))
    rows = np.zeros(len(four) + len(six), PREFIX)
    for index, (version, low, high) in enumerate(four + six):
        rows[index] = (low >> 64, low & _HALF, high >> 64, high & _HALF, index, version)
    return rows


def _unmapped(first: int, last: int) -> Iterator[tuple[int, int]]:
    """A stretch in pieces that are all of IPv4 or all of IPv6."""
    for low, high in ((0, MAPPED - 1), (MAPPED, _MAPPED_END), (_MAPPED_END + 1, (1 << 128) - 1)):
        if max(first, low) <= min(last, high):
            yield max(first, low), min(last, high)


class CompanionTable:
    """Of one matcher; lasts over its captures. `insides` are PREFIX rows.

    `names` are the tables through which the kernels note fetches.
    """

    def __init__(
        self, limits: Limits, insides: Array, names: NameTables, seeds: Sequence[int]
    ) -> None:
        self.insides = insides
        self._limits = limits
        self._seeds = tuple(seeds[:2])
        self.folded = 0  # records of the flow table's ring that are folded in
        self._wanted: set[int] = set()  # positions of hosts that have hits
        self._names = names
        self._ring = np.zeros(limits.fetches, FETCH)
        hashes: Array = np.zeros(power_of_two(limits.fetches), np.uint64)
        names.note_fetches(insides, self._ring, hashes)
        self._tables = self._empty()
        self._places: dict[int, int] | None = None  # of hosts in their table, once asked for

    def begin_capture(self, number: int) -> None:
        """The flows to come are of another capture, and of a flow table begun anew."""
        self._state["capture"] = self._names.state["capture"] = number
        self.folded = 0

    def want(self, key: FlowKey) -> None:
        """A flow has a hit, so its ends may have findings: companions are kept of them at last."""
        mapped = MAPPED if key.version == 4 else 0
        if len(self._wanted) < self._limits.companion_hosts:
            self._wanted |= {key.a_address | mapped, key.b_address | mapped}

    def fold(self, table: FlowTable) -> None:
        """Take in the flows that closed since; their records must not be in use again."""
        end: int = table.free_tail.item()
        while self.folded < end:
            self.folded = fold_closed(
                *self._tables,
                self.insides,
                self.folded,
                end,
                table.free,
                table.flows,
                table.starts,
            )
            if self.folded < end:
                self._make_room()

    def take(self, flow: Array, start: Array) -> None:
        """Take in one flow that is over: a FLOW and a FLOW_START row."""
        record = np.zeros(1, np.int32)
        for _ in range(2):
            if fold_closed(*self._tables, self.insides, 0, 1, record, flow, start):
                return
            self._make_room()

    def finish(self, table: FlowTable, *, last: bool) -> None:
        """The capture is over: take in the flows that are still open too.

        After the `last` one only those of hosts that have hits: nobody asks for others then.
        """
        self.fold(table)
        self._places = None
        wanted = self._wanted_bits() if last else np.zeros(0, np.bool_)
        record, end = 0, int(table.table["used"][0])
        while record < end:
            record = fold_living(
                *self._tables, self.insides, record, end, table.flows, table.starts, wanted
            )
            if record < end:
                self._make_room()

    def merge(self, later: CompanionTable, packets: int) -> None:
        """Take over what a later slice saw, whose packets are numbered from `packets` on."""
        self._wanted |= later._wanted
        hosts = int(later._state["hosts"][0])
        if int(self._state["hosts"][0]) + hosts > self._limits.companion_hosts:
            self._make_room()
        for name in ("left_out", "hosts_left_out"):
            self._state[name] += later._state[name]
        self._add(self._tables, later._tables, np.zeros(hosts, np.int64), packets)
        self._places = None
        kept = later.fetches()
        kept["packet"] += packets
        count = int(self._names.state["fetches"][0])
        self._ring[np.arange(count, count + len(kept)) % len(self._ring)] = kept
        self._names.state["fetches"] += later._names.state["fetches"]

    def positions(self) -> list[int]:
        """The hosts of which anything is kept."""
        used = self._tables[1][: int(self._state["hosts"][0])]
        pairs = zip(used["hi"].tolist(), used["lo"].tolist(), strict=True)
        return [hi << 64 | lo for hi, lo in pairs]

    def of(self, position: int) -> HostCompanions | None:
        """What is kept of the host at a position; None when nothing was seen of it."""
        _, hosts, _, rows, _, peers = self._tables
        if self._places is None:
            self._places = {one: place for place, one in enumerate(self.positions())}
        place = self._places.get(position)
        if place is None:
            return None
        host = hosts[place]
        fetched, captures, left_out = self._fetched(position)
        captures.add(int(host["capture"]))
        kept = (
            _row(rows[at], peers[at])
            for first in host["rings"].tolist()
            for at in _ring(rows, first)
        )
        return HostCompanions(
            tuple(sorted(kept)),
            fetched,
            bool(host["bits"] & HostBit.SPOKE),
            bool(host["bits"] & HostBit.HEARD),
            left_out + int(host["left_out"]),
            captures.pop() if len(captures) == 1 and -1 not in captures else None,
        )

    def fetches(self) -> Array:
        """The FETCH rows that are kept, the oldest first."""
        count, size = int(self._names.state["fetches"][0]), len(self._ring)
        return self._ring[np.arange(max(count - size, 0), count) % size].copy()

    def _fetched(self, position: int) -> tuple[tuple[Fetched, ...], set[int], int]:
        """The first fetches of a host, the captures they are of, and how many more there were."""
        rows = self._ring[: min(int(self._names.state["fetches"][0]), len(self._ring))]
        own = rows[(rows["client_hi"] == position >> 64) & (rows["client_lo"] == position & _HALF)]
        own = own[np.lexsort((own["packet"], own["capture"]))]
        kept: dict[tuple[int, int, str], Fetched] = {}
        for row in own:
            fetched = _fetch(row)
            kept.setdefault((fetched.server, fetched.port, fetched.path), fetched)
        most = self._limits.host_fetches
        first = tuple(kept.values())[:most]
        return first, set(own["capture"].tolist()), max(len(kept) - most, 0)

    def _wanted_bits(self) -> Array:
        """Of each part of hashes whether a wanted host's is among them."""
        bits: Array = np.zeros(1 << 16, np.bool_)
        for position in self._wanted:  # as `peer_hash` has it
            product = (position >> 64 ^ PEER_A) * (position & _HALF ^ PEER_B)
            bits[(product >> 64 ^ product & _HALF) >> WANTED_SHIFT] = True
        return bits

    def counts(self) -> dict[str, int]:
        """Bounds that bit: flows, hosts, fetches."""
        return {
            "companion_flows_left_out": int(self._state["left_out"][0]),
            "companion_hosts_left_out": int(self._state["hosts_left_out"][0]),
            "fetches_forgotten": max(int(self._names.state["fetches"][0]) - len(self._ring), 0),
        }

    @property
    def _state(self) -> Array:
        return self._tables[0]

    def _empty(self) -> Tables:
        """Tables without anything in them, as the kernels take them."""
        limits = self._limits
        state = np.zeros(1, COMPANIONS)
        state["seed_a"], state["seed_b"] = self._seeds
        state["host_rows"] = limits.host_companions
        rows = max(limits.companion_rows, 4)
        return (
            state,
            np.zeros(max(limits.companion_hosts, 2), COMPANION_HOST),
            np.zeros(power_of_two(2 * limits.companion_hosts + 4), np.uint64),
            np.zeros(rows, COMPANION),
            np.zeros(power_of_two(2 * rows), np.uint64),
            np.zeros(rows, PEERS),
        )

    def _make_room(self) -> None:
        """Forget hosts that never said a word, and if need be the longest silent, down to half.

        Those that have hits go last.
        """
        self._places = None
        state, hosts, _, rows, _, _ = self._tables
        used = hosts[: int(state["hosts"][0])]
        sizes = used["sizes"].sum(axis=1)
        wanted = np.array([p >> 64 ^ p & _HALF for p in self._wanted], np.uint64)
        worth = np.where((used["bits"] & HostBit.SPOKE) != 0, 1, 0)
        worth[np.isin(used["hi"] ^ used["lo"], wanted)] = 2
        order = np.lexsort((-used["last_ns"], -worth))
        room = np.cumsum(sizes[order]) <= min(len(rows) // 2, len(rows) - 2)
        room[min(len(hosts) // 2, len(hosts) - 2) :] = False
        places = np.full(len(used), -1, np.int64)
        places[order[room & (worth[order] > 0)]] = 0
        fresh = self._empty()
        for name in ("capture", "left_out"):
            fresh[0][name] = state[name]
        gone = int(np.count_nonzero(places < 0))
        fresh[0]["hosts_left_out"] = state["hosts_left_out"] + gone
        self._add(fresh, self._tables, places, 0)
        self._tables = fresh

    def _add(self, into: Tables, tables: Tables, places: Array, packets: int) -> None:
        from poolwatch.kernels.companion_merge import add_companions

        state, hosts, _, rows, _, peers = tables
        add_companions(
            *into,
            hosts,
            int(state["hosts"][0]),
            rows,
            int(state["rows"][0]),
            peers,
            places,
            packets,
        )


def _ring(rows: Array, first: int) -> Iterator[int]:
    """The rows of a ring, from one of them on; -1: there are none."""
    at = first
    while at >= 0:
        yield at
        at = int(rows["next"][at])
        if at == first:
            return


def _row(row: Any, peers: Any) -> Row:
    bits = int(row["bits"])
    known = int(row["known"])
    if known > PEERS_KNOWN:
        known = max(known, sum(int(word).bit_count() for word in peers["bits"]))
    return Row(
        bool(bits & CompanionBit.INBOUND),
        bool(bits & CompanionBit.UDP),
        bool(bits & CompanionBit.INSIDE),
        int(row["port"]),
        int(row["peer_hi"]) << 64 | int(row["peer_lo"]),
        known,
        int(row["flows"]),
        int(row["silent"]),
        int(row["reset"]),
        int(row["first_ns"]),
        int(row["last_ns"]),
        int(row["first_packet"]),
    )


def _fetch(row: Any) -> Fetched:
    text = bytes(row["path"][: int(row["size"])]).decode("latin-1")
    return Fetched(
        int(row["server_hi"]) << 64 | int(row["server_lo"]),
        int(row["port"]),
        "".join(c if c.isascii() and c.isprintable() else "?" for c in text),
        int(row["ts_ns"]),
        int(row["packet"]),
    )
