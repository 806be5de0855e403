"""Whose conversation it is and what is mined: logins, pool, coin, algorithm, software.

Each answer comes with its ground, and several candidates stay several. A port is no ground.
Pure functions of the hit and the catalogue.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from poolwatch.catalog.logins import Login, read_login
from poolwatch.match.dialects import ROWS
from poolwatch.match.dialects.base import network_difficulty
from poolwatch.terms import Hit, WalletCheck

if TYPE_CHECKING:
    from poolwatch.catalog import Catalog
    from poolwatch.catalog.agents import Agent
    from poolwatch.catalog.rows import EndpointRow, PoolRow, PrefixRow

_MOST_COINS = 8  # candidates listed; more say nothing
_KEPT_LOGINS = 4096
_COIN_OPTIONS = ("c", "mc", "coin")


class CoinGuess(NamedTuple):
    """The coin where the evidence leaves one, and on what it rests; else what it leaves."""

    coin: str | None
    basis: str | None
    candidates: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Fields:
    """What a session says beside its grade; None where nothing says it."""

    pool: str | None
    pool_basis: str | None
    coin: CoinGuess
    algorithm: str | None
    algorithm_basis: str | None
    logins: tuple[Login, ...]
    options: tuple[str, ...]
    agent: Agent | None

    @property
    def wallet_check(self) -> WalletCheck | None:
        """How far the first address is known to be right."""
        return next((login.check for login in self.logins if login.check), None)


class FieldReader:
    """Reads the fields of hits."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._read = lru_cache(_KEPT_LOGINS)(self._read_login)

    def marks(self, hit: Hit) -> bool:
        """Whether a login is one that only miners of the hit's dialect send."""
        return any(hit.dialect in login.marks for login in self._logins(hit))

    def agent(self, hit: Hit) -> Agent | None:
        """The mining software that names itself."""
        return self._catalog.agents.find(hit.agent) if hit.agent else None

    def read(
        self, hit: Hit, named: PoolRow | None, listed: Iterable[EndpointRow | PrefixRow | None]
    ) -> Fields:
        """The fields of a hit.

        `named`: the pool by its name. `listed`: the rows of its address, the surest first.
        """
        rows = [row for row in listed if row is not None]
        logins = self._logins(hit)
        agent = self.agent(hit)
        options = self._options(hit, logins)
        pool, pool_basis = self._pool(hit, named, rows)
        coin = self._coin(hit, named, rows, logins, options, agent)
        algorithm, basis = self._algorithm(hit, coin, agent)
        return Fields(pool, pool_basis, coin, algorithm, basis, logins, options, agent)

    def _logins(self, hit: Hit) -> tuple[Login, ...]:
        own = self._of_dialect(hit)
        return tuple(self._read(login, own) for login in hit.logins)

    def _read_login(self, text: str, own: frozenset[str]) -> Login:
        return read_login(text, self._catalog.wallets, own)

    def _of_dialect(self, hit: Hit) -> frozenset[str]:
        row = ROWS.get(hit.dialect) if hit.dialect else None
        return self._catalog.coins.of_dialect(row.number, row.name) if row else frozenset()

    def _options(self, hit: Hit, logins: Iterable[Login]) -> tuple[str, ...]:
        """Recognised options; a coin only if there is one of that name: it may be a password."""
        found = [option for login in logins for option in login.options]
        return tuple(dict.fromkeys(o for o in (*found, *hit.options) if self._is_option(o)))

    def _is_option(self, option: str) -> bool:
        name, _, value = option.partition("=")
        if name not in _COIN_OPTIONS:
            return True
        return all(self._catalog.coins.known(symbol) for symbol in value.split("/"))

    def _pool(
        self, hit: Hit, named: PoolRow | None, rows: list[EndpointRow | PrefixRow]
    ) -> tuple[str | None, str | None]:
        """The pool's name: as it was named, as its address is listed, as its blocks say."""
        if named is not None:
            return named.pool, "name"
        if rows:
            return rows[0].pool, "endpoint"
        tagged = self._catalog.find_tag(hit.coinbase) if hit.coinbase else None
        return tagged, "coinbase" if tagged else None

    def _coin(
        self,
        hit: Hit,
        named: PoolRow | None,
        rows: list[EndpointRow | PrefixRow],
        logins: tuple[Login, ...],
        options: tuple[str, ...],
        agent: Agent | None,
    ) -> CoinGuess:
        coins = self._catalog.coins
        wallet = next((login.wallet for login in logins if login.wallet), None)
        said: list[tuple[str, frozenset[str]]] = [
            ("password", frozenset(self._mined(options))),
            ("pool_name", frozenset(named.coins.split() if named else ())),
            ("pool_endpoint", frozenset(rows[0].coins.split() if rows and not named else ())),
            ("network", self._of_network(hit)),
            ("wallet", frozenset(wallet.coins if wallet else ())),
            ("agent", coins.of_algorithm(agent.row.algorithm if agent else "")),
        ]
        name = hit.algorithm or ""  # as messages call it, or as a dialect that has but one
        mined = coins.of_wire(name) or coins.of_algorithm(name)
        if name and not mined and _says_algorithm(hit):
            return CoinGuess(None, None, ())  # work no coin of the table has: whoever is paid in it
        return weigh_coins(said, [("algorithm", mined), ("dialect", self._of_dialect(hit))])

    def _of_network(self, hit: Hit) -> frozenset[str]:
        """Coins whose blocks alone are as hard to find as those worked on."""
        difficulty = network_difficulty(hit.nbits)
        if difficulty is None:
            return frozenset()
        return self._catalog.hard_networks(day_of(hit.first_ns), difficulty)

    def _mined(self, options: Iterable[str]) -> Iterator[str]:
        """The coins a miner asks to mine (`mc=`); `c=` is only what it wants to be paid in."""
        for option in options:
            name, _, value = option.partition("=")
            if name == "mc":
                yield from filter(None, map(self._catalog.coins.known, value.split("/")))

    def _algorithm(
        self, hit: Hit, coin: CoinGuess, agent: Agent | None
    ) -> tuple[str | None, str | None]:
        """The algorithm as said, else by the coin, the agent, or all coins of the dialect."""
        if hit.algorithm:
            return hit.algorithm, "said"
        coins = self._catalog.coins
        grounds = (
            (coins.algorithm_of(coin.candidates), "coin"),
            (agent.row.algorithm if agent else "", "agent"),
            (coins.algorithm_of(self._of_dialect(hit)), "dialect"),
        )
        return next(((name, basis) for name, basis in grounds if name), (None, None))


