"""Prices that the user gives, each with its day: no value is told without one."""

from __future__ import annotations

import csv
import datetime
import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from poolwatch.errors import UsageError

_GIVEN = re.compile(r"([A-Za-z0-9]{1,12})=([0-9.eE+-]{1,30})([A-Za-z]{3})?@(\d{4}-\d{2}-\d{2})")
_COLUMNS = ("coin", "date", "price")
_MOST = 1e300
NEAR_DAYS = 31
"""A price of a day farther away says nothing of a day's coins."""


class Price(NamedTuple):
    """What one coin cost on a day."""

    coin: str
    price: float
    currency: str
    day: datetime.date
    source: str


@dataclass(frozen=True, slots=True)
class Value:
    """What coins were worth on the days they were mined, at the prices given."""

    low: float
    estimate: float
    high: float
    currency: str
    first: datetime.date
    last: datetime.date
    source: str


def read_price(text: str) -> Price:
    """`COIN=PRICE@DATE` or `COIN=PRICECUR@DATE`. Raises UsageError."""
    match = _GIVEN.fullmatch(text.strip())
    try:
        if match is None:
            raise ValueError
        price, day = float(match[2]), datetime.date.fromisoformat(match[4])
        if not 0 < price < math.inf:
            raise ValueError
    except ValueError:
        raise UsageError(
            f"--price {text}: not of the form COIN=PRICE@DATE", "for example ETH=3100@2021-09-07"
        ) from None
    return Price(match[1].upper(), price, (match[3] or "USD").upper(), day, "given")


def read_prices(path: Path, most: int) -> list[Price]:
    """A CSV with the columns coin, date, price, and perhaps currency and source.

    Raises UsageError, with file and line, for a row that does not fit, and for more than `most`.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.DictReader(stream)
            if not set(_COLUMNS) <= set(reader.fieldnames or ()):
                raise UsageError(
                    f"{path}:1: the columns coin, date and price are not all there",
                    "the first line names them; currency and source may follow",
                )
            return list(_rows(path, reader, most))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UsageError(f"--prices {path}: {getattr(error, 'strerror', None) or error}") from error


def _rows(path: Path, reader: csv.DictReader[str], most: int) -> Iterator[Price]:
    for count, row in enumerate(reader, 1):
        if count > most:
            raise UsageError(
                f"{path}: more than {most} prices", "raise it with --limit price_rows=N"
            )
        currency = row.get("currency") or "USD"
        try:
            price = read_price(f"{row['coin']}={row['price']}{currency}@{row['date']}")
        except UsageError as error:
            raise UsageError(f"{path}:{reader.line_num}: no price of a day in this row") from error
        yield price._replace(source=row.get("source") or path.name)


def value_of(
    coin: str,
    amount: tuple[float, float, float],
    days: Sequence[dict[str, Any]],
    prices: Sequence[Price],
) -> Value | None:
    """The value of coins, each day's at the price of the nearest day; None where one is far.

    All in the currency of the first price that fits.
    """
    fitting = [price for price in prices if price.coin == coin]
    fitting = [price for price in fitting if price.currency == fitting[0].currency]
    worth, used, total = 0.0, list[Price](), 0.0
    for day in days:
        about = amount_of(day.get("estimate"))
        if about is None:
            return None
        near = _nearest(fitting, str(day.get("day")))
        if near is None:
            return None
        used.append(near)
        worth += about * near.price
        total += about
    if total <= 0:
        return None
    mean = worth / total
    dates = [price.day for price in used]
    sources = "; ".join(dict.fromkeys(price.source for price in used))
    low, about, high = (part * mean for part in amount)
    return Value(low, about, high, used[0].currency, min(dates), max(dates), sources)


def amount_of(value: Any) -> float | None:
    """An amount as events have it; None for what is none."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if 0 <= value < _MOST else None


def _nearest(prices: Sequence[Price], day: str) -> Price | None:
    try:
        wanted = datetime.date.fromisoformat(day)
    except ValueError:
        return None
    near = min(prices, key=lambda price: abs((price.day - wanted).days), default=None)
    return near if near is not None and abs((near.day - wanted).days) <= NEAR_DAYS else None
