"""TLS handshakes in clear: ClientHello, JA4, certificate names. Hostile bytes never raise.

JA4 is FoxIO's fingerprint of TLS clients (BSD licence), by its published description; none of
the other fingerprints of that family is used.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

HANDSHAKE = 0x16
CERTIFICATE = 11
_SERVER_NAME = 0
_SIGNATURE_ALGORITHMS = 13
_ALPN = 16
_SUPPORTED_VERSIONS = 43
_VERSIONS = {0x0304: "13", 0x0303: "12", 0x0302: "11", 0x0301: "10", 0x0300: "s3", 0x0002: "s2"}
_EMPTY = "0" * 12
_MOST_LISTED = 99  # two digits

_COMMON_NAME = bytes.fromhex("550403")
_ALTERNATIVE_NAME = bytes.fromhex("551d11")
_DNS_NAME = 0x82
_DER_DEPTH = 6
_DER_VALUES = 2048  # of one certificate looked at
MOST_NAMES = 128
"""Names of one certificate that are looked at."""


class Place(NamedTuple):
    """A text, and where its bytes stand in what was parsed."""

    text: str
    at: int
    length: int


@dataclass(slots=True)
class ClientHello:
    """What a client says first. `whole`: nothing of it is missing, so it has a fingerprint."""

    version: int = 0
    ciphers: list[int] = field(default_factory=list)
    extensions: list[int] = field(default_factory=list)
    versions: list[int] = field(default_factory=list)
    signature_algorithms: list[int] = field(default_factory=list)
    alpn: list[bytes] = field(default_factory=list)
    server_name: Place | None = None
    whole: bool = False


class _Cut(Exception):
    """The bytes end before what they announce."""


class _Reader:
    """Takes bytes from the front and knows where they stand."""

    def __init__(self, data: bytes, at: int, end: int) -> None:
        self.data, self.at, self.end = data, at, end

    def take(self, size: int) -> bytes:
        if self.at + size > self.end:
            raise _Cut
        self.at += size
        return self.data[self.at - size : self.at]

    def number(self, width: int) -> int:
        return int.from_bytes(self.take(width), "big")

    def part(self, width: int, *, lax: bool = False) -> _Reader:
        """What stands behind its own length; `lax`: as far as it goes."""
        size = self.number(width)
        end = self.at + size
        if end > self.end and not lax:
            raise _Cut
        part = _Reader(self.data, self.at, min(end, self.end))
        self.at = part.end
        return part

    def numbers(self) -> list[int]:
        """The rest as 16-bit numbers."""
        rest = self.data[self.at : self.end]
        return [int.from_bytes(rest[i : i + 2], "big") for i in range(0, len(rest) - 1, 2)]


def parse_client_hello(data: bytes) -> ClientHello | None:
    """The ClientHello whose record begins `data`, as far as it is there; None for none."""
    if len(data) < 6 or data[0] != HANDSHAKE or data[1] != 3 or data[5] != 1:
        return None
    hello = ClientHello()
    try:
        reader = _Reader(data, 3, len(data))
        record = reader.part(2, lax=True)
        record.take(1)
        size = record.number(3)
        hello.version = record.number(2)
        record.take(32)
        record.part(1)
        hello.ciphers = record.part(2).numbers()
        record.part(1)
        if record.at < record.end:
            extensions = record.part(2, lax=True)
            _read_extensions(extensions, hello)
        hello.whole = record.at == 9 + size  # a hello split over records is not whole here
    except _Cut:
        pass
    return hello


def _read_extensions(reader: _Reader, hello: ClientHello) -> None:
    while reader.at < reader.end:
        kind = reader.number(2)
        body = reader.part(2)
        hello.extensions.append(kind)
        try:
            _read_extension(kind, body, hello)
        except _Cut:  # one that is malformed says nothing; the others still do
            continue


def _read_extension(kind: int, body: _Reader, hello: ClientHello) -> None:
    if kind == _SERVER_NAME:
        names = body.part(2, lax=True)
        if names.number(1) == 0:
            name = names.part(2)
            if name.at < name.end:
                raw = name.data[name.at : name.end]
                hello.server_name = Place(raw.decode("latin-1"), name.at, len(raw))
    elif kind == _SIGNATURE_ALGORITHMS:
        hello.signature_algorithms = body.part(2).numbers()
    elif kind == _SUPPORTED_VERSIONS:
        hello.versions = body.part(1).numbers()
    elif kind == _ALPN:
        protocols = body.part(2)
        while protocols.at < protocols.end:
            hello.alpn.append(protocols.take(protocols.number(1)))


# -- JA4 -----------------------------------------------------------------------------------


def ja4(hello: ClientHello) -> str | None:
    """The fingerprint of a client over TCP; None when parts of its hello are missing."""
    if not hello.whole:
        return None
    ciphers = _without_grease(hello.ciphers)
    extensions = _without_grease(hello.extensions)
    version = max(_without_grease(hello.versions), default=hello.version)
    head = "".join(
        (
            "t",
            _VERSIONS.get(version, "00"),
            "d" if _SERVER_NAME in extensions else "i",
            f"{min(len(ciphers), _MOST_LISTED):02d}",
            f"{min(len(extensions), _MOST_LISTED):02d}",
            _alpn_ends(hello.alpn),
        )
    )
    kept = [kind for kind in extensions if kind not in (_SERVER_NAME, _ALPN)]
    listed = _hex(sorted(kept))
    algorithms = _hex(_without_grease(hello.signature_algorithms))
    if listed and algorithms:
        listed += f"_{algorithms}"
    return f"{head}_{_digest(_hex(sorted(ciphers)))}_{_digest(listed)}"


def _without_grease(values: list[int]) -> list[int]:
    """Without the values that clients mix in so that servers bear unknown ones (RFC 8701)."""
    return [v for v in values if not (v & 0x0F0F == 0x0A0A and v >> 8 == v & 0xFF)]


def _alpn_ends(protocols: list[bytes]) -> str:
    if not protocols or not protocols[0]:
        return "00"
    first, last = protocols[0][:1], protocols[0][-1:]
    if first.isalnum() and last.isalnum():
        return (first + last).decode("ascii")
    digits = protocols[0].hex()
    return digits[0] + digits[-1]


def _hex(values: list[int]) -> str:
    return ",".join(f"{value:04x}" for value in values)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12] if text else _EMPTY


# -- certificates ----------------------------------------------------------------------------


def certificate_names(flight: bytes) -> list[Place]:
    """The DNS names of the server's own certificate in its first TLS records.

    Those of the subject alternative name; the common name only where there are none.
    """
    try:
        found = _find_certificate(flight)
        return _names_in(flight, *found) if found else []
    except _Cut:
        return []


def _find_certificate(flight: bytes) -> tuple[int, int] | None:
    reader = _Reader(flight, 0, len(flight))
    while reader.at < reader.end:
        if reader.number(1) != HANDSHAKE:
            return None
        reader.take(2)
        record = reader.part(2, lax=True)
        while record.at + 4 <= record.end:
            kind = record.number(1)
            message = record.part(3, lax=True)
            if kind == CERTIFICATE:
                certificate = message.part(3, lax=True).part(3)
                return certificate.at, certificate.end
    return None


def _names_in(data: bytes, start: int, end: int) -> list[Place]:
    common: list[Place] = []
    alternative: list[Place] = []
    identifier = b""
    for tag, at, size in _der_values(data, start, end):
        if tag == 0x06:
            identifier = data[at : at + size]
        elif identifier == _COMMON_NAME and tag in (0x0C, 0x13, 0x14, 0x16):
            common.append(_place(data, at, size))
        elif identifier == _ALTERNATIVE_NAME and tag == 0x04:
            alternative += _alternative_names(data, at, at + size)
    # The subject stands behind the issuer, whose common name is no host's.
    names = alternative or [place for place in common[-1:] if _is_host_name(place.text)]
    return names[:MOST_NAMES]


def _alternative_names(data: bytes, start: int, end: int) -> list[Place]:
    names = [
        _place(data, at, size)
        for tag, at, size in _der_values(data, start, end)
        if tag == _DNS_NAME
    ]
    return names[:MOST_NAMES]


def _der_values(data: bytes, start: int, end: int) -> Iterator[tuple[int, int, int]]:
    """Tag, place and size of every value, from the outside in; containers are entered."""
    ends = [end]
    at = start
    for _ in range(_DER_VALUES):
        while ends and at >= ends[-1]:
            ends.pop()
        if not ends:
            return
        header = _der_header(data, at, ends[-1])
        if header is None:
            return
        tag, body, size = header
        yield tag, body, size
        if tag & 0x20 and len(ends) < _DER_DEPTH:
            ends.append(body + size)
            at = body
        else:
            at = body + size


def _der_header(data: bytes, at: int, end: int) -> tuple[int, int, int] | None:
    if at + 2 > end or data[at] & 0x1F == 0x1F:
        return None
    size, body = data[at + 1], at + 2
    if size >= 0x80:
        width = size & 0x7F
        if not 1 <= width <= 3 or body + width > end:
            return None
        size, body = int.from_bytes(data[body : body + width], "big"), body + width
    return (data[at], body, size) if body + size <= end else None


def _place(data: bytes, at: int, size: int) -> Place:
    return Place(data[at : at + size].decode("latin-1"), at, size)


def _is_host_name(text: str) -> bool:
    return "." in text and " " not in text
