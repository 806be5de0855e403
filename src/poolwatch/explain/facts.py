"""What events say, as the argument needs it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from poolwatch.match.dialects import ROWS
from poolwatch.terms import Grade, Role, Speaker, Stage


class Piece(NamedTuple):
    """Quoted bytes in one packet, where the event says they stand."""

    packet: int
    offset: int
    length: int


@dataclass(frozen=True, slots=True, eq=False)
class Message:
    """A quoted message; over n packets it has n pieces. `shows`: the steps it proves."""

    speaker: Speaker
    text: str
    shows: tuple[str, ...]
    pieces: tuple[Piece, ...]


class Name(NamedTuple):
    """A name met in a flow; `listed` is the listed name it falls under, empty for none."""

    name: str
    via: str
    listed: str


@dataclass(frozen=True, slots=True)
class Flow:
    """A conversation, as its event tells it. Times are µs since 1970 UTC, None: not known."""

    flow_id: int | None
    capture_id: str | None
    capture: str
    first_packet: int | None
    sensor: str
    miner: tuple[str, int]
    pool_end: tuple[str, int]
    proto: str
    grade: Grade
    stage: Stage
    role: Role
    refused: bool
    dialect: str | None
    pool: str | None
    pool_basis: str | None
    coin: str | None
    coin_basis: str | None
    coins: tuple[str, ...]
    wallet: str | None
    wallet_check: str | None
    account: str | None
    worker: str | None
    mail: str | None
    logins: tuple[str, ...]
    agent: str | None
    software: str | None
    hardware: str | None
    via: str | None
    via_target: str | None
    encrypted: bool
    sni: str | None
    names: tuple[Name, ...]
    midstream: bool
    open: bool
    payload: frozenset[str] | None  # None: an older event does not say
    first_us: int | None
    last_us: int | None
    jobs: int
    submitted: int
    accepted: int
    rejected: int
    no_share_seconds: float | None
    signatures: tuple[str, ...]
    messages: tuple[Message, ...]

    @property
    def secrets(self) -> tuple[str, ...]:
        """Wallets and accounts of its logins."""
        named = (*self.logins, self.wallet, self.account, self.mail)
        return tuple(dict.fromkeys(text for text in named if text))

    @property
    def dialect_title(self) -> str:
        """What its dialect is, for people; empty: none was spoken."""
        return ROWS[self.dialect].title if self.dialect in ROWS else self.dialect or ""

    def proving(self, *steps: str) -> tuple[Message, ...]:
        """The first message that shows the first of these steps that any shows."""
        for step in steps:
            found = [message for message in self.messages if step in message.shows]
            if found:
                return (found[0],)
        return ()

    @property
    def weight(self) -> tuple[int, int, bool, int]:
        """How much it says: the highest is what a finding rests on."""
        return self.grade, self.stage, not self.refused, self.accepted


@dataclass(frozen=True, slots=True)
class Cited:
    """A fact a ground of a cause rests on, and where it stands."""

    what: str
    capture: str
    packet: int | None
    source: str


@dataclass(frozen=True, slots=True)
class CauseGround:
    """A ground for or against a cause, as the event tells it. `text`: its sentence there."""

    id: str
    cause: str
    favours: bool
    rank: str
    text: str
    fields: dict[str, str]
    citations: tuple[Cited, ...]


@dataclass(frozen=True, slots=True)
class Decided:
    """What a person decided of the cause."""

    cause: str
    by: str
    at_us: int | None
    note: str


@dataclass(frozen=True, slots=True)
class Finding:
    """The judgement about a host, as its event tells it."""

    finding_id: int | None
    host: str
    sensor: str
    inside: bool
    role: Role
    grade: Grade
    stage: Stage
    refused: bool
    unit: str | None
    unit_place: str | None
    first_us: int | None
    last_us: int | None
    secrets: tuple[str, ...]
    jobs: int
    submitted: int
    accepted: int
    rejected: int
    hashrate: tuple[float, float, float] | None  # low, estimate, high
    hashrate_basis: str
    reported: float | None
    unknown: tuple[str, ...]
    sessions: int
    flows: tuple[int, ...]
    cause: str | None = None
    cause_grounds: tuple[CauseGround, ...] = ()
    decision: Decided | None = None


@dataclass(frozen=True, slots=True)
class Coverage:
    """What was looked at and what was not, as a stats event or a sensor's minutes tell it.

    `drops` None: not told.
    """

    catalogue: str
    drops: int | None
    truncated: int = 0
    gaps: int = 0
    one_way: int = 0
    encrypted_long: int = 0
    not_understood: int = 0
    problems: int = 0
    counts: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Subject:
    """What is explained: a finding with its conversations, or one conversation alone.

    `flows`: the one that says most first. `more_flows`: those that were not at hand.
    """

    host: str
    finding: Finding | None
    flows: tuple[Flow, ...]
    coverage: Coverage | None
    more_flows: int = 0

    @property
    def role(self) -> Role:
        """What the host does."""
        return self.finding.role if self.finding else self.flows[0].role

    @property
    def grade(self) -> Grade:
        """How sure it is."""
        return self.finding.grade if self.finding else self.flows[0].grade

    @property
    def stage(self) -> Stage:
        """How far it got."""
        return self.finding.stage if self.finding else self.flows[0].stage

    @property
    def refused(self) -> bool:
        """Whether the pool said no."""
        return self.finding.refused if self.finding else self.flows[0].refused

    @property
    def best(self) -> Flow | None:
        """The conversation the judgement rests on; None when its event is not there."""
        return self.flows[0] if self.flows else None

    @property
    def shares(self) -> tuple[int, int, int]:
        """Submitted, accepted, rejected: of a finding each once, however often captured."""
        if self.finding:
            return self.finding.submitted, self.finding.accepted, self.finding.rejected
        flow = self.flows[0]
        return flow.submitted, flow.accepted, flow.rejected

    @property
    def secrets(self) -> tuple[str, ...]:
        """Every wallet and account that is known."""
        of_finding = self.finding.secrets if self.finding else ()
        named = (*of_finding, *(secret for flow in self.flows for secret in flow.secrets))
        return tuple(dict.fromkeys(named))
