"""HTTP/1.1 heads and bodies of one direction: enough to read JSON-RPC in them, bounded."""

from __future__ import annotations

import re
import zlib

from poolwatch.match.message import Head

_REQUEST = re.compile(rb"([A-Z]{3,10}) (\S{1,8192}) HTTP/1\.[01]\s*\Z")
_STATUS = re.compile(rb"HTTP/1\.[01] ([1-5]\d\d)\b")
_STARTS = (b"POST ", b"GET ", b"PUT ", b"HEAD ", b"HTTP/1.", b"OPTIONS ", b"DELETE ", b"PATCH ")
_INITIALS = frozenset(start[0] for start in _STARTS)
_MAX_HEADERS = 100
_CHUNK_SIZE = re.compile(rb"\s*([0-9a-fA-F]{1,8})")

UNTIL_CLOSE = -1
CHUNKED = -2


def may_start(data: bytes | bytearray) -> bool:
    """Whether bytes begin an HTTP message, or are too few to tell."""
    if data[0] not in _INITIALS:
        return False
    begin = bytes(data[:8])
    return any(data.startswith(start) or start.startswith(begin) for start in _STARTS)


def head_end(data: bytes | bytearray) -> int:
    """Length of the head with its blank line, 0 while it is not complete."""
    crlf = data.find(b"\r\n\r\n")
    bare = data.find(b"\n\n")
    if crlf >= 0 and (bare < 0 or crlf < bare):
        return crlf + 4
    return bare + 2 if bare >= 0 else 0


def parse_head(data: bytes) -> Head | None:
    """The head in `data`, None when its first line is neither request nor status."""
    lines = data.split(b"\n")
    first = lines[0].rstrip(b"\r")
    head = Head(headers={})
    request = _REQUEST.match(first)
    status = _STATUS.match(first)
    if request:
        head.method = request[1].decode()
        head.target = request[2].decode("latin-1")
    elif status:
        head.status = int(status[1])
    else:
        return None
    assert head.headers is not None
    for line in lines[1 : 1 + _MAX_HEADERS]:
        name, colon, value = line.partition(b":")
        if colon:
            head.headers.setdefault(
                name.strip().decode("latin-1").lower(), value.strip().decode("latin-1")
            )
    return head


def body_length(head: Head) -> int:
    """Length of the body behind a head, CHUNKED, or UNTIL_CLOSE (RFC 9112, section 6)."""
    if "chunked" in head.header("transfer-encoding").lower():
        return CHUNKED
    text = head.header("content-length")
    if text.isascii() and text.isdecimal() and len(text) < 16:
        return int(text)
    if head.method or head.status < 200 or head.status in (204, 304):
        return 0
    return UNTIL_CLOSE


def chunk_size(line: bytes) -> int | None:
    """The size a chunk's first line gives, None when it is none."""
    match = _CHUNK_SIZE.match(line)
    return int(match[1], 16) if match else None


def unpack_body(head: Head, data: bytes, bound: int) -> bytes | None:
    """The body without its content encoding, as far as the bound; as it is if not packed.

    None when it is packed in a way not known here, does not unpack, or only to too much.
    """
    encoding = head.header("content-encoding").strip().lower()
    if encoding in ("", "identity"):
        return data
    # Servers send `deflate` with and without the zlib header it should have.
    for wbits in {"gzip": (31,), "x-gzip": (31,), "deflate": (15, -15)}.get(encoding, ()):
        try:
            unpacker = zlib.decompressobj(wbits=wbits)
            unpacked = unpacker.decompress(data, _unpacked_bound(data, bound))
            return None if unpacker.unconsumed_tail else unpacked
        except zlib.error:
            continue
    return None


def _unpacked_bound(data: bytes, bound: int) -> int:
    """Real JSON does not shrink further; a bomb is cut early."""
    return min(bound, 64 * len(data) + (1 << 16))
