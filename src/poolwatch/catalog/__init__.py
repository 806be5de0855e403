"""The catalogue: rows of `signatures/`, checked and made ready for matching."""

from __future__ import annotations

import datetime
import ipaddress
from dataclasses import dataclass, field
from pathlib import Path

from poolwatch.catalog.agents import Agents
from poolwatch.catalog.coins import Coins
from poolwatch.catalog.difficulties import Difficulties
from poolwatch.catalog.figures import Figures
from poolwatch.catalog.grounds import Grounds
from poolwatch.catalog.load import Placed, Rows, holding_pools, load_rows
from poolwatch.catalog.malware import Malware
from poolwatch.catalog.names import PoolNames
from poolwatch.catalog.rows import (
    EndpointRow,
    NeedleRow,
    NetworkRow,
    PoolRow,
    PrefixRow,
)
from poolwatch.catalog.shapes import Predicate, compile_fields, count_items
from poolwatch.catalog.wallets import WalletBook
from poolwatch.errors import CatalogError
from poolwatch.terms import Speaker, Strength

__all__ = ["Catalog", "Needle", "load_catalog"]


@dataclass(frozen=True, slots=True)
class Needle:
    """A needle row, compiled."""

    id: str
    dialect: str
    speaker: Speaker
    strength: Strength
    rank: int
    carrier: str
    by_header: bool
    nursery: bool
    to_any: bool
    in_result: bool  # fits no message without a result
    items: range  # fits no message with another number of positional parameters
    fits: Predicate
    place: str  # file and line of its row


@dataclass(frozen=True, slots=True)
class Catalog:
    """Everything the matcher and the judge ask of the signatures."""

    digest: str
    needles_by_method: dict[str, tuple[Needle, ...]]
    needles_by_answer: dict[str, tuple[Needle, ...]]
    needles_by_header: dict[str, tuple[Needle, ...]]
    needles_by_shape: tuple[Needle, ...]
    endpoints: tuple[EndpointRow, ...]
    prefixes: tuple[PrefixRow, ...]
    pools: dict[str, PoolRow]  # by suffix
    pool_names: PoolNames[PoolRow]
    agents: Agents
    coins: Coins
    wallets: WalletBook
    coinbase_tags: tuple[tuple[str, str], ...]  # tag and pool, the longest tag first
    networks: tuple[NetworkRow, ...]
    difficulties: Difficulties
    figures: Figures = field(default_factory=Figures)
    grounds: Grounds = field(default_factory=Grounds)
    malware: Malware = field(default_factory=Malware)
    counts: dict[str, int] = field(default_factory=dict)

    @property
    def needles(self) -> tuple[Needle, ...]:
        """All of them."""
        tables = (self.needles_by_method, self.needles_by_answer, self.needles_by_header)
        named = [needle for table in tables for row in table.values() for needle in row]
        return (*named, *self.needles_by_shape)

    def find_pool(self, host: str) -> PoolRow | None:
        """The pool a host name belongs to: the longest listed suffix, at label boundaries."""
        found = self.pool_names.find(host)
        return found[1] if found else None

    def hard_networks(self, day: datetime.date, difficulty: float) -> frozenset[str]:
        """Coins whose network alone was that hard on a day."""
        return frozenset(
            row.coin for row in self.networks if row.since <= day and row.difficulty <= difficulty
        )

    def find_tag(self, coinbase: str) -> str | None:
        """The pool whose tag stands in what its blocks say."""
        return next((pool for tag, pool in self.coinbase_tags if tag in coinbase), None)


def load_catalog(extra: tuple[Path, ...] = ()) -> Catalog:
    """The shipped catalogue, with the rows of the `extra` folders added.

    Raises CatalogError, naming file and line, for a row that cannot be used.
    """
    catalog = build_catalog(load_rows(extra))
    if any((folder / "grounds.csv").is_file() for folder in extra):
        _ = catalog.grounds.rules  # what is not right is said before a scan, not after it
    return catalog


