"""Cisco IOS XR, carrier NAT in syslog: `[UserbasedA - 10.0.0.1 VRF - 203.0.113.1 - 1024 1535 - -]`,
one event or several a line.

Each has the protocol, inside address, VRF, inside IPv6 address, outside address, inside port,
first and last outside port, and the other end; `-` for what it does not say (IOS XR Carrier Grade
NAT Configuration Guide, External Logging, Syslog Message Format).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from poolwatch.layouts import LogAct
from poolwatch.logs.fields import read_address, read_port, read_protocol
from poolwatch.logs.said import (
    UNKNOWN,
    Line,
    ReadError,
    Reason,
    Said,
    Source,
    TranslationSaid,
    Unread,
)
from poolwatch.logs.syslog import Entry, read_entry

_EVENT = re.compile(r"\[(User|Session)based([AW])D? ([^\[\]]{10,300})\]", re.IGNORECASE)
_WORDS = 10


def looks_like(lines: list[str]) -> bool:
    """Whether an event with all its words stands there."""
    return any(len(found[3].split()) == _WORDS for line in lines for found in _EVENT.finditer(line))


def read(lines: Iterable[Line], source: Source) -> Iterator[Said]:
    """Each event is one entry."""
    for number, text in lines:
        events = list(_EVENT.finditer(text))
        if not events:
            continue
        try:
            entry = read_entry(text, source.clock)
        except ReadError as error:
            yield Unread(number, error.reason, error.text)
            continue
        for event in events:
            try:
                yield _event(number, event, entry)
            except ReadError as error:
                yield Unread(number, error.reason, error.text or event[0][:80])


def _event(number: int, event: re.Match[str], entry: Entry) -> TranslationSaid:
    words = event[3].split()
    if len(words) != _WORDS:
        raise ReadError(Reason.FORM, event[0][:80])
    protocol, four, _, six, outside, port, first, last, remote, remote_port = words
    inside = read_address(six if four == "-" else four)
    low, high = read_port(first), read_port(first if last == "-" else last)
    if high < low:
        raise ReadError(Reason.PORT, f"{first}-{last}")
    whole = event[1].lower() == "user"
    inside_low, inside_high = (0, 65535) if whole else (read_port(port), read_port(port))
    begins = event[2].upper() == "A"
    said = TranslationSaid(
        number,
        LogAct.BEGIN if begins else LogAct.END,
        read_protocol(protocol),
        inside,
        inside_low,
        inside_high,
        read_address(outside),
        low,
        high,
        entry.at_ns if begins else UNKNOWN,
        UNKNOWN if begins else entry.at_ns,
        device=entry.host,
    )
    if remote != "-":
        said.remote, said.remote_port = read_address(remote), read_port(remote_port)
    return said
