"""The vocabulary: grades, stages, roles, and what the rooms hand to each other.

Times are int64 nanoseconds UTC (`*_ns`), sizes bytes (`*_bytes`), packet numbers count from 1.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import IntEnum, StrEnum
from typing import NamedTuple

NOT_PUBLIC = tuple(
    ipaddress.ip_network(text)
    for text in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "224.0.0.0/3",
        "::/127",
        "fc00::/7",
        "fe80::/10",
        "ff00::/8",
    )
)
"""Networks in which no pool is (the registries of special-purpose addresses, RFC 6890)."""

_NOT_PUBLIC_RANGES = tuple(
    (net.version, int(net.network_address), int(net.broadcast_address)) for net in NOT_PUBLIC
)


def is_public(address: tuple[int, int]) -> bool:
    """Whether an address, as version and number, can be a pool's."""
    version, number = address
    return not any(
        version == kind and low <= number <= high for kind, low, high in _NOT_PUBLIC_RANGES
    )


class Grade(IntEnum):
    """How sure we are that a conversation is a mining conversation."""

    NOTED = 0
    SUSPECTED = 1
    PROBABLE = 2
    CONFIRMED = 3

    @property
    def word(self) -> str:
        """The name as it stands in event lines."""
        return self.name.lower()


class Stage(IntEnum):
    """How far a conversation got; the order is the ladder."""

    LOOKED_UP = 0
    CONTACTED = 1
    GREETED = 2
    SUBSCRIBED = 3
    AUTHORIZED = 4
    RECEIVING_WORK = 5
    SUBMITTING = 6
    MINING = 7

    @property
    def word(self) -> str:
        """The name as it stands in event lines."""
        return self.name.lower()


class Role(StrEnum):
    """What the host a finding is about does in its conversations."""

    MINER = "miner"
    RELAY = "relay"
    POOL = "pool"
    TARGET = "target"
    RESOLVER = "resolver"  # looked up names for others


class Via(StrEnum):
    """How a flow came to a name."""

    LOOKUP = "dns"  # it asks for the name, or is answered
    ADDRESS = "address"  # its address was the answer to the client's lookup
    SNI = "sni"
    HOST = "host"
    CERTIFICATE = "certificate"


class Speaker(StrEnum):
    """Who said something in a mining conversation."""

    MINER = "miner"
    POOL = "pool"


class Strength(IntEnum):
    """What one recognised message is worth as evidence.

    FORM: the form of a message many protocols share; counts only beside stronger evidence.
    LINKED: names the dialect once a share names a job handed out in the same flow, or where
    one direction or the beginning was not captured; else it is a FORM. No hit has it.
    BARE: a mining call that node operators also make; at most `suspected` alone.
    SAFE: names the dialect.
    """

    FORM = 0
    LINKED = 1
    BARE = 2
    SAFE = 3


class WalletCheck(StrEnum):
    """What is known of an address in a login, the surest first."""

    CHECKSUM = "checksum"  # its checksum fits
    FORMAT = "format only"  # it has none that could tell
    FAILED = "failed"  # it has the form of an address and a checksum that does not fit


class Quote(NamedTuple):
    """Bytes that count as evidence, where they stand in the capture.

    A message over several packets has one quote a packet; `text` stands on its first.
    `shows` names the steps the message proves, separated by blanks.
    """

    packet: int
    offset: int  # bytes from the start of the captured frame
    length: int
    speaker: Speaker
    text: str
    shows: str


class Tunnel(NamedTuple):
    """Where a proxy was asked to lead, and how it was asked.

    `via`: socks5, socks4, http-connect or proxy-v1. `host` is a name or an address.
    """

    via: str
    host: str
    port: int  # 0: none that can be


class NameSeen(NamedTuple):
    """A name that stands in a flow, or that leads to it. `side` is the client's.

    `suffix` is the listed name it falls under, empty for one that is not listed. `others` are
    names of the same certificate, or aliases in the same answer.
    """

    via: Via
    name: str
    suffix: str
    side: int
    packet: int
    ts_ns: int
    quotes: tuple[Quote, ...]
    others: tuple[str, ...] = ()

    def shifted(self, packets: int) -> NameSeen:
        """The same with packets counted from an earlier beginning."""
        quotes = tuple(quote._replace(packet=quote.packet + packets) for quote in self.quotes)
        return self._replace(packet=self.packet + packets, quotes=quotes)


