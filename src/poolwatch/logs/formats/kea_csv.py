"""Kea's memfile of leases, DHCPv4 and DHCPv6, versions 1 to 3 of the columns.

Rows are appended: each renewal is a row, a release has a lifetime of 0, a reclaimed lease
the state 2. A row says when it expires and how long it lasts, so it began before that. A
release keeps the time of the last renewal (`deleteLease` in memfile_lease_mgr.cc), so when it
was is not known.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from poolwatch.layouts import LOG_BINDING, LogAct, LogEnd
from poolwatch.logs import template as t
from poolwatch.logs.fields import clean, mac_or_none, read_address, read_number
from poolwatch.logs.formats.base import each
from poolwatch.logs.records import Kind
from poolwatch.logs.said import UNKNOWN, BindingSaid, Line, ReadError, Reason, Said, Source

if TYPE_CHECKING:
    from poolwatch.logs.bulk import Batch

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
    return each(lines, line_reader(source))


def line_reader(source: Source) -> t.LineReader:
    """Reads one line after another; it remembers the headers."""
    columns: dict[str, int] = {}

    def parse(number: int, text: str) -> Said | None:
        line = text.strip().lstrip("\ufeff")
        if line.startswith("address,"):
            columns.clear()
            columns.update((name, place) for place, name in enumerate(line.split(",")))
            return None
        if line and not columns:
            raise ReadError(Reason.FORM, line[:80])
        return _row(number, line, columns, source) if line else None

    return parse


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
    if cell("lease_type") == _PREFIX:
        return None
    mac = mac_or_none(cell("hwaddr")) or mac_of_duid(cell("duid"))
    name = _name(cell("hostname"))
    begun = source.clock.utc(max(expire - seconds, 0))
    if state == _DECLINED:  # whoever was given it found somebody else there
        return BindingSaid(number, Kind.LEASE, LogAct.END, address, UNKNOWN, begun)
    if state == _RECLAIMED:
        at = source.clock.utc(expire)
        return BindingSaid(number, Kind.LEASE, LogAct.END, address, begun, at, mac, name)
    if seconds == 0 or state == _RELEASED:
        return BindingSaid(number, Kind.LEASE, LogAct.ALIVE, address, begun, begun, mac, name)
    until = begun + seconds * _SECOND
    return BindingSaid(number, Kind.LEASE, LogAct.GRANT, address, begun, until, mac, name)


def mac_of_duid(duid: str) -> int | None:
    """The MAC in a DUID of type 1 or 3, whose hardware is Ethernet."""
    parts = duid.split(":")
    for kind, size in ((["00", "01", "00", "01"], 14), (["00", "03", "00", "01"], 10)):
        if parts[:4] == kind and len(parts) == size:
            return mac_or_none(":".join(parts[-6:]))
    return None


def _name(text: str) -> str | None:
    """Kea writes a comma within a value as `&#x2c`."""
    return clean(text.replace("&#x2c", ",").replace("&#x2C", ",").rstrip("."))


_ADDRESS, _MAC, _LIFETIME, _EXPIRE, _STATE, _HOST = 0, 1, 2, 3, 4, 5
_V4_COLUMNS = (
    b"address,hwaddr,client_id,valid_lifetime,expire,subnet_id,fqdn_fwd,fqdn_rev,hostname,state"
)


def _fill(batch: Batch, rows: Any) -> None:
    """Grants and releases; whatever else rows may say goes the slow way."""
    until = batch.field(_EXPIRE) * _SECOND
    begun = np.maximum(until - batch.field(_LIFETIME) * _SECOND, 0)
    rows["from_ns"] = batch.utc(begun)
    rows["until_ns"] = rows["from_ns"] + batch.field(_LIFETIME) * _SECOND
    rows["address"], mac = batch.field(_ADDRESS), batch.field(_MAC)
    rows["mac"] = np.where(mac >> 40 & 1, 0, mac)
    rows["text"] = batch.host_names(_HOST, _name)
    released = batch.field(_LIFETIME) == 0
    rows["kind"] = _LEASE_CODE
    rows["act"] = np.where(released, LogAct.ALIVE, LogAct.GRANT)
    rows["end"] = np.where(released, LogEnd.SAID, LogEnd.EXPIRY)
    rows["group"] = batch.groups()


_LEASE_CODE = 0  # of Kind.LEASE in the tables
FAST = t.Fast(
    templates=(
        (
            t.ipv4(_ADDRESS),
            t.literal(","),
            t.mac(_MAC),
            t.literal(","),
            t.until(","),
            t.literal(","),
            t.number(_LIFETIME, _INFINITE),
            t.literal(","),
            t.number(_EXPIRE, t.LAST_SECOND),
            *(t.literal(","), t.until(",")) * 3,
            t.literal(","),
            t.text(_HOST, ","),
            t.literal(",0"),
            t.edge(","),
        ),
    ),
    rows=_fill,
    dtype=LOG_BINDING,
    texts=_HOST,
    fits=lambda head: head.startswith(_V4_COLUMNS),
)