def _says_algorithm(hit: Hit) -> bool:
    """Whether the algorithm stood in a message: that of other families a dialect knows itself."""
    row = ROWS.get(hit.dialect) if hit.dialect else None
    return row is not None and row.family == "cryptonote"


def day_of(ns: int) -> datetime.date:
    """The day of a time, UTC."""
    epoch = datetime.datetime.fromtimestamp(0, datetime.UTC)
    return (epoch + datetime.timedelta(seconds=ns // 1_000_000_000)).date()


def weigh_coins(
    said: list[tuple[str, frozenset[str]]], form: list[tuple[str, frozenset[str]]]
) -> CoinGuess:
    """The coins that all evidence leaves: `said` the surest first, `form` what work can be.

    What contradicts the form of the work, or what is surer, is left aside: a wallet may be
    one of another coin, which the pool pays out.
    """
    possible, shapes = _narrow(form, frozenset())
    left, grounds = _narrow(said, possible)
    if not left:
        left, grounds = possible, shapes
    elif possible and any(name in grounds and not coins <= possible for name, coins in said):
        grounds += shapes
    found = tuple(sorted(left)) if len(left) <= _MOST_COINS else ()
    coin = found[0] if len(found) == 1 else None
    return CoinGuess(coin, "+".join(grounds) if found else None, found)


def _narrow(
    evidence: list[tuple[str, frozenset[str]]], within: frozenset[str]
) -> tuple[frozenset[str], list[str]]:
    """What is left of the coins, each ground taken in turn, and the grounds that left less.

    `within`: the only coins possible; empty: all.
    """
    left: frozenset[str] = frozenset()
    grounds: list[str] = []
    for name, coins in evidence:
        fitting = coins & within if within else coins
        narrower = fitting & left if left else fitting
        if narrower and narrower != left:
            left = narrower
            grounds.append(name)
    return left, grounds
