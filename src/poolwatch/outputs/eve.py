"""JSON lines in the manner of Suricata's EVE: `mining`, `finding`, and last `stats`.

Raw values; what is not known is null. The fields are promised: they are never renamed.
"""

from __future__ import annotations

import ipaddress
import json
import math
from collections.abc import Sequence
from dataclasses import asdict
from typing import IO, Any

import msgspec

from poolwatch.inventory.tree import sum_up
from poolwatch.layouts import Carrier, tunnel_of, vlans_of
from poolwatch.outputs import Item, View
from poolwatch.outputs.causes import decision_value, ground_values
from poolwatch.outputs.companions import companions_value
from poolwatch.outputs.masking import without_credentials
from poolwatch.outputs.quantities import coins_value, energy_value
from poolwatch.outputs.times import known_time, timestamp
from poolwatch.terms import (
    EncryptedFlow,
    Endpoint,
    Finding,
    Grade,
    Hashrate,
    Identity,
    LoggedIdentity,
    Quote,
    Rigs,
    Session,
    Shares,
    Speaker,
    Stats,
    TlsSeen,
    Tunnel,
    Unit,
)

VERSION = 1
_encoder = msgspec.json.Encoder()


class Events:
    """Makes the events of a scan, one after another, and sums up units for the last.

    Every format of raw values takes its events from here, so that all say the same.
    """

    def __init__(self, min_grade: Grade = Grade.NOTED) -> None:
        self._min_grade = min_grade
        self._findings: list[Finding] = []  # those of a known unit

    def make(self, item: Item) -> dict[str, Any] | None:
        """The event of an item; None for what is below the wanted grade."""
        if isinstance(item, Stats):
            return stats_event(item, self._findings)
        if item.grade < self._min_grade:
            return None
        if isinstance(item, Session):
            return mining_event(item)
        if item.unit is not None:
            self._findings.append(item)
        return finding_event(item)


class EveOutput:
    """One JSON object a line."""

    def __init__(self, stream: IO[str], view: View) -> None:
        self._stream = stream
        self._events = Events(view.min_grade)

    def write(self, item: Item) -> None:
        """Write one event; sessions and findings below the wanted grade are left out."""
        event = self._events.make(item)
        if event is not None:
            self._stream.write(event_line(event))


def event_line(event: dict[str, Any]) -> str:
    """An event as one line of JSON, with its line end."""
    try:
        return _encoder.encode(event).decode() + "\n"
    except UnicodeEncodeError:  # half a character, as JSON's escapes allow
        text = json.dumps(event, ensure_ascii=False, separators=(",", ":"))
        return text.encode("utf-8", "replace").decode() + "\n"


def _target(tunnel: Tunnel) -> str:
    host = f"[{tunnel.host}]" if ":" in tunnel.host else tunnel.host
    return f"{host}:{tunnel.port}"


def mining_event(session: Session) -> dict[str, Any]:
    """The event of one conversation."""
    hit = session.hit
    first_ns = hit.seen_first_ns or hit.first_ns
    last_ns = hit.seen_last_ns or hit.last_ns
    return {
        "v": VERSION,
        "timestamp": known_time(first_ns),
        "flow_id": session.flow_id,
        "community_id": session.community_id,
        "event_type": "mining",
        "src_ip": session.miner.address,
        "src_port": session.miner.port,
        "dest_ip": session.pool_end.address,
        "dest_port": session.pool_end.port,
        "proto": "TCP" if hit.key.protocol == 6 else "UDP",
        "vlan": vlans_of(hit.key.tags),
        "tunnel": _tunnel(session),
        "pcap_filename": session.capture.named,
        "pcap_cnt": hit.seen_first_packet or hit.first_packet,
        "capture_id": session.capture.id,
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
            "coins": list(session.coins),
            "algorithm": session.algorithm,
            "algorithm_basis": session.algorithm_basis,
            "pool": session.pool,
            "pool_basis": session.pool_basis,
            "login": hit.login,
            "wallet": _first(session.wallets),
            "wallet_check": session.wallet_check.value if session.wallet_check else None,
            "account": _first(session.accounts),
            "worker": _first(session.workers),
            "mail": _first(session.mails),
            "options": list(session.options),
            "logins": list(hit.logins),
            "agent": hit.agent,
            "software": session.software,
            "software_version": session.software_version,
            "hardware_class": session.hardware_class,
            "via": hit.tunnel.via if hit.tunnel else None,
            "via_target": _target(hit.tunnel) if hit.tunnel else None,
            "encrypted": hit.encrypted,
            "tls": _tls(hit.tls),
            "names": [
                {"name": seen.name, "via": seen.via.value, "listed": seen.suffix or None}
                for seen in hit.names
            ],
            "midstream": not hit.opened,
            "payload": _payload(session),
            "open": hit.open,
            "first_seen": known_time(first_ns),
            "last_seen": known_time(last_ns),
            "jobs": hit.jobs,
            "shares": _shares(hit.shares),
            "difficulty": _number(hit.difficulty),
            "height": hit.height,
            "nbits": hit.nbits,
            "coinbase": hit.coinbase,
            "hashrate": _hashrate(session.hashrate),
            "hashrate_reported": hit.work.reported,
            "many_miners": list(session.crowd),
            "no_share_seconds": _seconds(hit.idle_ns),
            "dest_country": session.dest_country,
            "dest_asn": session.dest_asn,
            "cross_border": session.cross_border,
            "signatures": list(hit.signatures),
            "evidence": [_quote(quote) for quote in hit.quotes],
        },
    }


