"""WebSocket frames made here, for tests."""

from __future__ import annotations

import struct
import zlib

UPGRADE = (
    b"GET /proxy HTTP/1.1\r\nHost: ws1.miner.example\r\nUser-Agent: Firefox\r\n"
    b"Connection: Upgrade\r\nUpgrade: WebSocket\r\nSec-WebSocket-Version: 13\r\n\r\n"
)
SWITCHED = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"


def frame(payload: bytes, *, head: int = 0x81, key: bytes = b"") -> bytes:
    """One frame; masked when there is a key."""
    size, bit = len(payload), 0x80 if key else 0
    if size < 126:
        begin = bytes([head, bit | size])
    elif size < 1 << 16:
        begin = struct.pack(">BBH", head, bit | 126, size)
    else:
        begin = struct.pack(">BBQ", head, bit | 127, size)
    masked = bytes(byte ^ key[i % 4] for i, byte in enumerate(payload)) if key else payload
    return begin + key + masked


def packed(texts: list[bytes], *, key: bytes = b"") -> list[bytes]:
    """Messages packed one behind the other (RFC 7692), each as one frame."""
    packer = zlib.compressobj(wbits=-15)
    frames = []
    for text in texts:
        data = packer.compress(text) + packer.flush(zlib.Z_SYNC_FLUSH)
        frames.append(frame(data.removesuffix(b"\0\0\xff\xff"), head=0xC1, key=key))
    return frames
