"""Findings as the energy report needs them: of the lines about one host the last one counts."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from poolwatch.outputs.columns import FINDINGS
from poolwatch.outputs.rows import Row
from poolwatch.report.energy.prices import Price, Value, amount_of, value_of

Range = tuple[float, float]
_AT = {column.name: at for at, column in enumerate(FINDINGS.columns)}
_ROLES = frozenset(("miner",))  # others' machines have findings of their own
_SECOND = 1_000_000
_EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)


@dataclass(frozen=True, slots=True)
class HostEnergy:
    """What one finding says of coins and energy."""

    host: str
    unit: str | None
    kw: Range | None
    kwh: Range | None
    hours: float | None
    uptime: float | None  # the share of the time from first to last sight in which it was active
    last_year: int | None
    coins: list[dict[str, Any]]
    basis: list[dict[str, Any]]
    questions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CoinSum:
    """The coins of one kind over all hosts; amounts are None where a host's cannot be told."""

    coin: str
    hosts: int
    amount: tuple[float, float, float] | None  # low, estimate, high
    missing: tuple[str, ...]
    value: Value | None
    priced: bool  # a price was given, so that a value is wanted
    basis: list[dict[str, Any]]


def read_hosts(rows: Iterable[Row]) -> tuple[list[HostEnergy], int]:
    """The findings about miners, and of how many the energy is not known."""
    hosts = [_host(row) for row in rows if row[_AT["role"]] in _ROLES]
    mining = [host for host in hosts if host.kw or host.coins or "energy" in host.questions]
    return mining, sum(host.kwh is None for host in mining)


def sum_coins(hosts: Sequence[HostEnergy], prices: Sequence[Price]) -> list[CoinSum]:
    """The coins of all hosts, by coin."""
    by_coin: dict[str, list[dict[str, Any]]] = {}
    for host in hosts:
        for record in host.coins:
            if isinstance(record.get("coin"), str):
                by_coin.setdefault(record["coin"], []).append(record)
    return [coin_sum(coin, records, prices) for coin, records in sorted(by_coin.items())]


def coin_sum(coin: str, records: Sequence[dict[str, Any]], prices: Sequence[Price]) -> CoinSum:
    """The coins of one kind in some records of events."""
    amounts = [_amount(record) for record in records]
    missing = set(_listed(records, "missing", str))
    basis: list[dict[str, Any]] = _listed(records, "basis", dict)
    known = [amount for amount in amounts if amount is not None]
    if len(known) < len(amounts):
        return CoinSum(coin, len(records), None, tuple(sorted(missing)), None, False, basis)
    low, about, high = (sum(amount[at] for amount in known) for at in range(3))
    days: list[dict[str, Any]] = _listed(records, "by_day", dict)
    priced = any(price.coin == coin for price in prices)
    value = value_of(coin, (low, about, high), days, prices)
    return CoinSum(coin, len(records), (low, about, high), (), value, priced, basis)


def _host(row: Row) -> HostEnergy:
    def cell(name: str) -> Any:
        return row[_AT[name]]

    def ends(name: str) -> Range | None:
        low, high = cell(f"{name}_low"), cell(f"{name}_high")
        return (low, high) if low is not None and high is not None else None

    first, last, active = cell("first_seen"), cell("last_seen"), cell("active_seconds")
    seen = (last - first) / _SECOND if first is not None and last is not None else 0.0
    return HostEnergy(
        host=cell("host"),
        unit=cell("unit"),
        kw=ends("kw"),
        kwh=ends("kwh"),
        hours=cell("energy_hours"),
        uptime=min(active / seen, 1.0) if seen > 0 and active is not None else None,
        last_year=_year(last),
        coins=cell("coins_mined") or [],
        basis=cell("energy_basis") or [],
        questions=tuple(
            record["question"]
            for record in cell("unknown") or []
            if isinstance(record.get("question"), str)
        ),
    )


def _listed(records: Iterable[dict[str, Any]], name: str, kind: type[Any]) -> list[Any]:
    """What stands in a list of each record, as far as it is of that kind: they may be anyone's."""
    lists = (record.get(name) for record in records)
    return [
        item for items in lists if isinstance(items, list) for item in items if type(item) is kind
    ]


def _year(microseconds: int | None) -> int | None:
    if microseconds is None:
        return None
    return (_EPOCH + datetime.timedelta(microseconds=microseconds)).year


def _amount(record: dict[str, Any]) -> tuple[float, float, float] | None:
    values = [amount_of(record.get(name)) for name in ("low", "estimate", "high")]
    numbers = [value for value in values if value is not None]
    return (numbers[0], numbers[1], numbers[2]) if len(numbers) == 3 else None
