"""Chains and requests for programs: JSON objects, and rows of CSV."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from typing import IO, Any

from poolwatch.chain.hops import Break, Hint, Hop, Missing, Proof, Query, Trace
from poolwatch.chain.requests import LogRequest
from poolwatch.messages import Messages
from poolwatch.outputs.chain_words import Masker
from poolwatch.outputs.csv_table import safe_text
from poolwatch.outputs.times import timestamp

HOP_COLUMNS = (
    "chain",
    "depth",
    "row",
    "step",
    "value",
    "shared_by",
    "details",
    "clashes",
    "kind",
    "file",
    "line",
    "device",
    "from",
    "until",
    "end",
    "quote",
    "missing",
    "why",
    "about",
)
REQUEST_COLUMNS = (
    "log",
    "device",
    "from",
    "until",
    "look_for",
    "settles",
    "why",
    "log_name",
    "settles_name",
)
_ALWAYS = 1 << 61


def chain_object(trace: Trace, masker: Masker) -> dict[str, Any]:
    """A chain as one JSON object."""
    return {
        "query": _query(trace.query),
        "left_out": trace.left_out,
        "chain": _hop(trace.root, masker),
    }


def request_object(request: LogRequest) -> dict[str, Any]:
    """A request as one JSON object."""
    return {
        "log": request.missing.value,
        "device": request.device,
        "from": timestamp(request.from_ns),
        "until": timestamp(request.until_ns),
        "look_for": list(request.about),
        "settles": [step.value for step in request.settles],
        "why": [reason.value for reason in request.reasons],
    }


def write_chains(traces: Iterable[Trace], masker: Masker, stream: IO[str]) -> None:
    """Chains as CSV: a row for each line that says something, and one for each break."""
    writer = csv.DictWriter(stream, HOP_COLUMNS, restval="", lineterminator="\n")
    writer.writeheader()
    for number, trace in enumerate(traces, 1):
        for row in _rows(trace.root, 0, masker):
            cells = {name: safe_text(str(cell)) for name, cell in row.items() if cell is not None}
            writer.writerow({"chain": number, **cells})


def write_requests(requests: Iterable[LogRequest], messages: Messages, stream: IO[str]) -> None:
    """Requests as CSV, with the names of logs in the language of the messages."""
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(REQUEST_COLUMNS)
    for request in requests:
        cells = request_object(request)
        row = [
            cells["log"],
            cells["device"] or "",
            cells["from"],
            cells["until"],
            "; ".join(cells["look_for"]),
            "; ".join(cells["settles"]),
            "; ".join(cells["why"]),
            messages.say(f"chain.log.{request.missing}"),
            "; ".join(messages.say(f"chain.settles.{step}") for step in request.settles),
        ]
        writer.writerow([safe_text(cell) for cell in row])


def _query(query: Query) -> dict[str, Any]:
    return {
        "address": str(query.address),
        "port": query.port,
        "protocol": query.protocol,
        "remote": str(query.remote) if query.remote else None,
        "remote_port": query.remote_port,
        "from": timestamp(query.from_ns),
        "until": timestamp(query.until_ns),
    }


def _hop(hop: Hop, masker: Masker) -> dict[str, Any]:
    return {
        "step": hop.step.value,
        "value": masker.value(hop),
        "details": {name: masker.text(text) for name, text in hop.details.items()},
        "shared_by": hop.shared_by,
        "proofs": [_proof(proof, masker) for proof in hop.proofs],
        "proofs_left_out": hop.proofs_left_out,
        "clashes": [clash.value for clash in hop.clashes],
        "breaks": [_break(broken, masker) for broken in hop.breaks],
        "next": [_hop(follower, masker) for follower in hop.next],
    }


def _proof(proof: Proof, masker: Masker) -> dict[str, Any]:
    return {
        "kind": proof.kind,
        "file": proof.file,
        "line": proof.line,
        "device": proof.device,
        "from": _time(proof.from_ns),
        "until": _time(proof.until_ns),
        "end": proof.end.value if proof.end else None,
        "quote": masker.quote(proof.quote) if proof.quote else None,
    }


def _break(broken: Break, masker: Masker) -> dict[str, Any]:
    return {
        "settles": broken.settles.value,
        "missing": broken.missing.value,
        "why": broken.why.value,
        "device": broken.device,
        "about": broken.about,
        "from": timestamp(broken.from_ns),
        "until": timestamp(broken.until_ns),
        "hints": [_hint(hint, broken.missing, masker) for hint in broken.hints],
    }


def _hint(hint: Hint, missing: Missing, masker: Masker) -> dict[str, Any]:
    value = masker.text(hint.value) if missing is Missing.LOGIN else hint.value
    return {
        "value": value,
        "seconds": round(hint.distance_ns / 1e9, 6),
        "proof": _proof(hint.proof, masker),
    }


def _rows(hop: Hop, depth: int, masker: Masker) -> Iterator[dict[str, Any]]:
    about = {
        "depth": depth,
        "row": "hop",
        "step": hop.step.value,
        "value": masker.value(hop),
        "shared_by": hop.shared_by,
        "details": "; ".join(f"{name}={masker.text(text)}" for name, text in hop.details.items()),
        "clashes": "; ".join(hop.clashes),
    }
    for proof in hop.proofs or (None,):
        yield about | (_proof(proof, masker) if proof else {})
    for broken in hop.breaks:
        yield {
            "depth": depth,
            "row": "break",
            "step": broken.settles.value,
            "missing": broken.missing.value,
            "why": broken.why.value,
            "about": broken.about,
            "device": broken.device,
            "from": timestamp(broken.from_ns),
            "until": timestamp(broken.until_ns),
        }
    for follower in hop.next:
        yield from _rows(follower, depth + 1, masker)


def _time(ns: int | None) -> str | None:
    return None if ns is None or abs(ns) >= _ALWAYS else timestamp(ns)
