"""Captures in, batches of packets out. One file a format; formats are told by content."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from poolwatch.capture.packing import packing_of
from poolwatch.errors import CaptureError

if TYPE_CHECKING:
    from poolwatch.capture.bytestream import ByteStream
    from poolwatch.capture.source import Source
    from poolwatch.settings import Limits


@dataclass(frozen=True, slots=True)
class Format:
    """A capture format: its first bytes, and the module whose `open_capture` reads it."""

    name: str
    magics: tuple[bytes, ...]
    module: str


FORMATS = (
    Format(
        "pcap",
        (
            b"\xd4\xc3\xb2\xa1",
            b"\xa1\xb2\xc3\xd4",
            b"\x4d\x3c\xb2\xa1",
            b"\xa1\xb2\x3c\x4d",
        ),
        "poolwatch.capture.pcap",
    ),
    Format("pcapng", (b"\x0a\x0d\x0d\x0a",), "poolwatch.capture.pcapng"),
)

# Recognised so that the message can say what it is, not only what it is not.
FOREIGN = (
    (b"\xa1\xb2\xcd\x34", "a pcap variant with 24-byte record headers"),
    (b"\x34\xcd\xb2\xa1", "a pcap variant with 24-byte record headers"),
    (b"snoop\0\0\0", "a snoop capture"),
    (b"BZh", "bzip2-compressed"),
    (b"PK\x03\x04", "a zip archive"),
)

_WANTED = "a pcap or pcapng file, plain or packed with gzip, zstd or xz"


def open_source(stream: ByteStream, limits: Limits) -> Source:
    """The source for a capture, told by its first bytes.

    Raises CaptureError for an empty input and for one that is no capture.
    """
    head = stream.peek(8)
    if not head:
        raise CaptureError("the input is empty (zero bytes)", 0, "nothing was captured here")
    for row in FORMATS:
        if head.startswith(row.magics):
            module = importlib.import_module(row.module)
            source: Source = module.open_capture(stream, limits)
            return source
    what = next((what for magic, what in FOREIGN if head.startswith(magic)), None)
    if packing_of(head):
        what = "packed twice"
    if what:
        raise CaptureError(f"not read here: {what}", 0, f"convert it to {_WANTED}")
    raise CaptureError(
        f"no capture: it begins with {head[:4].hex(' ')}",
        0,
        f"expected {_WANTED}",
    )
