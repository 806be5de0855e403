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
    from poolwatch.match.framing import Framing


Proof = Literal["recorded", "specified", "assembled", "nursery"]


@dataclass(frozen=True, slots=True)
class DialectRow:
    """A dialect: its number in the wire-format catalogue, what it is, and its code.

    `family`: dialects of one family share methods; one reads another's messages.
    `proof` says what its reading rests on: `recorded` traffic, a written specification
    (`specified`), or messages put together from documents (`assembled`): such a dialect was
    not yet seen on a real wire, and is never called more than probable. `nursery`: what
    outsiders wrote down about a wire they watched; its needles are nursery rows, and it is
    never called more than suspected.
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
        "btcagent",
        "D07",
        "stratum",
        "BTC.com BTCAgent, many miners on one socket",
        "specified",
        "btcagent",
        "btccom/btcpool docs/AGENT.md",
    ),
    DialectRow(
        "stratum-v2",
        "D08",
        "stratum-v2",
        "Stratum V2 in clear",
        "specified",
        "sv2",
        "stratum-mining/sv2-spec 03, 05",
    ),
    DialectRow(
        "stratum-v2-noise",
        "D08",
        "stratum-v2-noise",
        "Stratum V2 encrypted, by its lengths",
        "assembled",
        "sv2noise",
        "stratum-mining/sv2-spec 04; stratum-mining/stratum noise-sv2",
    ),
    DialectRow(
        "betterhash",
        "D10",
        "betterhash",
        "BetterHash, a draft of 2018",
        "nursery",
        "betterhash",
        "TheBlueMatt/bips bip-XXXX (betterhash)",
    ),
    DialectRow(
        "datum",
        "D11",
        "datum",
        "DATUM, its hello",
        "assembled",
        "datum",
        "OCEAN-xyz/datum_gateway src/datum_protocol.c",
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
        "alephium-node",
        "D27",
        "alephium-node",
        "Alephium full node and its miner",
        "assembled",
        "alephiumnode",
        "alephium/gpu-miner src/messages.h",
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
    DialectRow(
        "siacoin-stratum",
        "D35",
        "stratum",
        "Siacoin Stratum",
        "assembled",
        "siacoin",
        "robvanmieghem/gominer algorithms/sia",
    ),
    DialectRow(
        "decred-stratum",
        "D36",
        "stratum",
        "Decred Stratum",
        "specified",
        "decred",
        "NiceHash Decred; decred/dcrpool",
    ),
    DialectRow(
        "handshake-stratum",
        "D37",
        "stratum",
        "Handshake Stratum",
        "assembled",
        "handshake",
        "HandshakeAlliance/hstratum docs/spec.md; blackmennewstyle/miningcore",
    ),
    DialectRow(
        "ironfish-stratum",
        "D38",
        "ironfish",
        "Iron Fish Stratum",
        "specified",
        "ironfish",
        "TeamRedMiner's notes on version 2; NiceHash FishHash v1.0; iron-fish/ironfish",
    ),
    DialectRow(
        "aleo-stratum",
        "D39",
        "stratum",
        "Aleo Stratum",
        "specified",
        "aleo",
        "HarukaMa/aleo-pool-server stratum/spec.md",
    ),
    DialectRow(
        "zkwork",
        "D40",
        "zkwork",
        "zk.work's Aleo workers",
        "nursery",
        "zkwork",
        "6block/zkwork_aleo_protocol src/message/poolmessage.rs",
    ),
    DialectRow(
        "nimiq-pool",
        "D41",
        "nimiq",
        "Nimiq's pool protocol",
        "assembled",
        "nimiq",
        "nimiq/core-js src/main/generic/miner; nimiq developer-reference",
    ),
    DialectRow(
        "dero-getwork",
        "D42",
        "dero-getwork",
        "Dero getwork over WebSocket",
        "assembled",
        "dero",
        "deroproject/derohe cmd/derod/rpc; xmrig/xmrig DaemonClient",
    ),
    DialectRow(
        "xelis-stratum",
        "D43",
        "stratum",
        "Xelis Stratum",
        "specified",
        "xelis",
        "vipor-net/xelis-stratum-protocol; NiceHash XelisHashV2 v1.0",
    ),
    DialectRow(
        "xelis-getwork",
        "D43",
        "xelis-getwork",
        "Xelis node getwork over WebSocket",
        "assembled",
        "xelisgetwork",
        "xelis-project/xelis-blockchain daemon; xelis-go-sdk getwork",
    ),
    DialectRow(
        "nexa-stratum",
        "D44",
        "stratum",
        "Nexa Stratum",
        "assembled",
        "nexa",
        "blackmennewstyle/miningcore Blockchain/Nexa",
    ),
    DialectRow(
        "tari-stratum",
        "D45",
        "cryptonote",
        "Tari's own miner",
        "assembled",
        "tari",
        "tari-project/tari applications/minotari_miner",
    ),
    DialectRow(
        "qatum",
        "D46",
        "qatum",
        "Qubic's Qatum",
        "specified",
        "qatum",
        "hackerby888/qatum-protocol README.md, docs",
    ),
    DialectRow(
        "arweave-stratum",
        "D47",
        "cryptonote",
        "Arweave Stratum",
        "specified",
        "arweave",
        "matpool/Arweave-stratum-mining-protocol",
    ),
    DialectRow(
        "bytom-stratum",
        "D47",
        "cryptonote",
        "Bytom Stratum",
        "specified",
        "bytom",
        "BytomDAO/B3-Mimic docs/STRATUM-BTM.md; btccom/btcpool docs/bytom",
    ),
    DialectRow(
        "aion-stratum",
        "D47",
        "stratum",
        "AION Stratum",
        "assembled",
        "aion",
        "notes on aionpool's messages; aionnetwork/aion_miner",
    ),
    DialectRow(
        "codechain-stratum",
        "D47",
        "stratum",
        "CodeChain Stratum",
        "assembled",
        "codechain",
        "CodeChain-io/codechain spec/Stratum.md",
    ),
    DialectRow(
        "warthog-stratum",
        "D49",
        "stratum",
        "Warthog Stratum",
        "nursery",
        "warthog",
        "warthog-network, Pool Mining in WARTHOG",
    ),
    DialectRow(
        "coinhive",
        "D50",
        "coinhive",
        "Coinhive and its clones over WebSocket",
        "assembled",
        "coinhive",
        "x25/coinhive-stratum-mining-proxy; cazala/coin-hive-stratum",
    ),
    DialectRow(
        "webminerpool",
        "D52",
        "webminerpool",
        "webminerpool over WebSocket",
        "assembled",
        "webminerpool",
        "notgiven688/webminerpool SDK/miner_raw, server",
    ),
    DialectRow(
        "chia-pool",
        "D56",
        "chia-pool",
        "Chia pooling over HTTP, in clear",
        "specified",
        "chia",
        "Chia-Network/pool-reference SPECIFICATION.md",
    ),
    DialectRow(
        "pearl-stratum",
        "D58",
        "stratum",
        "Pearl Stratum, parameters with names",
        "nursery",
        "pearl",
        "notes of miners' authors",
    ),
    DialectRow(
        "quantus-stratum",
        "D58",
        "cryptonote",
        "Quantus login",
        "nursery",
        "quantus",
        "notes of miners' authors",
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
        "D09",
        "stratum-v2-noise",
        "the drafts of 2020 and 2022: other keys, other lengths",
        "assembled",
        "stratum-mining/sv2-spec (history); braiins/braiins open/protocols/stratum",
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
    VariantRow(
        "D45",
        "cryptonote",
        "Tari at pools, merged with Monero (rx/0) or as sha3x: the very same bytes",
        "assembled",
        "tari-project/tari",
    ),
    VariantRow(
        "D45",
        "grin-stratum",
        "Tari's C29 at pools: the very same bytes",
        "assembled",
        "tari-project/tari",
    ),
    VariantRow(
        "D46",
        "cryptonote",
        "Monero mined for Qubic: the very same bytes",
        "assembled",
        "qubic/outsourced-computing",
    ),
    VariantRow(
        "D47",
        "aeternity-stratum",
        "TON at some pools: Aeternity's messages",
        "specified",
        "toncoinpool/stratum-miner README.md",
    ),
    VariantRow(
        "D48",
        "stratum-v1",
        "Radiant, Fractal, Quai's SHA-256 and Scrypt: the very same bytes",
        "assembled",
        "gameofpointers/go-quai stratum/README.md",
    ),
    VariantRow(
        "D48",
        "kawpow-stratum",
        "Quai's KawPow: the very same bytes",
        "assembled",
        "gameofpointers/go-quai stratum/README.md",
    ),
    VariantRow(
        "D49",
        "stratum-v1",
        "Neptune (NIP-1): Stratum's openings; its work is not known here",
        "nursery",
        "Neptune NIP-1",
    ),
    VariantRow(
        "D49",
        "cryptonote",
        "Dynex: the login; what its miners say over HTTP is not known here",
        "nursery",
        "wire-format catalogue",
    ),
    VariantRow(
        "D51",
        "coinhive",
        "deepMiner: a user's name instead of a site's key",
        "assembled",
        "deepwn/deepMiner",
    ),
    VariantRow(
        "D53",
        "stratum-v1",
        "any of the line protocols over WebSocket, one message a frame",
        "assembled",
        "MoneroOcean; ckpool (their URLs)",
    ),
    VariantRow(
        "D57",
        "cryptonote",
        "MinerGate and other old pools: work by polling `getjob`",
        "specified",
        "xmrig/xmrig-proxy doc/STRATUM.md",
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
    "siacoin-stratum",
    "decred-stratum",
    "handshake-stratum",
    "xelis-stratum",
    "nexa-stratum",
    "aion-stratum",
    "warthog-stratum",
)
_BY_AUTHORIZATION = (
    *(name for name in _BY_SUBSCRIPTION if name != "conflux-stratum"),
    "ethereum-stratum-1",
    "aleo-stratum",
    "codechain-stratum",
    "pearl-stratum",
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
    AlikeRow(
        "a subscription without parameters that says `jsonrpc` 2.0",
        "ethereum-stratum",
        ("ethereum-stratum", "codechain-stratum"),
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
            "siacoin-stratum",
            "decred-stratum",
            "handshake-stratum",
            "xelis-stratum",
            "nexa-stratum",
            "warthog-stratum",
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
        (
            "stratum-v1",
            "ergo-stratum",
            "siacoin-stratum",
            "decred-stratum",
            "handshake-stratum",
            "nexa-stratum",
            "warthog-stratum",
        ),
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
            "aion-stratum",
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
        (
            "ethereum-stratum-1",
            "ergo-stratum",
            "ckb-stratum",
            "kadena-stratum",
            "xelis-stratum",
            "nexa-stratum",
        ),
    ),
    AlikeRow(
        "a share of worker, job, extranonce, time and nonce",
        "stratum-v1",
        ("stratum-v1", "ergo-stratum", "decred-stratum", "handshake-stratum"),
    ),
    AlikeRow(
        "a share with an Equihash solution",
        "zcash-stratum",
        ("zcash-stratum", "verushash-stratum", "aion-stratum"),
    ),
    AlikeRow(
        "a login with name and password",
        "cryptonote",
        (
            "cryptonote",
            "grin-stratum",
            "tari-stratum",
            "arweave-stratum",
            "bytom-stratum",
            "quantus-stratum",
        ),
    ),
    AlikeRow(
        "a share of session, job, nonce and result",
        "cryptonote",
        ("cryptonote", "bytom-stratum"),
    ),
)

FRAMED = ("btcagent", "sv2", "alephiumnode", "betterhash", "datum", "zkwork")
"""The modules of the binary dialects, each with its `FRAMING`."""

ROWS = {row.name: row for row in DIALECTS}


@cache
def get_dialect(name: str) -> Dialect:
    """The dialect of that name. Raises KeyError for a name not in the table."""
    module = importlib.import_module(f"poolwatch.match.dialects.{ROWS[name].module}")
    dialect: Dialect = module.DIALECT
    return dialect


@cache
def framings() -> tuple[Framing, ...]:
    """How the frames of the binary dialects are told and read."""
    modules = [importlib.import_module(f"poolwatch.match.dialects.{name}") for name in FRAMED]
    return tuple(module.FRAMING for module in modules)


def require_known(catalog: Catalog) -> None:
    """Raises CatalogError when a needle is of a dialect that is not in the table."""
    for needle in catalog.needles:
        if needle.dialect not in ROWS:
            raise CatalogError(
                f"{needle.place}: no dialect {needle.dialect!r}", f"known: {', '.join(ROWS)}"
            )
