"""Which rows of the catalogue may leave it, and under which number."""

from __future__ import annotations

import datetime
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from poolwatch.catalog.load import Placed, Rows, holding_pools, shipped_folder
from poolwatch.catalog.names import PoolNames, normal_name, suffix_hash, suffixes
from poolwatch.catalog.rows import EndpointRow, NeedleRow, PoolRow, PrefixRow

SID_FIRST = 1_100_000
SID_COUNT = 900_000
"""Rule numbers: within 1000000–1999999, which sidallocation.org sets aside for local use."""

_HOST = re.compile(r"(?!.{254})(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)+[a-z0-9-]{2,63}\Z")
_RETIRED = re.compile(r"retired (\d{4}(?:-\d{2})?)\Z")
RULES_OF_A_POOL = ("dns", "tls", "tls-web", "host")


@dataclass(frozen=True, slots=True)
class NamedPool:
    """A pool's row, its name as resolvers write it, and names below it that are other rows'."""

    name: str
    row: PoolRow
    excepted: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        """As in findings: `pool:f2pool.com`."""
        return f"pool:{self.row.suffix}"


@dataclass(slots=True)
class Selection:
    """What is to be written, and how many rows are not, by reason."""

    digest: str
    day: datetime.date
    pools: list[NamedPool] = field(default_factory=list)
    endpoints: list[EndpointRow] = field(default_factory=list)
    prefixes: list[PrefixRow] = field(default_factory=list)
    needles: list[NeedleRow] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)
    sids: dict[str, int] = field(default_factory=dict)

    def head(self, title: str, version: str) -> Iterator[str]:
        """The sentences every file begins with."""
        yield f"{title}, made by poolwatch {version}."
        yield f"Catalogue {self.digest}; for {self.day}: names and addresses that hold that day."

    def tail(self, others: Counter[str]) -> Iterator[str]:
        """What is not in the file, and why."""
        for reason, count in sorted((self.left_out + others).items()):
            yield f"Left out, {count}: {reason}."


def select_rows(rows: Rows, day: datetime.date, *, nursery: bool) -> Selection:
    """The rows that hold on `day`. Those that one source alone attests only with `nursery`."""
    chosen = Selection(rows.digest, day, sids=number_rules(rows))
    _select_pools(rows, chosen, nursery)
    _select_listed(rows.endpoints, chosen.endpoints, chosen, nursery)
    _select_listed(rows.prefixes, chosen.prefixes, chosen, nursery)
    for placed in rows.needles:
        if placed.row.nursery:
            chosen.left_out["nursery needles"] += 1
        else:
            chosen.needles.append(placed.row)
    return chosen


def number_rules(rows: Rows) -> dict[str, int]:
    """A number for each rule a row may become: the same whatever else is exported.

    It is made of the row's id, so rows can come and go. Where two ids meet at one number, the
    later one, in the order of ids, takes the next free number; rows of one's own come last, so
    they never move those that are shipped.
    """
    shipped = shipped_folder()
    ids: dict[str, bool] = {}
    every: list[Placed[Any]] = [*rows.pools, *rows.endpoints, *rows.prefixes, *rows.needles]
    for placed in every:
        own = Path(placed.file).parent != shipped
        for name in rule_ids(placed.row):
            ids[name] = ids.get(name, True) and own
    numbers: dict[str, int] = {}
    taken: set[int] = set()
    for name in sorted(ids, key=lambda name: (ids[name], name)):
        number = suffix_hash(name.encode("utf-8", "surrogatepass")) % SID_COUNT
        while number in taken:
            number = (number + 1) % SID_COUNT
        taken.add(number)
        numbers[name] = SID_FIRST + number
    return numbers


def rule_ids(row: PoolRow | EndpointRow | PrefixRow | NeedleRow) -> tuple[str, ...]:
    """The ids of the rules a row may become."""
    if isinstance(row, PoolRow):
        return tuple(f"pool:{row.suffix}/{kind}" for kind in RULES_OF_A_POOL)
    if isinstance(row, EndpointRow):
        return (f"endpoint:{row.address}:{row.port}",)
    if isinstance(row, PrefixRow):
        return (f"prefix:{row.network}",)
    return (row.id,)


def _select_pools(rows: Rows, chosen: Selection, nursery: bool) -> None:
    holding = {name: placed.row for name, placed in holding_pools(rows.pools).items()}
    names = PoolNames(holding)
    for suffix, row in sorted(holding.items()):
        reason = _unfit(suffix, row, chosen.day, nursery)
        covering = names.find(suffix)
        if reason is None and row.nursery and covering is not None and covering[0] != suffix:
            reason = "nursery names below a full one"
        if reason is None:
            chosen.pools.append(NamedPool(normal_name(suffix), row))
        else:
            chosen.left_out[reason] += 1
    _except_web_names(chosen)


def _unfit(suffix: str, row: PoolRow, day: datetime.date, nursery: bool) -> str | None:
    """Why a pool's name is not written; None if it is."""
    if not _HOST.match(normal_name(suffix)):
        return "pools' names that are no host names"
    if row.nursery and not nursery:
        return "nursery names, each attested by one source alone"
    if row.status and not _in_service(row.status, day):
        return "names of retired pools, which may belong to others now"
    return None


def _in_service(status: str, day: datetime.date) -> bool:
    """Whether a pool that closed in a month, or year, was still there on a day."""
    match = _RETIRED.match(status)
    return match is not None and day.isoformat()[: len(match[1])] <= match[1]


def _except_web_names(chosen: Selection) -> None:
    """A full row for web pages below a wider row takes its names out of that one."""
    web = [pool.name for pool in chosen.pools if pool.row.use == "web" and not pool.row.nursery]
    excepted: dict[str, list[str]] = {}
    for name in web:
        for above in suffixes(name.partition(".")[2]):
            excepted.setdefault(above, []).append(name)
    chosen.pools = [
        NamedPool(pool.name, pool.row, tuple(excepted.get(pool.name, ())))
        if pool.row.use != "web"
        else pool
        for pool in chosen.pools
    ]


def _select_listed(
    rows: Iterable[Placed[EndpointRow] | Placed[PrefixRow]],
    into: list[EndpointRow] | list[PrefixRow],
    chosen: Selection,
    nursery: bool,
) -> None:
    for placed in rows:
        row = placed.row
        if not row.seen_from <= chosen.day <= row.seen_until:
            chosen.left_out["addresses or networks not the pool's that day"] += 1
        elif row.nursery and not nursery:
            chosen.left_out["nursery addresses or networks"] += 1
        elif isinstance(row, PrefixRow) and row.shared:
            chosen.left_out["networks shared with others"] += 1
        else:
            into.append(row)  # type: ignore[arg-type]
