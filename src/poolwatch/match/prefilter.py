"""The door to the kernels: batches in, segments of the few flows worth reading out."""

from __future__ import annotations

import hashlib
import ipaddress
import secrets
import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from poolwatch.kernels.endpoints import find_endpoint, index_endpoints
from poolwatch.kernels.flows import (
    close_before,
    close_chosen,
    close_flow,
    end_flows,
    regrow,
    scan_packets,
)
from poolwatch.kernels.neighbours import MIX, PROBES, USED
from poolwatch.layouts import (
    COUNTERS,
    DEAD,
    ENDPOINT,
    FLOW,
    FLOW_START,
    FRAME,
    NEIGHBOUR,
    NEIGHBOUR_PLACES,
    SEGMENT,
    TABLE,
    FlowFlag,
)
from poolwatch.match.nametables import NameTables, power_of_two
from poolwatch.terms import FlowKey

if TYPE_CHECKING:
    from poolwatch.capture.source import Batch
    from poolwatch.catalog.rows import EndpointRow
    from poolwatch.match.companions import CompanionTable
    from poolwatch.settings import Limits

    Array = np.ndarray[Any, np.dtype[Any]]

Rows = list[tuple[Any, ...]]
"""SEGMENT rows as tuples, in the order of the dtype."""

_BLOCK = 128  # packets a stage of the scan works on
_SEGMENT_ROWS = 4096
_FIRST_SLOTS = 1 << 17
_SPARSE = 4  # slots a flow; half as many cost more probes than they save
_TOLD_SLOTS = 1 << 14  # announcements that are known again
_ROOM = 16  # one part in so many is freed when the table is full
_NS = 1_000_000_000
_NEVER = 1 << 62  # more nanoseconds than any two times are apart
_BACK_NS = 60 * _NS  # live packets are never so late, unless the clock was set back
_MASK32 = 0xFFFFFFFF


class Endpoints:
    """The catalogue's addresses and ports, as the kernels read them."""

    def __init__(self, rows: tuple[EndpointRow, ...]) -> None:
        self.rows = np.zeros(len(rows), ENDPOINT)
        for index, row in enumerate(rows):
            number = int(ipaddress.ip_address(row.address))
            self.rows[index] = (number >> 64, number & ((1 << 64) - 1), row.port, index)
        slots = 2
        while slots < 2 * len(rows) + 1:
            slots *= 2
        self.slots = np.zeros(slots, np.int32)
        index_endpoints(self.rows, self.slots)
        self.ports = 0  # of each port's number modulo 64 a bit: most flows need not be looked up
        for row in rows:
            self.ports |= 1 << (row.port % 64) if row.port else (1 << 64) - 1

    def find(self, address: int, port: int) -> int:
        """The list row of an address, as a 128-bit number, and port; -1 for none."""
        return int(
            find_endpoint(self.rows, self.slots, address >> 64, address & (1 << 64) - 1, port)
        )

    def places(self) -> Array:
        """One number a row and address, of those that may be equal to `_ends` of a flow."""
        return np.unique(self.rows["hi"] ^ self.rows["lo"])