def build_catalog(rows: Rows) -> Catalog:
    """Make validated rows ready for matching."""
    by_method: dict[str, list[Needle]] = {}
    by_answer: dict[str, list[Needle]] = {}
    by_header: dict[str, list[Needle]] = {}
    by_shape: list[Needle] = []
    seen: dict[str, str] = {}
    for placed in rows.needles:
        row = placed.row
        if row.id in seen:
            raise CatalogError(f"{placed.place}: id {row.id!r} stands at {seen[row.id]} already")
        seen[row.id] = placed.place
        needle = _compile(placed)
        if row.method:
            by_method.setdefault(row.method.lower(), []).append(needle)
        elif row.answers:
            by_answer.setdefault(row.answers.lower(), []).append(needle)
        elif row.header:
            by_header.setdefault(row.header.lower(), []).append(needle)
        else:
            by_shape.append(needle)
    pools = {suffix: placed.row for suffix, placed in holding_pools(rows.pools).items()}
    return Catalog(
        digest=rows.digest,
        needles_by_method=_ranked(by_method),
        needles_by_answer=_ranked(by_answer),
        needles_by_header=_ranked(by_header),
        needles_by_shape=tuple(sorted(by_shape, key=lambda needle: -needle.rank)),
        endpoints=tuple(_checked_endpoint(placed) for placed in rows.endpoints),
        prefixes=tuple(_checked_prefix(placed) for placed in rows.prefixes),
        pools=pools,
        pool_names=PoolNames(pools),
        agents=Agents(placed.row for placed in rows.agents),
        coins=Coins(placed.row for placed in rows.coins),
        wallets=WalletBook(rows.wallets),
        coinbase_tags=tuple(
            sorted(
                ((placed.row.tag, placed.row.pool) for placed in rows.coinbase_tags),
                key=lambda pair: (-len(pair[0]), pair),
            )
        ),
        networks=tuple(placed.row for placed in rows.networks),
        difficulties=Difficulties(tuple(placed.row for placed in rows.difficulties)),
        figures=Figures(rows.figures),
        grounds=Grounds(rows.figures),
        malware=Malware(rows.figures),
        counts={
            "pools": len(rows.pools),
            "endpoints": len(rows.endpoints),
            "prefixes": len(rows.prefixes),
            "agents": len(rows.agents),
            "coins": len(rows.coins),
            "wallets": len(rows.wallets),
            "coinbase_tags": len(rows.coinbase_tags),
            "networks": len(rows.networks),
            "difficulties": len(rows.difficulties),
            "needles": len(rows.needles),
            "shared_suffixes": len(rows.shared_suffixes),
        },
    )


def _compile(placed: Placed[NeedleRow]) -> Needle:
    row = placed.row
    if sum(map(bool, (row.method, row.answers, row.header))) > 1:
        raise CatalogError(f"{placed.place}: method, answers and header exclude each other")
    try:
        fits = compile_fields(row.fields)
    except ValueError as error:
        raise CatalogError(f"{placed.place}: fields: {error}") from error
    return Needle(
        id=row.id,
        dialect=row.dialect,
        speaker=Speaker(row.speaker),
        strength=Strength[row.strength.upper()],
        rank=row.rank,
        carrier=row.carrier,
        by_header=bool(row.header),
        nursery=row.nursery,
        to_any=row.to_any,
        in_result=any(
            path.split(".")[0] == "result" and "absent" not in shape
            for path, shape in row.fields.items()
        ),
        items=count_items(row.fields),
        fits=fits,
        place=placed.place,
    )


def _ranked(table: dict[str, list[Needle]]) -> dict[str, tuple[Needle, ...]]:
    return {
        key: tuple(sorted(needles, key=lambda needle: -needle.rank))
        for key, needles in table.items()
    }


def _checked_endpoint(placed: Placed[EndpointRow]) -> EndpointRow:
    row = placed.row
    try:
        ipaddress.ip_address(row.address)
    except ValueError as error:
        raise CatalogError(f"{placed.place}: {error}") from error
    if not 0 <= row.port <= 65535:
        raise CatalogError(f"{placed.place}: port {row.port} is beyond 65535")
    _check_dates(placed)
    return row


def _checked_prefix(placed: Placed[PrefixRow]) -> PrefixRow:
    try:
        ipaddress.ip_network(placed.row.network)
    except ValueError as error:
        raise CatalogError(f"{placed.place}: {error}") from error
    _check_dates(placed)
    return placed.row


def _check_dates(placed: Placed[EndpointRow] | Placed[PrefixRow]) -> None:
    if placed.row.seen_until < placed.row.seen_from:
        raise CatalogError(f"{placed.place}: seen_until lies before seen_from")
