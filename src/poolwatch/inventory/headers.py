"""The row of headers: which column holds what, in the words people use."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib import resources

from poolwatch.inventory.text import narrow

WITHIN_ROWS = 30
"""Rows of titles and blanks that may stand above the headers."""

_BRACKETED = re.compile(r"[(\[{<【〔《「][^)\]}>】〕》」]*[)\]}>】〕》」]?")
_IGNORED = re.compile(r"[\s_\-*#:.、/\"']+")
_NAMING = ("name", "path", "department", "province", "city", "county")
_NETBOX_MARKS = ("vrf", "role", "site", "description")

Understand = Callable[[str], str | None]
"""From a header to what its column holds; None for one that is not understood."""

Column = tuple[int, str]
"""A column's number, from 0, and its header as it stands in the file."""


@dataclass(frozen=True, slots=True)
class Headers:
    """The columns by what they hold; several may hold the same, as two telephone numbers do."""

    columns: dict[str, list[Column]]
    netbox: bool

    def has(self, field: str) -> bool:
        """Whether some column holds that."""
        return field in self.columns


@cache
def _words(table: str = "columns") -> dict[str, str]:
    text = resources.files("poolwatch.inventory").joinpath("headers.toml").read_text("utf-8")
    columns: dict[str, list[str]] = tomllib.loads(text)[table]
    return {_key(word): field for field, words in columns.items() for word in words}


@cache
def status_words() -> dict[str, str]:
    """What a word of status means, where it means something."""
    text = resources.files("poolwatch.inventory").joinpath("headers.toml").read_text("utf-8")
    status: dict[str, list[str]] = tomllib.loads(text)["status"]
    return {word: meaning for meaning, words in status.items() for word in words}


def field_of(header: str) -> str | None:
    """What a column of that header holds; with brackets left out if need be."""
    return _field_in(_words(), header)


def register_field_of(header: str) -> str | None:
    """The same, of a column of an asset register."""
    return _field_in(_words("register"), header)


def exemption_field_of(header: str) -> str | None:
    """The same, of a column of an exemption register."""
    return _field_in(_words("exemptions"), header)


@cache
def exemption_kinds() -> dict[str, str]:
    """What a word in the column of kinds of an exemption register means."""
    text = resources.files("poolwatch.inventory").joinpath("headers.toml").read_text("utf-8")
    kinds: dict[str, list[str]] = tomllib.loads(text)["exemption_kinds"]
    return {word: meaning for meaning, words in kinds.items() for word in words}


def _field_in(words: dict[str, str], header: str) -> str | None:
    whole = words.get(_key(header))
    return whole or words.get(_key(_BRACKETED.sub("", narrow(header))))


def read_headers(cells: list[str]) -> Headers | None:
    """The headers in a row of cells; None when it is no row of headers of a unit table."""
    columns: dict[str, list[Column]] = {}
    for number, cell in enumerate(cells):
        field = field_of(cell) if cell else None
        if field:
            columns.setdefault(field, []).append((number, cell.strip()))
    named = any(field in columns for field in _NAMING)
    placed = "prefix" in columns or ("first" in columns and "last" in columns)
    netbox = _is_netbox(cells, columns, named=named)
    return Headers(columns, netbox) if placed and (named or netbox) else None


def _is_netbox(cells: list[str], columns: dict[str, list[Column]], *, named: bool) -> bool:
    """Whether the row looks like NetBox's own export of prefixes."""
    plain = {_key(cell) for cell in cells}
    marked = any(field in columns for field in _NETBOX_MARKS)
    return {"prefix", "status"} <= plain and marked and ("tenant" in plain or not named)


def wanted() -> str:
    """The headers that would do, for a message."""
    return (
        "a column of addresses (prefix, 网段, IP地址段 ... or two: start ip, 起始IP and end ip, "
        "终止IP) and one of names (unit, 单位名称, department, 部门, path, 路径 ...)"
    )


def _key(header: str) -> str:
    return _IGNORED.sub("", narrow(header).casefold())
