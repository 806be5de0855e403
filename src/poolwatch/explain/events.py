"""Rows of events to facts. Events may come from strangers: what does not fit is refused."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from poolwatch.explain.facts import (
    CauseGround,
    Cited,
    Coverage,
    Decided,
    Finding,
    Flow,
    Message,
    Name,
    Piece,
)
from poolwatch.outputs.columns import CAUSES, FINDINGS, FLOWS, STATS, Table
from poolwatch.outputs.rows import Row, UnfitError
from poolwatch.terms import Grade, Role, Speaker, Stage

RANKS = ("strong", "leaning", "weak")
_HIGHEST = 1 << 48  # packet numbers, offsets and lengths believed


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
        cause=cell["cause"] if cell["cause"] in CAUSES else None,
        cause_grounds=(*_grounds(cell["grounds"], True), *_grounds(cell["counter_grounds"], False)),
        decision=_decision(cell),
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


def _grounds(items: list[dict[str, Any]] | None, favours: bool) -> Iterator[CauseGround]:
    """The grounds about causes; what else speaks against a finding is none."""
    for item in items or ():
        if item.get("cause") in CAUSES and item.get("rank") in RANKS:
            fields, citations = item.get("fields"), item.get("citations")
            yield CauseGround(
                id=str(item.get("id")),
                cause=str(item["cause"]),
                favours=favours,
                rank=str(item["rank"]),
                text=str(item.get("text") or ""),
                fields={k: str(v) for k, v in fields.items()} if isinstance(fields, dict) else {},
                citations=tuple(_cited(citations if isinstance(citations, list) else ())),
            )


def _cited(items: Iterable[Any]) -> Iterator[Cited]:
    for item in items:
        if isinstance(item, dict):
            packet = item.get("packet")
            yield Cited(
                what=str(item.get("what") or ""),
                capture=str(item.get("capture") or "").replace("\\", "/").rsplit("/", 1)[-1],
                packet=packet if type(packet) is int and 0 < packet < _HIGHEST else None,
                source=str(item.get("source") or ""),
            )


def _decision(cell: dict[str, Any]) -> Decided | None:
    if cell["decided_cause"] not in CAUSES:
        return None
    by, note = cell["decided_by"] or "", cell["decision_note"] or ""
    return Decided(cell["decided_cause"], by, cell["decided_at"], note)


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
