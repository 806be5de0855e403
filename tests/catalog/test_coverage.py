"""How much of the known pools the shipped table covers: full rows and nursery rows apart."""

from __future__ import annotations

import csv
import sys
from collections import Counter
from pathlib import Path

import pytest

from poolwatch.catalog import Catalog, load_catalog
from poolwatch.catalog.load import load_rows

REFERENCE = Path(__file__).resolve().parents[3] / "shared" / "reference" / "pools.csv"
WANTED = 0.8
POOLS = 250


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return load_catalog()


@pytest.fixture(scope="module")
def high_confidence() -> list[dict[str, str]]:
    """Rows of the collected material that are surely pools."""
    if not REFERENCE.is_file():
        pytest.skip(f"no collected material at {REFERENCE}")
    with REFERENCE.open(encoding="utf-8", newline="") as stream:
        return [row for row in csv.DictReader(stream) if row["confidence"] == "high"]


def share_covered(rows: list[dict[str, str]], catalog: Catalog) -> Counter[str]:
    """Registrable domains, by what covers them: all names of one must be found, by full rows."""
    names: dict[str, set[str]] = {}
    for row in rows:
        names.setdefault(row["registrable"], set()).add(row["domain_suffix"])
    return Counter(_coverage(below, catalog) for below in names.values())


def _coverage(names: set[str], catalog: Catalog) -> str:
    found = [catalog.find_pool(name) for name in names]
    if any(row is None for row in found):
        return "missing"
    return "nursery" if any(row.nursery for row in found if row) else "full"


@pytest.mark.parametrize("chinese", [False, True], ids=["all", "chinese"])
def test_known_pools_are_covered(
    catalog: Catalog,
    high_confidence: list[dict[str, str]],
    chinese: bool,
    capsys: pytest.CaptureFixture[str],
) -> None:
    rows = [row for row in high_confidence if row["china_origin"] or not chinese]
    counts = share_covered(rows, catalog)
    total = counts.total()
    full, nursery = counts["full"] / total, counts["nursery"] / total
    kind = "Chinese" if chinese else "all"
    with capsys.disabled():
        sys.stdout.write(f"\n{kind} {total} domains: {full:.1%} full, {nursery:.1%} nursery\n")
    assert full + nursery >= WANTED


def test_the_table_is_large_enough(catalog: Catalog) -> None:
    pools = {row.pool for row in catalog.pools.values()}
    assert len(pools) >= POOLS


def test_full_rows_have_two_sources_or_a_capture() -> None:
    """Panther's rules come from Sigma's, which cite the other two: together they are one source."""
    derived = {
        "Azure/Azure-Sentinel imDNS_Miners",
        "stamparm/maltrail crypto_mining",
    }
    for placed in load_rows().pools:
        sources = set(placed.row.sources.split("; "))
        if sources & derived:
            sources.discard("panther-labs/panther-analysis")
        shown = any("capture" in source or "pcap" in source for source in sources)
        assert placed.row.nursery or len(sources) > 1 or shown, placed.place


def test_one_pool_has_one_name() -> None:
    names = {placed.row.pool for placed in load_rows().pools}
    plain = Counter(name.split(" ")[0].casefold() for name in names if not name.isascii())
    assert [name for name, count in plain.items() if count > 1] == []
    folded = Counter(name.casefold().replace(" ", "") for name in names)
    assert [name for name, count in folded.items() if count > 1] == []
