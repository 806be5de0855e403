"""Going over a flow table, a piece at a time, for flows that went quiet."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from poolwatch.layouts import DEAD, SUMMARY, FlowFlag

if TYPE_CHECKING:
    from poolwatch.match.prefilter import FlowTable
    from poolwatch.sensor.keep.summaries import Summaries

_NS = 1_000_000_000
_RECORDS = 65_536  # looked at in one step
_FLOWS = 1024  # summed up in one step, at most
_STEP_SECONDS = 0.02  # after which no more steps follow in one go
_QUIET_NS = 60 * _NS
_LONG_NS = 3600 * _NS  # a flow that goes on is summed up as often
_SEEN = (int(FlowFlag.SEEN_A), int(FlowFlag.SEEN_B))
_IPV4_KINDS = 2  # Kind up to here


class Sweep:
    """Of one flow table, by the thread that owns it.

    `inside` says of an IP version and an address as a number whether it is inside.
    """

    def __init__(
        self,
        table: FlowTable,
        summaries: Summaries,
        seconds: int,
        inside: Callable[[int, int], bool],
    ) -> None:
        self._table = table
        self._summaries = summaries
        self._round_ns = seconds * _NS
        self._inside = inside
        self._told = np.zeros(len(table.flows), np.int64)  # last_ns when it was summed up
        self._next = 0
        self._begun_ns = 0

    def step(self, now_ns: int) -> None:
        """A part of a round, if one is due; takes some hundredths of a second at most."""
        if self._next == 0:
            if 0 <= now_ns - self._begun_ns < self._round_ns:  # a clock may be set back
                return
            self._begun_ns = now_ns
        end = time.monotonic() + _STEP_SECONDS
        self._next = self._go_over(self._next, now_ns)
        while self._next and time.monotonic() < end:
            self._next = self._go_over(self._next, now_ns)

    def finish(self) -> None:
        """The end: sum up the flows, quiet or not, of hosts whose summaries go to files."""
        wanted = self._summaries.wanted()
        if not wanted:
            return
        self._inside = lambda version, number: (version, number) in wanted
        at = self._go_over(0, None)
        while at:
            at = self._go_over(at, None)

    def _go_over(self, begin: int, now_ns: int | None) -> int:
        """One step from record `begin` on; where to go on, 0 when the round is done.

        `now_ns` None: flows that are not quiet too.
        """
        used = int(self._table.table["used"][0])
        end = min(begin + _RECORDS, used)
        flows, starts = self._table.flows[begin:end], self._table.starts[begin:end]
        told, last = self._told[begin:end], flows["last_ns"]
        due = (flows["kind"] != 0) & (last != told)
        if now_ns is not None:
            since = np.maximum(told, starts["first_ns"])
            over = ((flows["kind"] & DEAD) != 0) | (last < now_ns - _QUIET_NS)
            due &= over | (last - since > _LONG_NS)
        chosen = np.flatnonzero(due)
        if len(chosen) > _FLOWS:
            chosen = chosen[:_FLOWS]
            end = begin + int(chosen[-1]) + 1
        if len(chosen):
            told[chosen] = last[chosen]
            for side in (0, 1):
                self._sum_up(flows[chosen], starts["first_ns"][chosen], side)
        return end if end < used else 0

    def _sum_up(self, flows: Any, first_ns: Any, side: int) -> None:
        """Summaries of flows for the hosts on one side, host by host."""
        own, other = ("b", "a") if side else ("a", "b")
        low, high = flows["ports"] & 0xFFFF, flows["ports"] >> 16
        rows = np.zeros(len(flows), SUMMARY)
        rows["first_ns"], rows["last_ns"] = first_ns, flows["last_ns"]
        rows["peer_hi"], rows["peer_lo"] = flows[f"{other}_hi"], flows[f"{other}_lo"]
        rows["port"], rows["peer_port"] = (low, high) if side else (high, low)
        rows["tags"], rows["flags"], rows["side"] = flows["tags"], flows["flags"], side
        rows["kind"] = flows["kind"] & ~np.uint8(DEAD)
        is_six = rows["kind"] > _IPV4_KINDS
        own_hi, own_lo = flows[f"{own}_hi"], flows[f"{own}_lo"]
        order = np.lexsort((rows["last_ns"], own_lo, own_hi, is_six))
        hi, lo, six = own_hi[order], own_lo[order], is_six[order]
        changes = (hi[1:] != hi[:-1]) | (lo[1:] != lo[:-1]) | (six[1:] != six[:-1])
        cuts = [0, *(np.flatnonzero(changes) + 1).tolist(), len(order)]
        for first, end in itertools.pairwise(cuts):
            version = 6 if six[first] else 4
            number = int(hi[first]) << 64 | int(lo[first])
            if self._inside(version, number):
                group = rows[order[first:end]]
                spoke = bool(np.any(group["flags"] & _SEEN[side]))
                self._summaries.add((version, number), group, spoke=spoke)
