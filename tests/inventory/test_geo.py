"""Where a pool stands."""

from __future__ import annotations

import random
from contextlib import suppress
from pathlib import Path

import pytest

from poolwatch.errors import UnitsError, UsageError
from poolwatch.inventory.geo import Geo, Place
from poolwatch.inventory.unit_files import load_units
from tests.inventory.building import mmdb

COUNTRIES = {
    "203.0.113.0/24": {"country": {"iso_code": "US"}},
    "198.51.100.0/24": {"registered_country": {"iso_code": "de"}},
    "2001:db8::/32": {"country_code": "CN"},
    "192.0.2.0/24": {"city": {"names": {"en": "Nowhere"}}},
}
NETWORKS = {
    "203.0.113.0/24": {"autonomous_system_number": 64500},
    "198.51.100.0/24": {"asn": "AS64501", "country": "FR"},
}


@pytest.fixture
def geo(tmp_path: Path) -> Geo:
    paths = (
        mmdb(tmp_path / "country.mmdb", COUNTRIES),
        mmdb(tmp_path / "asn.mmdb", NETWORKS),
    )
    return Geo(paths)


def test_the_first_file_that_knows_counts(geo: Geo) -> None:
    assert geo.find("203.0.113.7") == Place("US", 64500)
    assert geo.find("198.51.100.7") == Place("DE", 64501)
    assert geo.find("2001:db8::7") == Place("CN", None)


def test_what_no_file_knows_is_none(geo: Geo) -> None:
    assert geo.find("192.0.2.7") == Place(None, None)
    assert geo.find("10.0.0.1") == Place(None, None)


def test_a_border_needs_two_countries(geo: Geo, tmp_path: Path) -> None:
    inside, pool = ("10.0.0.1", True), ("203.0.113.7", False)
    assert geo.crosses_border(inside, pool) is None
    assert geo.crosses_border(("2001:db8::1", True), pool) is True
    assert geo.crosses_border(("203.0.113.9", True), pool) is False
    at_home = Geo((tmp_path / "country.mmdb",), home="cn")
    assert at_home.crosses_border(inside, pool) is True
    assert at_home.crosses_border(inside, ("2001:db8::1", False)) is False
    assert at_home.crosses_border(inside, ("192.0.2.7", False)) is None


def test_a_home_that_is_no_country_is_refused() -> None:
    with pytest.raises(UsageError, match="--home China"):
        Geo((), home="China")


def test_what_is_broken_never_ends_in_a_traceback(tmp_path: Path) -> None:
    units = {f"10.{n}.0.0/16": {"unit": f"u{n}", "country": "CN"} for n in range(9)}
    whole = mmdb(tmp_path / "whole.mmdb", units).read_bytes()
    generator = random.Random(20260112)
    path = tmp_path / "broken.mmdb"
    for _ in range(400):
        content = bytearray(whole)
        for _ in range(generator.randint(1, 8)):
            content[generator.randrange(len(content))] = generator.randrange(256)
        path.write_bytes(content)
        with suppress(UnitsError):
            load_units((path,))
        with suppress(UnitsError):
            Geo((path,)).find("10.1.2.3")


def test_a_file_that_is_no_mmdb_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.mmdb"
    path.write_bytes(b"\xab\xcd\xefMaxMind.com" * 20)
    with pytest.raises(UnitsError, match="no readable MMDB file"):
        Geo((path,))
    with pytest.raises(UnitsError, match="No such file"):
        Geo((tmp_path / "none.mmdb",))
