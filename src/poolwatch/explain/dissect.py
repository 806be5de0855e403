"""Quoted packets as tshark decodes them, and the display filter that finds them (pyshark).

Fields that may hold what a miner sent are left out: tshark knows of no masks.
"""

from __future__ import annotations

import asyncio
import shutil
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from poolwatch.errors import UsageError
from poolwatch.explain.quotes import Part

_FIELDS: dict[str, tuple[str, ...]] = {
    "vlan": ("id",),
    "ip": ("src", "dst", "id"),
    "ipv6": ("src", "dst"),
    "tcp": ("srcport", "dstport", "stream", "seq", "ack", "len", "flags"),
    "udp": ("srcport", "dstport", "stream", "length"),
    "dns": ("id", "qry_name", "a", "aaaa"),
    "tls": ("handshake_extensions_server_name",),
    "http": ("request_method", "host", "response_code"),
    "websocket": ("opcode", "payload_length"),
}
_LINE_CHARS = 200

Key = tuple[Path, int]


@dataclass(frozen=True, slots=True)
class Decoded:
    """A packet as tshark has it. `filter` finds it; `protocols` are its layers, joined by `:`."""

    filter: str
    protocols: str
    lines: tuple[str, ...]


def dissect(parts: Iterable[Part]) -> tuple[dict[Key, Decoded], list[str]]:
    """What tshark makes of the packets of parts, and what it could not read.

    Raises UsageError where tshark or pyshark is missing.
    """
    if shutil.which("tshark") is None:
        raise UsageError(
            "--dissect: there is no tshark", "install it, for example: apt install tshark"
        )
    wanted: dict[Path, set[int]] = {}
    for part in parts:
        if part.path is not None and part.data:
            wanted.setdefault(part.path, set()).add(part.packet)
    found: dict[Key, Decoded] = {}
    problems: list[str] = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pyshark is older than this Python
        for path, packets in wanted.items():
            try:
                found |= {(path, number): one for number, one in _decoded(path, packets)}
            except _crash() as error:
                problems.append(f"{path.name}: {error}".splitlines()[0])
    return found, problems


def _decoded(path: Path, packets: set[int]) -> Iterator[tuple[int, Decoded]]:
    # Left to itself, pyshark makes a loop that goes on hearing of signals when nobody runs it.
    loop = asyncio.new_event_loop()
    capture = _pyshark().FileCapture(
        str(path.absolute()),
        eventloop=loop,
        display_filter=" || ".join(f"frame.number == {number}" for number in sorted(packets)),
        keep_packets=False,
        custom_parameters=["-n", "-c", str(max(packets))],
    )
    try:
        for packet in capture:
            yield int(packet.number), _decode(packet)
    finally:
        capture.close()
        loop.close()


def _decode(packet: Any) -> Decoded:
    number = int(packet.number)
    stream = ""
    lines: list[str] = []
    for layer in packet.layers:
        name = layer.layer_name.lower()
        for field in _FIELDS.get(name, ()):
            value = layer.get_field(field)
            if value is None:
                continue
            lines.append(f"{name}: {value.showname or value}"[:_LINE_CHARS])
            if field == "stream":
                stream = f"{name}.stream eq {int(value)}"
    place = f"frame.number == {number}"
    return Decoded(
        f"{stream} && {place}" if stream else place,
        str(packet.frame_info.get_field("protocols") or ""),
        tuple(lines),
    )


def _pyshark() -> Any:
    try:
        import pyshark
    except ImportError as error:
        raise UsageError(
            "--dissect needs the package pyshark",
            "install it with: pip install 'poolwatch[dissect]'",
        ) from error
    return pyshark


def _crash() -> type[Exception]:
    """What pyshark raises when tshark gives up."""
    _pyshark()
    from pyshark.capture.capture import TSharkCrashException

    crash: type[Exception] = TSharkCrashException
    return crash
