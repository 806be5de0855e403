"""Stratum V2 in clear (D08), as it may be spoken within a local network.

A message is an extension (16 bits, the highest one marks messages of a channel), a type, the
length of the rest (24 bits), all little-endian. Vendor, hardware and user stand in clear, and
so does the target of each channel: 2**256 / (target + 1) hashes a share.
Sources: stratum-mining/sv2-spec 03-Protocol-Overview, 05-Mining-Protocol.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Iterable
from typing import Any

from poolwatch.match.dialects.base import Act, Event, facts, named_params, text_at
from poolwatch.match.dialects.named import Named
from poolwatch.match.framing import Frame, Unlike, call, text_of
from poolwatch.match.message import Message

_HEAD = 6
_LONGEST = 1 << 17
_SETUP, _SETUP_SUCCESS = 0x00, 0x01
_ACCEPTS = 64  # accepts that one message can announce here
_MOST_TYPES = 0x80

# Types with which a conversation may be met, and how long their payload can be.
_PLAIN: dict[int, tuple[int, int]] = {
    _SETUP_SUCCESS: (6, 6),
    0x15: (45, 49),
    0x1A: (24, 24),
    0x1B: (25, 57),
    0x1C: (20, 20),
    0x20: (48, 48),
    0x21: (36, 36),
}


class _Framing:
    """Messages one after another, nothing between them."""

    mixed = False

    def opens(self, data: bytes) -> bool | None:
        """Whether a setup begins here, or one of the messages whose length is known."""
        if data[:1] != b"\0" or (len(data) > 1 and data[1] & 0x7F):
            return False
        if len(data) < _HEAD:
            return None
        kind, size = data[2], int.from_bytes(data[3:6], "little")
        if kind == _SETUP:
            if not 16 <= size <= 1400:
                return False
            setup = data[6:11]
            if len(setup) < 5:
                return None if (not setup or setup[0] <= 2) else False
            return setup[0] <= 2 and setup[1:] == b"\2\0\2\0"
        low, high = _PLAIN.get(kind, (1, 0))
        return low <= size <= high and (kind != 0x15 or size in (45, 49))

    def read(self, data: bytes, final: bool) -> Frame | None:
        """One message; those of no interest here are passed over by their length."""
        if len(data) < _HEAD:
            return None
        size = int.from_bytes(data[3:6], "little")
        if data[0] or data[1] & 0x7F or data[2] >= _MOST_TYPES or size > _LONGEST:
            raise Unlike
        if len(data) < _HEAD + size:
            return None
        reader = _READERS.get(data[2])
        body = data[_HEAD : _HEAD + size]
        try:
            return Frame(_HEAD + size, reader(body) if reader else None)
        except (struct.error, IndexError):
            return Frame(_HEAD + size, None)


def _texts(body: bytes, at: int, count: int) -> tuple[list[str], int]:
    """Texts with their length in front, and where they end. Raises IndexError when cut."""
    texts: list[str] = []
    for _ in range(count):
        size = body[at]
        if at + 1 + size > len(body):
            raise IndexError
        texts.append(text_of(body[at + 1 : at + 1 + size]))
        at += 1 + size
    return texts, at


def _setup(body: bytes) -> dict[str, Any]:
    protocol, low, high = struct.unpack_from("<BHH", body)
    (host,), at = _texts(body, 9, 1)
    texts, _ = _texts(body, at + 2, 4)
    vendor, hardware, firmware, device = texts
    return call(
        "sv2.setup_connection",
        protocol=protocol,
        versions=f"{low}-{high}",
        host=host,
        vendor=vendor,
        hardware=hardware,
        firmware=firmware,
        device=device,
    )


def _setup_success(body: bytes) -> dict[str, Any]:
    version, _ = struct.unpack("<HI", body)
    return call("sv2.setup_connection.success", version=version)


def _error(name: str) -> Callable[[bytes], dict[str, Any]]:
    def read(body: bytes) -> dict[str, Any]:
        (code,), _ = _texts(body, 4, 1)
        return call(name, code=code)

    return read


def _open_channel(body: bytes) -> dict[str, Any]:
    (user,), at = _texts(body, 4, 1)
    (rate,) = struct.unpack_from("<f", body, at)
    _need(body, at + 36)
    return call("sv2.open_channel", user=user, rate=float(rate) if math.isfinite(rate) else 0.0)


def _open_success(body: bytes) -> dict[str, Any]:
    _, channel = struct.unpack_from("<II", body)
    _need(body, 40)
    return call("sv2.open_channel.success", channel=channel, target=_target(body[8:40]))


def _new_job(body: bytes) -> dict[str, Any]:
    channel, job = struct.unpack_from("<II", body)
    _need(body, 40)
    return call("sv2.new_job", channel=channel, job=job)


def _new_prev_hash(body: bytes) -> dict[str, Any]:
    channel, job = struct.unpack_from("<II", body)
    _, nbits = struct.unpack_from("<II", body, 40)
    return call("sv2.set_new_prev_hash", channel=channel, job=job, nbits=f"{nbits:08x}")


def _set_target(body: bytes) -> dict[str, Any]:
    (channel,) = struct.unpack_from("<I", body)
    _need(body, 36)
    return call("sv2.set_target", channel=channel, target=_target(body[4:36]))


def _submit(body: bytes) -> dict[str, Any]:
    channel, sequence, job, nonce = struct.unpack_from("<IIII", body)
    _need(body, 24)
    return call("sv2.submit", channel=channel, sequence=sequence, job=job, nonce=f"{nonce:08x}")


def _submit_success(body: bytes) -> dict[str, Any]:
    channel, last, count = struct.unpack_from("<III", body)
    _need(body, 20)
    return call("sv2.submit.success", channel=channel, last=last, count=count)


def _submit_error(body: bytes) -> dict[str, Any]:
    channel, sequence = struct.unpack_from("<II", body)
    (code,), _ = _texts(body, 8, 1)
    return call("sv2.submit.error", channel=channel, sequence=sequence, code=code)


def _need(body: bytes, size: int) -> None:
    if len(body) < size:
        raise IndexError


def _target(data: bytes) -> str:
    """A target with its highest byte first."""
    return data[::-1].hex()


_READERS: dict[int, Callable[[bytes], dict[str, Any]]] = {
    _SETUP: _setup,
    _SETUP_SUCCESS: _setup_success,
    0x02: _error("sv2.setup_connection.error"),
    0x10: _open_channel,
    0x11: _open_success,
    0x12: _error("sv2.open_channel.error"),
    0x13: _open_channel,
    0x14: _open_success,
    0x15: _new_job,
    0x1A: _submit,
    0x1B: _submit,
    0x1C: _submit_success,
    0x1D: _submit_error,
    0x1F: _new_job,
    0x20: _new_prev_hash,
    0x21: _set_target,
}

_REJECTS = {
    "stale-share": "stale",
    "duplicate-share": "duplicate",
    "difficulty-too-low": "low",
    "invalid-job-id": "stale",
}


class StratumV2(Named):
    """A setup, channels, work for them and shares, acknowledged one by one or in batches."""

    def said(self, method: str, message: Message) -> Iterable[Event]:
        """Every message has a name of its own."""
        named = named_params(message)
        reader = _EVENTS.get(method)
        return reader(named) if reader else [Event(Act.DETAIL)]


def _on_setup(named: dict[str, Any]) -> list[Event]:
    parts = [named.get(name) for name in ("vendor", "hardware", "firmware")]
    agent = " ".join(part for part in parts if isinstance(part, str) and part) or None
    host, device = text_at([named.get("host")], 0), text_at([named.get("device")], 0)
    return [Event(Act.GREETING, facts(agent=agent, named_host=host, worker=device))]


def _on_open(named: dict[str, Any]) -> list[Event]:
    rate = named.get("rate")
    reported = rate if isinstance(rate, float) and rate > 0 else None
    login = text_at([named.get("user")], 0)
    return [Event(Act.GREETING, facts(login=login, reported=reported, worker=login))]


def _on_target(act: Act) -> Callable[[dict[str, Any]], list[Event]]:
    def read(named: dict[str, Any]) -> list[Event]:
        events = [Event(Act.DETAIL, facts(hashes=_hashes(named.get("target"))))]
        return [Event(act), *events] if act is not Act.DETAIL else events

    return read


def _on_prev_hash(named: dict[str, Any]) -> list[Event]:
    """The block to build on; the job it names was handed out before."""
    return [Event(Act.DETAIL, facts(nbits=text_at([named.get("nbits")], 0)))]


def _on_submit(named: dict[str, Any]) -> list[Event]:
    said = facts(job=_job(named), worker=f"#{named.get('channel')}", nonce=named.get("nonce"))
    return [Event(Act.SUBMIT, said)]


def _on_success(named: dict[str, Any]) -> list[Event]:
    count = named.get("count")
    accepted = min(count, _ACCEPTS) if isinstance(count, int) else 0
    return [Event(Act.ACCEPT)] * accepted or [Event(Act.DETAIL)]


def _on_error(named: dict[str, Any]) -> list[Event]:
    return [Event(Act.REJECT, {"reject": _REJECTS.get(str(named.get("code")), "other")})]


def _job(named: dict[str, Any]) -> str:
    return f"{named.get('channel')}/{named.get('job')}"


def _hashes(target: Any) -> float | None:
    try:
        value = int(target, 16)
    except (TypeError, ValueError):
        return None
    return float((1 << 256) / (value + 1)) if value else None


_EVENTS: dict[str, Callable[[dict[str, Any]], list[Event]]] = {
    "sv2.setup_connection": _on_setup,
    "sv2.setup_connection.success": lambda _: [Event(Act.SUBSCRIBED)],
    "sv2.setup_connection.error": lambda _: [Event(Act.REFUSAL)],
    "sv2.open_channel": _on_open,
    "sv2.open_channel.success": _on_target(Act.AUTHORIZED),
    "sv2.open_channel.error": lambda _: [Event(Act.REFUSAL)],
    "sv2.new_job": lambda named: [Event(Act.JOB, facts(job=_job(named)))],
    "sv2.set_new_prev_hash": _on_prev_hash,
    "sv2.set_target": _on_target(Act.DETAIL),
    "sv2.submit": _on_submit,
    "sv2.submit.success": _on_success,
    "sv2.submit.error": _on_error,
}

FRAMING = _Framing()
DIALECT = StratumV2()
