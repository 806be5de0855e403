"""Signature files: rows that fit are read, rows that do not are named by file and line."""

from __future__ import annotations

from pathlib import Path

import pytest

from poolwatch.catalog import Catalog, build_catalog, load_catalog
from poolwatch.catalog.load import FILES, load_rows, shipped_folder
from poolwatch.errors import CatalogError
from poolwatch.match.matcher import Matcher
from tests import running

POOLS = "suffix,pool,use,coins,origin,status,sources,date\n"
POOL = "pool.test,Test Pool,stratum,BTC,,,test data,2026-01-12\n"
ENDPOINTS = "address,port,pool,use,coins,seen_from,seen_until,sources,date\n"
ENDPOINT = "192.0.2.7,3333,Test Pool,stratum,BTC,2026-01-01,2026-01-31,test data,2026-01-12\n"
AGENTS = "prefix,software,device,sources,date\n"
AGENT = "testminer/,Test Miner,cpu,test data,2026-01-12\n"
WALLETS = "coin,encoding,prefix,version,size,distinctive,marks,examples,sources,date\n"
WALLET = "TST,hex,t:,00,20,true,,,test data,2026-01-12\n"
COINS = "symbol,name,name_zh,algorithm,sources,date\n"
NEEDLE = """
[[needle]]
id = "test-needle"
dialect = "stratum-v1"
speaker = "miner"
strength = "safe"
method = "test.method"
sources = "test data"
date = 2026-01-12
yes = []
no = []
"""


def load(folder: Path, name: str, text: str) -> Catalog:
    (folder / name).write_text(text, "utf-8")
    return load_catalog((folder,))


def edited(text: str, old: str, new: str) -> str:
    assert old in text
    return text.replace(old, new)


# Each: file, its text, the line of the error (0: the file as a whole), a word of the message.
BAD: list[tuple[str, str, int, str]] = [
    ("pools.csv", "suffix,pool\n" + POOL, 1, "header"),
    ("pools.csv", "", 1, "header"),
    ("pools.csv", POOLS + "pool.test,Test Pool\n", 2, "2 cells"),
    ("pools.csv", POOLS + POOL + edited(POOL, ",,,", ",,,,"), 3, "9 cells"),
    ("pools.csv", POOLS + edited(POOL, "2026-01-12", "12.1.2026"), 2, "date"),
    ("pools.csv", POOLS + edited(POOL, "2026-01-12", "2026-02-30"), 2, "date"),
    ("pools.csv", POOLS + edited(POOL, "stratum", "mining"), 2, "mining"),
    ("pools.csv", POOLS + "# a remark\n\n" + edited(POOL, "stratum", "both"), 4, "both"),
    ("endpoints.csv", ENDPOINTS + edited(ENDPOINT, "192.0.2.7", "192.0.2.777"), 2, "192.0.2.777"),
    ("endpoints.csv", ENDPOINTS + edited(ENDPOINT, "192.0.2.7", "pool.test"), 2, "pool.test"),
    ("endpoints.csv", ENDPOINTS + edited(ENDPOINT, "3333", "65536"), 2, "65536"),
    ("endpoints.csv", ENDPOINTS + edited(ENDPOINT, "3333", "-1"), 2, "-1"),
    ("endpoints.csv", ENDPOINTS + edited(ENDPOINT, "3333", "http"), 2, "port"),
    ("endpoints.csv", ENDPOINTS + edited(ENDPOINT, "2026-01-31", "2025-01-31"), 2, "before"),
    ("agents.csv", AGENTS + edited(AGENT, "2026-01-12", ""), 2, "date"),
    ("coins.csv", COINS + "TST,Test,,SHA-256d,true,,test data,2026-01-12\n", 2, "8 cells"),
    ("wallets.csv", WALLETS + edited(WALLET, "hex", "base64"), 2, "base64"),
    ("wallets.csv", WALLETS + edited(WALLET, ",20,", ",few,"), 2, "size"),
    ("wallets.csv", WALLETS + edited(WALLET, ",20,", ",20-9000,"), 2, "size"),
    ("wallets.csv", WALLETS + edited(WALLET, ",00,", ",0g,"), 2, "version"),
    ("needles.toml", NEEDLE + 'colour = "red"\n', 2, "colour"),
    ("needles.toml", NEEDLE + 'fields = { "params" = "lsit" }\n', 2, "lsit"),
    ("needles.toml", NEEDLE + 'fields = { "params" = "list:x" }\n', 2, "list:x"),
    ("needles.toml", NEEDLE + 'answers = "test.method"\n', 2, "exclude"),
    ("needles.toml", NEEDLE + 'header = "x-test"\n', 2, "exclude"),
    ("needles.toml", NEEDLE + NEEDLE, 13, "already"),
    ("needles.toml", edited(NEEDLE, "test-needle", "stratum-submit"), 2, "already"),
    ("needles.toml", edited(NEEDLE, '"safe"', '"sure"'), 2, "sure"),
    ("needles.toml", edited(NEEDLE, "date = 2026-01-12\n", ""), 2, "date"),
    ("needles.toml", edited(NEEDLE, 'sources = "test data"\n', ""), 2, "sources"),
    ("needles.toml", "[[needles]]\nid = 1\n", 0, "needles"),
    ("needles.toml", "[[needle]\n", 0, "line 1"),
]