@dataclass(frozen=True, slots=True)
class TlsSeen:
    """What the handshake of an encrypted flow shows in clear."""

    sni: str | None = None
    alpn: tuple[str, ...] = ()
    ja4: str | None = None
    certificate_names: tuple[str, ...] = ()


class Sample(NamedTuple):
    """What the headers of one packet said of its sender; -1: nothing."""

    ts_ns: int
    ip_id: int  # of IPv4
    tsval: int  # the sender's clock (RFC 7323), 32 bits


class SideTraits(NamedTuple):
    """What the packets of one side show of the machine that sent them.

    `first_ns` and `last_ns` are of its first and its last payload; the rest is from samples.
    """

    first_ns: int = 0  # 0: no payload of that side
    last_ns: int = 0
    ttls: tuple[int, ...] = ()
    macs: tuple[int, ...] = ()  # who sent its frames, as 48-bit numbers
    samples: tuple[Sample, ...] = ()


class HostName(NamedTuple):
    """A name of a host, and who says so: dhcp, dhcp-fqdn, dhcp-vendor (no name), nbns or mdns."""

    name: str
    source: str


class Machine(NamedTuple):
    """What the capture shows of the machine that has an address, up to a time."""

    mac: int | None = None  # its hardware address, 48 bits; None: not in view
    mac_source: str | None = None  # frames, dhcp or arp
    gateway: int | None = None  # the hardware address its packets came by, if it carries many
    names: tuple[HostName, ...] = ()
    ttl: int | None = None  # of its packets as the sensor sees them


class FlowKey(NamedTuple):
    """Both ends of one flow: addresses as 128-bit integers, IPv4 in the low 32 bits."""

    version: int  # 4 or 6
    protocol: int  # 6 TCP, 17 UDP
    a_address: int
    a_port: int
    b_address: int
    b_port: int
    tags: int  # outer tags as `layouts.pack_tags` packs them


@dataclass(slots=True)
class Shares:
    """Shares counted on the wire, each once in spite of retransmission.

    `stale`, `duplicate` and `low` (below the difficulty) are those of the rejected.
    """

    submitted: int = 0
    accepted: int = 0
    rejected: int = 0
    stale: int = 0
    duplicate: int = 0
    low: int = 0

    def add(self, other: Shares) -> None:
        """Count the shares of another conversation too."""
        self.submitted += other.submitted
        self.accepted += other.accepted
        self.rejected += other.rejected
        self.stale += other.stale
        self.duplicate += other.duplicate
        self.low += other.low


@dataclass(slots=True)
class Worth:
    """What shares stand for together: sums of expected hashes, or of raw difficulties.

    `low` and `high` differ where implementations count differently. `squares` (of the high
    values) and `most` (the highest) are what an interval needs.
    """

    shares: int = 0
    low: float = 0.0
    high: float = 0.0
    squares: float = 0.0
    most: float = 0.0

    def add(self, low: float, high: float) -> None:
        """Take one share."""
        self.shares += 1
        self.low += low
        self.high += high
        self.squares += high * high
        self.most = max(self.most, high)

    def join(self, other: Worth, low: float = 1.0, high: float = 1.0) -> None:
        """Take all of another, each share `low` to `high` times as much."""
        self.shares += other.shares
        self.low += other.low * low
        self.high += other.high * high
        self.squares += other.squares * high * high
        self.most = max(self.most, other.most * high)


@dataclass(slots=True)
class DayWork:
    """The accepted shares of one day (UTC), as `Work` counts them all.

    `hash_blocks` and `number_blocks` are the sums of (high) worth over the expected hashes of the
    block worked on; 0 where the wire says no target of it. `height`: the block last worked on.
    """

    hashes: Worth = field(default_factory=Worth)
    numbers: Worth = field(default_factory=Worth)
    unweighed: int = 0
    hash_blocks: float = 0.0
    number_blocks: float = 0.0
    height: int | None = None

    def copy(self) -> DayWork:
        """The same, to go on apart."""
        return replace(self, hashes=replace(self.hashes), numbers=replace(self.numbers))


