"""In which country an address stands, and in which autonomous system: MMDB files.

The layouts of GeoLite2, DB-IP and IPinfo are understood. What no file knows stays None.
"""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from poolwatch.errors import UsageError
from poolwatch.inventory.mmdb_file import open_mmdb, refusing_damage

_COUNTRY = re.compile(r"[A-Za-z]{2}")
_ASN = re.compile(r"(?:AS)?([0-9]{1,10})", re.IGNORECASE)


class Place(NamedTuple):
    """A country (ISO 3166, two letters) and an autonomous system."""

    country: str | None = None
    asn: int | None = None


class Geo:
    """Looks addresses up in several MMDB files; the first that knows something counts.

    `home`: the country of the hosts that are inside.
    """

    def __init__(self, paths: tuple[Path, ...], home: str | None = None) -> None:
        if home is not None and not _COUNTRY.fullmatch(home):
            raise UsageError(f"--home {home}: no country", "two letters, for example CN")
        self.home = home.upper() if home else None
        self._paths = paths
        self._readers = [open_mmdb(path) for path in paths]
        self.find = lru_cache(maxsize=65_536)(self._find)

    def crosses_border(self, miner: tuple[str, bool], pool: tuple[str, bool]) -> bool | None:
        """Whether two ends, each an address and whether it is inside, are in two countries."""
        countries = [self._country(*end) for end in (miner, pool)]
        return None if None in countries else countries[0] != countries[1]

    def _country(self, address: str, inside: bool) -> str | None:
        return (self.home if inside else None) or self.find(address).country

    def _find(self, address: str) -> Place:
        country: str | None = None
        asn: int | None = None
        for path, reader in zip(self._paths, self._readers, strict=True):
            record = _look_up(path, reader, address)
            country = country or _country_in(record)
            asn = asn if asn is not None else _asn_in(record)
        return Place(country, asn)


def _look_up(path: Path, reader: Any, address: str) -> dict[str, Any]:
    with refusing_damage(path):
        if ":" in address and reader.metadata().ip_version == 4:
            return {}
        record = reader.get(address)
    return record if isinstance(record, dict) else {}


def _country_in(record: dict[str, Any]) -> str | None:
    for key in ("country", "registered_country", "country_code"):
        value = record.get(key)
        code = value.get("iso_code") if isinstance(value, dict) else value
        if isinstance(code, str) and _COUNTRY.fullmatch(code):
            return code.upper()
    return None


def _asn_in(record: dict[str, Any]) -> int | None:
    for key in ("autonomous_system_number", "asn"):
        value = record.get(key)
        found = _ASN.fullmatch(str(value)) if isinstance(value, str | int) else None
        if found:
            return int(found[1])
    return None
