"""dnsmasq.leases: what was leased when the file was written, and until when.

It does not say since when: a lease counts from its expiry back by the configured
`longest_seconds`, the time of a lease, as its beginning is not said.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from poolwatch.layouts import LogAct
from poolwatch.logs.fields import mac_or_none, read_address
from poolwatch.logs.formats.base import each
from poolwatch.logs.formats.kea_csv import mac_of_duid
from poolwatch.logs.records import Kind
from poolwatch.logs.said import BindingSaid, Line, ReadError, Reason, Said, Source

_ROW = re.compile(r"(\d{1,11}) (\S+) ([0-9A-Fa-f.:]{2,45}) (\S+) (\S+)")
_DUID = re.compile(r"duid [0-9A-Fa-f:]+")


def looks_like(lines: list[str]) -> bool:
    """Whether all lines have the five words of a lease."""
    rows = [line for line in lines if line.strip()]
    return bool(rows) and all(
        _ROW.fullmatch(line.strip()) or _DUID.fullmatch(line.strip()) for line in rows[:20]
    )


def read(lines: Iterable[Line], source: Source) -> Iterator[Said]:
    """Each line is one entry."""
    return each(lines, lambda number, text: _row(number, text.strip(), source))


def _row(number: int, text: str, source: Source) -> BindingSaid | None:
    if not text or _DUID.fullmatch(text):
        return None
    found = _ROW.fullmatch(text)
    if found is None:
        raise ReadError(Reason.FORM, text[:80])
    expiry, machine, address, name, identity = found.groups()
    until = source.clock.epoch(expiry) if int(expiry) else source.file_ns + source.longest_ns
    mac = mac_or_none(machine.rpartition("-")[2]) if ":" in machine else mac_of_duid(identity)
    return BindingSaid(
        number,
        Kind.LEASE,
        LogAct.GRANT,
        read_address(address),
        until - source.longest_ns,
        until,
        mac,
        None if name == "*" else name,
        begin_said=False,
    )