@dataclass(slots=True)
class Work:
    """What the accepted shares of a flow stand for.

    `hashes` are those whose expected hashes the wire tells, `numbers` those of a raw
    difficulty, `unweighed` those of a job that was not seen. `first_ns`: from when on the worth
    of a share is known. `idle_from_ns`: the last share, without one since when there was
    work or a login. `reported`: H/s as the miner itself says. `crowd`: what shows that many
    miners share the socket. `days`: the shares by day since 1970, UTC, and by whether the target of
    the block worked on was known.
    """

    hashes: Worth = field(default_factory=Worth)
    numbers: Worth = field(default_factory=Worth)
    unweighed: int = 0
    first_ns: int = 0
    idle_from_ns: int = 0
    reported: float | None = None
    crowd: tuple[str, ...] = ()
    senders: tuple[tuple[str, int], ...] = ()
    days: dict[tuple[int, bool], DayWork] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Hashrate:
    """A hashrate and the 95 % interval around it, in H/s, with what it rests on.

    `disputed`: implementations disagree on what a share stands for, so the range is wider.
    """

    low: float
    estimate: float
    high: float
    shares: int
    seconds: float
    ground: str  # "target" on the wire, or the "difficulty" of a named algorithm
    algorithm: str | None = None  # by which a difficulty was counted
    disputed: bool = False

    @property
    def basis(self) -> str:
        """What it rests on, in one line."""
        ground = "targets" if self.ground == "target" else f"{self.algorithm} difficulties"
        about = ", of which implementations disagree" if self.disputed else ""
        return f"{self.shares} accepted shares in {self.seconds:.0f} s by {ground}{about}"


@dataclass(frozen=True, slots=True)
class DayWorth:
    """What the accepted shares of one day (since 1970, UTC) stand for, in hashes.

    `blocks`: how many blocks they were expected to find, by the targets on the wire; 0: not known.
    `unweighed` shares more were accepted whose worth is not known.
    """

    day: int
    worth: Worth
    blocks: float = 0.0
    unweighed: int = 0
    height: int | None = None

    def joined(self, other: DayWorth) -> DayWorth:
        """Both together, of the same day."""
        worth = replace(self.worth)
        worth.join(other.worth)
        heights = [height for height in (self.height, other.height) if height is not None]
        return DayWorth(
            self.day,
            worth,
            self.blocks + other.blocks,
            self.unweighed + other.unweighed,
            max(heights, default=None),
        )


