"""The clock of one source: its zone, its error, and the years its log leaves out."""

from __future__ import annotations

import datetime
import re
import zoneinfo

from poolwatch.logs.said import ReadError, Reason

SECOND = 1_000_000_000
_MONTHS = {
    name: number
    for number, name in enumerate(
        "jan feb mar apr may jun jul aug sep oct nov dec".split(),  # noqa: SIM905
        1,
    )
}
_ISO = re.compile(
    r"(\d{4})[-/](\d{1,2})[-/](\d{1,2})[T ]+(\d{1,2}):(\d{2}):(\d{2})"
    r"(?:[.,](\d{1,9}))?\s?(Z|UTC|[+-]\d{2}(?::?\d{2})?(?!\d))?"
)
_EPOCH = re.compile(r"(\d{1,11})(?:\.(\d{1,9})\d*)?")
_HALF_YEAR = 183 * 86400
_LAST_YEAR = 2200
_SUFFIX = re.compile(r"([A-Za-z]{3,5})?([+-])(\d{2})(?::?(\d{2}))?")


class Clock:
    """Turns what a log writes into int64 ns UTC, the clock's error taken off."""

    def __init__(
        self,
        zone: datetime.tzinfo,
        offset_ns: int = 0,
        year: int | None = None,
        file_ns: int = 0,
    ) -> None:
        self.zone = zone
        self.offset_ns = offset_ns
        self.year_assumed = False
        """Whether a year was taken from the file's time."""
        self._file_ns = file_ns
        self._given = year
        self._year: int | None = year
        self._last: int | None = None  # the last yearless time, in seconds of its own year
        self._hours: dict[tuple[int, int, int, int], int] = {}

    def local(
        self, year: int, month: int, day: int, hour: int, minute: int, second: int, ns: int = 0
    ) -> int:
        """A time of the source's own zone. In the hour that comes twice it is the first."""
        key = (year, month, day, hour)
        begun = self._hours.get(key)
        if begun is None:
            begun = self._hour(key)
        if not (0 <= minute < 60 and 0 <= second <= 60):
            raise ReadError(Reason.TIME, f"{hour}:{minute}:{second}")
        return begun + (minute * 60 + second) * SECOND + ns - self.offset_ns

    def utc(self, seconds: int, ns: int = 0) -> int:
        """Seconds since 1970."""
        if not 0 <= seconds < 7_258_118_400:  # the year 2200
            raise ReadError(Reason.TIME, str(seconds))
        return seconds * SECOND + ns - self.offset_ns

    def epoch(self, text: str) -> int:
        """Seconds since 1970 in digits, with or without a fraction."""
        found = _EPOCH.fullmatch(text)
        if found is None:
            raise ReadError(Reason.TIME, text)
        return self.utc(int(found[1]), fraction(found[2]))

    def iso(self, text: str) -> int:
        """`2021-09-06 10:00:00`, with T, slashes, a fraction, and an offset where there is one."""
        found = _ISO.fullmatch(text.strip())
        if found is None:
            raise ReadError(Reason.TIME, text)
        return self.of_iso(found)

    def of_iso(self, found: re.Match[str]) -> int:
        """The time of a match of the ISO form."""
        numbers = [int(part) for part in found.groups()[:6]]
        return self.at(numbers, fraction(found[7]), found[8])

    def at(self, numbers: list[int], ns: int, zone: str | None) -> int:
        """A date and time with an offset such as +08:00, or without one."""
        year, month, day, hour, minute, second = numbers
        if zone is None:
            return self.local(year, month, day, hour, minute, second, ns)
        shift = shift_of(zone)
        try:
            moment = datetime.datetime(year, month, day, hour, tzinfo=datetime.UTC)
        except ValueError as error:
            raise ReadError(Reason.TIME, f"{year}-{month}-{day} {hour}") from error
        if not (minute < 60 and second <= 60):
            raise ReadError(Reason.TIME, f"{hour}:{minute}:{second}")
        seconds = int(moment.timestamp()) + minute * 60 + second - shift
        return seconds * SECOND + ns - self.offset_ns

    def yearless(
        self,
        month: int,
        day: int,
        hour: int,
        minute: int,
        second: int,
        ns: int,
        zone: str | None = None,
    ) -> int:
        """A time without a year: the configured one, else by the file's time.

        When the time falls back by more than half a year, a new year has begun.
        """
        within = ((month * 31 + day) * 24 + hour) * 3600 + minute * 60 + second
        if self._year is None:
            self._year = self._first_year(month, day)
            self.year_assumed = True
        elif self._last is not None and self._last - within > _HALF_YEAR:
            self._year += 1
        elif self._last is not None and within - self._last > _HALF_YEAR:
            # A late line of the old year behind the first of the new one.
            return self.at([self._year - 1, month, day, hour, minute, second], ns, zone)
        self._last = within
        return self.at([self._year, month, day, hour, minute, second], ns, zone)

    def _first_year(self, month: int, day: int) -> int:
        """The year that makes the first line the last such day before the file's end."""
        written = datetime.datetime.fromtimestamp(self._file_ns // SECOND, self.zone)
        later = (month, day) > (written.month, written.day + 1)
        return written.year - 1 if later else written.year

    def _hour(self, key: tuple[int, int, int, int]) -> int:
        try:
            moment = datetime.datetime(*key, tzinfo=self.zone)
            begun = int(moment.timestamp()) * SECOND
        except (ValueError, OverflowError, OSError) as error:
            raise ReadError(Reason.TIME, "-".join(map(str, key))) from error
        if not 1970 <= key[0] < _LAST_YEAR:
            raise ReadError(Reason.TIME, str(key[0]))
        if len(self._hours) > 100_000:
            self._hours.clear()
        self._hours[key] = begun
        return begun


def month_of(text: str) -> int:
    """The number of a month by its English name, short or long. Raises ReadError."""
    number = _MONTHS.get(text[:3].lower())
    if number is None:
        raise ReadError(Reason.TIME, text)
    return number


def fraction(digits: str | None) -> int:
    """Nanoseconds of the digits behind the point."""
    return int(digits[:9].ljust(9, "0")) if digits else 0


def shift_of(zone: str) -> int:
    """Seconds east of UTC of `Z`, `UTC` or `+08:00`. Raises ReadError."""
    if zone in ("Z", "UTC", "GMT"):
        return 0
    found = _SUFFIX.fullmatch(zone)
    if found is None:
        raise ReadError(Reason.TIME, zone)
    seconds = int(found[3]) * 3600 + int(found[4] or 0) * 60
    return -seconds if found[2] == "-" else seconds


def zone_of(name: str) -> datetime.tzinfo:
    """A zone by name, or an offset such as +08:00. Raises ValueError."""
    if _SUFFIX.fullmatch(name):
        return datetime.timezone(datetime.timedelta(seconds=shift_of(name)))
    try:
        return zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError(name) from error


ISO = _ISO
