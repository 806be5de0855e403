"""The rows of `signatures/`, one class a file. Every row has a source and a date."""

from __future__ import annotations

import datetime
from typing import Literal

import msgspec

Use = Literal["stratum", "web", "any"]


class PoolRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A mining pool's name: `pools.csv`.

    `suffix` covers the name itself and every name below it. `use` says what lives there:
    stratum servers, web pages only, or both.
    """

    suffix: str
    pool: str
    use: Use
    coins: str  # symbols separated by blanks; empty: several, or not known
    origin: str  # country of founding, ISO 3166-1 alpha-2, where a source says it
    status: str  # empty, or "retired YYYY[-MM]"
    sources: str  # separated by "; "
    date: datetime.date


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


class AgentRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The beginning of a string by which mining software names itself: `agents.csv`."""

    prefix: str
    software: str
    device: str  # cpu, gpu, asic, any, proxy, rental, monitor
    sources: str
    date: datetime.date


class CoinRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A coin, its algorithm, and the form of its addresses: `coins.csv`."""

    symbol: str
    name: str
    name_zh: str
    algorithm: str
    address: str  # regular expression of the whole address; empty: no fixed form
    distinctive: bool  # whether nothing but an address has that form
    marks: str  # dialects in which a login of that form marks mining, separated by blanks
    sources: str
    date: datetime.date


class NeedleRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What one recognised message looks like: `needles.toml`.

    A message is recognised by its `method`, by being an answer to a method (`answers`),
    by an HTTP `header`, or, with none of them, by its `fields` alone.
    """

    id: str
    dialect: str
    speaker: Literal["miner", "pool"]
    strength: Literal["safe", "bare", "form"]
    sources: str
    date: datetime.date
    yes: list[str]
    no: list[str]
    method: str = ""
    answers: str = ""
    header: str = ""
    carrier: Literal["", "lines", "http"] = ""
    fields: dict[str, str] = {}
    to_any: bool = False  # a form alone: also in answer to a request that was not recognised
    rank: int = 0  # of two dialects that fit, the higher rank names the flow
    nursery: bool = False  # matched and listed, but raises no grade
