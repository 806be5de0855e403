"""Logs written to a folder and read back, for the tests."""

from __future__ import annotations

import datetime
import ipaddress
from collections.abc import Mapping
from pathlib import Path

from poolwatch.logs.book import LogBook
from poolwatch.logs.load import load_logs
from poolwatch.logs.records import Address, Binding, Translation
from poolwatch.settings import Limits

SAMPLES = Path(__file__).resolve().parent.parent / "data" / "logs"
EVER = (-(1 << 62), 1 << 62)


def book_of(
    folder: Path, files: Mapping[str, str | bytes], zone: str = "UTC", limits: Limits | None = None
) -> LogBook:
    """The book of files written into a folder."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        data = content.encode() if isinstance(content, str) else content
        path.write_bytes(data)
    return load_logs([folder], None, limits or Limits(), zone)


def sample(name: str) -> str:
    """A log written after the documentation of its maker."""
    return (SAMPLES / name).read_text("utf-8")


def ns(text: str) -> int:
    """ns UTC of an ISO time; UTC where it says no zone."""
    moment = datetime.datetime.fromisoformat(text)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=datetime.UTC)
    epoch = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
    return (moment - epoch) // datetime.timedelta(microseconds=1) * 1000


def ip(text: str) -> Address:
    """An address."""
    return ipaddress.ip_address(text)


def clock(at_ns: int) -> str:
    """A time as the tests write it."""
    moment = datetime.datetime.fromtimestamp(at_ns / 1e9, datetime.UTC)
    return moment.strftime("%Y-%m-%d %H:%M:%S")


def who(book: LogBook, address: str) -> list[tuple[str, str, str, str]]:
    """Holder, from, until and end of all bindings of an address."""
    return [
        (holder(one), clock(one.from_ns), clock(one.until_ns), str(one.end))
        for one in book.bindings(ip(address), *EVER)
    ]


def holder(one: Binding) -> str:
    """The MAC, host name and account of a binding, in short."""
    mac = f"{one.mac:012x}" if one.mac else "-"
    return " ".join(part for part in (mac, one.host_name, one.account) if part)


def outside(
    book: LogBook, address: str, port: int | None = None
) -> list[tuple[str, str, str, str]]:
    """Inside end, from, until and end of all translations behind an outside port."""
    found = book.translations_of_outside(ip(address), port, None, *EVER)
    return [shown(one) for one in found]


def shown(one: Translation) -> tuple[str, str, str, str]:
    """A translation in short."""
    ports = f"{one.inside_low}" if one.inside_low == one.inside_high else "*"
    return (f"{one.inside}:{ports}", clock(one.from_ns), clock(one.until_ns), str(one.end))


def complaints(book: LogBook) -> list[tuple[int, str]]:
    """Line and reason of what was not read."""
    return [(note.line, str(note.reason)) for note in book.notes.kept]
