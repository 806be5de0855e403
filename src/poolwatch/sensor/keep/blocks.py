"""Blocks of pcapng as segments hold them, and how far a file is whole
(draft-ietf-opsawg-pcapng). Little-endian, times in nanoseconds.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from poolwatch.layouts import Link

_SECTION = 0x0A0D0D0A
_INTERFACE = 1
_PACKET = 6
_MAGIC = 0x1A2B3C4D
_COMMENT = 1
_USER_APPLICATION = 4
_INTERFACE_NAME = 2
_RESOLUTION = 9
_MOST_BLOCK_BYTES = 1 << 24
_READ_BYTES = 1 << 20
_LEAST = {_SECTION: 28, _INTERFACE: 20, _PACKET: 32}
_MOST_TEXT = 4096

LINK_TYPES: dict[int, int] = {
    Link.ETHERNET: 1,
    Link.LINUX_SLL: 113,
    Link.LINUX_SLL2: 276,
    Link.RAW_IP: 101,
    Link.NULL: 0,
    Link.LOOP: 108,
    Link.PPP: 9,
    Link.PPPOE: 51,
}
"""LINKTYPE_ values (the registry at tcpdump.org)."""
LINKTYPE_UNKNOWN = 147
"""LINKTYPE_USER0: nobody else's."""


def section(application: str, comment: str) -> bytes:
    """A section header block; the section's length is left open."""
    body = struct.pack("<IHHq", _MAGIC, 1, 0, -1)
    options = _option(_USER_APPLICATION, application) + _option(_COMMENT, comment)
    return _block(_SECTION, body + _ended(options))


def interface(name: str, link: int) -> bytes:
    """An interface description block for a Link code; timestamps count nanoseconds."""
    body = struct.pack("<HHI", LINK_TYPES.get(link, LINKTYPE_UNKNOWN), 0, 0)
    options = _option(_INTERFACE_NAME, name) + struct.pack("<HHB3x", _RESOLUTION, 1, 9)
    return _block(_INTERFACE, body + _ended(options))


def packet(number: int, ts_ns: int, wirelen: int, data: bytes, comments: tuple[str, ...]) -> bytes:
    """An enhanced packet block of the section's interface `number`."""
    ts = ts_ns & 0xFFFF_FFFF_FFFF_FFFF
    head = struct.pack("<IIIII", number, ts >> 32, ts & 0xFFFF_FFFF, len(data), wirelen)
    options = b"".join(_option(_COMMENT, comment) for comment in comments)
    return _block(_PACKET, head + _padded(data) + _ended(options))


class Seen(NamedTuple):
    """A whole block of a file: where it ends, and of a packet its time, size and comments."""

    kind: int
    end: int
    ts_ns: int = 0
    caplen: int = 0
    comments: tuple[str, ...] = ()

    @property
    def is_packet(self) -> bool:
        """Whether it holds a packet."""
        return self.kind == _PACKET


def whole_blocks(path: Path) -> Iterator[Seen]:
    """The blocks of a segment up to the first that is not whole, or not one of ours.

    The file stays within bounds in memory, whatever stands in it. Raises OSError.
    """
    interfaces = -1  # no section yet
    end = 0
    with path.open("rb", buffering=_READ_BYTES) as file:
        size = os.fstat(file.fileno()).st_size
        while True:
            head = file.read(8)
            if len(head) < 8:
                return
            kind, length = struct.unpack("<II", head)
            if length < _LEAST.get(kind, 1 << 32) or length % 4 or length > _MOST_BLOCK_BYTES:
                return
            if end + length > size:
                return
            body = file.read(length - 8)
            if len(body) < length - 8 or body[-4:] != head[4:]:
                return
            fits = _fits(kind, body[:-4], interfaces)
            if not fits:
                return
            interfaces = 0 if kind == _SECTION else interfaces + (kind == _INTERFACE)
            end += length
            yield _seen(kind, end, body[:-4])


def _fits(kind: int, body: bytes, interfaces: int) -> bool:
    """Whether a block may stand where it does; -1 interfaces: before any section."""
    if kind == _SECTION:
        return interfaces < 0 and body[:4] == struct.pack("<I", _MAGIC)
    if kind == _INTERFACE:
        return interfaces >= 0
    number, caplen = map(int, struct.unpack_from("<I8xI", body))
    return number < interfaces and 20 + caplen + (-caplen % 4) <= len(body)


def _seen(kind: int, end: int, body: bytes) -> Seen:
    if kind != _PACKET:
        return Seen(kind, end)
    high, low, caplen = struct.unpack_from("<III", body, 4)
    ts_ns = high << 32 | low
    if ts_ns >= 1 << 63:
        ts_ns -= 1 << 64
    return Seen(kind, end, ts_ns, caplen, tuple(_comments(body[20 + caplen + (-caplen % 4) :])))


def _comments(options: bytes) -> Iterator[str]:
    at = 0
    while at + 4 <= len(options):
        code, length = struct.unpack_from("<HH", options, at)
        if code == 0:
            return
        if code == _COMMENT:
            yield options[at + 4 : at + 4 + length].decode("utf-8", "replace")
        at += 4 + length + (-length % 4)


def _block(kind: int, body: bytes) -> bytes:
    length = struct.pack("<I", len(body) + 12)
    return struct.pack("<I", kind) + length + body + length


def _option(code: int, text: str) -> bytes:
    """A text option; empty: none. Cut where it is too long."""
    value = text.encode("utf-8", "replace")[:_MOST_TEXT]
    value = value.decode("utf-8", "ignore").encode()
    return struct.pack("<HH", code, len(value)) + _padded(value) if value else b""


def _ended(options: bytes) -> bytes:
    return options + bytes(4) if options else b""


def _padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % 4)