@pytest.mark.parametrize(("name", "text", "line", "word"), BAD)
def test_an_error_names_file_and_line(
    name: str, text: str, line: int, word: str, tmp_path: Path
) -> None:
    with pytest.raises(CatalogError) as caught:
        load(tmp_path, name, text)
    message = str(caught.value)
    place = f"{tmp_path / name}:{line}:" if line else f"{tmp_path / name}:"
    assert message.startswith(place)
    assert word in message


def test_bytes_that_are_no_text_are_named(tmp_path: Path) -> None:
    (tmp_path / "pools.csv").write_bytes(POOLS.encode() + b"\xff")
    with pytest.raises(CatalogError, match=r"pools\.csv: byte 49 is not UTF-8"):
        load_catalog((tmp_path,))


def test_a_folder_without_signatures_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CatalogError, match="no signature file") as caught:
        load_catalog((tmp_path,))
    assert "pools.csv" in caught.value.advice()


def test_a_needle_of_an_unknown_dialect_is_refused_by_who_reads_it(tmp_path: Path) -> None:
    using = load(tmp_path, "needles.toml", edited(NEEDLE, "stratum-v1", "stratum-v9"))
    with pytest.raises(CatalogError, match=r"needles\.toml:2: .*stratum-v9") as caught:
        Matcher(using, running.LIMITS)
    assert "stratum-v1" in caught.value.advice()


def test_rows_of_a_folder_are_added(tmp_path: Path) -> None:
    shipped = running.catalog()
    (tmp_path / "agents.csv").write_text(AGENTS + AGENT, "utf-8")
    (tmp_path / "needles.toml").write_text(NEEDLE, "utf-8")
    (tmp_path / "endpoints.csv").write_text(ENDPOINTS + ENDPOINT, "utf-8")
    added = load(tmp_path, "pools.csv", POOLS + POOL)
    assert shipped.find_pool("eu.pool.test") is None
    pool = added.find_pool("eu.pool.test")
    assert pool is not None
    assert pool.pool == "Test Pool"
    agent = added.agents.find("testminer/2.0")
    assert agent is not None
    assert agent.row.software == "Test Miner"
    assert added.endpoints[-1].address == "192.0.2.7"
    assert added.endpoints[:-1] == shipped.endpoints
    assert "test.method" in added.needles_by_method
    for kind in ("pools", "agents", "needles", "endpoints"):
        assert added.counts[kind] == shipped.counts[kind] + 1


def test_the_digest_is_that_of_the_files(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    one.mkdir()
    two.mkdir()
    shipped = load_catalog().digest
    assert shipped == load_catalog().digest
    first = load(one, "pools.csv", POOLS + POOL).digest
    assert first == load(two, "pools.csv", POOLS + POOL).digest  # wherever they lie
    assert len({shipped, first, load(two, "pools.csv", POOLS).digest}) == 3


def test_a_byte_order_mark_and_remarks_are_passed_over(tmp_path: Path) -> None:
    text = "\ufeff" + POOLS + "# a remark\n\n" + POOL
    assert load(tmp_path, "pools.csv", text).find_pool("pool.test") is not None


@pytest.mark.parametrize("name", sorted(FILES))
def test_shipped_files_are_there_and_have_rows(name: str) -> None:
    assert (shipped_folder() / name).is_file()
    kind = name.partition(".")[0]
    assert len(getattr(load_rows(), kind)) == running.catalog().counts[kind] > 0


def test_an_earlier_catalogue_is_not_changed_by_a_later_one(tmp_path: Path) -> None:
    rows = load_rows()
    before = build_catalog(rows)
    load(tmp_path, "pools.csv", POOLS + POOL)
    assert before.find_pool("pool.test") is None
    assert before.digest == load_catalog().digest
