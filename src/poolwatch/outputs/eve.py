"""JSON lines in the manner of Suricata's EVE: `mining`, `finding`, and last `stats`.

Raw values; what is not known is null. The fields are promised: they are never renamed.
"""

from __future__ import annotations

import datetime
import json
import math
from typing import IO, Any

import msgspec

from poolwatch.outputs import Item, View
from poolwatch.terms import Finding, Quote, Session, Stats

VERSION = 1
_encoder = msgspec.json.Encoder()


class EveOutput:
    """One JSON object a line."""

    def __init__(self, stream: IO[str], view: View) -> None:
        self._stream = stream
        self._min_grade = view.min_grade

    def write(self, item: Item) -> None:
        """Write one event; sessions and findings below the wanted grade are left out."""
        if isinstance(item, Session):
            if item.grade >= self._min_grade:
                self._line(_mining_event(item))
        elif isinstance(item, Finding):
            if item.grade >= self._min_grade:
                self._line(_finding_event(item))
        else:
            self._line(_stats_event(item))

    def _line(self, event: dict[str, Any]) -> None:
        try:
            line = _encoder.encode(event).decode()
        except UnicodeEncodeError:  # a file name that is no UTF-8
            text = json.dumps(event, ensure_ascii=False, separators=(",", ":"))
            line = text.encode("utf-8", "replace").decode()
        self._stream.write(line + "\n")


def timestamp(ns: int) -> str:
    """ISO 8601 with microseconds and a numeric zone, as EVE has it."""
    seconds, rest = divmod(ns, 1_000_000_000)
    base = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
    try:
        moment = base + datetime.timedelta(seconds=seconds)
    except OverflowError:
        moment = base
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{rest // 1000:06d}+0000"


def _mining_event(session: Session) -> dict[str, Any]:
    hit = session.hit
    first_ns = hit.seen_first_ns or hit.first_ns
    last_ns = hit.seen_last_ns or hit.last_ns
    return {
        "v": VERSION,
        "timestamp": timestamp(first_ns),
        "flow_id": session.flow_id,
        "community_id": session.community_id,
        "event_type": "mining",
        "src_ip": session.miner.address,
        "src_port": session.miner.port,
        "dest_ip": session.pool_end.address,
        "dest_port": session.pool_end.port,
        "proto": "TCP" if hit.key.protocol == 6 else "UDP",
        "vlan": _vlan(hit.key.tags),
        "pcap_filename": session.capture.named,
        "pcap_cnt": hit.seen_first_packet or hit.first_packet,
        "sensor": session.sensor,
        "mining": {
            "grade": session.grade.word,
            "stage": hit.stage.word,
            "refused": hit.refused,
            "role": session.role.value,
            "inside": session.inside,
            "dialect": hit.dialect,
            "extensions": list(hit.extensions),
            "coin": session.coin,
            "coin_basis": session.coin_basis,
            "algorithm": hit.algorithm,
            "pool": session.pool,
            "login": hit.login,
            "wallet": next(iter(session.wallets), None),
            "worker": next(iter(session.workers), None),
            "logins": list(hit.logins),
            "agent": hit.agent,
            "via": hit.tunnel.via if hit.tunnel else None,
            "via_target": f"{hit.tunnel.host}:{hit.tunnel.port}" if hit.tunnel else None,
            "encrypted": hit.encrypted,
            "midstream": not hit.opened,
            "first_seen": timestamp(first_ns),
            "last_seen": timestamp(last_ns),
            "jobs": hit.jobs,
            "shares": _shares(hit.shares),
            "difficulty": _number(hit.difficulty),
            "hashrate": None,
            "dest_country": None,
            "dest_asn": None,
            "cross_border": None,
            "signatures": list(hit.signatures),
            "evidence": [_quote(quote) for quote in hit.quotes],
        },
    }


def _finding_event(finding: Finding) -> dict[str, Any]:
    best = finding.best
    return {
        "v": VERSION,
        "timestamp": timestamp(finding.first_ns),
        "event_type": "finding",
        "sensor": best.sensor,
        "finding_id": finding.finding_id,
        "host": finding.host,
        "inside": finding.inside,
        "role": finding.role.value,
        "unit": None,
        "grade": finding.grade.word,
        "stage": finding.stage.word,
        "refused": finding.refused,
        "dialects": finding.dialects,
        "coins": finding.coins,
        "pools": finding.pools,
        "wallets": finding.wallets,
        "workers": finding.workers,
        "agents": finding.agents,
        "first_seen": timestamp(finding.first_ns),
        "last_seen": timestamp(finding.last_ns),
        "active_seconds": round(finding.active_ns / 1e9, 6),
        "jobs": finding.jobs,
        "shares": _shares(finding.shares),
        "hashrate": None,
        "rigs": None,
        "energy": None,
        "equipment": None,
        "cause": None,
        "grounds": [],
        "counter_grounds": [],
        "unknown": [{"question": question, "needs": needs} for question, needs in finding.unknown],
        "sessions": finding.sessions,
        "flows": finding.flow_ids,
    }


def _stats_event(stats: Stats) -> dict[str, Any]:
    counts = dict(stats.counts)
    return {
        "v": VERSION,
        "timestamp": timestamp(stats.last_ns),
        "event_type": "stats",
        "sensor": stats.sensor,
        "stats": {
            "version": stats.version,
            "catalogue": stats.catalogue,
            "files": stats.files,
            "files_skipped": stats.files_skipped,
            "problems": [
                {"file": p.path, "offset": p.offset, "reason": p.reason} for p in stats.problems
            ],
            "first_seen": timestamp(stats.first_ns) if stats.first_ns else None,
            "last_seen": timestamp(stats.last_ns) if stats.last_ns else None,
            "packets": counts.pop("packets", 0),
            "bytes": counts.pop("bytes", 0),
            "not_understood": stats.not_understood,
            "link_types_unknown": {str(k): v for k, v in stats.link_types_unknown.items()},
            "truncated": counts.pop("truncated", 0),
            "flows": counts.pop("flows", 0),
            "evicted": counts.pop("evicted", 0),
            "one_way": counts.pop("one_way", 0),
            "encrypted_long": counts.pop("encrypted_long", 0),
            "gaps": counts.pop("stream_gaps", 0),
            "drops": stats.drops,
            "counts": dict(sorted(counts.items())),
            "limits": stats.limits,
        },
    }


def _vlan(tags: int) -> list[int]:
    return [tag for tag in (tags >> 16, tags & 0xFFFF) if tag]


def _shares(shares: Any) -> dict[str, int]:
    return {
        "submitted": shares.submitted,
        "accepted": shares.accepted,
        "rejected": shares.rejected,
    }


def _quote(quote: Quote) -> dict[str, Any]:
    return {
        "packet": quote.packet,
        "offset": quote.offset,
        "length": quote.length,
        "side": quote.speaker.value,
        "text": quote.text,
        "shows": quote.shows.split(),
    }


def _number(value: float | None) -> float | int | None:
    if value is None or not math.isfinite(value):
        return None
    return int(value) if value == int(value) and value < 1 << 53 else value


def open_output(stream: IO[str], view: View) -> EveOutput:
    """EVE lines into `stream`."""
    return EveOutput(stream, view)
