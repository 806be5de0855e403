"""From the entries of a list to rows of a catalogue, or to a reason why not."""

from __future__ import annotations

import dataclasses
import datetime
import ipaddress
import re
from dataclasses import dataclass, field

import msgspec

from poolwatch.catalog.imports.entry import Entry, shown
from poolwatch.catalog.lint_endpoints import network_fault
from poolwatch.catalog.lint_names import unglue
from poolwatch.catalog.load import Placed, Rows, holding_pools
from poolwatch.catalog.names import PoolNames
from poolwatch.catalog.rows import EndpointRow, PoolRow, PrefixRow
from poolwatch.catalog.wide import Wide
from poolwatch.terms import NOT_PUBLIC

AnyRow = PoolRow | EndpointRow | PrefixRow

_LONGEST_POOL = 80
_BETWEEN_COINS = re.compile(r"[\s/,;|+]+")


@dataclass(frozen=True, slots=True)
class Terms:
    """What is said once for all rows of an import."""

    source: str
    licence: str
    date: datetime.date
    full: bool  # whoever imports vouches for the list: its rows count as attested
    valid_days: int  # how long before and after the date an address is taken for the pool's


@dataclass(frozen=True, slots=True)
class Known:
    """An entry that the catalogue has already, or that a wider row covers."""


@dataclass(frozen=True, slots=True)
class Refused:
    """An entry that must not become a row."""

    reason: str


Verdict = AnyRow | Known | Refused


@dataclass(slots=True)
class Sieve:
    """Judges one entry after another, against the catalogue and the entries let through."""

    rows: Rows
    terms: Terms
    _wide: Wide = field(init=False)
    _pools: dict[str, Placed[PoolRow]] = field(init=False)
    _names: PoolNames[PoolRow] = field(init=False)
    _suffixes: set[str] = field(init=False)
    _coins: set[str] = field(init=False)
    _seen: set[tuple[str, int]] = field(init=False)

    def __post_init__(self) -> None:
        self._wide = Wide(placed.row for placed in self.rows.shared_suffixes)
        self._pools = holding_pools(self.rows.pools)
        self._names = PoolNames({name: placed.row for name, placed in self._pools.items()})
        self._suffixes = set(self._pools)
        self._coins = {placed.row.symbol for placed in self.rows.coins} - {""}
        self._seen = {(p.row.address, p.row.port) for p in self.rows.endpoints}
        self._seen |= {(p.row.network, 0) for p in self.rows.prefixes}

    def judge(self, entry: Entry) -> Verdict:
        """The row of an entry, or why there is none."""
        symbols = [symbol for symbol in _BETWEEN_COINS.split(entry.coin) if symbol]
        unknown = [symbol for symbol in symbols if symbol not in self._coins]
        if unknown:
            return Refused(f"coin {shown(unknown[0])} is not in coins.csv")
        coins = " ".join(symbols)
        if entry.name:
            return self._judge_name(entry, coins)
        return self._judge_address(entry, coins)

    def _judge_name(self, entry: Entry, coins: str) -> Verdict:
        name = entry.name
        fault = self._wide.fault(name)
        if fault:
            return Refused(fault)
        glued = unglue(name, self._suffixes)
        if glued:
            return Refused(f"{name!r} looks like {glued[0]} and {glued[1]}")
        placed = self._pools.get(name)
        if placed is not None:
            return self._judge_listed(entry, coins, placed)
        covering = self._names.find(name)
        if covering is not None and not (covering[1].nursery and self.terms.full):
            return Known()
        self._suffixes.add(name)
        row = self._pool_row(entry, coins)
        self._pools[name] = Placed(row, "this list", entry.number)
        return row

    def _judge_listed(self, entry: Entry, coins: str, placed: Placed[PoolRow]) -> Verdict:
        """An entry for a suffix that has a row: known, at odds with it, or a promotion of it."""
        row, pool = placed.row, _pool_name(entry)
        if entry.pool and pool.lower() not in row.pool.lower():
            return Refused(
                f"{row.suffix!r}: pool is {pool!r} here and {row.pool!r} at {placed.place}"
            )
        if row.coins and not set(coins.split()) <= set(row.coins.split()):
            return Refused(
                f"{row.suffix!r}: coins is {coins!r} here and {row.coins!r} at {placed.place}"
            )
        if not (row.nursery and self.terms.full):
            return Known()
        promoted = msgspec.structs.replace(
            row,
            nursery=False,
            sources=self._sources(entry),
            licence=self.terms.licence,
            date=self.terms.date,
        )
        self._pools[row.suffix] = dataclasses.replace(placed, row=promoted)
        return promoted

    def _judge_address(self, entry: Entry, coins: str) -> Verdict:
        target = entry.network or entry.address
        if _is_private(target):
            return Refused(f"{target} is no public address")
        if entry.network:
            fault = network_fault(entry.network)
            if fault:
                return Refused(fault)
        if (target, entry.port) in self._seen:
            return Known()
        self._seen.add((target, entry.port))
        return self._prefix_row(entry, coins) if entry.network else self._endpoint_row(entry, coins)

    def _pool_row(self, entry: Entry, coins: str) -> PoolRow:
        return PoolRow(
            suffix=entry.name,
            pool=_pool_name(entry),
            use="stratum" if entry.port else "any",
            coins=coins,
            origin="",
            status="",
            sources=self._sources(entry),
            date=self.terms.date,
            nursery=not self.terms.full,
            licence=self.terms.licence,
        )

    def _endpoint_row(self, entry: Entry, coins: str) -> EndpointRow:
        first, last = self._days()
        return EndpointRow(
            address=entry.address,
            port=entry.port,
            pool=_pool_name(entry),
            # Who else lives at an address, no list says: without a port it is a hint.
            use="stratum" if entry.port else "any",
            coins=coins,
            seen_from=first,
            seen_until=last,
            sources=self._sources(entry),
            date=self.terms.date,
            nursery=not self.terms.full,
            licence=self.terms.licence,
        )

    def _prefix_row(self, entry: Entry, coins: str) -> PrefixRow:
        first, last = self._days()
        return PrefixRow(
            network=entry.network,
            pool=_pool_name(entry),
            use="any",
            coins=coins,
            seen_from=first,
            seen_until=last,
            shared=True,  # no list says who else lives there
            sources=self._sources(entry),
            date=self.terms.date,
            nursery=not self.terms.full,
            licence=self.terms.licence,
        )

    def _sources(self, entry: Entry) -> str:
        reference = clean(entry.reference)
        return f"{self.terms.source} ({reference})" if reference else self.terms.source

    def _days(self) -> tuple[datetime.date, datetime.date]:
        span = datetime.timedelta(days=self.terms.valid_days)
        return self.terms.date - span, self.terms.date + span


def clean(text: str) -> str:
    """A text from outside, fit for a cell: printable, on one line."""
    printable = "".join(char if char.isprintable() else " " for char in text)
    return re.sub(r"\s+", " ", printable).strip()


def _pool_name(entry: Entry) -> str:
    return clean(entry.pool)[:_LONGEST_POOL] or entry.name or entry.network or entry.address


def _is_private(target: str) -> bool:
    network = ipaddress.ip_network(target)
    return any(network.version == other.version and network.overlaps(other) for other in NOT_PUBLIC)
