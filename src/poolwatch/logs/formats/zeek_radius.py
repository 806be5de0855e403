"""Zeek's radius.log: logins that a RADIUS server let in, with the address it gave."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from poolwatch.layouts import LogAct
from poolwatch.logs.fields import clean, read_address, station_or_none
from poolwatch.logs.formats import zeek
from poolwatch.logs.records import Kind
from poolwatch.logs.said import UNKNOWN, BindingSaid, Line, Said, Source

_NAMES = frozenset(("username", "result"))


def looks_like(lines: list[str]) -> bool:
    """Whether it is Zeek's log of RADIUS."""
    return zeek.looks_like(lines, "radius", _NAMES)


def read(lines: Iterable[Line], source: Source) -> Iterator[Said]:
    """Logins that succeeded and have an address; the end is not in this log."""
    return zeek.read_rows(lines, lambda number, row: _row(number, row, source))


def _row(number: int, row: zeek.Row, source: Source) -> BindingSaid | None:
    if row.get("result") != "success" or "framed_addr" not in row:
        return None
    return BindingSaid(
        number,
        Kind.LOGIN,
        LogAct.GRANT,
        read_address(row["framed_addr"]),
        zeek.moment(row, source.clock),
        UNKNOWN,
        station_or_none(row.get("mac")),
        account=clean(row.get("username")),
        device=row.get("id.orig_h"),
    )
