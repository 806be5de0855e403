"""dnsmasq.leases: what was leased when the file was written, and until when.

It does not say since when: a lease counts from its expiry back by the configured
`longest_seconds`, the time of a lease, and at least from when the file was written, as its
beginning is not said.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from poolwatch.layouts import LogAct
from poolwatch.logs.clock import SECOND
from poolwatch.logs.fields import mac_or_none, read_address
from poolwatch.logs.formats.base import each
from poolwatch.logs.formats.kea_csv import mac_of_duid
from poolwatch.logs.records import Kind
from poolwatch.logs.said import BindingSaid, Line, ReadError, Reason, Said, Source

_ROW = re.compile(r"(\d{1,11}) (\S+) ([0-9A-Fa-f.:]{2,45}) (\S+) (\S+)")
_LONGEST_NS = 30 * 86400 * SECOND  # beyond it the time of the file is not to be believed
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
    begun = until - source.longest_ns
    if source.file_ns < begun < source.file_ns + _LONGEST_NS:
        begun = source.file_ns  # it stood in the file when that was written
    mac = mac_or_none(machine.rpartition("-")[2]) if ":" in machine else mac_of_duid(identity)
    return BindingSaid(
        number,
        Kind.LEASE,
        LogAct.GRANT,
        read_address(address),
        begun,
        until,
        mac,
        None if name == "*" else name,
        begin_said=False,
    )
