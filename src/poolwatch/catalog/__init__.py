"""The catalogue: rows of `signatures/`, checked and made ready for matching."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from poolwatch.catalog.load import Placed, Rows, holding_pools, load_rows
from poolwatch.catalog.names import PoolNames
from poolwatch.catalog.rows import (
    AgentRow,
    CoinRow,
    EndpointRow,
    NeedleRow,
    PoolRow,
    PrefixRow,
)
from poolwatch.catalog.shapes import Predicate, compile_fields
from poolwatch.errors import CatalogError
from poolwatch.terms import Speaker, Strength

__all__ = ["Catalog", "Needle", "load_catalog"]

_AGENT_PARTS = re.compile(r"[;|]")
_MOST_PARTS = 3


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
    agents: tuple[tuple[str, AgentRow], ...]  # lower-case prefix, longest first
    coins: dict[str, CoinRow]
    wallets: re.Pattern[str]  # addresses of a form nothing else has
    mining_logins: dict[str, re.Pattern[str]]  # by dialect: addresses that mark a login
    counts: dict[str, int] = field(default_factory=dict)

    @property
    def needles(self) -> tuple[Needle, ...]:
        """All of them."""
        tables = (self.needles_by_method, self.needles_by_answer, self.needles_by_header)
        named = [needle for table in tables for row in table.values() for needle in row]
        return (*named, *self.needles_by_shape)

    def find_agent(self, agent: str) -> AgentRow | None:
        """The mining software an agent string names, by its longest known beginning.

        Some firmware puts its build in front (`2026-04-14-0-plus;bosminer-plus-tuner 0.9`), so
        what stands behind a `;` or `|` is asked too.
        """
        for part in _AGENT_PARTS.split(agent.lower(), maxsplit=_MOST_PARTS):
            for prefix, row in self.agents:
                if part.startswith(prefix) and _ends_word(part, len(prefix)):
                    return row
        return None

    def find_pool(self, host: str) -> PoolRow | None:
        """The pool a host name belongs to: the longest listed suffix, at label boundaries."""
        found = self.pool_names.find(host)
        return found[1] if found else None

    def find_wallet(self, login: str) -> str | None:
        """The address a login begins with, if its form is distinctive."""
        match = self.wallets.match(login)
        return match[0] if match else None

    def is_mining_login(self, login: str, dialect: str) -> bool:
        """Whether a login begins with an address that only miners of a dialect log in with."""
        pattern = self.mining_logins.get(dialect)
        return pattern is not None and pattern.match(login) is not None


def _ends_word(text: str, end: int) -> bool:
    """Whether a name that ends there is not the beginning of a longer one."""
    if not text[end - 1].isalnum():
        return True
    rest = text[end:]
    return not rest[:1].isalpha() and not (rest[:1] == " " and rest[1:2].isalpha())


def load_catalog(extra: tuple[Path, ...] = ()) -> Catalog:
    """The shipped catalogue, with the rows of the `extra` folders added.

    Raises CatalogError, naming file and line, for a row that cannot be used.
    """
    return build_catalog(load_rows(extra))


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
        agents=tuple(
            sorted(
                ((placed.row.prefix.lower(), placed.row) for placed in rows.agents),
                key=lambda pair: (-len(pair[0]), pair[0]),
            )
        ),
        coins={placed.row.symbol: placed.row for placed in rows.coins},
        wallets=_address_pattern(rows.coins, lambda row: row.distinctive),
        mining_logins={
            dialect: _address_pattern(rows.coins, _marking(dialect))
            for dialect in {word for placed in rows.coins for word in placed.row.marks.split()}
        },
        counts={
            "pools": len(rows.pools),
            "endpoints": len(rows.endpoints),
            "prefixes": len(rows.prefixes),
            "agents": len(rows.agents),
            "coins": len(rows.coins),
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


def _marking(dialect: str) -> Callable[[CoinRow], bool]:
    return lambda row: dialect in row.marks.split()


def _address_pattern(
    coins: tuple[Placed[CoinRow], ...], wanted: Callable[[CoinRow], bool]
) -> re.Pattern[str]:
    """One pattern for the addresses of some coins, ended by what logins put behind them."""
    parts: list[str] = []
    for placed in coins:
        row = placed.row
        try:
            re.compile(row.address)
        except re.error as error:
            raise CatalogError(f"{placed.place}: address: {error}") from error
        if row.address and wanted(row):
            parts.append(f"(?:{row.address})")
    return re.compile(rf"(?:{'|'.join(parts) or '(?!)'})(?=[.+/@:;,_\s]|\Z)")