class FlowTable:
    """A bounded table of flows. `keep`: of a slice that is not the capture's first."""

    def __init__(
        self,
        limits: Limits,
        endpoints: Endpoints,
        *,
        seed: int | None,
        keep: bool,
        names: NameTables | None = None,
        companions: CompanionTable | None = None,
    ) -> None:
        self.limits = limits
        self.endpoints = endpoints
        self.names = names or NameTables((), (), limits)
        self.companions = companions
        self.flows = _aligned(limits.flows, FLOW)
        self.starts = np.zeros(limits.flows, FLOW_START)
        self.free = np.zeros(limits.flows, np.int32)
        self.slots: Array = np.zeros(_FIRST_SLOTS, np.uint64)
        self.segments = np.zeros(_SEGMENT_ROWS, SEGMENT)
        self.table = np.zeros(1, TABLE)
        self.counters = np.zeros(1, COUNTERS)
        self.records = np.zeros(1, np.int32)
        self.neighbours = np.zeros(power_of_two(2 * limits.neighbours), NEIGHBOUR)
        self.told: Array = np.zeros(_TOLD_SLOTS, np.uint64)
        self.arrived: Array | None = None
        self._last_ns: Array = np.zeros(0, np.int64)  # of each record, when last looked at
        self._frames = _aligned(_BLOCK, FRAME)
        self._reset(seed, keep)

    def _reset(self, seed: int | None, keep: bool) -> None:
        self._written = self.table["segments"]  # a view: rows the last call wrote
        self.free_tail = self.table["free_tail"]  # a view: records ever closed
        self._spare = 0  # flows that may come before the index has to grow
        table = self.table[0]
        seeds = secret_seeds(seed)
        for name, value in zip(("seed_a", "seed_b", "seed_c", "seed_d"), seeds, strict=True):
            table[name] = value
        self.names.reset(seeds, keep=keep)
        table["idle_ns"] = self.limits.flow_idle_seconds * _NS
        table["back_ns"] = 2 * _NEVER - 1
        table["long_ns"] = self.limits.long_flow_seconds * 1_000_000_000
        table["keep"] = keep
        table["endpoint_ports"] = self.endpoints.ports

    def reuse(self, *, seed: int | None, keep: bool) -> None:
        """Forget everything, for the next capture."""
        self.slots = np.zeros(_FIRST_SLOTS, np.uint64)
        self.table[:] = np.zeros(1, TABLE)
        self.counters = np.zeros(1, COUNTERS)
        self.neighbours[:] = np.zeros(1, NEIGHBOUR)
        self.told[:] = 0
        self._reset(seed, keep)

    @property
    def keep(self) -> bool:
        """Whether this is the table of a later slice."""
        return bool(self.table["keep"][0])

    @property
    def packets(self) -> int:
        """Packets numbered so far."""
        return int(self.table["packets"][0])

    def scan(self, batch: Batch) -> Iterator[Rows]:
        """Scan a batch; the segment rows of each yield are good until the next one."""
        done, count = 0, batch.count
        if len(self.records) > 1:
            self._clear_records(count)
        while done < count:
            if count - done > self._spare:
                self.reserve(count - done)
            if self.companions is not None and self.free_tail.item() != self.companions.folded:
                self.fold()
            before = done
            done = scan_packets(
                batch.buffer,
                batch.packets,
                done,
                count,
                self._frames,
                self.slots,
                self.flows,
                self.starts,
                self.free,
                self.table,
                self.endpoints.rows,
                self.endpoints.slots,
                self.names.state,
                self.neighbours,
                self.told,
                self.segments,
                self.counters,
                self.records,
            )
            self._spare -= done - before
            written = self._written.item()
            if written:
                yield self.segments[:written].tolist()
            elif done == before:
                yield from self.make_room()

    def note_records(self) -> None:
        """From now on `records` says of each packet of the last batch which flow record is its.

        -1: none. A record that closed during a batch may already be another flow's at its end:
        a packet whose number is below `starts["first_packet"]` is of the flow before.
        """
        self._clear_records(2)

    def go_by_arrival(self) -> None:
        """From now on flows are idle by when their packets arrived, whatever times these bear.

        For a live wire, before its first packet: there a packet's time jumps when a clock is
        set. `arrived` is when each record was found to have moved, by the clock given to `see`.
        """
        self.arrived = np.zeros(self.limits.flows, np.int64)
        self._last_ns = np.zeros(self.limits.flows, np.int64)
        self.table["idle_ns"] = _NEVER
        self.table["back_ns"] = min(_BACK_NS, self.limits.flow_idle_seconds * _NS // 2)

    def see(self, now: int) -> None:
        """Note which flows had packets since the last call. `now`: nanoseconds that only grow."""
        assert self.arrived is not None
        used = int(self.table["used"][0])
        last = self.flows["last_ns"][:used]
        moved = (last != self._last_ns[:used]) | (self.arrived[:used] == 0)
        self.arrived[:used][moved] = now
        self._last_ns[:used] = last

    def _clear_records(self, count: int) -> None:
        if len(self.records) < count:
            self.records = np.empty(count, np.int32)
        self.records[:count] = -1

    def end(self) -> Iterator[Rows]:
        """The capture is over: count all flows, report those somebody reads."""
        record = 0
        while record < int(self.table["used"][0]):
            record = end_flows(
                record, self.flows, self.starts, self.table, self.segments, self.counters
            )
            rows = self._rows()
            if rows:
                yield rows

    def fold(self) -> None:
        """Note of the flows that closed what they say of their hosts, before records are reused.

        A later slice does not: only merging shows what its flows are.
        """
        if self.companions is not None and not self.keep:
            self.companions.fold(self)

    def close(self, record: int) -> Rows:
        """Close one flow."""
        written = close_flow(
            record,
            self.slots,
            self.flows,
            self.starts,
            self.free,
            self.table,
            self.segments,
            0,
            self.counters,
        )
        return self.segments[:written].tolist()  # type: ignore[no-any-return]

    def dismiss(self, record: int) -> None:
        """Hand out no more payload of a flow."""
        self.flows["flags"][record] |= FlowFlag.DISMISSED

    def _rows(self) -> Rows:
        count = self._written.item()
        return self.segments[:count].tolist() if count else []

    def reserve(self, flows: int) -> None:
        """Keep the index sparse with so many more flows."""
        live = int(self.table["live"][0])
        wanted = len(self.slots)
        while _SPARSE * min(live + flows, len(self.flows)) > wanted:
            wanted *= 2
        if wanted > len(self.slots):
            slots: Array = np.zeros(wanted, np.uint64)
            regrow(self.slots, slots)
            self.slots = slots
        self._spare = max(wanted // _SPARSE - live, flows)

    def make_room(self) -> Iterator[Rows]:
        """The table is full: idle flows go first, then the longest silent ones."""
        counters = self.counters[0]
        live = int(self.table["live"][0])
        if self.arrived is not None:
            now = int(time.monotonic() * _NS)
            self.see(now)
            yield from self._close_chosen(self._idle(now))
        else:
            idle_before = int(self.table["now_ns"][0]) - int(self.table["idle_ns"][0])
            yield from self._close_before(idle_before, candidates_too=True)
        expired = live - int(self.table["live"][0])
        counters["expired"] += expired
        wanted = max(len(self.flows) // _ROOM, 1) - expired
        for candidates_too in (False, True):
            if wanted <= 0:
                return
            evicted = int(self.table["live"][0])
            if self.arrived is not None:
                yield from self._close_chosen(self._silent(wanted, candidates_too))
            else:
                before = self._silent_before(wanted, candidates_too)
                yield from self._close_before(before, candidates_too=candidates_too)
            evicted -= int(self.table["live"][0])
            counters["evicted"] += evicted
            wanted -= evicted

    def is_gateway(self, mac: int, ts_ns: int) -> bool:
        """Whether a hardware address had carried more addresses than a host has before then."""
        product = mac * MIX
        slot = (product ^ product >> 64) & (len(self.neighbours) - 1)
        for _ in range(PROBES):
            row = self.neighbours[slot]
            if row["mac"] == mac | USED:
                return bool(row["count"] >= NEIGHBOUR_PLACES and row["first_ns"].max() < ts_ns)
            slot = (slot + 1) & (len(self.neighbours) - 1)
        return False

    def gateways(self) -> list[int]:
        """The hardware addresses that carry more addresses than a host has."""
        rows = self.neighbours[self.neighbours["count"] >= NEIGHBOUR_PLACES]
        return [mac & USED - 1 for mac in rows["mac"].tolist()]

    def expire(self, now: int) -> Iterator[Rows]:
        """Close what no packet has come of for too long at a time, by the clock of `see`."""
        before = int(self.table["live"][0])
        yield from self._close_chosen(self._idle(now))
        self.counters["expired"] += before - int(self.table["live"][0])

    def marked(self, since: int) -> list[int]:
        """Records of open flows, seen since a time of that clock, to something that is listed.

        Nobody reads them, so nothing else tells of them before they close.
        """
        used = int(self.table["used"][0])
        flows, starts = self.flows[:used], self.starts[:used]
        assert self.arrived is not None
        alive = (flows["kind"] < DEAD) & (self.arrived[:used] >= since)
        listed = (flows["flags"] & FlowFlag.LISTED) != 0
        found = alive & (listed | (starts["named"] != 0) | (starts["prefix"] >= 0))
        return np.flatnonzero(found).tolist()

    def identity(self, record: int) -> int:
        """What tells the flow of a record from others that had it before; 0 once closed."""
        if self.flows["kind"][record] >= DEAD:
            return 0
        return int(self.starts["first_packet"][record])

    def untell(self, record: int) -> None:
        """All there is to say of a flow was said: nobody asks again when it closes."""
        self.starts["named"][record] = 0
        self.starts["prefix"][record] = -1
        self.flows["flags"][record] &= ~int(FlowFlag.LISTED) & 0xFFFF

    def use(self, endpoints: Endpoints, networks: tuple[Sequence[str], Sequence[str]]) -> None:
        """Look for other addresses and networks from now on, in open flows too.

        `networks`: those of the prefix list so far, and from now on. A network that is new
        counts for flows to come.
        """
        before, now = networks
        used = int(self.table["used"][0])
        starts = self.starts[:used]
        rows = {network: row for row, network in enumerate(now)}
        moved = np.array([rows.get(network, -1) for network in before] + [-1], np.int32)
        starts["prefix"] = moved[starts["prefix"]]  # row -1 is the last one
        self.endpoints = endpoints
        self.table["endpoint_ports"] = endpoints.ports
        self._relist(used)

    def _relist(self, used: int) -> None:
        """Find the listed end of every flow anew."""
        flows, starts = self.flows[:used], self.starts[:used]
        starts["endpoint"] = -1
        flows["flags"] &= ~int(FlowFlag.LISTED) & 0xFFFF
        places = self.endpoints.places()
        maybe = np.isin(flows["a_hi"] ^ flows["a_lo"], places)
        maybe |= np.isin(flows["b_hi"] ^ flows["b_lo"], places)
        for record in np.flatnonzero(maybe).tolist():
            key = key_of(flows[record])
            found = self.endpoints.find(key.b_address, key.b_port)
            if found < 0:
                found = self.endpoints.find(key.a_address, key.a_port)
            if found >= 0:
                starts["endpoint"][record] = found
                flows["flags"][record] |= int(FlowFlag.LISTED)

    def _idle(self, now: int) -> Array:
        """Records of living flows of which no packet has come for too long."""
        assert self.arrived is not None
        used = int(self.table["used"][0])
        idle = self.arrived[:used] < now - self.limits.flow_idle_seconds * _NS
        return np.flatnonzero(idle & (self.flows["kind"][:used] < DEAD)).astype(np.int32)

    def _silent(self, count: int, candidates_too: bool) -> Array:
        """Records of the `count` living flows whose last packet came longest ago.

        Of those that were found to have moved at the same time, by the times of their packets.
        """
        assert self.arrived is not None
        records = np.flatnonzero(self._may_go(candidates_too)).astype(np.int32)
        if len(records) <= count:
            return records
        arrived = self.arrived[records]
        nth = np.partition(arrived, count - 1)[count - 1]
        sooner, same = records[arrived < nth], records[arrived == nth]
        wanted = count - len(sooner)
        if wanted < len(same):
            same = same[np.argpartition(self.flows["last_ns"][same], wanted)[:wanted]]
        return np.concatenate((sooner, same))

    def _may_go(self, candidates_too: bool) -> Array:
        """Of each record whether it is a living flow that may be closed for room."""
        used = int(self.table["used"][0])
        alive: Array = self.flows["kind"][:used] < DEAD
        if not candidates_too:
            flags = self.flows["flags"][:used]
            spared = (flags & (FlowFlag.CANDIDATE | FlowFlag.DISMISSED)) == FlowFlag.CANDIDATE
            alive &= ~spared
        return alive

    def _silent_before(self, count: int, candidates_too: bool) -> int:
        """The time before which `count` living flows were last seen (with ties, more)."""
        used = int(self.table["used"][0])
        alive = self._may_go(candidates_too)
        last = self.flows["last_ns"][:used][alive]
        if not len(last):
            return int(np.iinfo(np.int64).min)
        nth = min(count, len(last)) - 1
        return int(np.partition(last, nth)[nth]) + 1

    def _close_chosen(self, chosen: Array) -> Iterator[Rows]:
        done = 0
        while done < len(chosen):
            done = close_chosen(
                done,
                chosen,
                self.slots,
                self.flows,
                self.starts,
                self.free,
                self.table,
                self.segments,
                self.counters,
            )
            rows = self._rows()
            if rows:
                yield rows

    def _close_before(self, before_ns: int, *, candidates_too: bool) -> Iterator[Rows]:
        record = 0
        while record < int(self.table["used"][0]):
            record = close_before(
                record,
                before_ns,
                candidates_too,
                self.slots,
                self.flows,
                self.starts,
                self.free,
                self.table,
                self.segments,
                self.counters,
            )
            rows = self._rows()
            if rows:
                yield rows


def key_of(flow: Any) -> FlowKey:
    """Both ends of a FLOW row."""
    kind = int(flow["kind"]) & 0x7F
    ports = int(flow["ports"])
    return FlowKey(
        4 if kind <= 2 else 6,
        6 if kind & 1 else 17,
        int(flow["a_hi"]) << 64 | int(flow["a_lo"]),
        ports >> 16,
        int(flow["b_hi"]) << 64 | int(flow["b_lo"]),
        ports & 0xFFFF,
        int(flow["tags"]),
    )


def secret_seeds(seed: int | None) -> tuple[int, int, int, int]:
    """Four hash seeds: secret unless `seed` asks for the same ones again."""
    if seed is None:
        return tuple(secrets.randbits(64) for _ in range(4))  # type: ignore[return-value]
    digest = hashlib.sha256(str(seed).encode()).digest()
    return tuple(int.from_bytes(digest[i : i + 8], "little") for i in range(0, 32, 8))  # type: ignore[return-value]


def _aligned(count: int, dtype: np.dtype[Any]) -> Array:
    """Zeroed rows that begin at a cache line."""
    raw = np.zeros(count * dtype.itemsize + 64, np.uint8)
    offset = -raw.ctypes.data % 64
    return raw[offset : offset + count * dtype.itemsize].view(dtype)