class Factor(NamedTuple):
    """A number that a figure was worked out with, and where it is from."""

    name: str
    low: float
    high: float
    unit: str
    source: str
    date: str | None = None  # of the source, ISO 8601


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure with its range, the formula by which it was worked out, and all factors of that."""

    low: float
    high: float
    unit: str
    formula: str
    factors: tuple[Factor, ...]
    estimate: float | None = None


class DayCoins(NamedTuple):
    """What one day brought, in coins; None where it cannot be told."""

    day: int
    amount: tuple[float, float, float] | None  # low, estimate, high
    shares: int
    ground: str | None  # "target" of the wire, or "table" of the months
    height: int | None


@dataclass(frozen=True, slots=True)
class CoinsMined:
    """Coins of one kind. `mined` is None where a day's block or reward is not known.

    `fees` of the blocks are part of it where they are known. `missing`: months nobody told.
    """

    coin: str
    mined: Figure | None
    fees: tuple[float, float] | None
    shares: int
    unweighed: int
    days: tuple[DayCoins, ...]
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Energy:
    """What the machines of a host take: power, and energy over the hours in which it worked."""

    kw: Figure
    kwh: Figure
    hours: float
    coal_kg: Figure | None
    co2_kg: Figure | None
    factor_set: str | None
    algorithms: tuple[str, ...]  # one of them
    devices: tuple[str, ...]  # one of them; none: any kind


@dataclass(slots=True)
class Hit:
    """What the matcher found out about one flow: machine facts, no judgement.

    `miner_side` is 0 when end a of the key acts as miner, 1 for end b, None when nothing says.
    `first_packet` and `first_ns` are the flow's own; `seen_*_ns` span its mining messages.
    """

    key: FlowKey
    first_packet: int
    first_ns: int
    last_ns: int
    initiator: int  # side that opened, as far as seen
    opened: bool  # its SYN was seen, so nothing came before
    payload: tuple[bool, bool]  # payload seen from end a, from end b
    encrypted: bool = False
    endpoint: int = -1  # row of the endpoint list, -1 for none
    teids: tuple[int, int] = (0, 0)  # GTP tunnels of end a's packets and end b's, 0 for none
    miner_side: int | None = None
    dialect: str | None = None
    strength: tuple[Strength | None, Strength | None] = (None, None)  # best from miner, from pool
    said: tuple[int, int] = (0, 0)  # recognised messages of the miner's side, of the pool's
    misplaced: tuple[int, int] = (0, 0)  # those only the other end would say, by side
    prose: tuple[bool, bool] = (False, False)  # text that is no message, from miner, from pool
    stage: Stage = Stage.CONTACTED
    answered: bool = False  # a fitting answer that does not refuse
    greeted: bool = False  # the miner's opening was seen
    refused: bool = False
    jobs: int = 0
    shares: Shares = field(default_factory=Shares)
    work: Work = field(default_factory=Work)
    difficulty: float | None = None
    algorithm: str | None = None
    agent: str | None = None
    logins: tuple[str, ...] = ()  # in the order they were sent
    options: tuple[str, ...] = ()  # that stood where passwords do, as `name=value`
    height: int | None = None  # of the newest block worked on, as its job says
    nbits: str | None = None  # that block's target in compact form, hexadecimal
    coinbase: str | None = None  # what the pool writes into its blocks
    named_host: str | None = None  # the pool's name as the miner, or its proxy's client, said it
    tunnel: Tunnel | None = None  # the flow's server is a proxy, asked to lead there
    extensions: tuple[str, ...] = ()  # of the dialect, that either side named
    signatures: tuple[str, ...] = ()
    quotes: tuple[Quote, ...] = ()
    seen_first_ns: int = 0
    seen_last_ns: int = 0
    seen_first_packet: int = 0
    prefix: int = -1  # row of the prefix list, -1 for none
    names: tuple[NameSeen, ...] = ()
    tls: TlsSeen | None = None
    session_id: str | None = None  # the pool's name for the conversation: an extranonce, an id
    login_bytes: int = 0  # of a login that is encrypted; 0: it can be read, or was not seen
    traits: tuple[SideTraits, SideTraits] = (SideTraits(), SideTraits())  # of end a, of end b
    machines: tuple[Machine, Machine] = (Machine(), Machine())  # those of end a, of end b
    asks_for_others: bool = False  # a lookup by a host that others ask
    open: bool = False  # the state of a flow that goes on; a later one takes its place

    @property
    def contradictory(self) -> bool:
        """Whether this is no conversation: an echo, a log sent along, talk about mining.

        One end says what only the other would, or both write prose, and the other end has
        not itself answered as a pool.
        """
        if self.prose == (True, True) or all(self.misplaced):
            return True
        return any(self.misplaced) and not (self.answered and self.said[1] > self.misplaced[1])

    @property
    def idle_ns(self) -> int | None:
        """How long no share was sent at the end; None before a login was taken or work came."""
        since = self.work.idle_from_ns
        return max(self.seen_last_ns - since, 0) if since else None

    @property
    def login(self) -> str | None:
        """The first login sent."""
        return self.logins[0] if self.logins else None

    def shift(self, packets: int) -> None:
        """Count packets from an earlier beginning."""
        self.first_packet += packets
        if self.seen_first_packet:
            self.seen_first_packet += packets
        self.quotes = tuple(quote._replace(packet=quote.packet + packets) for quote in self.quotes)
        self.names = tuple(seen.shifted(packets) for seen in self.names)


@dataclass(frozen=True, slots=True)
class Unit:
    """Who answers for an address, as a unit table has it."""

    name: str
    path: tuple[str, ...]  # its place in the tree, the widest first; holds the name
    kind: str | None
    contact: str | None
    prefix: str  # the network or range that says so
    source: str | None  # where the table has it from, as it says itself
    place: str  # file:row


class Endpoint(NamedTuple):
    """An address in text form (IPv6 as in RFC 5952) and a port."""

    address: str
    port: int


@dataclass(frozen=True, slots=True)
class Capture:
    """The capture a session stands in: the name given, and the id of its content.

    `id` is the SHA-256 of the file (of a pipe: of sensor and start), None when nobody asked
    for it; `named` is how the user called it.
    """

    named: str
    id: str | None


@dataclass(frozen=True, slots=True)
class Session:
    """One miner-pool conversation, judged."""

    capture: Capture
    sensor: str
    hit: Hit
    flow_id: int | None  # None without the capture's id
    community_id: str
    miner: Endpoint
    pool_end: Endpoint
    grade: Grade
    role: Role
    host: str  # the host the finding is about
    inside: bool  # whether that host is
    pool_inside: bool
    pool: str | None
    coin: str | None
    coin_basis: str | None
    wallets: tuple[str, ...]  # addresses found in the logins
    workers: tuple[str, ...]
    pool_basis: str | None = None
    coins: tuple[str, ...] = ()  # all that the evidence leaves, when they are few
    algorithm: str | None = None
    algorithm_basis: str | None = None
    wallet_check: WalletCheck | None = None  # of the first address
    accounts: tuple[str, ...] = ()  # names, or what looks like an address and is none
    mails: tuple[str, ...] = ()
    options: tuple[str, ...] = ()  # recognised in logins and passwords, as `name=value`
    software: str | None = None  # as the agent's row calls it
    software_version: str | None = None
    hardware_class: str | None = None  # cpu, gpu, asic, mcu, storage, proxy, rental, monitor
    worth: Worth = field(default_factory=Worth)  # in hashes, of the accepted shares
    worth_by: str | None = None  # the algorithm by which difficulties were counted
    hashrate: Hashrate | None = None  # None below 5 accepted shares, or of unknown worth
    crowd: tuple[str, ...] = ()  # what shows that many miners share the socket
    days: tuple[DayWorth, ...] = ()  # the worth by day
    dest_country: str | None = None  # of the pool's address, ISO 3166; None: not known
    dest_asn: int | None = None
    cross_border: bool | None = None


class RigCount(NamedTuple):
    """What one method says of how many machines there are; `high` None: it sets no bound."""

    method: str
    low: int
    high: int | None


@dataclass(frozen=True, slots=True)
class Rigs:
    """How many machines mined behind an address, by all methods; `high` None: nobody can say."""

    low: int
    high: int | None
    basis: str  # which methods set the two, and what they could not use
    methods: tuple[RigCount, ...] = ()


@dataclass(frozen=True, slots=True)
class Identity:
    """What the capture itself shows of the machine behind a finding; None where it does not."""

    mac: str | None
    mac_basis: str | None  # frames, dhcp or arp
    mac_local: bool | None  # locally administered: made up, it has no vendor
    mac_vendor: str | None
    mac_vendor_basis: str | None  # which table says so
    host_names: tuple[HostName, ...]
    vendor_class: str | None  # of its DHCP client
    ttl: int | None
    gateway: bool  # it was seen only behind a hardware address that carries many addresses


class WorkKind(NamedTuple):
    """What a hashrate is of: the coins it may be, the algorithm as said, what runs it."""

    coins: tuple[str, ...]
    algorithm: str | None
    hardware_class: str | None


@dataclass(frozen=True, slots=True)
class Fan:
    """What a host tried at one port of others."""

    proto: str  # tcp, udp
    port: int
    peers: int  # different addresses, at least
    flows: int
    failed: int  # of those: no answer, or a reset before any payload
    first_ns: int
    last_ns: int
    first_packet: int  # from 1, in its capture; 0: not known
    inside: bool = False  # the others are inside too


@dataclass(frozen=True, slots=True)
class Inbound:
    """What one other address had with a port of the host, which it opened."""

    port: int
    peer: str
    outside: bool  # the peer is
    flows: int
    failed: int  # of those: never answered, or reset before any payload
    first_ns: int
    last_ns: int
    first_packet: int  # from 1, in its capture; 0: not known


@dataclass(frozen=True, slots=True)
class Fetch:
    """A file the host asked for by HTTP, of a server named by its bare address."""

    server: Endpoint
    path: str
    ts_ns: int
    packet: int  # from 1, in its capture


@dataclass(frozen=True, slots=True)
class Companions:
    """What else a host did, by its flows and without their payload, but for fetches."""

    fans: tuple[Fan, ...] = ()
    inbound: tuple[Inbound, ...] = ()
    fetches: tuple[Fetch, ...] = ()
    left_out: int = 0  # rows for which there was no room
    capture: str | None = None  # whose packets are meant; None: several, or live


class Where(NamedTuple):
    """Where a fact was seen first."""

    flow_id: int | None
    packet: int  # from 1, in its capture
    capture: str


@dataclass(frozen=True, slots=True)
class Traces:
    """What a host's conversations as a miner show of why it mines.

    `facts`: kind and value, as (`agent`, `XMRig/6.21`), and where each was seen first. `hours`: in
    which it spoke with pools, since 1970 UTC. `in_view`: all conversations began in view.
    """

    facts: Mapping[tuple[str, str], Where]
    hours: frozenset[int]
    in_view: bool


@dataclass(frozen=True, slots=True)
class Citation:
    """What a ground rests on: one fact, and where it stands."""

    what: str  # the fact, as text
    flow_id: int | None = None
    packet: int | None = None
    capture: str | None = None
    source: str | None = None  # of a list, register or person: which, and its date


@dataclass(frozen=True, slots=True)
class Ground:
    """Why a cause is likelier, or less likely. Never summed up."""

    id: str  # row of signatures/grounds.csv
    cause: str  # deliberate, malware, research
    favours: bool  # else it speaks against
    rank: str  # strong, leaning, weak
    citations: tuple[Citation, ...]
    fields: tuple[tuple[str, str], ...] = ()  # of its sentence
    sentence: str = ""  # in English


@dataclass(frozen=True, slots=True)
class Decision:
    """What a person decided of a host's cause; stands beside the ranking."""

    cause: str
    by: str
    ts_ns: int
    note: str = ""


