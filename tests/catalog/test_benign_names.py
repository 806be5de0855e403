"""A hundred thousand names of honest hosts, made by rule: none belongs to a pool."""

from __future__ import annotations

import pytest

from poolwatch.catalog import Catalog, load_catalog
from poolwatch.catalog.names import find_packed, pack_suffixes
from tests.benign_names import COUNT, benign_names


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return load_catalog()


def test_no_benign_name_belongs_to_a_pool(catalog: Catalog) -> None:
    packed = pack_suffixes(catalog.pools)
    names = benign_names(catalog)
    assert len(names) == COUNT
    taken = [name for name in names if catalog.find_pool(name)]
    assert taken == []
    assert [name for name in names[::7] if find_packed(packed, name.encode()) >= 0] == []


def test_the_rule_would_notice(catalog: Catalog) -> None:
    assert all(catalog.find_pool(f"www.{suffix}") for suffix in catalog.pools)
