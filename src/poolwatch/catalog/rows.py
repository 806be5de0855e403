"""The rows of `signatures/`, one class a file. Every row has a source and a date.

Columns with a default may be left out of a file, or empty in a row. `nursery` marks a row that
one source alone attests: what it matches is listed, and never raised above `noted`. `licence`
is that of the list an imported row was taken from.
"""

from __future__ import annotations

import datetime
from typing import Literal

import msgspec

Use = Literal["stratum", "web", "any"]
Device = Literal["cpu", "gpu", "asic", "mcu", "storage", "any", "proxy", "rental", "monitor"]
"""What runs the software; `proxy`, `rental` and `monitor` speak for machines elsewhere."""


class PoolRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A mining pool's name: `pools.csv`.

    `suffix` covers the name itself and every name below it. `use` says what lives there:
    stratum servers, web pages only, or both. `ports`: the only ones on which miners are served,
    separated by blanks; an address learned from DNS counts on no other.
    """

    suffix: str
    pool: str
    use: Use
    coins: str  # symbols separated by blanks; empty: several, or not known
    origin: str  # country of founding, ISO 3166-1 alpha-2, where a source says it
    status: str  # empty, or "retired YYYY[-MM]"
    sources: str  # separated by "; "
    date: datetime.date
    nursery: bool = False
    licence: str = ""
    ports: str = ""


class EndpointRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A pool's address and port, good only between its two dates: `endpoints.csv`."""

    address: str
    port: int  # 0: every port
    pool: str
    use: Use
    coins: str
    seen_from: datetime.date
    seen_until: datetime.date
    sources: str
    date: datetime.date
    nursery: bool = False
    licence: str = ""


class PrefixRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A network of a pool, good only between its two dates: `prefixes.csv`.

    A `shared` network also holds what is not a pool's (hosting, a CDN): a hint beside other
    evidence, never a ground alone.
    """

    network: str  # CIDR, without host bits
    pool: str
    use: Use
    coins: str
    seen_from: datetime.date
    seen_until: datetime.date
    shared: bool
    sources: str
    date: datetime.date
    nursery: bool = False
    licence: str = ""


class AgentRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The beginning of a string by which mining software names itself: `agents.csv`."""

    prefix: str
    software: str
    device: Device
    sources: str
    date: datetime.date
    algorithm: str = ""  # the only one it works on, as in `coins.csv`


class CoinRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A coin and its algorithm: `coins.csv`.

    `dialects`: the numbers of the dialects its work is handed out in, or their names where one
    number stands for several, separated by blanks; empty: not known, so no dialect speaks for or
    against it. `wire`: what messages call its algorithm, likewise; a `*` at the end stands for any
    ending. `aliases`: what people call it besides, likewise. A row without a symbol is a name
    nobody could identify: it stands for no coin, and none is taken for it.
    """

    symbol: str
    name: str
    name_zh: str
    algorithm: str
    sources: str
    date: datetime.date
    dialects: str = ""
    wire: str = ""
    aliases: str = ""


class WalletRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A form of a coin's addresses: `wallets.csv`.

    `prefix`: the word an address begins with. `version`: the bytes its data begins with, in
    hexadecimal; of `cryptonote` the number. `size`: bytes behind them, as `20`, `20 32` or
    `33-96`. `distinctive`: nothing but an address has that form, so that it may be taken for
    one without a checksum. `marks`: dialects in which a login of that form marks mining,
    separated by blanks. `examples`: real addresses that somebody published, likewise.
    """

    coin: str
    encoding: str
    prefix: str
    version: str
    size: str
    distinctive: bool
    marks: str
    examples: str
    sources: str
    date: datetime.date


class CoinbaseTagRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A text that a pool writes into the coinbase of its blocks: `coinbase_tags.csv`.

    It stands for the pool wherever it occurs, in that case, however the miner got there.
    """

    tag: str
    pool: str
    sources: str
    date: datetime.date


class NetworkRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A network so hard that no other on the same wire comes near: `networks.csv`.

    From the day on, work whose blocks have that difficulty, or a higher one, is this coin's
    (difficulty 1: the target 0xffff * 2**208).
    """

    coin: str
    since: datetime.date
    difficulty: float
    sources: str
    date: datetime.date


class DifficultyRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The expected hashes of a share of difficulty 1, where the wire has a bare number:
    `difficulties.csv`.

    `low` and `high` differ where implementations disagree.
    """

    algorithm: str  # as in `coins.csv`
    low: float
    high: float
    sources: str
    date: datetime.date


class SharedSuffixRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A name under which strangers live side by side: `shared_suffixes.csv`.

    A pool's row may name a host below it, never the name itself. The Public Suffix List has
    most such names; here stand those it lacks.
    """

    suffix: str
    kind: Literal["dynamic-dns", "hosting", "cdn", "portal", "infrastructure"]
    sources: str
    date: datetime.date


class NeedleRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What one recognised message looks like: `needles.toml`.

    A message is recognised by its `method`, by being an answer to a method (`answers`),
    by an HTTP `header`, or, with none of them, by its `fields` alone. What a binary frame says
    is written as JSON too, with the names its dialect gives it.
    """

    id: str
    dialect: str
    speaker: Literal["miner", "pool"]
    strength: Literal["safe", "bare", "linked", "form"]
    sources: str
    date: datetime.date
    yes: list[str]
    no: list[str]
    method: str = ""
    answers: str = ""
    header: str = ""
    carrier: Literal["", "lines", "http", "websocket", "frames"] = ""
    fields: dict[str, str] = {}
    to_any: bool = False  # a form alone: also in answer to a request that was not recognised
    rank: int = 0  # of two dialects that fit, the higher rank names the flow
    nursery: bool = False  # matched and listed, but raises no grade
