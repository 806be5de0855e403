"""Where logs are silent: which log is missing, of whom, and what stands near in time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from poolwatch.chain.hops import Break, Hint, Missing, Proof, Query, Step, Why
from poolwatch.inventory.macs import mac_text
from poolwatch.logs.book import LogBook
from poolwatch.logs.devices import Devices
from poolwatch.logs.records import Address, Binding, End, Kind, Origin
from poolwatch.settings import Limits

ALWAYS = (-(1 << 62), 1 << 62)
"""A span that holds every record."""
_SECOND = 1_000_000_000
_MINUTE = 60 * _SECOND
_MOST_HINTS = 4


class Timed(Protocol):
    """What every record has."""

    @property
    def from_ns(self) -> int:
        """When it begins to hold."""

    @property
    def until_ns(self) -> int:
        """When it no longer holds."""

    @property
    def end(self) -> End:
        """How its end is known."""

    @property
    def origin(self) -> Origin:
        """Where it was read."""


@dataclass(frozen=True, slots=True)
class Known:
    """What breaks are made with."""

    book: LogBook
    devices: Devices
    limits: Limits
    quotes: bool = True
    lines: dict[Origin, str | None] = field(default_factory=dict)

    def proof(self, kind: Kind, record: Timed) -> Proof:
        """The line a record was read from."""
        origin = record.origin
        quote = self._quote(origin) if self.quotes else None
        return Proof(
            kind.value,
            origin.file,
            origin.line,
            record.from_ns,
            record.until_ns,
            record.end,
            origin.device,
            quote,
        )

    def _quote(self, origin: Origin) -> str | None:
        """The line itself; one that many chains rest on is read once."""
        if origin not in self.lines:
            self.lines[origin] = self.book.line(origin)
        return self.lines[origin]

    def covers(self, kind: Kind, device: str | None, query: Query) -> bool:
        """Whether a log of that device was given that spans the time asked for."""
        return device is not None and any(
            kind in log.kinds
            and log.device == device
            and log.first_ns is not None
            and log.last_ns is not None
            and log.first_ns <= query.from_ns
            and query.until_ns <= log.last_ns + 1
            for log in self.book.coverage()
        )

    def widened(self, query: Query) -> tuple[int, int]:
        """The span in which a record still counts as near."""
        reach = self.limits.chain_near_seconds * _SECOND
        return query.from_ns - reach, query.until_ns + reach

    def minutes(self, query: Query) -> tuple[int, int]:
        """The whole minutes to ask a log for, with what clocks may be off."""
        slack = self.limits.chain_slack_seconds * _SECOND
        first, last = query.from_ns - slack, query.until_ns + slack
        return first // _MINUTE * _MINUTE, -(-last // _MINUTE) * _MINUTE

    def hints(
        self,
        kind: Kind,
        query: Query,
        records: Iterable[Timed],
        value: Callable[[Timed], str],
    ) -> tuple[Hint, ...]:
        """The records near the time asked for, the nearest first."""
        found = [
            Hint(value(record), _distance(record, query), self.proof(kind, record))
            for record in records
            if not (record.from_ns < query.until_ns and record.until_ns > query.from_ns)
        ]
        return tuple(sorted(found, key=lambda h: (abs(h.distance_ns), h.distance_ns))[:_MOST_HINTS])

    def broken(
        self,
        query: Query,
        settles: Step,
        missing: Missing,
        about: str,
        *,
        device: str | None = None,
        why: Why | None = None,
        hints: tuple[Hint, ...] = (),
    ) -> Break:
        """A break, with the minutes to ask for. Without `why`: absent or silent, as logs show."""
        first, last = self.minutes(query)
        if why is None:
            silent = missing.is_log and self.covers(Kind(missing.value), device, query)
            why = Why.SILENT if silent else Why.ABSENT
        return Break(settles, missing, why, about, first, last, device, hints)


def device_of(records: Sequence[Timed]) -> str | None:
    """Who wrote records, where they all say the same."""
    names = {record.origin.device for record in records}
    return names.pop() if len(names) == 1 else None


def machine_break(known: Known, query: Query) -> Break:
    """The one log that would say which machine held an address."""
    address = query.address
    ever = known.book.bindings(address, *ALWAYS)
    near = known.book.bindings(address, *known.widened(query))
    wanted = [Kind.LEASE, Kind.NEIGHBOUR, Kind.LOGIN]
    if address.version == 6:  # hosts make their addresses themselves
        wanted = [Kind.NEIGHBOUR, Kind.LEASE, Kind.LOGIN]
    sources = {
        kind: known.devices.of(kind, address) or device_of([b for b in ever if b.kind is kind])
        for kind in wanted
    }
    told = [kind for kind in wanted if sources[kind] or any(b.kind is kind for b in ever)]
    chosen = next((kind for kind in told if _may_say(known, query, kind, sources, near)), None)
    if chosen is None and told:  # every log that should have it covers that time
        chosen = next((kind for kind in wanted[:2] if kind not in told), told[0])
    chosen = chosen or wanted[0]
    hints = known.hints(chosen, query, [b for b in near if b.kind is chosen], _named)
    missing, device = Missing(chosen.value), sources[chosen]
    return known.broken(query, Step.MACHINE, missing, str(address), device=device, hints=hints)


def _may_say(
    known: Known,
    query: Query,
    kind: Kind,
    sources: dict[Kind, str | None],
    near: list[Binding],
) -> bool:
    """Whether a log can still have it: it is not there, or its clock seems to be off."""
    return not known.covers(kind, sources[kind], query) or any(b.kind is kind for b in near)


def _named(record: Timed) -> str:
    if isinstance(record, Binding):
        return mac_text(record.mac) if record.mac is not None else record.account or ""
    return ""


def _distance(record: Timed, query: Query) -> int:
    if record.from_ns >= query.until_ns:
        return record.from_ns - query.until_ns + 1
    return record.until_ns - query.from_ns


def joined(address: Address, port: int | None) -> str:
    """An address, with its port if there is one."""
    if port is None:
        return str(address)
    return f"[{address}]:{port}" if address.version == 6 else f"{address}:{port}"
