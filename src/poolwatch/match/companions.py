"""What else inside hosts did, in bounded tables: flows that ended go in, rows of a host come out.

No judgement here, and nothing of payload but the requests of fetches. Addresses are positions in
one address space: IPv4 is v4-mapped.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from poolwatch.kernels.companions import add_companions, fold_closed, fold_living
from poolwatch.layouts import (
    COMPANION,
    COMPANION_HOST,
    COMPANIONS,
    PEERS,
    PEERS_KNOWN,
    PREFIX,
    CompanionBit,
    HostBit,
)
from poolwatch.match.nametables import power_of_two

if TYPE_CHECKING:
    from poolwatch.match.prefilter import FlowTable
    from poolwatch.settings import Limits

    Array = np.ndarray[Any, np.dtype[Any]]
    Tables = tuple[Array, Array, Array, Array, Array, Array]

MAPPED = 0xFFFF_0000_0000
PATH_BYTES = 200  # kept of a fetched path
_HALF = (1 << 64) - 1
_MAPPED_END = MAPPED | 0xFFFF_FFFF
_KEPT = (7, 8)  # of the tables, when they are full


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


@dataclass(slots=True)
class _Fetches:
    """The first fetches of a host, by server, port and path."""

    kept: dict[tuple[int, int, str], Fetched] = field(default_factory=dict)
    left_out: int = 0
    capture: int | None = None  # -1: several

    def add(self, fetched: Fetched, most: int) -> None:
        key = fetched.server, fetched.port, fetched.path
        known = self.kept.get(key)
        if known is None or fetched.packet < known.packet:
            self.kept[key] = fetched
        if len(self.kept) > most:
            del self.kept[max(self.kept, key=lambda key: self.kept[key].packet)]
            self.left_out += 1


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
    """Of one matcher; lasts over its captures. `insides` are PREFIX rows."""

    def __init__(self, limits: Limits, insides: Array, seeds: Sequence[int]) -> None:
        self.insides = insides
        self._limits = limits
        self._seeds = tuple(seeds[:2])
        self._folded = 0  # records of the flow table's ring that are folded in
        self._fetches: dict[int, _Fetches] = {}
        self._tables = self._empty()
        self._fetch_hosts_left_out = 0

    def begin_capture(self, number: int) -> None:
        """The flows to come are of another capture, and of a flow table begun anew."""
        self._state["capture"] = number
        self._folded = 0

    def fold(self, table: FlowTable) -> None:
        """Take in the flows that closed since; their records must not be in use again."""
        end = int(table.table["free_tail"][0])
        while self._folded < end:
            self._folded = fold_closed(
                *self._tables,
                self.insides,
                self._folded,
                end,
                table.free,
                table.flows,
                table.starts,
            )
            if self._folded < end:
                self._make_room()

    def take(self, flow: Array, start: Array) -> None:
        """Take in one flow that is over: a FLOW and a FLOW_START row."""
        record = np.zeros(1, np.int32)
        for _ in range(2):
            if fold_closed(*self._tables, self.insides, 0, 1, record, flow, start):
                return
            self._make_room()

    def finish(self, table: FlowTable) -> None:
        """The capture is over: take in the flows that are still open too."""
        self.fold(table)
        record, end = 0, int(table.table["used"][0])
        while record < end:
            record = fold_living(
                *self._tables, self.insides, record, end, table.flows, table.starts
            )
            if record < end:
                self._make_room()

    def add_fetch(self, client: int, fetched: Fetched) -> None:
        """Note a fetch by the host at a position."""
        fetches = self._fetches.get(client)
        if fetches is None:
            if len(self._fetches) >= self._limits.companion_hosts:
                self._fetch_hosts_left_out += 1
                return
            fetches = self._fetches[client] = _Fetches()
        capture = int(self._state["capture"][0])
        fetches.capture = capture if fetches.capture in (None, capture) else -1
        fetches.add(fetched, self._limits.host_fetches)

    def merge(self, later: CompanionTable, packets: int) -> None:
        """Take over what a later slice saw, whose packets are numbered from `packets` on."""
        hosts = int(later._state["hosts"][0])
        while int(self._state["hosts"][0]) + hosts > self._limits.companion_hosts:
            before = int(self._state["hosts"][0])
            self._make_room()
            if int(self._state["hosts"][0]) == before:
                break
        for name in ("left_out", "hosts_left_out"):
            self._state[name] += later._state[name]
        self._add(self._tables, later._tables, np.zeros(hosts, np.int64), packets)
        for client, fetches in later._fetches.items():
            for fetched in fetches.kept.values():
                self.add_fetch(client, fetched._replace(packet=fetched.packet + packets))
            if client in self._fetches:
                self._fetches[client].left_out += fetches.left_out
        self._fetch_hosts_left_out += later._fetch_hosts_left_out

    def of(self, position: int) -> HostCompanions | None:
        """What is kept of the host at a position; None when nothing was seen of it."""
        _, hosts, _, rows, _, peers = self._tables
        used = hosts[: int(self._state["hosts"][0])]
        found = np.flatnonzero((used["hi"] == position >> 64) & (used["lo"] == position & _HALF))
        fetches = self._fetches.get(position)
        if not len(found) and fetches is None:
            return None
        captures = {fetches.capture} if fetches else set()
        left_out = fetches.left_out if fetches else 0
        kept: list[Row] = []
        bits = 0
        if len(found):
            host = used[found[0]]
            bits = int(host["bits"])
            left_out += int(host["left_out"])
            captures.add(int(host["capture"]))
            for first in host["rings"].tolist():
                kept += (_row(rows[at], peers[at]) for at in _ring(rows, first))
        fetched = fetches.kept.values() if fetches else ()
        return HostCompanions(
            tuple(kept),
            tuple(sorted(fetched, key=lambda one: one.packet)),
            bool(bits & HostBit.SPOKE),
            bool(bits & HostBit.HEARD),
            left_out,
            captures.pop() if len(captures) == 1 and -1 not in captures else None,
        )

    def counts(self) -> dict[str, int]:
        """Bounds that bit: flows, hosts, fetches."""
        return {
            "companion_flows_left_out": int(self._state["left_out"][0]),
            "companion_hosts_left_out": int(self._state["hosts_left_out"][0]),
            "companion_fetches_left_out": self._fetch_hosts_left_out
            + sum(fetches.left_out for fetches in self._fetches.values()),
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
        """Forget hosts that never said a word, and if need be the longest silent."""
        state, hosts, _, rows, _, _ = self._tables
        used = hosts[: int(state["hosts"][0])]
        sizes = used["sizes"].sum(axis=1)
        order = np.lexsort((-used["last_ns"], (used["bits"] & HostBit.SPOKE) == 0))
        part, whole = _KEPT
        room = np.cumsum(sizes[order]) <= min(len(rows) * part // whole, len(rows) - 2)
        room[min(len(hosts) * part // whole, len(hosts) - 2) :] = False
        speak = (used["bits"][order] & HostBit.SPOKE) != 0
        places = np.full(len(used), -1, np.int64)
        places[order[room & speak]] = 0
        fresh = self._empty()
        for name in ("capture", "left_out"):
            fresh[0][name] = state[name]
        gone = int(np.count_nonzero(places < 0))
        fresh[0]["hosts_left_out"] = state["hosts_left_out"] + gone
        self._add(fresh, self._tables, places, 0)
        self._tables = fresh

    def _add(self, into: Tables, tables: Tables, places: Array, packets: int) -> None:
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


def bare_path(request: bytes) -> str | None:
    """The path of a GET whose Host is an address or missing, printable; None for any other.

    `request` begins with its verb and need not be whole.
    """
    line, _, rest = request.partition(b"\n")
    parts = line.split(b" ")
    if len(parts) < 2 or parts[0] != b"GET":
        return None
    for header in rest.split(b"\n"):
        name, colon, value = header.partition(b":")
        if not header.strip():
            break
        if colon and name.strip().lower() == b"host":
            if not _is_address(value.strip().decode("latin-1")):
                return None
            break
    text = parts[1][:PATH_BYTES].decode("latin-1")
    return "".join(c if c.isascii() and c.isprintable() else "?" for c in text)


def _is_address(host: str) -> bool:
    """Whether a Host is an IP address, with or without a port."""
    if host.startswith("["):
        host = host[1:].partition("]")[0]
    elif host.count(":") == 1:
        host = host.partition(":")[0]
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return not host
    return True
