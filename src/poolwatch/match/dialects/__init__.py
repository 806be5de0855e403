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


Proof = Literal["recorded", "specified", "assembled"]


@dataclass(frozen=True, slots=True)
class DialectRow:
    """A dialect: its number in the wire-format catalogue, what it is, and its code.

    `family`: dialects of one family share methods; one reads another's messages.
    `proof` says what its reading rests on: `recorded` traffic, a written specification
    (`specified`), or messages put together from documents (`assembled`): such a dialect was
    not yet seen on a real wire, and is never called more than probable.
    """

    name: str
    number: str
    family: str
    title: str
    proof: Proof
    module: str
    source: str


@dataclass(frozen=True, slots=True)
class VariantRow:
    """A number of the wire-format catalogue that is a dialect's own messages, or adds to them."""

    number: str
    dialect: str
    title: str
    proof: Proof
    source: str


DIALECTS = (
    DialectRow(
        "stratum-v1",
        "D01",
        "stratum",
        "Bitcoin Stratum v1",
        "recorded",
        "stratum",
        "nesfit cgminer.s1; jsiwek/zeek-cryptomining",
    ),
    DialectRow(
        "getwork-http",
        "D04",
        "getwork",
        "Bitcoin getwork over HTTP",
        "recorded",
        "getwork",
        "nesfit cgminer.g0, cgminer.g2",
    ),
    DialectRow(
        "getblocktemplate-http",
        "D05",
        "template",
        "getblocktemplate over HTTP",
        "recorded",
        "template",
        "nesfit cgminer.g0; BIP 22",
    ),
    DialectRow(
        "eth-proxy",
        "D12",
        "ethereum",
        "Ethereum eth-proxy",
        "recorded",
        "ethproxy",
        "nesfit eth-eu1.nanopool.org; ntop/nDPI mining",
    ),
    DialectRow(
        "ethereum-stratum",
        "D13",
        "stratum",
        "Ethereum Stratum, plain",
        "recorded",
        "ethstratum",
        "nesfit cgminer.s1, cgminer.g2 (up to the work); ethereum-mining/ethminer (the shares)",
    ),
    DialectRow(
        "ethereum-stratum-1",
        "D14",
        "stratum",
        "EthereumStratum/1.0.0",
        "specified",
        "ethstratum1",
        "nicehash/Specifications EthereumStratum_NiceHash_v1.0.0",
    ),
    DialectRow(
        "ethereum-stratum-2",
        "D15",
        "stratum",
        "EthereumStratum/2.0.0",
        "specified",
        "ethstratum2",
        "EIP-1571",
    ),
    DialectRow(
        "eth-getwork-http",
        "D16",
        "ethereum",
        "Ethereum getWork over HTTP",
        "recorded",
        "ethproxy",
        "nesfit pool.eth.pp.ua",
    ),
    DialectRow(
        "kawpow-stratum",
        "D17",
        "stratum",
        "KawPow / ProgPow Stratum",
        "specified",
        "kawpow",
        "nicehash/Specifications KawPow_NiceHash_v1.0 (the opening); RavenCommunity/kawpowminer",
    ),
    DialectRow(
        "cryptonote",
        "D19",
        "cryptonote",
        "CryptoNote (Monero) login",
        "recorded",
        "cryptonote",
        "nesfit xmr-eu1.nanopool.org; xmrig/xmrig-proxy doc/STRATUM.md",
    ),
    DialectRow(
        "monero-rpc-http",
        "D22",
        "template",
        "Monero node RPC over HTTP",
        "assembled",
        "daemon",
        "xmrig/xmrig DaemonClient; monero-project core_rpc_server",
    ),
    DialectRow(
        "zcash-stratum",
        "D23",
        "stratum",
        "Zcash / Equihash Stratum",
        "recorded",
        "equihash",
        "ZIP 301; nesfit zec-eu1.nanopool.org",
    ),
)

VARIANTS = (
    VariantRow(
        "D02",
        "stratum-v1",
        "scrypt, X11 and other algorithms: the very same bytes",
        "recorded",
        "nesfit cgminer.s1",
    ),
    VariantRow(
        "D03", "stratum-v1", "`mining.configure` and version rolling", "specified", "BIP 310"
    ),
    VariantRow(
        "D20",
        "cryptonote",
        "xmrig's extensions: algorithms, keepalive, rig names",
        "specified",
        "xmrig/xmrig-proxy doc/STRATUM_EXT.md",
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
