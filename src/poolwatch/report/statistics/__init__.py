"""Statistics: how many addresses and machines mine, with what traffic, hashrate and energy.

By region, unit, kind, coin, pool, dialect, cause and week. A figure that is not known of some
addresses is the sum of the others, and how many are missing stands beside it; it is never zero.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from poolwatch.terms import Grade

if TYPE_CHECKING:
    from poolwatch.report.energy import Section
    from poolwatch.report.statistics.coverage import Coverage

Range = tuple[float, float]


class By(StrEnum):
    """What addresses are grouped by."""

    REGION = "region"
    UNIT = "unit"
    KIND = "kind"
    COIN = "coin"
    POOL = "pool"
    DIALECT = "dialect"
    CAUSE = "cause"
    WEEK = "week"


SEVERAL = frozenset((By.COIN, By.POOL, By.DIALECT, By.WEEK))
"""An address may be in several groups of these tables."""


class Sort(StrEnum):
    """What a group is: one value, what is not known, or the rest put together."""

    VALUE = "value"
    OTHERS = "others"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Rate:
    """The hashrates of one algorithm, H/s, and of how many addresses they are."""

    algorithm: str
    low: float
    estimate: float
    high: float
    addresses: int


@dataclass(frozen=True, slots=True)
class Machines:
    """At least `low`; `high` None: open. `unknown`: addresses of which nothing is known."""

    low: int
    high: int | None
    unknown: int


@dataclass(frozen=True, slots=True)
class Figures:
    """What is told of a group of addresses. Energies are None where none of them is known."""

    addresses: int
    mined: int  # of them, those that sent shares
    units: int
    machines: Machines
    conversations: int
    submitted: int  # shares
    accepted: int
    hours: float  # connected to pools, added up over addresses
    rates: tuple[Rate, ...]
    rates_unknown: int  # addresses with a hashrate of several algorithms, or of none that is told
    kwh: Range | None
    energy_unknown: int  # addresses that work, and of which the energy is not known
    coal_kg: Range | None
    co2_kg: Range | None


@dataclass(frozen=True, slots=True)
class Group:
    """One row of a table. `merged`: of how many groups the others are."""

    name: str
    sort: Sort
    figures: Figures
    merged: int = 0
    watched: float | None = None  # of a week: the hours anything was captured


@dataclass(frozen=True, slots=True)
class Table:
    """All groups by one thing."""

    by: By
    groups: tuple[Group, ...]


@dataclass(slots=True)
class Statistics:
    """Everything a report says, before it is written. Times are microseconds UTC."""

    coverage: Coverage
    total: Figures
    tables: list[Table]
    zone: str
    min_grade: Grade
    between: tuple[int | None, int | None] = (None, None)
    below: dict[str, int] = field(default_factory=dict)  # addresses, by grade
    roles: dict[str, int] = field(default_factory=dict)  # addresses in other roles, by role
    repeated: int = 0  # findings left out, as another of the same time is about the address
    timeless: int = 0  # findings without a time, left out where a time was asked for
    relays: int = 0  # whose machines are their clients'
    outside: int = 0  # addresses seen outside of an address translation
    factor_sets: tuple[str, ...] = ()  # of coal and CO2 in the tables
    sections: list[Section] = field(default_factory=list)  # the totals by each set of factors
    basis: list[dict[str, object]] = field(default_factory=list)
    left_out: int = 0  # rows of events there was no room for
    public: bool = False
    title: str | None = None
    issuer: str | None = None
