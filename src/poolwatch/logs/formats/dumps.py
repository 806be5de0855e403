"""Dumps of tables: when they were taken, of which device, at which command.

`show clock`, `display clock`, a comment with the date, or a prompt that shows the time stand
before the table; else the configuration may say that the file's time is that of the dump.
"""

from __future__ import annotations

import re

from poolwatch.logs.clock import ISO, fraction, month_of, shift_of
from poolwatch.logs.said import ReadError, Reason, Source

_DATE = re.compile(  # `date`: Mon Sep  6 10:00:00 CST 2021
    r"[A-Z][a-z]{2} ([A-Z][a-z]{2}) +(\d{1,2}) (\d{2}):(\d{2}):(\d{2}) (?:(\S{1,6}) )?(\d{4})"
)
_CISCO = re.compile(  # *10:00:00.123 CST Mon Sep 6 2021
    r"[*.]?(\d{1,2}):(\d{2}):(\d{2})(?:\.(\d{1,9}))? (\S{1,8}) [A-Z][a-z]{2} ([A-Z][a-z]{2}) "
    r"+(\d{1,2}) (\d{4})"
)
_H3C = re.compile(  # 10:00:00 beijing Mon 09/06/2021
    r"(\d{1,2}):(\d{2}):(\d{2})(?:\.(\d{1,9}))? (\S{1,32}) [A-Z][a-z]{2} (\d{2})/(\d{2})/(\d{4})"
)
_ZONE = re.compile(
    r"Time Zone ?(?:\([^)]{0,64}\))? ?: ?(?:UTC ?([+-]\d{2}:\d{2})"
    r"|\S{1,32} (add|minus) (\d{2}:\d{2}):\d{2})"
)
_PROMPT = re.compile(
    r"(?:<([\w.-]{1,64})>|\[~?([\w.-]{1,64})\]|([\w.-]{1,64})(?:\([\w-]{1,64}\))?[#>]) ?"
    r"(?=(?:dis|show|sh)\w* )"
)


class Dump:
    """Where in a file of dumps the reader is."""

    def __init__(self, source: Source) -> None:
        self.device: str | None = None
        self._source = source
        self._said: tuple[list[int], int, str | None] | None = None
        self._at: int | None = None

    def takes(self, line: str) -> bool:
        """Whether a line tells the time, the zone or the device, and no row of a table."""
        prompt = _PROMPT.match(line)
        if prompt:
            self.device = next(part for part in prompt.groups() if part)
            return True
        zone = _ZONE.search(line)
        if zone and self._said:
            sign = "-" if zone[2] == "minus" else "+"
            numbers, ns, _ = self._said
            self._say(numbers, ns, zone[1] or f"{sign}{zone[3]}")
            return True
        return self._time(line)

    def at_ns(self) -> int:
        """The moment of the dump. Raises ReadError where nothing says it."""
        if self._at is None:
            if self._said:
                numbers, ns, zone = self._said
                self._at = self._source.clock.at(numbers, ns, zone)
            elif self._source.undated_is_file_time:
                self._at = self._source.file_ns
            else:
                raise ReadError(Reason.NO_TIME)
        return self._at

    def _say(self, numbers: list[int], ns: int, zone: str | None) -> None:
        self._said, self._at = (numbers, ns, zone), None

    def _time(self, line: str) -> bool:
        comment = line.startswith("#")
        text = line.lstrip("#! ").removeprefix("date:").removeprefix("Time source is NTP, ").strip()
        found = ISO.match(text)
        if found and (comment or found.end() == len(text)):
            self._say([int(part) for part in found.groups()[:6]], fraction(found[7]), found[8])
            return True
        found = _DATE.match(text)
        if found:
            month, day, hour, minute, second, zone, year = found.groups()
            numbers = [int(year), month_of(month), int(day), int(hour), int(minute), int(second)]
            self._say(numbers, 0, _sure(zone))
            return True
        found = _CISCO.match(text)
        if found:
            hour, minute, second, part, zone, month, day, year = found.groups()
            numbers = [int(year), month_of(month), int(day), int(hour), int(minute), int(second)]
            self._say(numbers, fraction(part), _sure(zone))
            return True
        found = _H3C.match(text)
        if found:
            hour, minute, second, part, zone, month, day, year = found.groups()
            numbers = [int(part) for part in (year, month, day, hour, minute, second)]
            self._say(numbers, fraction(found[4]), _sure(zone))
            return True
        return False


def _sure(zone: str | None) -> str | None:
    """A zone's name where it means one zone only; of others the source's zone is taken."""
    if zone in ("UTC", "GMT", "Z"):
        return "Z"
    try:
        shift_of(zone or "")
    except ReadError:
        return None
    return zone
