"""Rows that must not be: too wide, glued together, at odds with each other, or undated."""

from __future__ import annotations

import datetime
from pathlib import Path

import pytest

from poolwatch.catalog import build_catalog, load_catalog
from poolwatch.catalog.lint import lint_rows
from poolwatch.catalog.load import load_rows, shipped_folder
from poolwatch.catalog.rows import PoolRow
from poolwatch.errors import CatalogError

POOLS = "suffix,pool,use,coins,origin,status,sources,date,nursery"
ENDPOINTS = "address,port,pool,use,coins,seen_from,seen_until,sources,date"
PREFIXES = "network,pool,use,coins,seen_from,seen_until,shared,sources,date"


def complaints(folder: Path, **tables: str) -> list[str]:
    for name, text in tables.items():
        (folder / f"{name}.csv").write_text(text + "\n", "utf-8")
    return [line.replace(str(folder), "DIR") for line in lint_rows(load_rows((folder,)))]


def pool_complaints(folder: Path, *rows: str) -> list[str]:
    return complaints(folder, pools="\n".join((POOLS, *rows)))


def row(
    suffix: str, pool: str = "Own", use: str = "any", coins: str = "", nursery: str = ""
) -> str:
    return f"{suffix},{pool},{use},{coins},,,test data,2026-01-12,{nursery}"


def test_shipped_rows_are_fit() -> None:
    assert lint_rows(load_rows()) == []


@pytest.mark.parametrize(
    ("suffix", "reason"),
    [
        ("com", "covers a whole top-level domain"),
        ("co.uk", "is a public suffix"),
        ("com.cn", "is a public suffix"),
        ("github.io", "is a public suffix"),
        ("ddns.net", "is a public suffix"),
        ("duckdns.org", "is a public suffix"),
        ("mooo.com", "dynamic DNS"),
        ("3322.org", "dynamic DNS"),
        ("amazonaws.com", "shared hosting"),
        ("fastly.net", "a CDN"),
        ("ntp.org", "infrastructure"),
        ("pool.ntp.org", "infrastructure"),
        ("Upper.example", "is no lower-case host name"),
        ("a..example", "is no lower-case host name"),
        ("192.0.2.1", "is no lower-case host name"),
        ("例子.example", "is no lower-case host name"),
        (f"{'a' * 64}.example", "is no lower-case host name"),
    ],
)
def test_wide_or_impossible_suffix(tmp_path: Path, suffix: str, reason: str) -> None:
    found = pool_complaints(tmp_path, row(suffix))
    assert len(found) == 1
    assert found[0].startswith("DIR/pools.csv:2: ")
    assert reason in found[0]


@pytest.mark.parametrize(
    "suffix", ["my-miner.mooo.com", "xmr.duckdns.org", "own-pool.example", "_stratum.own.example"]
)
def test_host_that_is_not_too_wide(tmp_path: Path, suffix: str) -> None:
    assert pool_complaints(tmp_path, row(suffix)) == []


@pytest.mark.parametrize(
    ("second", "reason"),
    [
        (row("own.example"), "stands at DIR/pools.csv:2 already"),
        (row("own.example", pool="Other"), "pool is 'Other' here and 'Own' at DIR/pools.csv:2"),
        (row("own.example", use="web"), "use is 'web' here and 'any' at DIR/pools.csv:2"),
        (row("own.example", coins="XMR"), "coins is 'XMR' here and '' at DIR/pools.csv:2"),
        (row("own.example", nursery="true"), "nursery is True here and False at"),
    ],
)
def test_one_suffix_twice(tmp_path: Path, second: str, reason: str) -> None:
    found = pool_complaints(tmp_path, row("own.example"), second)
    assert any(line.startswith("DIR/pools.csv:3: ") and reason in line for line in found)


def test_own_row_at_odds_with_a_shipped_one_names_both_places(tmp_path: Path) -> None:
    (found,) = pool_complaints(tmp_path, row("f2pool.com", pool="Somebody"))
    assert found.startswith("DIR/pools.csv:2: 'f2pool.com': pool is 'Somebody' here and 'F2Pool")
    assert f"at {shipped_folder() / 'pools.csv'}:" in found


def test_own_full_row_may_stand_for_a_shipped_nursery_row(tmp_path: Path) -> None:
    shipped = next(placed.row for placed in load_rows().pools if placed.row.nursery)
    promoted = f"{shipped.suffix},{shipped.pool},{shipped.use},{shipped.coins},,,test,2026-01-12,"
    assert pool_complaints(tmp_path, promoted) == []
    assert not load_catalog((tmp_path,)).pools[shipped.suffix].nursery
    assert pool_complaints(tmp_path, promoted.replace(shipped.pool, "Somebody", 1)) != []


def test_nursery_row_below_a_full_one(tmp_path: Path) -> None:
    (found,) = pool_complaints(tmp_path, row("eu.own.example", nursery="true"), row("own.example"))
    assert found == (
        "DIR/pools.csv:2: nursery row 'eu.own.example' adds nothing to 'own.example' "
        "at DIR/pools.csv:3"
    )


