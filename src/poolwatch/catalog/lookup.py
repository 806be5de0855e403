"""Rows for people: all of one kind, or those that a name or an id of a finding stands for."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterator
from typing import Any

import msgspec

from poolwatch.catalog.load import Placed, Rows, holding_pools
from poolwatch.catalog.names import PoolNames
from poolwatch.catalog.rows import (
    AgentRow,
    CoinbaseTagRow,
    CoinRow,
    EndpointRow,
    NeedleRow,
    NetworkRow,
    PoolRow,
    PrefixRow,
    WalletRow,
)
from poolwatch.terms import Via

RowsOf = Callable[[Rows], tuple[Placed[Any], ...]]

KINDS: dict[str, tuple[type[msgspec.Struct], RowsOf]] = {
    "pools": (PoolRow, lambda rows: rows.pools),
    "endpoints": (EndpointRow, lambda rows: rows.endpoints),
    "prefixes": (PrefixRow, lambda rows: rows.prefixes),
    "agents": (AgentRow, lambda rows: rows.agents),
    "coins": (CoinRow, lambda rows: rows.coins),
    "wallets": (WalletRow, lambda rows: rows.wallets),
    "coinbase-tags": (CoinbaseTagRow, lambda rows: rows.coinbase_tags),
    "networks": (NetworkRow, lambda rows: rows.networks),
    "needles": (NeedleRow, lambda rows: rows.needles),
}
"""What `signatures list` can print: the class of its rows, and where they are."""


def find_rows(rows: Rows, text: str) -> list[Placed[Any]]:
    """The rows a text stands for.

    The text is an id as findings show it (`pool:f2pool.com`, `sni:f2pool.com`,
    `endpoint:192.0.2.1:3333`, `prefix:192.0.2.0/24`, `agent:XMRig`, a needle's), a host name,
    the name of a pool, an address with or without port, an agent string, or a coin.
    """
    text = text.strip()
    if not text:
        return []
    kind, _, rest = text.partition(":")
    finders = dict.fromkeys(("pool", *Via), _by_name) | {
        "endpoint": _by_address,
        "prefix": _by_network,
        "agent": _by_agent,
    }
    if kind in finders:
        return list(finders[kind](rows, rest))
    found = list(_by_word(rows, text)) or list(_by_address(rows, text))
    return found or list(_by_name(rows, text)) or list(_by_agent(rows, text))


def _by_word(rows: Rows, text: str) -> Iterator[Placed[Any]]:
    word = text.casefold()
    yield from (placed for placed in rows.needles if placed.row.id == text)
    yield from (placed for placed in rows.coins if word in _names_of(placed.row))
    yield from (
        placed
        for placed in rows.pools
        if word in {placed.row.pool.casefold(), *placed.row.pool.casefold().split()}
    )


def _names_of(row: CoinRow) -> set[str]:
    names = (row.symbol, row.name, row.name_zh, *row.aliases.split())
    return {name.casefold() for name in names if name}


def _by_name(rows: Rows, text: str) -> Iterator[Placed[Any]]:
    holding = holding_pools(rows.pools)
    found = PoolNames({name: placed.row for name, placed in holding.items()}).find(text)
    if found:
        yield from (placed for placed in rows.pools if placed.row.suffix == found[0])


def _by_address(rows: Rows, text: str) -> Iterator[Placed[Any]]:
    address, port = text, 0
    try:
        wanted = ipaddress.ip_address(address.strip("[]"))
    except ValueError:
        address, _, tail = text.rpartition(":")
        try:
            wanted = ipaddress.ip_address(address.strip("[]"))
        except ValueError:
            return
        port = int(tail) if tail.isascii() and tail.isdecimal() else 0
    for placed in rows.endpoints:
        row = placed.row
        if row.address == str(wanted) and (not port or row.port in (0, port)):
            yield placed
    for network in rows.prefixes:
        if wanted in ipaddress.ip_network(network.row.network):
            yield network


def _by_network(rows: Rows, text: str) -> Iterator[Placed[Any]]:
    yield from (placed for placed in rows.prefixes if placed.row.network == text)


def _by_agent(rows: Rows, text: str) -> Iterator[Placed[Any]]:
    lowered = text.lower()
    fitting = [p for p in rows.agents if lowered.startswith(p.row.prefix.lower())]
    if fitting:
        yield max(fitting, key=lambda placed: len(placed.row.prefix))
