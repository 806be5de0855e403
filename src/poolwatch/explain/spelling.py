"""How quoted bytes are read: as text, as digits, as a name of DNS, as what a frame holds.

So it shows whether bytes found at a place are those an event speaks of.
"""

from __future__ import annotations

import ipaddress
import re
import zlib
from collections.abc import Callable, Iterator

from poolwatch.match.framing import Unlike
from poolwatch.match.websocket import Joiner, read_head
from poolwatch.outputs.masking import GONE, without_credentials

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
_BOUND = 1 << 20
_LONGEST_LABEL = 63
_HEAD = 14  # the longest head of a WebSocket frame
_GZIP = b"\x1f\x8b\x08"


def agrees(data: bytes, text: str) -> bool:
    """Whether bytes, as they stand, read as the text of an event."""
    return bool(text) and any(_begins(read, text) for read in _plain(data))


def unpacked(data: bytes) -> bytes | None:
    """What a WebSocket's frames or a gzip member hold; None where these bytes are neither.

    Empty when they are, and cannot be read by themselves.
    """
    if data[:3] == _GZIP:
        try:
            return zlib.decompressobj(wbits=31).decompress(data, _BOUND)
        except zlib.error:
            return b""
    return _unframed(data)


def begins_like(data: bytes, text: str) -> bool:
    """Whether bytes could be the first piece of a message of that text."""
    if agrees(data, text):
        return True
    return any(read and text.startswith(read) for read in _plain(data))


def _begins(read: str, text: str) -> bool:
    """The text of an event is cut, and lacks credentials."""
    if read.startswith(text) or without_credentials(read[: len(text)]) == text:
        return True
    known = text.split(GONE)[0]
    return GONE in text and len(known) > 1 and read.startswith(known)


def _plain(data: bytes) -> Iterator[str]:
    yield _CONTROL.sub(" ", data.decode("utf-8", "replace")).strip()
    yield data.hex()
    yield "".join(c if c.isprintable() else "�" for c in data.decode("utf-8", "replace"))
    for read in (_labels, _address):
        text = read(data)
        if text is not None:
            yield text


def _labels(data: bytes) -> str | None:
    """A name as DNS messages have it, up to where it ends or points elsewhere."""
    labels = []
    at = 0
    while at < len(data) and 0 < data[at] <= _LONGEST_LABEL:
        labels.append(data[at + 1 : at + 1 + data[at]].decode("latin-1"))
        at += 1 + data[at]
    return ".".join(labels) if labels else None


def _address(data: bytes) -> str | None:
    make: Callable[[bytes], object] | None = {
        4: ipaddress.IPv4Address,
        16: ipaddress.IPv6Address,
    }.get(len(data))
    return str(make(data)) if make else None


def _unframed(data: bytes) -> bytes | None:
    joiner = Joiner(_BOUND)
    at = 0
    while at < len(data):
        try:
            head = read_head(data[at : at + _HEAD])
        except Unlike:
            return None
        if head is None:
            return None
        payload = data[at + head.size : at + head.size + head.length]
        at += head.size + head.length
        if head.is_control:
            continue
        whole = joiner.add(head, payload)
        if whole is None:
            return b""
        if whole:
            return whole
    return b""
