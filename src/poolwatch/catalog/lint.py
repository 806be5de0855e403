"""What makes a row of the catalogue unfit although it can be read: one function a rule."""

from __future__ import annotations

import datetime
import json
from collections.abc import Callable, Iterator
from typing import Any

from poolwatch.catalog import lint_cause, lint_figures
from poolwatch.catalog.difficulties import algorithm_key
from poolwatch.catalog.lint_endpoints import clashing_endpoints, seen_dates, wide_networks
from poolwatch.catalog.lint_names import (
    glued_suffixes,
    hidden_nursery_rows,
    repeated_suffixes,
    wide_suffixes,
)
from poolwatch.catalog.load import Placed, Rows
from poolwatch.catalog.rows import NeedleRow
from poolwatch.catalog.shapes import Predicate, compile_fields
from poolwatch.catalog.wallets import WalletBook
from poolwatch.terms import WalletCheck

_SHORTEST_TAG = 6


def lint_rows(rows: Rows) -> list[str]:
    """Every complaint about the rows, as `file:line: what is wrong`."""
    return [complaint for rule in RULES for complaint in rule(rows)]


def _every_row(rows: Rows) -> Iterator[Placed[Any]]:
    tables: tuple[tuple[Placed[Any], ...], ...] = (
        rows.pools,
        rows.endpoints,
        rows.prefixes,
        rows.agents,
        rows.coins,
        rows.wallets,
        rows.coinbase_tags,
        rows.networks,
        rows.difficulties,
        rows.needles,
        rows.shared_suffixes,
    )
    for table in tables:
        yield from table
    yield from lint_figures.figure_rows(rows)


def _sources_and_dates(rows: Rows) -> Iterator[str]:
    """Every row says where it comes from and when that was looked up."""
    today = datetime.datetime.now(datetime.UTC).date()
    for placed in _every_row(rows):
        if not placed.row.sources.strip():
            yield f"{placed.place}: no source"
        if placed.row.date > today:
            yield f"{placed.place}: the date {placed.row.date} lies in the future"


def _needle_examples(rows: Rows) -> Iterator[str]:
    """A needle recognises its yes-examples and none of its no-examples."""
    for placed in rows.needles:
        row = placed.row
        recognises = _recogniser(row)
        for name, examples, wanted in (("yes", row.yes, True), ("no", row.no, False)):
            if not examples:
                yield f"{placed.place}: {row.id}: no {name}-example"
            for example in examples:
                if recognises(example) is not wanted:
                    verb = "does not recognise" if wanted else "recognises"
                    yield f"{placed.place}: {row.id} {verb} its {name}-example {example[:80]}"


def _recogniser(row: NeedleRow) -> Callable[[str], bool]:
    if row.header:
        return lambda text: text.partition(":")[0].strip().lower() == row.header.lower()
    fits = compile_fields(row.fields)
    return lambda text: _recognises(row, fits, text)


def _recognises(row: NeedleRow, fits: Predicate, text: str) -> bool:
    try:
        message = json.loads(text)
    except ValueError:
        return False
    if not isinstance(message, dict):
        return False
    method = message.get("method")
    if row.method and (not isinstance(method, str) or method.lower() != row.method.lower()):
        return False
    return fits(message)


def _wallet_examples(rows: Rows) -> Iterator[str]:
    """A row reads its examples as addresses of its coin."""
    for placed in rows.wallets:
        book = WalletBook([placed])
        for example in placed.row.examples.split():
            wallet = book.read(example)
            if wallet is None or wallet.check is WalletCheck.FAILED:
                yield f"{placed.place}: {placed.row.coin}: {example[:80]} is no such address"


def _short_tags(rows: Rows) -> Iterator[str]:
    """A tag of few plain letters stands in the words of others too."""
    for placed in rows.coinbase_tags:
        if placed.row.tag.isascii() and len(placed.row.tag) < _SHORTEST_TAG:
            yield f"{placed.place}: the tag {placed.row.tag!r} is too short"


def _known_coins(rows: Rows) -> Iterator[str]:
    """Coins of pools, endpoints, prefixes, wallets and networks stand in the coin table."""
    known = {placed.row.symbol for placed in rows.coins} - {""}
    named = [(placed.place, placed.row.coins) for placed in rows.pools]
    named += [(placed.place, placed.row.coins) for placed in rows.endpoints]
    named += [(placed.place, placed.row.coins) for placed in rows.prefixes]
    named += [(placed.place, placed.row.coin) for placed in rows.wallets]
    named += [(placed.place, placed.row.coin) for placed in rows.networks]
    for place, coins in named:
        for symbol in coins.split():
            if symbol not in known:
                yield f"{place}: coin {symbol!r} is not in coins.csv"


def _difficulties(rows: Rows) -> Iterator[str]:
    """A difficulty of 1 stands for a number of hashes, and each algorithm has one row."""
    seen: dict[str, str] = {}
    for placed in rows.difficulties:
        row, key = placed.row, algorithm_key(placed.row.algorithm)
        if not 0 < row.low <= row.high < float("inf"):
            yield f"{placed.place}: {row.low} to {row.high} is no range of hashes"
        if key in seen:
            yield f"{placed.place}: {row.algorithm!r} stands at {seen[key]} already"
        seen[key] = placed.place


RULES: tuple[Callable[[Rows], Iterator[str]], ...] = (
    _sources_and_dates,
    _needle_examples,
    wide_suffixes,
    repeated_suffixes,
    hidden_nursery_rows,
    glued_suffixes,
    seen_dates,
    clashing_endpoints,
    wide_networks,
    _known_coins,
    _wallet_examples,
    _short_tags,
    _difficulties,
    lint_figures.network_months,
    lint_figures.rewards,
    lint_figures.figure_coins,
    lint_figures.hardware,
    lint_figures.factors,
    lint_cause.grounds,
    lint_cause.malware,
)
"""The rules, in the order of their complaints."""