@dataclass(slots=True)
class Finding:
    """The judgement about one host, from all its sessions."""

    host: str
    inside: bool
    role: Role
    grade: Grade
    stage: Stage
    refused: bool
    first_ns: int
    last_ns: int
    active_ns: int
    dialects: list[str]
    coins: list[str]
    pools: list[str]
    pool_ends: list[Endpoint]
    logins: list[str]
    wallets: list[str]
    accounts: list[str]
    workers: list[str]
    mails: list[str]
    agents: list[str]
    shares: Shares
    jobs: int
    hashrate: Hashrate | None  # over the time of all conversations in its role
    reported: float | None  # H/s, the highest its miners said
    crowd: list[str]  # what shows that many miners share a socket
    sessions: int
    flow_ids: list[int]
    finding_id: int | None
    best: Session  # the session the judgement rests on
    unknown: list[tuple[str, str]]  # what is not known, and what would settle it
    rigs: Rigs | None = None  # None: nothing mined there, or nothing to count by
    identity: Identity | None = None  # None: a host outside, or nothing is shown of it
    unit: Unit | None = None
    vantage: str | None = None  # side of address translation it was seen from, if that is known
    equipment: str | None = None  # how it stands to the asset register; None: not asked
    logged: LoggedIdentity | None = None
    days: list[tuple[str | None, DayWorth]] = field(default_factory=list)  # by coin
    kinds: list[WorkKind] = field(default_factory=list)  # of the work behind the hashrate
    coins_mined: list[CoinsMined] = field(default_factory=list)
    energy: Energy | None = None
    first_greeting_ns: int | None = None  # first message of a conversation in which it greeted
    companions: Companions | None = None  # None: not looked at
    cause: str | None = None  # deliberate, malware, research, undetermined; None: not asked
    grounds: list[Ground] = field(default_factory=list)  # for and against, strongest first
    decision: Decision | None = None
    traces: Traces | None = None  # None: it did not act as a miner


