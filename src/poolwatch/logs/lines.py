"""Lines of a file, packed or not, each at most so long."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from poolwatch.capture.bytestream import ByteStream
from poolwatch.logs.said import Line

CHUNK = 1 << 20


def chunks(stream: ByteStream, size: int = CHUNK) -> Iterator[bytes]:
    """The bytes of a stream, some at a time."""
    buffer = bytearray(size)
    view = memoryview(buffer)
    while True:
        got = stream.readinto(view)
        if not got:
            return
        yield bytes(view[:got])


def split(
    data: Iterator[bytes], most: int, too_long: Callable[[int], None], first: int = 1
) -> Iterator[Line]:
    """Lines as text, numbered from `first`; longer ones are named to `too_long` and left out."""
    number = first
    rest = b""
    skipping = False
    for chunk in data:
        pieces = (rest + chunk).split(b"\n")
        rest = pieces.pop()
        for piece in pieces:
            if skipping or len(piece) > most:
                too_long(number)
                skipping = False
            else:
                yield number, text_of(piece)
            number += 1
        if len(rest) > most:
            rest, skipping = b"", True
    if skipping:
        too_long(number)
    elif rest:
        yield number, text_of(rest)


def text_of(line: bytes) -> str:
    """The text of a line: UTF-8, else GB 18030, without what ends it."""
    line = line.rstrip(b"\r")
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError:
        return line.decode("gb18030", "replace")
