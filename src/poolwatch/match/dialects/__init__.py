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


@dataclass(frozen=True, slots=True)
class AlikeRow:
    """A message that several dialects have in the very same form, and what it is called alone.

    The rest of the conversation, most of all its work, may tell them apart.
    """

    what: str
    called: str
    dialects: tuple[str, ...]


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
        "xmr-node-proxy",
        "D21",
        "cryptonote",
        "xmr-node-proxy's templates",
        "assembled",
        "nodeproxy",
        "MoneroOcean/xmr-node-proxy proxy/pool.js; MoneroOcean/nodejs-pool lib/coins",
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
    DialectRow(
        "verushash-stratum",
        "D24",
        "stratum",
        "VerusHash Stratum",
        "assembled",
        "verushash",
        "monkins1010/ccminer equi/equi-stratum.cpp",
    ),
    DialectRow(
        "kaspa-stratum",
        "D25",
        "stratum",
        "Kaspa Stratum",
        "assembled",
        "kaspa",
        "onemorebsmith/kaspa-stratum-bridge; NiceHash KHeavyHash v1.0 (the opening)",
    ),
    DialectRow(
        "alephium-stratum",
        "D26",
        "stratum",
        "Alephium Stratum",
        "assembled",
        "alephium",
        "alephium/mining-pool lib; blackmennewstyle/miningcore; alephium/docs (the hello)",
    ),
    DialectRow(
        "ergo-stratum",
        "D28",
        "stratum",
        "Ergo Stratum",
        "assembled",
        "ergo",
        "NBMiner logs; leifjacky/erg-gominer-demo; oliverw/miningcore",
    ),
    DialectRow(
        "conflux-stratum",
        "D29",
        "stratum",
        "Conflux Stratum",
        "specified",
        "conflux",
        "Conflux-Chain/conflux-doc stratum.md; NiceHash Octopus v1.0",
    ),
    DialectRow(
        "grin-stratum",
        "D30",
        "cryptonote",
        "Grin Stratum",
        "specified",
        "grin",
        "mimblewimble/grin doc/stratum.md; NiceHash Grin v1.0",
    ),
    DialectRow(
        "beam-stratum",
        "D31",
        "beam",
        "Beam Stratum",
        "specified",
        "beam",
        "BeamMW/beam wiki Beam-mining-protocol-API, pow/stratum.h; NiceHash Beam v1.0",
    ),
    DialectRow(
        "aeternity-stratum",
        "D32",
        "stratum",
        "Aeternity Stratum",
        "specified",
        "aeternity",
        "aeternity/protocol STRATUM.md",
    ),
    DialectRow(
        "ckb-stratum",
        "D33",
        "stratum",
        "Nervos CKB Stratum",
        "assembled",
        "ckb",
        "leifjacky/ckb-gominer-demo README.md; btccom/btcpool",
    ),
    DialectRow(
        "kadena-stratum",
        "D34",
        "stratum",
        "Kadena Stratum",
        "specified",
        "kadena",
        "kadena-io/chainweb-mining-client Stratum/Protocol.hs; NiceHash Kadena v1.0",
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
        "D18",
        "eth-proxy",
        "Zano's node: work with its height behind the target",
        "assembled",
        "hyle-team/zano stratum server",
    ),
    VariantRow(
        "D18",
        "kawpow-stratum",
        "Zano's ProgPowZ at pools: the very same bytes",
        "assembled",
        "hyle-team/zano; blackmennewstyle/miningcore",
    ),
    VariantRow(
        "D20",
        "cryptonote",
        "xmrig's extensions: algorithms, keepalive, rig names",
        "specified",
        "xmrig/xmrig-proxy doc/STRATUM_EXT.md",
    ),
)

_BY_SUBSCRIPTION = (
    "stratum-v1",
    "ethereum-stratum",
    "ethereum-stratum-2",
    "kawpow-stratum",
    "zcash-stratum",
    "verushash-stratum",
    "kaspa-stratum",
    "alephium-stratum",
    "ergo-stratum",
    "conflux-stratum",
    "aeternity-stratum",
    "ckb-stratum",
    "kadena-stratum",
)
_BY_AUTHORIZATION = (
    *(name for name in _BY_SUBSCRIPTION if name != "conflux-stratum"),
    "ethereum-stratum-1",
)
ALIKE = (
    AlikeRow(
        "a subscription with software, or nothing",
        "stratum-v1",
        _BY_SUBSCRIPTION,
    ),
    AlikeRow(
        "a subscription with software and `EthereumStratum/1.0.0`",
        "ethereum-stratum-1",
        ("ethereum-stratum-1", "kawpow-stratum", "kaspa-stratum"),
    ),
    AlikeRow("an authorization", "stratum-v1", _BY_AUTHORIZATION),
    AlikeRow(
        "a difficulty that is set",
        "stratum-v1",
        (
            "stratum-v1",
            "ethereum-stratum-1",
            "kaspa-stratum",
            "alephium-stratum",
            "ergo-stratum",
        ),
    ),
    AlikeRow(
        "a subscription with software, session, host and port",
        "zcash-stratum",
        ("zcash-stratum", "verushash-stratum", "kawpow-stratum", "aeternity-stratum"),
    ),
    AlikeRow(
        "a subscription answered with two subscriptions, extranonce and size",
        "stratum-v1",
        ("stratum-v1", "ergo-stratum"),
    ),
    AlikeRow(
        "a subscription answered with null, extranonce and size",
        "stratum-v1",
        ("ckb-stratum", "kadena-stratum"),
    ),
    AlikeRow(
        "a target that is set",
        "zcash-stratum",
        (
            "stratum-v1",
            "zcash-stratum",
            "verushash-stratum",
            "kawpow-stratum",
            "ergo-stratum",
            "aeternity-stratum",
            "ckb-stratum",
            "kadena-stratum",
        ),
    ),
    AlikeRow(
        "a share of job, nonce, header and mix",
        "kawpow-stratum",
        ("kawpow-stratum", "ethereum-stratum"),
    ),
    AlikeRow(
        "a share of worker, job and at most 16 digits",
        "stratum-v1",
        ("ethereum-stratum-1", "ergo-stratum", "ckb-stratum", "kadena-stratum"),
    ),
    AlikeRow(
        "a share of worker, job, extranonce, time and nonce",
        "stratum-v1",
        ("stratum-v1", "ergo-stratum"),
    ),
    AlikeRow(
        "a share with an Equihash solution",
        "zcash-stratum",
        ("zcash-stratum", "verushash-stratum"),
    ),
    AlikeRow("a login with name and password", "cryptonote", ("cryptonote", "grin-stratum")),
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
