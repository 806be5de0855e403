"""Proxies in front of a conversation, taken off: SOCKS, HTTP CONNECT, the PROXY line.

Sans-I/O: pieces of both sides in, the pieces of what is inside out. What is inside may be
wrapped again. The tables at the end say how each wrapper begins and how its messages are
read; everything else here does not know one from another. A password is never kept.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from poolwatch.match import http
from poolwatch.match.message import Message, Piece, Span
from poolwatch.terms import Tunnel

_DEPTH = 4  # wrappers within wrappers
_MESSAGE_BYTES = 1 << 13  # of one message of a wrapper
_TLS = b"\x16"
_INSIDE = ""  # after it comes what is wrapped

_CONNECT = re.compile(rb"CONNECT (\S{1,300}) HTTP/1\.[01]\r?\n")
_STATUS = re.compile(rb"HTTP/1\.[01] (\d\d\d)\b")
_LINE = re.compile(rb"PROXY (?:TCP[46] (\S+) (\S+) (\d+) (\d+)|UNKNOWN[^\r\n]*)\r?\n")
_LINE_BYTES = 107  # by its specification
_NAME = re.compile(rb"[\w.-]{1,255}\Z")
_METHODS = 8  # a SOCKS5 client offers, and the highest number it gives one: the gate's bounds
_HIGHEST = 9
_USER = re.compile(rb"[\x21-\x7e]{0,255}\Z")


class Unlike(Exception):
    """These bytes are not the message they should be."""


class Asked(NamedTuple):
    """Where a wrapper leads, and how much of its message shows it."""

    host: str
    port: int
    quoted: int


class Read(NamedTuple):
    """One message of a wrapper: its length, the one after it, and what it says.

    A message may be longer than the bytes it was read from: the rest says nothing.
    """

    length: int
    then: str = _INSIDE
    asked: Asked | None = None
    denied: bool = False  # the proxy said no
    again: bool = False  # but may be asked again over the same connection


Reader = Callable[[bytes], Read | None]
"""The message at the front of some bytes; None when it is not complete.