def finding_event(finding: Finding) -> dict[str, Any]:
    """The event of one host."""
    best = finding.best
    return {
        "v": VERSION,
        "timestamp": known_time(finding.first_ns),
        "event_type": "finding",
        "sensor": best.sensor,
        "finding_id": finding.finding_id,
        "host": finding.host,
        "inside": finding.inside,
        "role": finding.role.value,
        "unit": _unit(finding.unit),
        "grade": finding.grade.word,
        "stage": finding.stage.word,
        "refused": finding.refused,
        "dialects": finding.dialects,
        "coins": finding.coins,
        "pools": finding.pools,
        "wallets": finding.wallets,
        "accounts": finding.accounts,
        "workers": finding.workers,
        "mails": finding.mails,
        "agents": finding.agents,
        "first_seen": known_time(finding.first_ns),
        "last_seen": known_time(finding.last_ns),
        "active_seconds": round(finding.active_ns / 1e9, 6),
        "jobs": finding.jobs,
        "shares": _shares(finding.shares),
        "hashrate": _hashrate(finding.hashrate),
        "hashrate_reported": finding.reported,
        "many_miners": finding.crowd,
        "rigs": _rigs(finding.rigs),
        "identity": _identity(finding.identity),
        "coins_mined": [coins_value(mined) for mined in finding.coins_mined],
        "energy": energy_value(finding.energy),
        "vantage": finding.vantage,
        "equipment": finding.equipment,
        "chain": _chain(finding.logged),
        "first_greeting": known_time(finding.first_greeting_ns or 0),
        "companions": companions_value(finding.companions),
        "cause": finding.cause,
        "grounds": ground_values(finding.grounds, favour=True),
        "counter_grounds": ground_values(finding.grounds, favour=False),
        "decision": decision_value(finding.decision),
        "unknown": [{"question": question, "needs": needs} for question, needs in finding.unknown],
        "sessions": finding.sessions,
        "flows": finding.flow_ids,
    }


def stats_event(stats: Stats, findings: Sequence[Finding] = ()) -> dict[str, Any]:
    """The last event; `findings` are those summed up by unit."""
    counts = dict(stats.counts)
    return {
        "v": VERSION,
        "timestamp": known_time(stats.last_ns),
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
            "first_seen": known_time(stats.first_ns),
            "last_seen": known_time(stats.last_ns),
            "packets": counts.pop("packets", 0),
            "bytes": counts.pop("bytes", 0),
            "not_understood": stats.not_understood,
            "link_types_unknown": {str(k): v for k, v in stats.link_types_unknown.items()},
            "truncated": counts.pop("truncated", 0),
            "flows": counts.pop("flows", 0),
            "evicted": counts.pop("evicted", 0),
            "one_way": counts.pop("one_way", 0),
            "encrypted_long": counts.pop("encrypted_long", 0),
            "encrypted_flows": [_encrypted_flow(flow) for flow in stats.encrypted_flows],
            "gaps": counts.pop("stream_gaps", 0),
            "drops": stats.drops,
            "counts": dict(sorted(counts.items())),
            "limits": stats.limits,
            "units": _by_unit(findings),
        },
    }


def _tunnel(session: Session) -> dict[str, Any] | None:
    """The tunnel a flow came in: for GTP that of the packets from `src`, and the other's."""
    hit = session.hit
    carrier, tunnel = tunnel_of(hit.key.tags)
    if carrier is Carrier.NONE:
        return None
    if carrier is not Carrier.GTP:
        return {"carrier": carrier.word, "id": tunnel}
    side = _miner_side(session)
    return {
        "carrier": carrier.word,
        "id": hit.teids[side] or None,
        "dest_id": hit.teids[1 - side] or None,
    }


def _payload(session: Session) -> list[str]:
    """Whose payload is in the capture: an answer that is not there was not given, or not seen."""
    side = _miner_side(session)
    seen = session.hit.payload
    speakers = ((Speaker.MINER, seen[side]), (Speaker.POOL, seen[1 - side]))
    return [speaker.value for speaker, is_seen in speakers if is_seen]