@dataclass(frozen=True, slots=True)
class LogNeed:
    """A log that would settle what a finding leaves open, and for which minutes."""

    log: str  # a kind of log, or what the notice's sender knows
    device: str | None
    look_for: str
    from_ns: int
    until_ns: int
    why: str


@dataclass(frozen=True, slots=True)
class LoggedIdentity:
    """What logs say of the machines behind a finding's host; all candidates, none chosen."""

    macs: tuple[str, ...]
    host_names: tuple[str, ...]
    ports: tuple[str, ...]  # of switches, with the switch
    accounts: tuple[str, ...]
    inside: tuple[str, ...]  # addresses behind translations
    outside: tuple[str, ...]  # addresses in front of them
    clashes: tuple[str, ...]
    needs: tuple[LogNeed, ...]


@dataclass(frozen=True, slots=True)
class Problem:
    """An input that was not read, or not to its end; `offset` counts unpacked bytes."""

    path: str
    offset: int
    reason: str
    advice: str = ""


class EncryptedFlow(NamedTuple):
    """A long-lived encrypted flow that nobody could judge."""

    ns: int  # how long it lasted
    first_ns: int
    client: Endpoint
    server: Endpoint
    tls: TlsSeen | None  # None: its hello was not seen, or is forgotten


@dataclass(slots=True)
class Stats:
    """What was looked at, and what was not: never a result without it."""

    version: str
    catalogue: str  # digest of the signatures
    sensor: str
    files: int = 0
    files_skipped: dict[str, int] = field(default_factory=dict)  # by kind of thing
    problems: list[Problem] = field(default_factory=list)
    first_ns: int = 0
    last_ns: int = 0
    not_understood: dict[str, int] = field(default_factory=dict)  # packets, by reason
    link_types_unknown: dict[int, int] = field(default_factory=dict)  # interfaces
    drops: int | None = None  # as the capturing programs counted them; None: not said
    counts: dict[str, int] = field(default_factory=dict)
    encrypted_flows: list[EncryptedFlow] = field(default_factory=list)  # the longest ones
    limits: dict[str, int] = field(default_factory=dict)