def test_shipped_nursery_row_is_not_held_against_an_own_full_row(tmp_path: Path) -> None:
    host = next(p.row for p in load_rows().pools if p.row.nursery and p.row.suffix.count(".") > 1)
    assert pool_complaints(tmp_path, row(host.suffix.partition(".")[2])) == []


@pytest.mark.parametrize("name", ["xmrpool.eumoneropool.com", "minexmr.comcrypto-pool.fr"])
def test_two_names_run_together(tmp_path: Path, name: str) -> None:
    (found,) = pool_complaints(tmp_path, row(name))
    assert "looks like" in found


@pytest.mark.parametrize(
    "name", ["supportminexmr.com", "pool.supportmonero.example", "minexmr.community.example"]
)
def test_names_that_only_look_glued(tmp_path: Path, name: str) -> None:
    assert pool_complaints(tmp_path, row(name)) == []


def test_dates_and_coins(tmp_path: Path) -> None:
    later = datetime.datetime.now(datetime.UTC).date() + datetime.timedelta(days=3)
    found = pool_complaints(
        tmp_path,
        f"own.example,Own,any,,,,test,{later},",
        row("other.example", coins="XMR NOCOIN"),
        "bare.example,Own,any,,,, ,2026-01-12,",
    )
    assert sorted(line.partition(": ")[2] for line in found) == [
        "coin 'NOCOIN' is not in coins.csv",
        "no source",
        f"the date {later} lies in the future",
    ]


def test_endpoints_and_prefixes(tmp_path: Path) -> None:
    later = datetime.datetime.now(datetime.UTC).date() + datetime.timedelta(days=3)
    found = complaints(
        tmp_path,
        endpoints="\n".join(
            (
                ENDPOINTS,
                "192.0.2.1,3333,One,stratum,,2026-01-01,2026-01-31,test,2026-01-12",
                "192.0.2.1,3333,Two,stratum,,2026-01-31,2026-02-02,test,2026-01-12",
                "192.0.2.1,3333,One,stratum,,2025-01-01,2025-01-31,test,2026-01-12",
                "192.0.2.1,3333,One,stratum,,2025-01-31,2025-01-31,test,2026-01-12",
                f"192.0.2.2,3333,One,stratum,,{later},{later},test,2026-01-12",
            )
        ),
        prefixes="\n".join(
            (
                PREFIXES,
                "10.0.0.0/8,One,any,NOCOIN,2026-01-01,2026-01-31,true,test,2026-01-12",
                "2001:db8::/33,One,any,,2026-01-01,2026-01-31,true,test,2026-01-12",
            )
        ),
    )
    again = "192.0.2.1:3333 stands at DIR/endpoints.csv:4 already for some of these days"
    assert sorted(line.removeprefix("DIR/") for line in found) == [
        "endpoints.csv:3: 192.0.2.1:3333: pool is 'Two' here and 'One' at DIR/endpoints.csv:2",
        f"endpoints.csv:5: {again}",
        f"endpoints.csv:6: seen_from {later} lies in the future",
        "prefixes.csv:2: 10.0.0.0/8 is too wide: the widest network allowed is /16",
        "prefixes.csv:2: coin 'NOCOIN' is not in coins.csv",
    ]


@pytest.mark.parametrize(
    "cells",
    [
        "10.1.2.3/16,One,any,,2026-01-01,2026-01-31,true,test,2026-01-12",  # host bits
        "nonsense,One,any,,2026-01-01,2026-01-31,true,test,2026-01-12",
        "10.1.0.0/16,One,any,,2026-02-01,2026-01-31,true,test,2026-01-12",
    ],
)
def test_prefix_that_cannot_be_used_is_named(tmp_path: Path, cells: str) -> None:
    (tmp_path / "prefixes.csv").write_text(f"{PREFIXES}\n{cells}\n", "utf-8")
    with pytest.raises(CatalogError, match=r"prefixes\.csv:2: "):
        build_catalog(load_rows((tmp_path,)))


def test_prefixes_are_in_the_catalogue(tmp_path: Path) -> None:
    cells = "10.1.0.0/16,One,any,XMR,2026-01-01,2026-01-31,true,test,2026-01-12"
    (tmp_path / "prefixes.csv").write_text(f"{PREFIXES}\n{cells}\n", "utf-8")
    prefix = load_catalog((tmp_path,)).prefixes[-1]
    assert prefix.shared
    assert not prefix.nursery


def test_optional_columns_may_be_missing_or_empty(tmp_path: Path) -> None:
    short = POOLS.removesuffix(",nursery")
    (tmp_path / "pools.csv").write_text(
        f"{short}\nown.example,Own,any,,,,test,2026-01-12\n", "utf-8"
    )
    own: PoolRow = load_catalog((tmp_path,)).pools["own.example"]
    assert (own.nursery, own.licence) == (False, "")


@pytest.mark.parametrize("text", ["suffix,pool\nx,y\n", 'suffix,"pool\n', ""])
def test_unreadable_table_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "pools.csv").write_text(text, "utf-8")
    with pytest.raises(CatalogError, match=r"pools\.csv:"):
        load_rows((tmp_path,))
