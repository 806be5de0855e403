"""The head of a line of syslog: when, from whom, and what is left.

RFC 5424, RFC 3164 with or without a year, and ISO times as rsyslog and the devices of
several makers write them; with or without a priority.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from poolwatch.logs.clock import ISO, Clock, fraction, month_of
from poolwatch.logs.said import ReadError, Reason

_PRIORITY = re.compile(r"(?:<\d{1,3}>\s?(?:1 )?\s?)?[%*.]?(?=[A-Z\d])")
_BSD = re.compile(
    r"([A-Z][a-z]{2}) +(\d{1,2}) (?:(\d{4}) )?(\d{2}):(\d{2}):(\d{2})(?:[.:](\d{1,9}))?"
    r"(?: (\d{4})(?= ))?(Z|[+-]\d{2}:\d{2})?"
)
_YEAR_FIRST = re.compile(r"(\d{4}) ([A-Z][a-z]{2,8}) +(\d{1,2}) (\d{2}):(\d{2}):(\d{2})")
_HOST = re.compile(r" *(\S+)")
_ZONE = re.compile(  # `10:00:00 UTC: %...`; of names that mean several the source's zone is taken
    r" (UTC|GMT|CST|CDT|HKT|JST|KST|SGT|IST|MSK|CET|CEST|BST|EST|EDT|MST|MDT|PST|PDT):(?= )"
)


class Entry(NamedTuple):
    """A line of syslog. `whole_second`: its time has no fraction."""

    at_ns: int
    host: str | None
    text: str
    whole_second: bool


def read_entry(line: str, clock: Clock) -> Entry:
    """The head of a line and what follows it. Raises ReadError where there is no time."""
    priority = _PRIORITY.match(line)
    at = priority.end() if priority else 0
    found = ISO.match(line, at)
    if found:
        return _entry(line, found.end(), clock.of_iso(found), found[7] is None)
    found = _BSD.match(line, at)
    if found:
        zone = _ZONE.match(line, found.end())
        end = zone.end() if zone else found.end()
        named = "Z" if zone and zone[1] in ("UTC", "GMT") else None
        return _entry(line, end, _bsd(found, clock, named), found[7] is None)
    found = _YEAR_FIRST.match(line, at)
    if found:
        year, month, *rest = found.groups()
        numbers = [int(part) for part in rest]
        ns = clock.local(int(year), month_of(month), *numbers)
        return _entry(line, found.end(), ns, whole=True)
    raise ReadError(Reason.TIME, line[:40])


def _bsd(found: re.Match[str], clock: Clock, named: str | None) -> int:
    name, day, before, hour, minute, second, part, after, zone = found.groups()
    year = before or after
    ns, zone = fraction(part), zone or named
    date, time = (month_of(name), int(day)), (int(hour), int(minute), int(second))
    if year is None:
        return clock.yearless(*date, *time, ns, zone)
    return clock.at([int(year), *date, *time], ns, zone)


def _entry(line: str, end: int, at_ns: int, whole: bool) -> Entry:
    """`DST` and a colon may stand behind the time; the host is the next word, if it is one."""
    rest = line[end:].removeprefix(" DST").removeprefix(":")
    found = _HOST.match(rest)
    if found is None or "%" in found[1] or found[1] in (":", "-"):
        text = rest.lstrip(" :-")
        return Entry(at_ns, None, text, whole)
    return Entry(at_ns, found[1].rstrip(":"), rest[found.end() :].lstrip(" :"), whole)
