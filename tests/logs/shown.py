"""Records in one line each, for the tests."""

from __future__ import annotations

from poolwatch.logs.book import LogBook, Record
from poolwatch.logs.records import Attachment, Binding, Translation
from tests.logs.reading import clock, holder


def lines_of(book: LogBook) -> list[str]:
    """All records of a book."""
    return [line_of(record) for record in book.records()]


def line_of(record: Record) -> str:
    """What it says, from when to when, how the end is known, and where it stands."""
    begun = f"{clock(record.from_ns)} to {clock(record.until_ns)} {record.end}"
    return f"{_what(record)} | {begun} | {record.origin.line}"


def _what(record: Record) -> str:
    if isinstance(record, Binding):
        port = f" at {record.device_port}" if record.device_port else ""
        open_start = "" if record.begin_said else " (begun?)"
        by = f" by {record.origin.device}" if record.origin.device else ""
        return f"{record.kind} {record.address} {holder(record)}{port}{by}{open_start}"
    if isinstance(record, Translation):
        inside = f"{record.inside}:{_ports(record.inside_low, record.inside_high)}"
        out = f"{record.outside}:{_ports(record.outside_low, record.outside_high)}"
        to = f" to {record.remote}:{record.remote_port}" if record.remote else ""
        by = f" by {record.origin.device}" if record.origin.device else ""
        return f"{record.protocol} {inside} as {out}{to}{by}"
    return _attachment(record)


def _attachment(record: Attachment) -> str:
    up = " uplink" if record.uplink else ""
    return f"{record.mac:012x} at {record.device} {record.port} vlan {record.vlan}{up}"


def _ports(low: int, high: int) -> str:
    return str(low) if low == high else f"{low}-{high}"
