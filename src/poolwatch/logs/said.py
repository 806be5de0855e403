"""What one entry of a log says, before entries are put together to records.

A lease log grants and takes back, a session log begins and ends, a table was so at a
moment. Readers of formats give these; `settle.py` makes records of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from poolwatch.layouts import LogAct
from poolwatch.logs.records import Kind

if TYPE_CHECKING:
    from poolwatch.logs.clock import Clock

UNKNOWN = -(1 << 63)
"""A time that nothing says."""

Line = tuple[int, str]
"""The number of a line, from 1, and its text without the line's end."""


class Reason(StrEnum):
    """Ids of the sentences that say why something was not read."""

    FORM = "form"  # not in the form of the format
    ADDRESS = "address"
    MAC = "mac"
    NUMBER = "number"
    PORT = "port"
    PROTOCOL = "protocol"
    TIME = "time"
    ENDS_FIRST = "ends_first"
    NO_TIME = "no_time"
    UNFINISHED = "unfinished"  # the file ends in the middle of an entry
    COLUMN = "column"
    LONG_LINE = "long_line"
    TEMPLATE = "template"  # IPFIX data before its template
    UNKNOWN_FORMAT = "unknown_format"
    SEVERAL_FORMATS = "several_formats"
    EMPTY = "empty"
    SKIPPED = "skipped"
    UNREADABLE = "unreadable"
    DAMAGED = "damaged"
    ROWS = "rows"
    FILES = "files"
    YEAR = "year"  # a remark: the year is that of the file's time
    UNMATCHED_END = "unmatched_end"  # an end that says too little without its beginning


class ReadError(Exception):
    """Part of an entry that cannot be read: the reason, and the text it is about."""

    def __init__(self, reason: Reason, text: str = "") -> None:
        super().__init__(f"{reason}: {text}")
        self.reason = reason
        self.text = text


@dataclass(slots=True)
class BindingSaid:
    """An address and a machine or account. Addresses are positions, IPv4 v4-mapped.

    `from_ns` is the beginning (UNKNOWN on an end that does not say), `until_ns` the end of a
    grant, or the moment of an end, of a sign of life, or of a dump.
    """

    line: int
    kind: Kind
    act: LogAct
    address: int
    from_ns: int
    until_ns: int = UNKNOWN
    mac: int | None = None
    host_name: str | None = None
    account: str | None = None
    device_port: str | None = None
    session: str | int | None = None
    device: str | None = None
    begin_said: bool = True


@dataclass(slots=True)
class TranslationSaid:
    """Inside and outside ends; an outside of 0 is one that an end does not say again."""

    line: int
    act: LogAct
    protocol: int | None
    inside: int
    inside_low: int
    inside_high: int
    outside: int
    outside_low: int
    outside_high: int
    from_ns: int
    until_ns: int = UNKNOWN
    remote: int | None = None
    remote_port: int | None = None
    session: str | int | None = None
    device: str | None = None


@dataclass(slots=True)
class AttachmentSaid:
    """A machine at a port of a switch at a moment, seen last at `from_ns`."""

    line: int
    mac: int
    port: str
    from_ns: int
    until_ns: int
    device: str | None = None
    vlan: int | None = None
    uplink: bool = False


@dataclass(slots=True)
class UplinkSaid:
    """A port leads to another switch."""

    line: int
    port: str
    device: str | None = None


@dataclass(slots=True)
class Unread:
    """An entry that is not used, and why."""

    line: int
    reason: Reason
    text: str = ""


Said = BindingSaid | TranslationSaid | AttachmentSaid | UplinkSaid | Unread


@dataclass(slots=True)
class Source:
    """What is known of a file before it is read."""

    clock: Clock
    file_ns: int
    """When the file was last written, for dumps and years that say no time."""
    device: str | None = None
    columns: dict[str, str] = field(default_factory=dict)
    """Of a CSV: what a column holds, by the field's name."""
    values: dict[str, dict[str, str]] = field(default_factory=dict)
    longest_ns: int = 0
    undated_is_file_time: bool = False
    """Whether a dump without a time may be taken to be of the file's time."""


class Reader(Protocol):
    """Reads the lines of one file, without input or output of its own."""

    def __call__(self, lines: Iterable[Line], source: Source) -> Iterator[Said]:
        """What each entry says, in order; entries that cannot be read with the reason."""
        ...
