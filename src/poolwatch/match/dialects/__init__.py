"""The dialects miners speak, one file each, found through this table.

A dialect is sans-I/O code: it is shown messages whose form the catalogue's needles have
recognised, and says what they mean. Which bytes are worth showing is the needles' affair.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Literal

from poolwatch.errors import CatalogError
from poolwatch.match.dialects.base import Dialect

if TYPE_CHECKING:
    from poolwatch.catalog import Catalog


@dataclass(frozen=True, slots=True)
class DialectRow:
    """A dialect: its number in the wire-format catalogue, what it is, and its code.

    `family`: dialects of one family share methods; one reads another's messages.
    `proof` says what its reading rests on: `recorded` traffic, a written specification
    (`specified`), or messages put together from documents (`assembled`).
    """

    name: str
    number: str
    family: str
    title: str
    proof: Literal["recorded", "specified", "assembled"]
    module: str


DIALECTS = (
    DialectRow("stratum-v1", "D01", "stratum", "Bitcoin Stratum v1", "recorded", "stratum"),
    DialectRow(
        "getwork-http", "D04", "getwork", "Bitcoin getwork over HTTP", "recorded", "getwork"
    ),
    DialectRow(
        "getblocktemplate-http",
        "D05",
        "template",
        "getblocktemplate over HTTP",
        "recorded",
        "template",
    ),
    DialectRow("eth-proxy", "D12", "ethereum", "Ethereum eth-proxy", "recorded", "ethproxy"),
    DialectRow(
        "eth-getwork-http", "D16", "ethereum", "Ethereum getWork over HTTP", "recorded", "ethproxy"
    ),
    DialectRow(
        "cryptonote", "D19", "cryptonote", "CryptoNote (Monero) login", "recorded", "cryptonote"
    ),
    DialectRow(
        "zcash-stratum", "D23", "stratum", "Zcash / Equihash Stratum", "recorded", "equihash"
    ),
)

ROWS = {row.name: row for row in DIALECTS}


@cache
def get_dialect(name: str) -> Dialect:
    """The dialect of that name. Raises KeyError for a name not in the table."""
    module = importlib.import_module(f"poolwatch.match.dialects.{ROWS[name].module}")
    dialect: Dialect = module.DIALECT
    return dialect


def require_known(catalog: Catalog) -> None:
    """Raises CatalogError when a needle is of a dialect that is not in the table."""
    for needle in catalog.needles:
        if needle.dialect not in ROWS:
            raise CatalogError(
                f"{needle.place}: no dialect {needle.dialect!r}", f"known: {', '.join(ROWS)}"
            )
