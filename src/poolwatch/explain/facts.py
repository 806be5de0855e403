"""What events say, as the argument needs it. Events may come from strangers: rows are checked."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from poolwatch.match.dialects import ROWS
from poolwatch.outputs.columns import FINDINGS, FLOWS, STATS, Table
from poolwatch.outputs.rows import Row, UnfitError
from poolwatch.terms import Grade, Role, Speaker, Stage

_HIGHEST = 1 << 48  # packet numbers, offsets and lengths believed


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


def flow_of(row: Row, most_pieces: int) -> Flow:
    """The flow of a row, with at most so many rows of evidence. Raises UnfitError."""
    cell = _cells(FLOWS, row)
    if len(cell["evidence"] or ()) > most_pieces:
        raise UnfitError(f"mining.evidence: more than {most_pieces} rows (limit explain_pieces)")
    shares = (cell[f"shares_{what}"] or 0 for what in ("submitted", "accepted", "rejected"))
    submitted, accepted, rejected = shares
    payload = cell["payload"]
    return Flow(
        flow_id=cell["flow_id"],
        capture_id=cell["capture_id"],
        capture=cell["pcap_filename"] or "",
        first_packet=cell["pcap_cnt"],
        sensor=cell["sensor"] or "",
        miner=(cell["src_ip"] or "", cell["src_port"] or 0),
        pool_end=(cell["dest_ip"] or "", cell["dest_port"] or 0),
        proto=cell["proto"] or "",
        grade=Grade[cell["grade"].upper()],
        stage=Stage[cell["stage"].upper()],
        role=_role(cell["role"]),
        refused=bool(cell["refused"]),
        dialect=cell["dialect"],
        pool=cell["pool"],
        pool_basis=cell["pool_basis"],
        coin=cell["coin"],
        coin_basis=cell["coin_basis"],
        coins=tuple(cell["coins"] or ()),
        wallet=cell["wallet"],
        wallet_check=cell["wallet_check"],
        account=cell["account"],
        worker=cell["worker"],
        mail=cell["mail"],
        logins=tuple(cell["logins"] or ()),
        agent=cell["agent"],
        software=cell["software"],
        hardware=cell["hardware_class"],
        via=cell["via"],
        via_target=cell["via_target"],
        encrypted=bool(cell["encrypted"]),
        sni=cell["sni"],
        names=tuple(_name(item) for item in cell["names"] or ()),
        midstream=bool(cell["midstream"]),
        open=bool(cell["open"]),
        payload=None if payload is None else frozenset(payload),
        first_us=cell["first_seen"],
        last_us=cell["last_seen"],
        jobs=cell["jobs"] or 0,
        submitted=submitted,
        accepted=accepted,
        rejected=rejected,
        no_share_seconds=cell["no_share_seconds"],
        signatures=tuple(cell["signatures"] or ()),
        messages=tuple(_messages(cell["evidence"] or ())),
    )


def finding_of(row: Row) -> Finding:
    """The finding of a row. Raises UnfitError."""
    cell = _cells(FINDINGS, row)
    rates = cell["hashrate_low"], cell["hashrate"], cell["hashrate_high"]
    secrets = (*(cell["wallets"] or ()), *(cell["accounts"] or ()), *(cell["mails"] or ()))
    return Finding(
        finding_id=cell["finding_id"],
        host=cell["host"],
        sensor=cell["sensor"] or "",
        inside=bool(cell["inside"]),
        role=_role(cell["role"]),
        grade=Grade[cell["grade"].upper()],
        stage=Stage[cell["stage"].upper()],
        refused=bool(cell["refused"]),
        unit=" / ".join(cell["unit_path"] or ()) or cell["unit"],
        unit_place=cell["unit_place"],
        first_us=cell["first_seen"],
        last_us=cell["last_seen"],
        secrets=secrets,
        jobs=cell["jobs"] or 0,
        submitted=cell["shares_submitted"] or 0,
        accepted=cell["shares_accepted"] or 0,
        rejected=cell["shares_rejected"] or 0,
        hashrate=None if None in rates else rates,
        hashrate_basis=cell["hashrate_basis"] or "",
        reported=cell["hashrate_reported"],
        unknown=tuple(str(item.get("question", "")) for item in cell["unknown"] or ()),
        sessions=cell["sessions"] or len(cell["flows"] or ()),
        flows=tuple(cell["flows"] or ()),
    )


def coverage_of(row: Row) -> Coverage:
    """The coverage of a row of stats."""
    cell = _cells(STATS, row)
    counts = dict(cell["counts"] or {})
    return Coverage(
        catalogue=cell["catalogue"] or "",
        drops=cell["drops"],
        truncated=cell["truncated"] or 0,
        gaps=cell["gaps"] or 0,
        one_way=cell["one_way"] or 0,
        encrypted_long=cell["encrypted_long"] or 0,
        not_understood=sum((cell["not_understood"] or {}).values()),
        problems=len(cell["problems"] or ()),
        counts=counts | {"evicted": cell["evicted"] or 0},
    )


def _cells(table: Table, row: Row) -> dict[str, Any]:
    return {column.name: cell for column, cell in zip(table.columns, row, strict=True)}


def _role(word: str | None) -> Role:
    try:
        return Role(word or Role.MINER)
    except ValueError:
        raise UnfitError(f"role: {word!r} is none of {', '.join(Role)}") from None


def _name(item: dict[str, Any]) -> Name:
    return Name(*(str(item.get(key) or "") for key in ("name", "via", "listed")))


def _messages(rows: Iterable[dict[str, Any]]) -> list[Message]:
    """Rows of evidence joined to messages: the text stands on a message's first row."""
    found: list[Message] = []
    for row in rows:
        piece = Piece(*(_whole(row, name) for name in Piece._fields))
        speaker = _speaker(row.get("side"))
        text, shows = str(row.get("text") or ""), _words(row.get("shows"))
        last = found[-1] if found else None
        if not text and last is not None and last.speaker is speaker:
            pieces = (*last.pieces, piece)
            found[-1] = Message(last.speaker, last.text, last.shows, pieces)
        else:
            found.append(Message(speaker, text, shows, (piece,)))
    return found


def _whole(row: dict[str, Any], name: str) -> int:
    value = row.get(name)
    if type(value) is not int or not (name != "offset") <= value < _HIGHEST:
        raise UnfitError(f"mining.evidence: {name} is no number of a packet's bytes")
    return value


def _speaker(word: object) -> Speaker:
    if word not in tuple(Speaker):
        raise UnfitError("mining.evidence: side is neither miner nor pool")
    return Speaker(str(word))


def _words(value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(word, str) for word in value):
        raise UnfitError("mining.evidence: shows is not a list of words")
    return tuple(value)
