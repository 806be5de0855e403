"""The rows that are shipped: each proves itself, each says where it comes from."""

from __future__ import annotations

import datetime
import re

import msgspec
import pytest

from poolwatch.catalog import Needle
from poolwatch.catalog.load import Placed, load_rows
from poolwatch.catalog.rows import NeedleRow
from poolwatch.catalog.shapes import compile_fields
from poolwatch.match.dialects import DIALECTS, ROWS
from poolwatch.terms import Strength
from tests import running

NEEDLES = load_rows().needles
ALL = [
    placed
    for group in (
        load_rows().pools,
        load_rows().endpoints,
        load_rows().agents,
        load_rows().coins,
        load_rows().wallets,
        load_rows().coinbase_tags,
        NEEDLES,
    )
    for placed in group
]


def recognises(row: NeedleRow, example: str) -> bool:
    """Whether a needle's row fits an example, as the conversation would ask it."""
    if row.header:
        return example.partition(":")[0].strip().lower() == row.header.lower()
    message = msgspec.json.decode(example)
    method = message.get("method")
    if row.method and (not isinstance(method, str) or method.lower() != row.method.lower()):
        return False
    return compile_fields(row.fields)(message)


@pytest.mark.parametrize("placed", NEEDLES, ids=lambda placed: placed.row.id)
def test_needle_proves_itself(placed: Placed[NeedleRow]) -> None:
    row = placed.row
    assert row.yes, "no example that it must recognise"
    assert row.no, "no example that it must not recognise"
    assert [example for example in row.yes if not recognises(row, example)] == []
    assert [example for example in row.no if recognises(row, example)] == []


@pytest.mark.parametrize("placed", NEEDLES, ids=lambda placed: placed.row.id)
def test_needle_speaks_a_known_dialect(placed: Placed[NeedleRow]) -> None:
    assert placed.row.dialect in ROWS


def test_every_dialect_has_needles_for_both_sides() -> None:
    for dialect in DIALECTS:
        family = {row.name for row in DIALECTS if row.family == dialect.family}
        speakers = {p.row.speaker for p in NEEDLES if p.row.dialect in family}
        sealed = dialect.name == "datum"  # of which only the miner's hello can be read
        assert speakers == ({"miner"} if sealed else {"miner", "pool"}), dialect.name
        assert any(p.row.dialect == dialect.name for p in NEEDLES), dialect.name


def test_words_of_many_protocols_never_name_a_dialect_alone() -> None:
    common = {"login", "getjob", "keepalived", "getwork", "getblocktemplate", "eth_getwork"}
    for method in common:
        needles: tuple[Needle, ...] = running.catalog().needles_by_method[method]
        for needle in needles:
            row = next(p.row for p in NEEDLES if p.row.id == needle.id)
            assert (
                needle.strength < Strength.SAFE
                or any(path.startswith("params.algo.") for path in row.fields)
                or any(shape.startswith("hex:160") for shape in row.fields.values())
            )


def test_rows_have_a_source_and_a_date() -> None:
    for placed in ALL:
        sources, date = getattr(placed.row, "sources"), getattr(placed.row, "date")  # noqa: B009
        assert sources.strip(), placed.place
        assert isinstance(date, datetime.date), placed.place
        assert datetime.date(2015, 1, 1) < date, placed.place


def test_there_are_sixty_pools_and_each_is_named_once() -> None:
    pools = [placed.row for placed in load_rows().pools]
    suffixes = [pool.suffix for pool in pools]
    assert len({pool.pool for pool in pools}) >= 60
    assert len(set(suffixes)) == len(suffixes)
    assert [s for s in suffixes if s != s.lower() or s.strip(".") != s or "." not in s] == []
    assert [pool.suffix for pool in pools if not pool.pool] == []


def test_pool_rows_use_the_vocabulary() -> None:
    symbols = set(running.catalog().coins.rows)
    for row in (placed.row for placed in load_rows().pools):
        assert set(row.coins.split()) <= symbols, row.suffix
        assert re.fullmatch(r"([A-Z]{2})?", row.origin), row.suffix
        assert re.fullmatch(r"(retired \d{4}(-\d\d)?)?", row.status), row.suffix


def test_endpoints_are_dated_and_no_web_hosts() -> None:
    for placed in load_rows().endpoints:
        row = placed.row
        assert row.seen_from <= row.seen_until <= row.date
        assert set(row.coins.split()) <= set(running.catalog().coins.rows)


def test_coins_are_named_once_and_mark_known_dialects() -> None:
    rows = [placed.row for placed in load_rows().coins]
    assert len({row.symbol for row in rows}) == len(rows) >= 20
    for row in rows:
        shared = {name for name in ROWS if row.dialects == name}  # one number, several dialects
        assert all(re.fullmatch(r"D\d\d", n) or n in shared for n in row.dialects.split())
    for placed in load_rows().wallets:
        assert set(placed.row.marks.split()) <= set(ROWS)
