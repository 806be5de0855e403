"""What a list says, before anybody asks whether it may be said."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from dataclasses import dataclass

from poolwatch.catalog.names import normal_name

LONGEST_LINE = 16384
_SCHEME = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]{0,31}://")
_SHOWN = 80


@dataclass(frozen=True, slots=True)
class Entry:
    """One name, address or network of a list; what is not said is empty, or 0."""

    number: int
    name: str = ""
    address: str = ""
    network: str = ""
    port: int = 0
    pool: str = ""
    coin: str = ""
    reference: str = ""


@dataclass(frozen=True, slots=True)
class Fault:
    """A line that could not be used, and why."""

    number: int
    reason: str


def numbered_lines(text: str) -> Iterator[tuple[int, str]]:
    """The lines of a text, without blanks around them, counted from 1. Empty ones are left out."""
    for number, line in enumerate(text.split("\n"), 1):
        stripped = line.strip()
        if stripped:
            yield number, stripped


def too_long(number: int, line: str) -> Fault | None:
    """The fault of a line that nobody would write by hand."""
    if len(line) <= LONGEST_LINE:
        return None
    return Fault(number, f"{len(line)} characters, more than {LONGEST_LINE}")


def read_target(number: int, text: str, reference: str = "") -> Entry | Fault:
    """A name, `name:port`, address, `address:port`, `[address]:port` or network."""
    target = _SCHEME.sub("", text.strip(), count=1)
    network = _network(target)
    if network:
        return Entry(number, network=network, reference=reference)
    host, port, fault = _split_port(target)
    if fault:
        return Fault(number, f"{shown(text)}: {fault}")
    address = _address(host)
    if address:
        return Entry(number, address=address, port=port, reference=reference)
    name = normal_name(host.removeprefix("*").removeprefix("."))
    if not name:
        return Fault(number, f"{shown(text)}: no name")
    return Entry(number, name=name, port=port, reference=reference)


def read_port(text: str) -> int | None:
    """A port number, 0 for an empty text, None for anything else."""
    text = text.strip()
    if not text:
        return 0
    if not (text.isascii() and text.isdecimal() and len(text) <= 5):
        return None
    return int(text) if 0 < int(text) <= 65535 else None


def _split_port(target: str) -> tuple[str, int, str]:
    """Host, port and what is wrong."""
    if "/" in target:
        return "", 0, "a path, which is neither a name nor an address"
    if target.startswith("["):
        host, _, rest = target[1:].partition("]")
        text = rest.removeprefix(":")
    elif target.count(":") == 1:
        host, _, text = target.partition(":")
    else:
        host, text = target, ""
    port = read_port(text)
    return (host, port, "") if port is not None else ("", 0, f"{shown(text)} is no port")


def _address(text: str) -> str:
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        return ""


def _network(text: str) -> str:
    if "/" not in text:
        return ""
    try:
        return str(ipaddress.ip_network(text))
    except ValueError:
        return ""


def shown(text: str) -> str:
    """A text from a list, short and without control characters, for a message."""
    plain = "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)
    return repr(plain if len(plain) <= _SHOWN else f"{plain[:_SHOWN]}…")
