"""What is asked for on the command line: address, port and time of a notice."""

from __future__ import annotations

import datetime
import ipaddress
import re
import zoneinfo

from poolwatch.chain.hops import Query
from poolwatch.errors import UsageError
from poolwatch.inventory import dates
from poolwatch.inventory.notes import CellError
from poolwatch.plan import time_zone

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
SECOND = 1_000_000_000
PROTOCOLS = {"tcp": 6, "udp": 17}

_EXAMPLE = "for example 203.0.113.7:51322@2021-09-06T10:00+08:00 or [2001:db8::7]:51322@…"
_BRACKETED = re.compile(r"\[([^\[\]]*)\](?::(\d{1,5}))?")
_DOTTED = re.compile(r"([\d.]+)(?::(\d{1,5}))?")
_CLOCK = re.compile(r"\d{1,2}:\d{2}(?P<seconds>:\d{2}(?:\.\d+)?)?")


def split_target(text: str) -> tuple[Address, int | None, str | None]:
    """ADDRESS[:PORT][@TIME], IPv6 with a port in brackets. Raises UsageError."""
    end, at, time = text.partition("@")
    end = end.strip()
    found = _BRACKETED.fullmatch(end) or _DOTTED.fullmatch(end)
    host, port = (found[1], found[2]) if found else (end, None)
    try:
        address = ipaddress.ip_address(host)
    except ValueError as error:
        raise UsageError(f"{text}: no address", _EXAMPLE) from error
    number = int(port) if port else None
    if number is not None and not 0 < number < 1 << 16:
        raise UsageError(f"{text}: no port “{port}”", "ports are 1 to 65535")
    return address, number, time.strip() if at else None


def query_of(text: str, zone: str, protocol: str | None, remote: str | None) -> Query:
    """The query of a target that names its time. Raises UsageError.

    A time without seconds stands for its whole minute, a date for the whole day.
    """
    address, port, time = split_target(text)
    if not time:
        raise UsageError(
            f"{text}: without a time logs cannot tell who had an address", f"add it, {_EXAMPLE}"
        )
    first = read_moment(time, zone, text)
    other, other_port, _ = split_target(remote) if remote else (None, None, None)
    return Query(
        address,
        first,
        first + _width(time),
        port,
        PROTOCOLS[protocol] if protocol else None,
        other,
        other_port,
    )


def read_moment(text: str, zone: str, option: str) -> int:
    """A moment, in ns UTC. Raises UsageError."""
    try:
        ns = dates.read_from(text, zoneinfo.ZoneInfo(time_zone(zone)))
    except CellError:
        ns = dates.ALWAYS_FROM
    if ns in (dates.ALWAYS_FROM, dates.ALWAYS_TO):
        raise UsageError(f"{option}: no time “{text}”", "for example 2021-09-06T08:30:00Z")
    return ns


def now() -> int:
    """The present, in ns UTC."""
    return int(datetime.datetime.now(datetime.UTC).timestamp()) * SECOND


def _width(time: str) -> int:
    """How long the time that was said lasts, by how exactly it was said."""
    clock = _CLOCK.search(time)
    if clock is None:
        return 86400 * SECOND
    return SECOND if clock["seconds"] else 60 * SECOND
