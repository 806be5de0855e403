"""Every column of flows, findings, units and stats, declared once.

CSV, Parquet, data frames and docs/columns.md derive from this; to add a column, add a line.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from poolwatch.layouts import Carrier
from poolwatch.match.dialects import ROWS
from poolwatch.terms import Grade, Role, Stage, WalletCheck


class Kind(Enum):
    """What a column holds; the value is how the documentation calls it."""

    TEXT = "text"
    WORD = "one of few words"
    INTEGER = "integer"
    REAL = "number"
    TRUTH = "true or false"
    TIME = "time"
    TEXTS = "list of texts"
    INTEGERS = "list of integers"
    COUNTS = "object: name to integer"
    RECORDS = "list of objects"


@dataclass(frozen=True, slots=True)
class Column:
    """One column: where its value stands in the event, and what it is.

    `words`: what a WORD is known to be. `ladder`: their order means more and more, and there
    are no others. `needed`: an event without it cannot be used.
    """

    name: str
    path: str
    kind: Kind
    about: str
    unit: str = ""
    words: tuple[str, ...] = ()
    ladder: bool = False
    needed: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """Columns of one kind of row. `event`: the `event_type` its rows are made of.

    `rows`: where in the event a list of several rows stands; empty: the event is the row.
    """

    name: str
    title: str
    event: str
    columns: tuple[Column, ...]
    rows: str = ""


_ENERGIES = (
    ("kw", "Power of the machines, by their hashrate and kind", "kW"),
    ("kwh", "Energy in the hours of activity in view", "kWh"),
    ("kwh_per_day", "The same power over a whole day", "kWh/d"),
    ("coal_kg", "Standard coal of the energy in view", "kg"),
    ("co2_kg", "Carbon dioxide of the energy in view", "kg"),
)
GRADES = tuple(grade.word for grade in Grade)
STAGES = tuple(stage.word for stage in Stage)
ROLES = tuple(role.value for role in Role)
VIAS = ("socks5", "socks4", "http-connect", "proxy-v1")
CARRIERS = tuple(carrier.word for carrier in Carrier if carrier)
WALLET_CHECKS = tuple(check.value for check in WalletCheck)
POOL_BASES = ("name", "endpoint", "coinbase")
ALGORITHM_BASES = ("said", "coin", "agent", "dialect")
VANTAGES = ("inside", "outside")
CAUSES = ("deliberate", "malware", "research", "undetermined")
EQUIPMENT = ("registered", "not on the register", "unknown")
HARDWARE = ("cpu", "gpu", "asic", "mcu", "storage", "proxy", "rental", "monitor")


def _grade(path: str, about: str) -> Column:
    return Column("grade", path, Kind.WORD, about, words=GRADES, ladder=True, needed=True)


def _stage(path: str, about: str) -> Column:
    return Column("stage", path, Kind.WORD, about, words=STAGES, ladder=True, needed=True)


def _shares(path: str) -> tuple[Column, ...]:
    return (
        Column("shares_submitted", f"{path}.submitted", Kind.INTEGER, "Shares sent", "shares"),
        Column("shares_accepted", f"{path}.accepted", Kind.INTEGER, "Shares accepted", "shares"),
        Column("shares_rejected", f"{path}.rejected", Kind.INTEGER, "Shares refused", "shares"),
        Column("shares_stale", f"{path}.stale", Kind.INTEGER, "Of these: too late", "shares"),
        Column("shares_duplicate", f"{path}.duplicate", Kind.INTEGER, "Sent twice", "shares"),
        Column(
            "shares_low_difficulty",
            f"{path}.low_difficulty",
            Kind.INTEGER,
            "Below the difficulty",
            "shares",
        ),
    )


def _hashrate(path: str) -> tuple[Column, ...]:
    above = path.removesuffix("hashrate")
    return (
        Column(
            "hashrate",
            f"{path}.estimate",
            Kind.REAL,
            "Hashrate (of Equihash: solutions), from 5 accepted shares on",
            "H/s",
        ),
        Column("hashrate_low", f"{path}.low", Kind.REAL, "Where its 95 % interval begins", "H/s"),
        Column("hashrate_high", f"{path}.high", Kind.REAL, "Where it ends", "H/s"),
        Column("hashrate_basis", f"{path}.basis", Kind.TEXT, "What the estimate rests on"),
        Column(
            "hashrate_reported",
            f"{above}hashrate_reported",
            Kind.REAL,
            "What miners themselves say; a claim",
            "H/s",
        ),
        Column(
            "many_miners",
            f"{above}many_miners",
            Kind.TEXTS,
            "What shows that many miners share a socket: workers, logins, agent, nonce",
        ),
    )


FLOWS = Table(
    "flows",
    "one conversation with any evidence of mining",
    "mining",
    (
        Column("timestamp", "timestamp", Kind.TIME, "First message that counts as evidence"),
        Column("flow_id", "flow_id", Kind.INTEGER, "Identity of the flow, 63 bits"),
        Column("community_id", "community_id", Kind.TEXT, "Community ID of the flow, version 1"),
        Column("src_ip", "src_ip", Kind.TEXT, "Address of the side that acts as miner"),
        Column("src_port", "src_port", Kind.INTEGER, "Its port"),
        Column("dest_ip", "dest_ip", Kind.TEXT, "Address of the pool's side"),
        Column("dest_port", "dest_port", Kind.INTEGER, "Its port"),
        Column("proto", "proto", Kind.TEXT, "Transport protocol"),
        Column("vlan", "vlan", Kind.INTEGERS, "VLAN ids, the outermost first"),
        Column("tunnel", "tunnel.carrier", Kind.WORD, "Carrier it came in", words=CARRIERS),
        Column("tunnel_id", "tunnel.id", Kind.INTEGER, "VNI, TEID, key or session of the carrier"),
        Column("tunnel_dest_id", "tunnel.dest_id", Kind.INTEGER, "TEID of the other direction"),
        Column("pcap_filename", "pcap_filename", Kind.TEXT, "The capture, as it was named"),
        Column("pcap_cnt", "pcap_cnt", Kind.INTEGER, "First packet of the evidence, from 1"),
        Column("capture_id", "capture_id", Kind.TEXT, "SHA-256 of that file, or a run's identity"),
        Column("sensor", "sensor", Kind.TEXT, "The observation point"),
        _grade("mining.grade", "How sure it is that this is a mining conversation"),
        _stage("mining.stage", "How far the conversation got"),
        Column("refused", "mining.refused", Kind.TRUTH, "Whether the pool answered with an error"),
        Column("role", "mining.role", Kind.WORD, "What the host does", words=ROLES),
        Column("inside", "mining.inside", Kind.TRUTH, "Whether the host is inside"),
        Column("dialect", "mining.dialect", Kind.WORD, "The dialect spoken", words=tuple(ROWS)),
        Column("extensions", "mining.extensions", Kind.TEXTS, "Extensions of the dialect in use"),
        Column("via", "mining.via", Kind.WORD, "Kind of proxy it went through", words=VIAS),
        Column("via_target", "mining.via_target", Kind.TEXT, "Whom the proxy was asked for"),
        Column("coin", "mining.coin", Kind.WORD, "The coin, by its symbol"),
        Column("coin_basis", "mining.coin_basis", Kind.TEXT, "What says which coin, joined by +"),
        Column("coins", "mining.coins", Kind.TEXTS, "It is one of these, if they are few"),
        Column(
            "algorithm", "mining.algorithm", Kind.TEXT, "As said on the wire, else by its basis"
        ),
        Column(
            "algorithm_basis",
            "mining.algorithm_basis",
            Kind.WORD,
            "What says which algorithm",
            words=ALGORITHM_BASES,
        ),
        Column("pool", "mining.pool", Kind.TEXT, "The pool's name"),
        Column(
            "pool_basis", "mining.pool_basis", Kind.WORD, "What says which pool", words=POOL_BASES
        ),
        Column("login", "mining.login", Kind.TEXT, "The first login sent"),
        Column("wallet", "mining.wallet", Kind.TEXT, "The first address in a login"),
        Column(
            "wallet_check",
            "mining.wallet_check",
            Kind.WORD,
            "How far it is known to be an address",
            words=WALLET_CHECKS,
        ),
        Column("account", "mining.account", Kind.TEXT, "The first account in a login"),
        Column("worker", "mining.worker", Kind.TEXT, "The first worker in a login"),
        Column("mail", "mining.mail", Kind.TEXT, "The first mail address in a login"),
        Column(
            "options",
            "mining.options",
            Kind.TEXTS,
            "Options in logins and passwords, as name=value; passwords are not kept",
        ),
        Column("logins", "mining.logins", Kind.TEXTS, "All logins, in the order sent"),
        Column("agent", "mining.agent", Kind.TEXT, "The miner's own name for itself, unchanged"),
        Column("software", "mining.software", Kind.TEXT, "The software that names itself so"),
        Column("software_version", "mining.software_version", Kind.TEXT, "Its version"),
        Column(
            "hardware_class",
            "mining.hardware_class",
            Kind.WORD,
            "What such software runs on",
            words=HARDWARE,
        ),
        Column("encrypted", "mining.encrypted", Kind.TRUTH, "Whether the flow is encrypted"),
        Column("sni", "mining.tls.sni", Kind.TEXT, "Server name in the TLS client hello"),
        Column("alpn", "mining.tls.alpn", Kind.TEXTS, "Protocols the client offers in TLS"),
        Column("ja4", "mining.tls.ja4", Kind.TEXT, "JA4 fingerprint of the TLS client"),
        Column(
            "certificate_names",
            "mining.tls.certificate_names",
            Kind.TEXTS,
            "Names in the server's certificate, TLS 1.2 and older",
        ),
        Column("names", "mining.names", Kind.RECORDS, "Names met: name, via, listed"),
        Column("midstream", "mining.midstream", Kind.TRUTH, "Whether its beginning is missing"),
        Column("payload", "mining.payload", Kind.TEXTS, "Whose payload was seen: miner, pool"),
        Column(
            "open", "mining.open", Kind.TRUTH, "Whether it goes on; a later line takes its place"
        ),
        Column("first_seen", "mining.first_seen", Kind.TIME, "First mining message"),
        Column("last_seen", "mining.last_seen", Kind.TIME, "Last mining message"),
        Column("jobs", "mining.jobs", Kind.INTEGER, "Jobs handed out", "jobs"),
        *_shares("mining.shares"),
        Column("difficulty", "mining.difficulty", Kind.REAL, "Share difficulty last set"),
        Column("height", "mining.height", Kind.INTEGER, "Block last worked on", "blocks"),
        Column("nbits", "mining.nbits", Kind.TEXT, "Its target in compact form, hexadecimal"),
        Column("coinbase", "mining.coinbase", Kind.TEXT, "What the pool writes into its blocks"),
        *_hashrate("mining.hashrate"),
        Column(
            "no_share_seconds",
            "mining.no_share_seconds",
            Kind.REAL,
            "How long no share was sent, up to the last message",
            "s",
        ),
        Column("dest_country", "mining.dest_country", Kind.TEXT, "Country of the pool's address"),
        Column("dest_asn", "mining.dest_asn", Kind.INTEGER, "Its autonomous system"),
        Column(
            "cross_border", "mining.cross_border", Kind.TRUTH, "Whether both are in two countries"
        ),
        Column("signatures", "mining.signatures", Kind.TEXTS, "Ids of the signatures that fit"),
        Column(
            "evidence",
            "mining.evidence",
            Kind.RECORDS,
            "The messages this rests on: packet, offset in the frame, length, side, text, shows",
        ),
    ),
)


def _energy(path: str) -> tuple[Column, ...]:
    ranges = (
        Column(f"{name}_{end}", f"{path}.{name}.{end}", Kind.REAL, f"{about}: {end} end", unit)
        for name, about, unit in _ENERGIES
        for end in ("low", "high")
    )
    return (
        *ranges,
        Column("energy_hours", f"{path}.hours", Kind.REAL, "Hours the energy is of", "h"),
        Column("factor_set", f"{path}.factor_set", Kind.TEXT, "Factors of coal and CO2, by name"),
        Column(
            "energy_algorithms",
            f"{path}.algorithms",
            Kind.TEXTS,
            "What the machines compute, or one of it",
        ),
        Column(
            "energy_devices",
            f"{path}.devices",
            Kind.TEXTS,
            "Their kind, as the agent says; none: any kind",
        ),
        Column("energy_basis", f"{path}.basis", Kind.RECORDS, "Of each figure: formula, factors"),
    )


FINDINGS = Table(
    "findings",
    "one host, judged by all its conversations",
    "finding",
    (
        Column("timestamp", "timestamp", Kind.TIME, "First mining message"),
        Column("sensor", "sensor", Kind.TEXT, "The observation point"),
        Column("finding_id", "finding_id", Kind.INTEGER, "Identity of the finding, 63 bits"),
        Column("host", "host", Kind.TEXT, "Address of the host", needed=True),
        Column("inside", "inside", Kind.TRUTH, "Whether it is inside"),
        Column("role", "role", Kind.WORD, "What the host does", words=ROLES),
        Column("unit", "unit.name", Kind.TEXT, "Whose the address was at that time"),
        Column("unit_path", "unit.path", Kind.TEXTS, "The unit's place in the tree, widest first"),
        Column("unit_kind", "unit.kind", Kind.TEXT, "What kind of unit"),
        Column("unit_contact", "unit.contact", Kind.TEXT, "Whom to ask"),
        Column("unit_prefix", "unit.prefix", Kind.TEXT, "The network or range that says so"),
        Column("unit_source", "unit.source", Kind.TEXT, "Where the unit table has it from"),
        Column("unit_place", "unit.place", Kind.TEXT, "File and row of the unit table"),
        _grade("grade", "How sure it is that the host speaks with pools"),
        _stage("stage", "How far it got"),
        Column("refused", "refused", Kind.TRUTH, "Whether its best conversation was refused"),
        Column("dialects", "dialects", Kind.TEXTS, "Dialects spoken"),
        Column("coins", "coins", Kind.TEXTS, "Coins, by symbol"),
        Column("pools", "pools", Kind.TEXTS, "Names of pools"),
        Column("wallets", "wallets", Kind.TEXTS, "Addresses in its logins"),
        Column("accounts", "accounts", Kind.TEXTS, "Accounts in its logins"),
        Column("workers", "workers", Kind.TEXTS, "Workers in its logins"),
        Column("mails", "mails", Kind.TEXTS, "Mail addresses in its logins"),
        Column("agents", "agents", Kind.TEXTS, "What its miners call themselves"),
        Column("first_seen", "first_seen", Kind.TIME, "First mining message"),
        Column("last_seen", "last_seen", Kind.TIME, "Last mining message"),
        Column(
            "active_seconds",
            "active_seconds",
            Kind.REAL,
            "Time of conversations, reconnects within 15 min included",
            "s",
        ),
        Column("jobs", "jobs", Kind.INTEGER, "Jobs handed out", "jobs"),
        *_shares("shares"),
        *_hashrate("hashrate"),
        Column(
            "vantage",
            "vantage",
            Kind.WORD,
            "Side of address translation it was seen from; outside it, an address is no machine",
            words=VANTAGES,
        ),
        Column(
            "equipment",
            "equipment",
            Kind.WORD,
            "How the machine stands to the asset register",
            words=EQUIPMENT,
        ),
        Column("logged_mac", "chain.mac", Kind.TEXT, "MAC address by the logs, if it is one"),
        Column("logged_host_name", "chain.host_name", Kind.TEXT, "Its host name there"),
        Column("logged_port", "chain.port", Kind.TEXT, "Switch and port it was seen at"),
        Column("logged_account", "chain.account", Kind.TEXT, "Account used, if it is one"),
        Column("logged_candidates", "chain.candidates", Kind.INTEGER, "Machines it may be"),
        Column("logged_macs", "chain.macs", Kind.TEXTS, "All of them"),
        Column("logged_accounts", "chain.accounts", Kind.TEXTS, "All accounts"),
        Column("logged_inside", "chain.inside", Kind.TEXTS, "Addresses behind translations"),
        Column("logged_outside", "chain.outside", Kind.TEXTS, "Addresses in front of them"),
        Column("logged_clashes", "chain.clashes", Kind.TEXTS, "Contradictions in the logs"),
        Column(
            "logged_breaks",
            "chain.breaks",
            Kind.RECORDS,
            "Logs that are missing: log, device, look_for, from, until, why",
        ),
        Column("rigs_low", "rigs.low", Kind.INTEGER, "Machines at least", "machines"),
        Column("rigs_high", "rigs.high", Kind.INTEGER, "At most; none: open", "machines"),
        Column("rigs_basis", "rigs.basis", Kind.TEXT, "By which methods, and what is open"),
        Column("rigs_methods", "rigs.methods", Kind.RECORDS, "What each says: method, low, high"),
        Column("mac", "identity.mac", Kind.TEXT, "Its hardware address"),
        Column("mac_basis", "identity.mac_basis", Kind.TEXT, "By frames, dhcp or arp"),
        Column(
            "mac_local", "identity.mac_local", Kind.TRUTH, "Whether it is made up: it has no vendor"
        ),
        Column("mac_vendor", "identity.mac_vendor", Kind.TEXT, "Who made the network card"),
        Column("mac_vendor_basis", "identity.mac_vendor_basis", Kind.TEXT, "By which table"),
        Column("host_names", "identity.host_names", Kind.RECORDS, "Its names: name, source"),
        Column("vendor_class", "identity.vendor_class", Kind.TEXT, "What its DHCP client is"),
        Column("ttl", "identity.ttl", Kind.INTEGER, "TTL of its packets as seen", "hops"),
        Column(
            "gateway",
            "identity.gateway",
            Kind.TRUTH,
            "Whether its packets came by a hardware address that carries many addresses",
        ),
        Column(
            "coins_mined",
            "coins_mined",
            Kind.RECORDS,
            "Coins of accepted work, by coin: low, estimate, high, fees, by_day, missing, basis",
        ),
        *_energy("energy"),
        Column("first_greeting", "first_greeting", Kind.TIME, "First message of a greeted pool"),
        Column(
            "fans",
            "companions.fans",
            Kind.RECORDS,
            "Ports of others it tried: proto, port, peers, flows, failed, times, packet, inside",
        ),
        Column(
            "inbound",
            "companions.inbound",
            Kind.RECORDS,
            "Who tried its ports: port, peer, outside, flows, failed, times, packet",
        ),
        Column(
            "fetches",
            "companions.fetches",
            Kind.RECORDS,
            "Files fetched by HTTP of bare addresses: server, port, path, ts, packet",
        ),
        Column(
            "companions_left_out",
            "companions.left_out",
            Kind.INTEGER,
            "Flows of these for which there was no room",
            "flows",
        ),
        Column("companions_capture", "companions.capture_id", Kind.TEXT, "Whose packets these are"),
        Column(
            "cause", "cause", Kind.WORD, "Why it mines, as far as grounds name it", words=CAUSES
        ),
        Column(
            "grounds",
            "grounds",
            Kind.RECORDS,
            "What speaks for a cause: id, cause, rank, text, fields, citations",
        ),
        Column(
            "counter_grounds", "counter_grounds", Kind.RECORDS, "What speaks against one; alike"
        ),
        Column(
            "decided_cause", "decision.cause", Kind.WORD, "Why, as a person decided", words=CAUSES
        ),
        Column("decided_by", "decision.by", Kind.TEXT, "Who decided"),
        Column("decided_at", "decision.at", Kind.TIME, "When"),
        Column("decision_note", "decision.note", Kind.TEXT, "What was noted down with it"),
        Column("unknown", "unknown", Kind.RECORDS, "What is not known: question, needs"),
        Column("sessions", "sessions", Kind.INTEGER, "Conversations", "flows"),
        Column("flows", "flows", Kind.INTEGERS, "Their flow_id"),
    ),
)

UNITS = Table(
    "units",
    "one unit, or a place in the tree above units, with what was found in it and below",
    "stats",
    (
        Column("path", "path", Kind.TEXTS, "Place in the tree, the widest first", needed=True),
        Column("findings", "findings", Kind.INTEGER, "Findings there and below", "findings"),
        Column("hosts", "hosts", Kind.INTEGER, "Hosts with findings there and below", "hosts"),
        *(
            Column(grade, f"grades.{grade}", Kind.INTEGER, f"Findings that are {grade}", "findings")
            for grade in reversed(GRADES)
        ),
    ),
    rows="stats.units",
)

STATS = Table(
    "stats",
    "one scan: what was looked at, and what was not",
    "stats",
    (
        Column("timestamp", "timestamp", Kind.TIME, "Last packet"),
        Column("sensor", "sensor", Kind.TEXT, "The observation point"),
        Column("version", "stats.version", Kind.TEXT, "Version of poolwatch"),
        Column("catalogue", "stats.catalogue", Kind.TEXT, "Digest of the signatures"),
        Column("files", "stats.files", Kind.INTEGER, "Captures opened", "files"),
        Column(
            "files_skipped",
            "stats.files_skipped",
            Kind.COUNTS,
            "Files not opened, by kind",
            "files",
        ),
        Column("problems", "stats.problems", Kind.RECORDS, "Inputs not read: file, offset, reason"),
        Column("first_seen", "stats.first_seen", Kind.TIME, "First packet"),
        Column("last_seen", "stats.last_seen", Kind.TIME, "Last packet"),
        Column("packets", "stats.packets", Kind.INTEGER, "Packets read", "packets"),
        Column("bytes", "stats.bytes", Kind.INTEGER, "Their bytes on the wire", "bytes"),
        Column(
            "not_understood",
            "stats.not_understood",
            Kind.COUNTS,
            "Packets that were not understood, by reason",
            "packets",
        ),
        Column(
            "link_types_unknown",
            "stats.link_types_unknown",
            Kind.COUNTS,
            "Interfaces of unknown LINKTYPE_",
            "interfaces",
        ),
        Column("truncated", "stats.truncated", Kind.INTEGER, "Cut by the snap length", "packets"),
        Column("flows", "stats.flows", Kind.INTEGER, "Flows", "flows"),
        Column("evicted", "stats.evicted", Kind.INTEGER, "Flows given up for others", "flows"),
        Column("one_way", "stats.one_way", Kind.INTEGER, "TCP flows seen one way only", "flows"),
        Column(
            "encrypted_long",
            "stats.encrypted_long",
            Kind.INTEGER,
            "Long-lived encrypted flows nobody could judge",
            "flows",
        ),
        Column(
            "encrypted_flows",
            "stats.encrypted_flows",
            Kind.RECORDS,
            "Some of the long-lived encrypted flows: src, dest, sni, ja4, alpn, seconds",
        ),
        Column("gaps", "stats.gaps", Kind.INTEGER, "Gaps in streams that were read", "gaps"),
        Column("drops", "stats.drops", Kind.INTEGER, "Dropped when capturing", "packets"),
        Column("counts", "stats.counts", Kind.COUNTS, "What else was counted, bounds that bit too"),
        Column("limits", "stats.limits", Kind.COUNTS, "The bounds that held"),
    ),
)

TABLES = (FLOWS, FINDINGS, UNITS, STATS)
BY_NAME = {table.name: table for table in TABLES}

UNUSED = frozenset(
    (
        "hashrate.unit",
        "mining.hashrate.unit",
    )
)
"""Paths that have no column yet: always null in this release, or the same in every row."""