Raises Unlike when it is none.
"""


class Wrapper(NamedTuple):
    """How one wrapper begins on the client's side and, if at all, on the server's."""

    via: str
    opening: str
    answer: str


@dataclass(slots=True)
class _Side:
    """What waits of one side, and what it should be."""

    held: list[Piece] = field(default_factory=list)
    data: bytearray = field(default_factory=bytearray)  # of those pieces
    step: str = _INSIDE
    layer: int = 0  # wrappers of which this side is through
    skip: int = 0  # bytes to come that say nothing
    through: bool = False  # from here on it is all inside


class Unwrapper:
    """Takes the wrappers off one flow. `over`: there are none to take off, or none any more.

    The side that speaks first is the client, if what it says opens a wrapper.
    """

    __slots__ = (
        "_client",
        "_first",
        "_layers",
        "_sides",
        "asked",
        "dark",
        "ended",
        "inside",
        "over",
        "refused",
    )

    def __init__(self) -> None:
        self._sides = (_Side(), _Side())
        self._layers: list[Wrapper] = []
        self._first: int | None = None
        self._client: int | None = None
        self.over = False
        self.dark = False  # what is inside is encrypted
        self.refused = False  # the proxy's last word was no
        self.ended = False  # and it will not be asked again
        self.inside = [False, False]  # whether anything was seen of the inside, by side
        self.asked: list[tuple[Tunnel, Message]] = []  # requests; whoever uses them takes them

    @property
    def wrapped(self) -> bool:
        """Whether there was a wrapper."""
        return bool(self._layers)

    @property
    def waiting_bytes(self) -> int:
        """Bytes kept until a message of a wrapper is complete."""
        return len(self._sides[0].data) + len(self._sides[1].data)

    def feed(self, side: int, piece: Piece) -> list[Piece]:
        """Take one piece; return what it shows of the inside."""
        if self._first is None:
            self._first = side
        state = self._sides[side]
        if not piece.data or (self._client is None and side != self._first):
            return [piece]
        if state.through or piece.gap:  # what is lost may have been the rest of a wrapper
            return self._show(side, [piece])
        state.held.append(piece)
        state.data += piece.data
        return self._advance(side)

    def finish(self) -> list[tuple[int, Piece]]:
        """What still waits because it could have become a wrapper."""
        if self._client is not None or self._first is None:
            return []
        held, self._sides[self._first].held = self._sides[self._first].held, []
        return [(self._first, piece) for piece in held]

    def shift(self, packets: int) -> None:
        """Count packets from an earlier beginning."""
        for state in self._sides:
            state.held = [piece._replace(packet=piece.packet + packets) for piece in state.held]

    def _advance(self, side: int) -> list[Piece]:
        """Read on as far as the bytes go."""
        state = self._sides[side]
        while state.held:
            if state.skip:
                state.skip -= sum(span.length for span in _cut(state, state.skip))
                continue
            data = bytes(state.data)
            if state.step == _INSIDE and not self._enter(side, data[0]):
                return self._show(side, [])
            reader = READERS.get(state.step)
            if reader is None:
                continue
            try:
                read = reader(data)
            except Unlike:
                return self._show(side, [])
            if read is None:
                return [] if len(data) <= _MESSAGE_BYTES else self._show(side, [])
            self._take(side, read, data)
        return []

    def _enter(self, side: int, first: int) -> bool:
        """Whether another wrapper begins here on this side."""
        state = self._sides[side]
        if self._client is not None and side != self._client:
            if state.layer >= len(self._layers):
                return False
            state.step = self._layers[state.layer].answer
            state.layer += state.step == _INSIDE
            return True
        wrapper = WRAPPERS.get(first)
        if wrapper is None or len(self._layers) >= _DEPTH:
            return False
        state.step = wrapper.opening
        return True

    def _take(self, side: int, read: Read, data: bytes) -> None:
        """One message of a wrapper is read."""
        state = self._sides[side]
        wrapper = WRAPPERS.get(data[0])
        if wrapper is not None and state.step == wrapper.opening:
            self._client = side
            self._layers.append(wrapper)
        ts_ns = state.held[0].ts_ns
        spans = _cut(state, read.length)
        state.skip = max(read.length - len(data), 0)
        if side != self._client:
            self.refused, self.ended = read.denied, read.denied and not read.again
        elif read.asked is not None:
            self.refused = self.ended = False
            host, port, quoted = read.asked
            message = Message(side, ts_ns, None, data[:quoted], _first_of(spans, quoted))
            self.asked.append((Tunnel(self._layers[0].via, host, port), message))
        state.step = read.then
        state.layer += read.then == _INSIDE

    def _show(self, side: int, more: list[Piece]) -> list[Piece]:
        """Hand on what waits of a side, and from now on everything: the inside."""
        state = self._sides[side]
        pieces, state.held = state.held + more, []
        state.data.clear()
        self.inside[side] |= bool(pieces)
        if not state.through:
            state.through = True
            self.dark |= bool(pieces) and self.wrapped and pieces[0].data[:1] == _TLS
        both = self._sides[0].through and self._sides[1].through
        self.over = not self.wrapped or (both and not self.dark and not self.refused)
        return [] if self.dark or self.refused else pieces


def _cut(state: _Side, count: int) -> list[Span]:
    """Take `count` bytes, or all there are, off the front of what waits; where they stood."""
    spans: list[Span] = []
    pieces = state.held
    count = min(count, len(state.data))
    del state.data[:count]
    while count > 0:
        piece = pieces[0]
        size = min(count, len(piece.data))
        spans.append(Span(piece.packet, piece.offset, size))
        if size == len(piece.data):
            del pieces[0]
        else:
            pieces[0] = piece._replace(data=piece.data[size:], offset=piece.offset + size)
        count -= size
    return spans


def _first_of(spans: list[Span], count: int) -> list[Span]:
    """The spans of the first `count` bytes."""
    kept: list[Span] = []
    for span in spans:
        if count > 0:
            kept.append(span._replace(length=min(span.length, count)))
        count -= span.length
    return kept


# -- SOCKS (RFC 1928, RFC 1929, SOCKS4 and 4a) --------------------------------------------


def _socks5_greeting(data: bytes) -> Read | None:
    if len(data) < 2:
        return None
    count = data[1]
    if not 1 <= count <= _METHODS or any(method > _HIGHEST for method in data[2 : 2 + count]):
        raise Unlike
    return Read(2 + count, "socks5-request") if len(data) >= 2 + count else None


def _socks5_request(data: bytes) -> Read | None:
    """The request, or before it user and password (which are passed over)."""
    if data[0] == 1:
        user = data[1] if len(data) > 1 else 0
        length = 3 + user + (data[2 + user] if len(data) > 2 + user else 0)
        return Read(length, "socks5-request") if len(data) >= max(length, 3 + user) else None
    if data[:3] != b"\x05\x01\x00"[: len(data)]:
        raise Unlike  # also what asks to be called, or for UDP
    place = _socks5_place(data)
    if place is None:
        return None
    length, host = place
    return Read(length, asked=Asked(host, int.from_bytes(data[length - 2 : length], "big"), length))


def _socks5_place(data: bytes) -> tuple[int, str] | None:
    """Length of a request or reply, and its host."""
    if len(data) < 5:
        return None
    kind = data[3]
    size = {1: 4, 3: 1 + data[4], 4: 16}.get(kind)
    if size is None:
        raise Unlike
    if len(data) < 6 + size:
        return None
    host = data[4 : 4 + size]
    if kind != 3:
        return 6 + size, str(ipaddress.ip_address(host))
    return 6 + size, host[1:].decode("ascii", "replace")


def _socks5_choice(data: bytes) -> Read | None:
    if data[0] != 5:
        raise Unlike
    if len(data) < 2:
        return None
    if data[1] == 0xFF:
        return Read(2, denied=True)
    if data[1] not in (0, 2):
        raise Unlike
    return Read(2, "socks5-login" if data[1] == 2 else "socks5-reply")


def _socks5_login(data: bytes) -> Read | None:
    if data[0] != 1:
        raise Unlike
    if len(data) < 2:
        return None
    return Read(2, denied=True) if data[1] else Read(2, "socks5-reply")


def _socks5_reply(data: bytes) -> Read | None:
    if data[0] != 5:
        raise Unlike
    if len(data) > 1 and data[1]:  # some send no address with a no
        return Read(len(data), denied=True)
    place = _socks5_place(data)
    return Read(place[0]) if place else None


def _socks4_request(data: bytes) -> Read | None:
    if len(data) > 1 and data[1] != 1:
        raise Unlike
    if len(data) < 9:
        return None
    user, ended, rest = data[8:].partition(b"\0")
    if not _USER.match(user):
        raise Unlike
    if not ended:
        return None
    length = 9 + len(user)
    host = str(ipaddress.ip_address(data[4:8]))
    if data[4:7] == b"\0\0\0" and data[7]:  # 4a: the name follows
        name, ended, _ = rest.partition(b"\0")
        if name and not _NAME.match(name):
            raise Unlike
        if not ended:
            return None
        length += len(name) + 1
        host = name.decode("ascii", "replace")
    return Read(length, asked=Asked(host, int.from_bytes(data[2:4], "big"), length))


def _socks4_reply(data: bytes) -> Read | None:
    if data[0] or (len(data) > 1 and not 0x5A <= data[1] <= 0x5D):
        raise Unlike
    return Read(8, denied=data[1] != 0x5A) if len(data) >= 8 else None


# -- HTTP CONNECT (RFC 9110, section 9.3.6) and the PROXY line ------------------------------


def _connect_request(data: bytes) -> Read | None:
    if data[:8] != b"CONNECT "[: len(data)]:
        raise Unlike
    length = http.head_end(data)
    if not length:
        return None
    match = _CONNECT.match(data)
    if not match:
        raise Unlike
    host, _, port = match[1].decode("latin-1").rpartition(":")
    number = int(port) if port.isascii() and port.isdecimal() and len(port) < 6 else 0
    # Only the first line is quoted: credentials stand behind it.
    return Read(length, asked=Asked(host.strip("[]") or port, number, match.end()))


def _connect_reply(data: bytes) -> Read | None:
    if data[:7] != b"HTTP/1."[: len(data)]:
        raise Unlike
    length = http.head_end(data)
    if not length:
        return None
    match = _STATUS.match(data)
    head = http.parse_head(data[:length])
    if not match or head is None:
        raise Unlike
    if match[1].startswith(b"2"):
        return Read(length)
    again = match[1] == b"407"  # credentials are asked for
    return Read(length + max(http.body_length(head), 0), denied=True, again=again)


def _proxy_line(data: bytes) -> Read | None:
    if data[:6] != b"PROXY "[: len(data)]:
        raise Unlike
    if b"\n" not in data[:_LINE_BYTES]:
        if len(data) >= _LINE_BYTES:
            raise Unlike
        return None
    match = _LINE.match(data)
    if not match:
        raise Unlike
    if match[2] is None:
        return Read(match.end())
    port = int(match[4]) if len(match[4]) < 6 else 0
    return Read(match.end(), asked=Asked(match[2].decode("latin-1"), port, match.end()))


WRAPPERS = {
    0x05: Wrapper("socks5", "socks5-greeting", "socks5-choice"),
    0x04: Wrapper("socks4", "socks4-request", "socks4-reply"),
    ord("C"): Wrapper("http-connect", "connect-request", "connect-reply"),
    ord("P"): Wrapper("proxy-v1", "proxy-line", _INSIDE),
}
"""By the first byte a client sends."""

READERS: dict[str, Reader] = {
    "socks5-greeting": _socks5_greeting,
    "socks5-request": _socks5_request,
    "socks5-choice": _socks5_choice,
    "socks5-login": _socks5_login,
    "socks5-reply": _socks5_reply,
    "socks4-request": _socks4_request,
    "socks4-reply": _socks4_reply,
    "connect-request": _connect_request,
    "connect-reply": _connect_reply,
    "proxy-line": _proxy_line,
}
