"""Follows a chain: from a public address inwards, from an inside host outwards.

tracer = Tracer(book, units=units, register=register, devices=devices)
tracer.inwards(query)   # translations, then the machines behind them
tracer.outwards(query)  # the machine, and as what it was seen outside
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, replace

from poolwatch.chain.hops import Break, Clash, Hop, Missing, Proof, Query, Step, Trace, Why
from poolwatch.chain.machines import clash_of, grouped, holders, proofs_of
from poolwatch.chain.near import ALWAYS, Known, Timed, device_of, joined
from poolwatch.inventory.macs import is_local
from poolwatch.inventory.register import Register, Standing
from poolwatch.inventory.unit_rows import UnitRow
from poolwatch.inventory.units import UnitTable
from poolwatch.logs.book import LogBook
from poolwatch.logs.devices import Devices
from poolwatch.logs.records import Address, Kind, Translation
from poolwatch.settings import Limits

Key = tuple[Address, int | None]
"""Where a translation leads: the address, and the port where exactly one can be meant."""
Cut = tuple[dict[Key, list[Translation]], int]

_PRIVATE = tuple(
    ipaddress.ip_network(text)
    for text in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7")
)


def is_private(address: Address) -> bool:
    """Whether an address means something else to every network (RFC 1918, 6598, 4193)."""
    return any(address in network for network in _PRIVATE)


@dataclass(slots=True)
class _Counter:
    """What one chain may still grow, and what was left out."""

    hops: int
    left_out: int = 0


class Tracer:
    """Chains out of logs, unit tables and the asset register."""

    def __init__(
        self,
        book: LogBook,
        *,
        units: UnitTable | None = None,
        register: Register | None = None,
        devices: Devices | None = None,
        limits: Limits | None = None,
        quotes: bool = True,
    ) -> None:
        self._known = Known(book, devices or Devices(), limits or Limits(), quotes)
        self._units = units
        self._register = register
        self._limits = self._known.limits

    def standing(self, mac: int | None) -> str:
        """How a machine stands to the register; None: which one it is, is not known.

        An address that a machine made up itself is on no register, so its absence says nothing.
        """
        if self._register is None or mac is None:
            return Standing.UNKNOWN.value
        if self._register.find(mac):
            return Standing.REGISTERED.value
        return (Standing.UNKNOWN if is_local(mac) else Standing.NOT_LISTED).value

    @property
    def has_register(self) -> bool:
        """Whether there is an asset register to ask."""
        return self._register is not None

    def counts(self) -> dict[str, int]:
        """What was read of logs and register and what was not, for the stats."""
        coverage = self._known.book.coverage()
        counts = {
            "log_records": sum(log.records for log in coverage),
            "log_lines_unread": sum(log.unread for log in coverage),
        }
        return counts | (self._register.counts() if self._register is not None else {})

    def inwards(self, query: Query) -> Trace:
        """From an address to the machines behind it, through every translation."""
        counter = _Counter(self._limits.chain_hops)
        root = self._address(query, Step.ADDRESS, (), 1, 0, counter)
        return Trace(query, root, counter.left_out)

    def outwards(self, query: Query) -> Trace:
        """The same, and as which addresses the conversation was seen further out."""
        counter = _Counter(self._limits.chain_hops)
        root = self._address(query, Step.ADDRESS, (), 1, 0, counter)
        hops, clashes, breaks = self._outside(query, 0, counter)
        root = replace(
            root,
            next=(*root.next, *hops),
            clashes=(*root.clashes, *clashes),
            breaks=(*root.breaks, *breaks),
        )
        return Trace(query, root, counter.left_out)

    # -- inwards ---------------------------------------------------------------------

    def _address(
        self,
        query: Query,
        step: Step,
        records: tuple[Translation, ...],
        shared_by: int,
        depth: int,
        counter: _Counter,
    ) -> Hop:
        """An address with everything that follows from it."""
        proofs, more = proofs_of(self._known, records)
        hops, clashes, breaks = self._behind(query, depth, counter)
        held = holders(self._known, self._register, query)
        translated = bool(hops) or any(b.missing is Missing.TRANSLATION for b in breaks)
        if not translated:
            hops, clashes, breaks = held.hops, held.clashes, held.breaks
        elif held.hops:
            hops, clashes = (*hops, *held.hops), (*clashes, Clash.HELD_TOO)
        counter.hops -= 1 + len(held.hops)
        return Hop(
            step,
            joined(query.address, query.port),
            proofs,
            {},
            shared_by,
            clashes,
            breaks,
            (*hops, *self._unit(query)),
            more,
        )

    def _behind(
        self, query: Query, depth: int, counter: _Counter
    ) -> tuple[tuple[Hop, ...], tuple[Clash, ...], tuple[Break, ...]]:
        """The addresses behind one, as translating devices wrote them down."""
        book, address = self._known.book, query.address
        found = book.translations_of_outside(
            address, query.port, query.protocol, query.from_ns, query.until_ns
        )
        found = [t for t in found if _may_be(t, query)]
        if not found or depth >= self._limits.chain_depth:
            return (), (), self._untranslated(query)
        groups, left_out = self._cut(
            grouped(((t.inside, _inside_port(t, query.port)), t) for t in found), counter
        )
        counter.left_out += left_out
        addresses = {inside for inside, _ in groups}
        hops = tuple(
            self._address(
                replace(query, address=inside, port=port),
                Step.INSIDE,
                tuple(records),
                len(addresses) + left_out,
                depth + 1,
                counter,
            )
            for (inside, port), records in groups.items()
        )
        if len(addresses) < 2:
            return hops, (), ()
        by_address = grouped((t.inside, t) for t in found)
        unsaid = _unsaid(query, found)
        if unsaid is None:
            clashes = clash_of(by_address, Clash.TWO_INSIDE)
            why = Why.DISPUTED if Clash.TWO_INSIDE in clashes else Why.TURNOVER
            missing, device = Missing.TRANSLATION, device_of(found)
        else:
            clashes, why, missing, device = (), Why.VAGUE, unsaid, None
        about = joined(address, query.port)
        broken = self._known.broken(query, Step.INSIDE, missing, about, device=device, why=why)
        return hops, clashes, (broken,)

    def _untranslated(self, query: Query) -> tuple[Break, ...]:
        """The translating log that is missing, where the address is one that hides others."""
        known, address = self._known, query.address
        ever = known.book.translations_of_outside(address, None, None, *ALWAYS)
        declared = known.devices.of(Kind.TRANSLATION, address)
        if not ever and declared is None:
            held = known.book.bindings(address, *ALWAYS)
            given = known.devices.of(Kind.LEASE, address) or known.devices.of(Kind.LOGIN, address)
            if is_private(address) or address.version == 6 or held or given:
                return ()  # it may well be the machine's own
        near = known.book.translations_of_outside(
            address, query.port, query.protocol, *known.widened(query)
        )
        hints = known.hints(Kind.TRANSLATION, query, near, _inside_text)
        about = joined(address, query.port)
        device = device_of(ever) or declared
        broken = known.broken(
            query, Step.INSIDE, Missing.TRANSLATION, about, device=device, hints=hints
        )
        return (broken,)

    def _cut(self, groups: dict[Key, list[Translation]], counter: _Counter) -> Cut:
        """No more candidates than the bounds allow, and how many are left out."""
        room = min(self._limits.chain_candidates, max(counter.hops, 1))
        kept = dict(list(groups.items())[:room])
        counter.hops -= len(kept)
        return kept, len(groups) - len(kept)

    # -- outwards --------------------------------------------------------------------

    def _outside(
        self, query: Query, depth: int, counter: _Counter
    ) -> tuple[tuple[Hop, ...], tuple[Clash, ...], tuple[Break, ...]]:
        """As what an address was seen further out."""
        book = self._known.book
        found = book.translations_of_inside(
            query.address, query.port, query.protocol, query.from_ns, query.until_ns
        )
        found = [t for t in found if _may_be(t, query)]
        if not found or depth >= self._limits.chain_depth:
            return (), (), self._not_seen_outside(query)
        groups, left_out = self._cut(
            grouped(((t.outside, _outside_port(t, query.port)), t) for t in found), counter
        )
        counter.left_out += left_out
        hops = tuple(
            self._seen_outside(query, key, records, len(groups) + left_out, depth, counter)
            for key, records in groups.items()
        )
        if len(groups) < 2 or query.port is None:
            return hops, (), ()
        return hops, tuple(c for c in clash_of(groups, Clash.TURNOVER)[:1]), ()

    def _seen_outside(
        self,
        query: Query,
        key: Key,
        records: list[Translation],
        shared_by: int,
        depth: int,
        counter: _Counter,
    ) -> Hop:
        address, port = key
        proofs, more = proofs_of(self._known, records)
        further = replace(query, address=address, port=port)
        hops, clashes, breaks = self._outside(further, depth + 1, counter)
        first = records[0]
        details = {}
        if port is None and (first.outside_low, first.outside_high) != (0, 65535):
            details["ports"] = f"{first.outside_low}-{first.outside_high}"
        return Hop(
            Step.OUTSIDE,
            joined(address, port),
            proofs,
            details,
            shared_by,
            clashes,
            breaks,
            (*hops, *self._unit(further)),
            more,
        )

    def _not_seen_outside(self, query: Query) -> tuple[Break, ...]:
        known, address = self._known, query.address
        ever = known.book.translations_of_inside(address, None, None, *ALWAYS)
        device = device_of(ever) or known.devices.translating(address)
        if not ever and device is None and not is_private(address):
            return ()
        if query.remote is not None and is_private(query.remote):
            return ()  # it stayed inside
        near = known.book.translations_of_inside(
            address, query.port, query.protocol, *known.widened(query)
        )
        hints = known.hints(Kind.TRANSLATION, query, near, _outside_text)
        about = joined(address, query.port)
        broken = known.broken(
            query, Step.OUTSIDE, Missing.TRANSLATION, about, device=device, hints=hints
        )
        return (broken,)

    # -- units -----------------------------------------------------------------------

    def _unit(self, query: Query) -> tuple[Hop, ...]:
        """The unit that holds an address; if another held it at the end of the time, both."""
        if self._units is None:
            return ()
        address = query.address
        times = (query.from_ns, query.until_ns - 1)
        found = [self._units.find(address.version, int(address), ns) for ns in times]
        rows = dict.fromkeys(row for row in found if row is not None)
        return tuple(_unit_hop(row, len(rows)) for row in rows)


def _unit_hop(row: UnitRow, shared_by: int) -> Hop:
    unit = row.unit
    file, _, number = unit.place.rpartition(":")
    dated = row.is_dated
    proof = Proof(
        "units",
        file,
        int(number) if number.isdigit() else 0,
        row.from_ns if dated else None,
        row.to_ns if dated else None,
    )
    details = {"prefix": unit.prefix, "kind": unit.kind or "", "contact": unit.contact or ""}
    shown = {name: text for name, text in details.items() if text}
    return Hop(Step.UNIT, " / ".join(unit.path), (proof,), shown, shared_by)


def _may_be(record: Translation, query: Query) -> bool:
    """Whether a translation can be of the conversation asked for, by where that went."""
    remote = query.remote is None or record.remote in (None, query.remote)
    port = query.remote_port is None or record.remote_port in (None, query.remote_port)
    return remote and port


def _unsaid(query: Query, found: list[Translation]) -> Missing | None:
    """What of the notice would tell candidates apart; None where it says all."""
    if query.port is None:
        return Missing.SOURCE_PORT
    protocols = {t.protocol for t in found}
    if query.protocol is None and len(protocols) > 1:
        return Missing.PROTOCOL
    remotes = {(t.remote, t.remote_port) for t in found}
    if query.remote is None and len(remotes) > 1 and all(t.remote for t in found):
        return Missing.DESTINATION
    return None


def _inside_port(record: Translation, port: int | None) -> int | None:
    """The inside port of a translation, where only one can be meant."""
    if record.inside_low == record.inside_high:
        return record.inside_low
    if port is None or (
        record.inside_high - record.inside_low != record.outside_high - record.outside_low
    ):
        return None
    return record.inside_low + port - record.outside_low


def _outside_port(record: Translation, port: int | None) -> int | None:
    if record.outside_low == record.outside_high:
        return record.outside_low
    if port is None or (
        record.inside_high - record.inside_low != record.outside_high - record.outside_low
    ):
        return None
    return record.outside_low + port - record.inside_low


def _inside_text(record: Timed) -> str:
    if not isinstance(record, Translation):
        return ""
    return joined(record.inside, _inside_port(record, None))


def _outside_text(record: Timed) -> str:
    if not isinstance(record, Translation):
        return ""
    return joined(record.outside, _outside_port(record, None))
