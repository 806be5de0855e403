"""Names that show in clear in captures: their bytes are searched, so no layout hides one.

What only looks like a name is taken too, since one too many harms nobody here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import dpkt

from tests.name_traffic import fits_dns

_TEXT = re.compile(
    rb"(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9])?\.)+[a-z]{2,24}(?![a-z0-9_-])", re.IGNORECASE
)
_COUNTS = re.compile(rb"(?s)(?<=.{4})\0[\1-\4](?:\0.){3}(?=[\1-\77][\w-])")
"""One to four questions and few records: the end of a DNS header, a label behind it."""
_HEADER_BEFORE = 4  # identifier and flags
_MESSAGE_BYTES = 4096
_NAMED = ("name", "cname", "ptrname", "nsname", "mxname", "srvname")


def seen_names(files: Iterable[Path]) -> list[str]:
    """Names of DNS messages, and whatever is written like one: in TLS, in HTTP, anywhere."""
    found: dict[str, None] = {}
    for file in files:
        data = file.read_bytes()
        found |= dict.fromkeys(match[0].decode() for match in _TEXT.finditer(data))
        for match in _COUNTS.finditer(data):
            start = match.start() - _HEADER_BEFORE
            found |= dict.fromkeys(_names_of(data[start : start + _MESSAGE_BYTES]))
    return sorted(filter(fits_dns, {name.lower() for name in found}))


def _names_of(message: bytes) -> Iterator[str]:
    """The names of a DNS message; of one that is cut or none, its first question at least."""
    yield _first_question(message)
    try:
        parsed = dpkt.dns.DNS(message)
    except (dpkt.UnpackError, IndexError, UnicodeError):
        return
    for record in (*parsed.qd, *parsed.an, *parsed.ns, *parsed.ar):
        yield from (getattr(record, field, "") for field in _NAMED)


def _first_question(message: bytes) -> str:
    labels: list[str] = []
    at = 12
    while at < len(message) and 0 < message[at] < 64:
        labels.append(message[at + 1 : at + 1 + message[at]].decode(errors="replace"))
        at += 1 + message[at]
    return ".".join(labels)
