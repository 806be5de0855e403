"""Windows DHCP server, the audit log of IPv4: DhcpSrvLog-*.log.

Local time of the server, dates as month/day/year. It does not say how long a lease lasts.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from poolwatch.layouts import LogAct
from poolwatch.logs.fields import clean, mac_or_none, read_address
from poolwatch.logs.formats.base import each
from poolwatch.logs.records import Kind
from poolwatch.logs.said import UNKNOWN, BindingSaid, Line, ReadError, Reason, Said, Source

_HEAD = "ID,Date,Time,Description,IP Address,Host Name,MAC Address"
_ROW = re.compile(r"\d{2},")
_MOMENT = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{2}|\d{4}),(\d{1,2}):(\d{2}):(\d{2})")
_ACTS = {
    "10": LogAct.GRANT,  # a new lease
    "11": LogAct.GRANT,  # renewed
    "12": LogAct.END,  # released by the client
    "13": LogAct.END,  # found in use by somebody else
    "16": LogAct.END,  # deleted
    "17": LogAct.END,  # expired
    "18": LogAct.END,  # expired, and its name deleted
    "20": LogAct.GRANT,  # BOOTP
    "21": LogAct.GRANT,
    "23": LogAct.END,
}


def looks_like(lines: list[str]) -> bool:
    """Whether the row of headers stands there, below the meanings of the ids."""
    return any(line.strip().replace(", ", ",").startswith(_HEAD) for line in lines)


def read(lines: Iterable[Line], source: Source) -> Iterator[Said]:
    """Rows with other ids (start, stop, denials, names) are not its matter."""
    return each(lines, lambda number, text: _row(number, text.strip(), source))


def _row(number: int, text: str, source: Source) -> BindingSaid | None:
    act = _ACTS.get(text[:2]) if _ROW.match(text) else None
    if act is None:
        return None
    cells = [cell.strip() for cell in text.split(",")]
    if len(cells) < 7:
        raise ReadError(Reason.FORM, text[:80])
    found = _MOMENT.fullmatch(f"{cells[1]},{cells[2]}")
    if found is None:
        raise ReadError(Reason.TIME, f"{cells[1]} {cells[2]}")
    month, day, year, hour, minute, second = (int(part) for part in found.groups())
    at = source.clock.local(year + 2000 if year < 100 else year, month, day, hour, minute, second)
    address, mac, name = read_address(cells[4]), mac_or_none(cells[6]), clean(cells[5])
    if act is LogAct.END:
        return BindingSaid(number, Kind.LEASE, act, address, UNKNOWN, at, mac, name)
    return BindingSaid(number, Kind.LEASE, act, address, at, UNKNOWN, mac, name)