def _miner_side(session: Session) -> int:
    """The end of the flow's key that acts as miner."""
    key, miner = session.hit.key, session.miner
    address = int(ipaddress.ip_address(miner.address))
    return 0 if (address, miner.port) == (key.a_address, key.a_port) else 1


def _tls(tls: TlsSeen | None) -> dict[str, Any] | None:
    if tls is None:
        return None
    return {
        "sni": tls.sni,
        "alpn": list(tls.alpn),
        "ja4": tls.ja4,
        "certificate_names": list(tls.certificate_names),
    }


def _first(values: tuple[str, ...]) -> str | None:
    return values[0] if values else None


def _joined(end: Endpoint) -> str:
    host = f"[{end.address}]" if ":" in end.address else end.address
    return f"{host}:{end.port}"


def _encrypted_flow(flow: EncryptedFlow) -> dict[str, Any]:
    tls = flow.tls or TlsSeen()
    return {
        "src": _joined(flow.client),
        "dest": _joined(flow.server),
        "sni": tls.sni,
        "ja4": tls.ja4,
        "alpn": list(tls.alpn),
        "seconds": round(flow.ns / 1e9, 6),
    }


def _unit(unit: Unit | None) -> dict[str, Any] | None:
    return None if unit is None else asdict(unit) | {"path": list(unit.path)}


def _chain(logged: LoggedIdentity | None) -> dict[str, Any] | None:
    """What logs say of the machine: a value where there is one candidate, null where several."""
    if logged is None:
        return None
    needs = [asdict(need) for need in logged.needs]
    for need in needs:
        need["from"], need["until"] = (
            timestamp(need.pop("from_ns")),
            timestamp(need.pop("until_ns")),
        )
    return {
        "mac": _only(logged.macs),
        "host_name": _only(logged.host_names),
        "port": _only(logged.ports),
        "account": _only(logged.accounts),
        "candidates": len(logged.macs),
        "macs": list(logged.macs),
        "accounts": list(logged.accounts),
        "inside": list(logged.inside),
        "outside": list(logged.outside),
        "clashes": list(logged.clashes),
        "breaks": needs,
    }


def _only(values: tuple[str, ...]) -> str | None:
    return values[0] if len(values) == 1 else None


def _by_unit(findings: Sequence[Finding]) -> list[dict[str, Any]]:
    """One row a unit and a place in the tree above units, whoever has no unit left out."""
    return [
        {
            "path": list(path),
            "findings": branch.findings,
            "hosts": len(branch.hosts),
            "grades": {grade.word: branch.grades[grade] for grade in reversed(Grade)},
        }
        for path, branch in sum_up(list(findings)).walk()
    ]


def _hashrate(rate: Hashrate | None) -> dict[str, Any] | None:
    """Three digits and more are beyond what counting can tell; six keep ratios exact enough."""
    if rate is None or not math.isfinite(rate.high):
        return None
    return {
        "low": _rounded(rate.low),
        "estimate": _rounded(rate.estimate),
        "high": _rounded(rate.high),
        "unit": "H/s",
        "basis": rate.basis,
    }


def _rigs(rigs: Rigs | None) -> dict[str, Any] | None:
    """A range of machines; `high` null: open."""
    if rigs is None:
        return None
    return {
        "low": rigs.low,
        "high": rigs.high,
        "basis": rigs.basis,
        "methods": [count._asdict() for count in rigs.methods],
    }


def _identity(identity: Identity | None) -> dict[str, Any] | None:
    """What the capture shows of the machine."""
    if identity is None:
        return None
    names = [name._asdict() for name in identity.host_names]
    return asdict(identity) | {"host_names": names}


def _rounded(value: float) -> float:
    return float(f"{value:.6g}")


def _seconds(ns: int | None) -> float | None:
    return None if ns is None else round(ns / 1e9, 6)


def _shares(shares: Shares) -> dict[str, int]:
    return {
        "submitted": shares.submitted,
        "accepted": shares.accepted,
        "rejected": shares.rejected,
        "stale": shares.stale,
        "duplicate": shares.duplicate,
        "low_difficulty": shares.low,
    }


def _quote(quote: Quote) -> dict[str, Any]:
    return {
        "packet": quote.packet,
        "offset": quote.offset,
        "length": quote.length,
        "side": quote.speaker.value,
        "text": without_credentials(quote.text),
        "shows": quote.shows.split(),
    }


def _number(value: float | None) -> float | int | None:
    if value is None or not math.isfinite(value):
        return None
    return int(value) if value == int(value) and value < 1 << 53 else value


def open_output(stream: IO[str], view: View) -> EveOutput:
    """EVE lines into `stream`."""
    return EveOutput(stream, view)
