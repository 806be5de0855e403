"""Kea's memfile of leases, DHCPv4 and DHCPv6, versions 1 to 3 of the columns.

Rows are appended: each renewal is a row, a release has a lifetime of 0, a reclaimed lease
the state 2. A row says when it expires and how long it lasts, so it began before that.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from poolwatch.layouts import LogAct
from poolwatch.logs.fields import clean, mac_or_none, read_address, read_number
from poolwatch.logs.records import Kind
from poolwatch.logs.said import BindingSaid, Line, ReadError, Reason, Said, Source, Unread

_SECOND = 1_000_000_000
_INFINITE = 0xFFFF_FFFF
_HEADS = ("address,hwaddr,client_id,valid_lifetime,expire", "address,duid,valid_lifetime,expire")
_DECLINED, _RECLAIMED, _RELEASED = "1", "2", "3"
_PREFIX = "2"  # lease_type of a delegated prefix


def looks_like(lines: list[str]) -> bool:
    """Whether the first line names Kea's columns."""
    return bool(lines) and lines[0].lstrip("\ufeff").startswith(_HEADS)


def read(lines: Iterable[Line], source: Source) -> Iterator[Said]:
    """Each row is one entry; a line of headers may come again in joined files."""
    columns: dict[str, int] = {}
    for number, text in lines:
        line = text.strip().lstrip("\ufeff")
        if not line:
            continue
        if line.startswith("address,"):
            columns = {name: place for place, name in enumerate(line.split(","))}
            continue
        if not columns:
            yield Unread(number, Reason.FORM, line[:80])
            continue
        try:
            said = _row(number, line, columns, source)
        except ReadError as error:
            yield Unread(number, error.reason, error.text)
            continue
        if said:
            yield said


def _row(number: int, line: str, columns: dict[str, int], source: Source) -> BindingSaid | None:
    cells = line.split(",")

    def cell(name: str) -> str:
        place = columns.get(name, -1)
        return cells[place] if 0 <= place < len(cells) else ""

    if len(cells) <= columns.get("expire", 4):
        raise ReadError(Reason.FORM, line[:80])
    address = read_address(cell("address"))
    seconds = read_number(cell("valid_lifetime"), _INFINITE)
    expire = read_number(cell("expire"), 7_258_118_399 + _INFINITE)
    state = cell("state")
    if cell("lease_type") == _PREFIX or state == _DECLINED:
        return None
    mac = mac_or_none(cell("hwaddr")) or mac_of_duid(cell("duid"))
    name = clean(_unescaped(cell("hostname")))
    begun = source.clock.utc(max(expire - seconds, 0))
    if seconds == 0 or state in (_RECLAIMED, _RELEASED):
        at = source.clock.utc(expire) if state == _RECLAIMED else begun
        return BindingSaid(number, Kind.LEASE, LogAct.END, address, begun, at, mac, name)
    until = begun + seconds * _SECOND
    return BindingSaid(number, Kind.LEASE, LogAct.GRANT, address, begun, until, mac, name)


def mac_of_duid(duid: str) -> int | None:
    """The MAC in a DUID of type 1 or 3, whose hardware is Ethernet."""
    parts = duid.split(":")
    for kind, size in ((["00", "01", "00", "01"], 14), (["00", "03", "00", "01"], 10)):
        if parts[:4] == kind and len(parts) == size:
            return mac_or_none(":".join(parts[-6:]))
    return None


def _unescaped(text: str) -> str:
    """Kea writes a comma within a value as `&#x2c`."""
    return text.replace("&#x2c", ",").replace("&#x2C", ",").rstrip(".")
