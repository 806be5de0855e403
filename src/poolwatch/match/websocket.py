"""WebSocket frames of one direction (RFC 6455), unmasked, joined and unpacked (RFC 7692).

Sans-I/O: `read_head` looks at the front of some bytes, `Joiner` takes payloads and gives out
whole messages. Masked or not, text or binary, in how many frames: it comes out the same.
"""

from __future__ import annotations

import zlib
from typing import NamedTuple

from poolwatch.match.framing import Unlike
from poolwatch.match.message import Head

_TEXT, _BINARY, _CLOSE = 1, 2, 8
_OPCODES = frozenset((0, _TEXT, _BINARY, _CLOSE, 9, 10))
_SHORT = 125  # bytes of a control frame
_FLUSH = b"\x00\x00\xff\xff"  # left out at the end of a packed message
_OPENERS = frozenset((0x01, 0x81, 0x82))
_JSON = (b'{"', b"{ ", b"{\n", b"{\r", b"[{")


class FrameHead(NamedTuple):
    """What stands before a frame's payload."""

    size: int  # bytes of this head
    length: int  # bytes of the payload
    opcode: int
    last: bool  # no more frames of this message follow
    packed: bool
    key: bytes  # four bytes, or none where nothing is masked

    @property
    def is_control(self) -> bool:
        """Whether it stands between messages: close, ping, pong."""
        return self.opcode >= _CLOSE


def read_head(data: bytes | bytearray) -> FrameHead | None:
    """The head at the front; None when it is not complete. Raises Unlike when it is none."""
    if not data:
        return None
    opcode, last, packed = data[0] & 15, bool(data[0] & 0x80), bool(data[0] & 0x40)
    if data[0] & 0x30 or opcode not in _OPCODES or (packed and opcode not in (_TEXT, _BINARY)):
        raise Unlike
    if len(data) < 2:
        return None
    length, size = data[1] & 0x7F, 2
    if opcode >= _CLOSE and (length > _SHORT or not last):
        raise Unlike
    width = {126: 2, 127: 8}.get(length, 0)
    if width:
        size += width
        if len(data) < size:
            return None
        length = int.from_bytes(data[2:size], "big")
        if length <= (_SHORT if width == 2 else 0xFFFF) or length >> 63:
            raise Unlike  # the shortest form is the only one
    masked = 4 if data[1] & 0x80 else 0
    if len(data) < size + masked:
        return None
    return FrameHead(size + masked, length, opcode, last, packed, bytes(data[size : size + masked]))


def opens(data: bytes | bytearray) -> bool | None:
    """Whether a frame begins here whose payload begins a JSON object, or a list of them.

    None: too few bytes to tell.
    """
    if not data or data[0] not in _OPENERS or data[1:2] == b"\n":  # a line of one odd byte
        return False
    try:
        head = read_head(data)
    except Unlike:
        return False
    if head is None:
        return None
    if head.length < 2:
        return False
    begin = unmask(bytes(data[head.size : head.size + 2]), head.key)
    return begin in _JSON if len(begin) == 2 else None


def may_go_on(data: bytes | bytearray) -> bool:
    """Whether a message begins here, in a connection that was asked to become a WebSocket."""
    if not data or data[0] & 0x8F not in (0x81, 0x82, 0x01, 0x02):
        return False
    try:
        read_head(data)
    except Unlike:
        return False
    return True


def unmask(data: bytes, key: bytes) -> bytes:
    """The payload as it was before it was masked."""
    if not key or not data:
        return data
    mask = (key * (len(data) // 4 + 1))[: len(data)]
    plain = int.from_bytes(data, "big") ^ int.from_bytes(mask, "big")
    return plain.to_bytes(len(data), "big")


def upgrades(head: Head) -> bool:
    """Whether a request asks for a WebSocket, or an answer grants it."""
    asked = head.header("upgrade").lower() == "websocket"
    return asked and (head.method == "GET" or head.status == 101)


class Joiner:
    """Payloads of one direction in, whole messages out.

    `bound` holds for a message as sent and once unpacked. What is longer, or does not unpack
    because its beginning was not seen, is None.
    """

    __slots__ = ("_bound", "_data", "_inflater", "_packed", "_whole")

    def __init__(self, bound: int) -> None:
        self._bound = bound
        self._data = bytearray()
        self._packed = False
        self._whole = False  # nothing of the message was lost
        self._inflater = zlib.decompressobj(wbits=-15)

    @property
    def waiting_bytes(self) -> int:
        """Bytes kept until a message is complete."""
        return len(self._data)

    def add(self, head: FrameHead, payload: bytes | None) -> bytes | None:
        """Take the payload of a data frame; `None` for one that was not kept.

        Returns the message it ends, empty while more frames follow.
        """
        if head.opcode:  # the first frame of a message
            self._data.clear()
            self._packed, self._whole = head.packed, True
        if payload is None or len(self._data) + len(payload) > self._bound:
            self._whole = False
        else:
            self._data += unmask(payload, head.key)
        if not head.last:
            return b""
        message, whole = bytes(self._data), self._whole
        self._data.clear()
        self._whole = False  # a frame that goes on with nothing is no message
        if not whole:
            return None
        return self._unpack(message) if self._packed else message

    def _unpack(self, message: bytes) -> bytes | None:
        """Packed messages go on where the one before ended, unless it was closed."""
        try:
            text = self._inflater.decompress(message + _FLUSH, self._bound)
            whole = not self._inflater.unconsumed_tail
        except zlib.error:
            text, whole = b"", False
        if not whole or self._inflater.eof:
            self._inflater = zlib.decompressobj(wbits=-15)
        return text if whole else None
