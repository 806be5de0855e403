"""Linux, `ip neigh` (also -s, and `ip -ts monitor neigh`): who answered for which address.

The time is that of the line (`[2021-09-06T10:00:00.000000]`) or of a comment with the date.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from poolwatch.layouts import LogAct
from poolwatch.logs.clock import SECOND
from poolwatch.logs.fields import mac_or_none, read_address
from poolwatch.logs.formats.base import each
from poolwatch.logs.formats.dumps import Dump
from poolwatch.logs.records import Kind
from poolwatch.logs.said import UNKNOWN, BindingSaid, Line, ReadError, Reason, Said, Source

_ROW = re.compile(
    r"(?:\[([^\]]{19,40})\] ?)?(?:\[NEIGH\])?(Deleted )?([0-9A-Fa-f.:]{2,45}(?:%\S{1,16})?) "
    r"dev (\S{1,32})(?: lladdr ([0-9A-Fa-f:]{11,17}))?(.{0,200})"
)
_USED = re.compile(r" used \d{1,9}/(\d{1,9})/\d{1,9}")
_STATES = ("REACHABLE", "STALE", "DELAY", "PROBE", "PERMANENT", "NOARP", "FAILED", "INCOMPLETE")


def looks_like(lines: list[str]) -> bool:
    """Whether a row with a device and a state stands there."""
    return any(_ROW.fullmatch(line.strip()) and line.rstrip().endswith(_STATES) for line in lines)


def read(lines: Iterable[Line], source: Source) -> Iterator[Said]:
    """Each row with a machine is one entry."""
    dump = Dump(source)
    return each(lines, lambda number, text: _row(number, text.strip(), dump, source))


def _row(number: int, text: str, dump: Dump, source: Source) -> BindingSaid | None:
    found = _ROW.fullmatch(text)
    if found is None:
        if not text or dump.takes(text) or text.startswith(("#", "$")):
            return None
        raise ReadError(Reason.FORM, text[:80])
    stamp, deleted, address, interface, mac, rest = found.groups()
    if not mac or rest.rstrip().endswith(("FAILED", "INCOMPLETE")):
        return None
    at = source.clock.iso(stamp) if stamp else dump.at_ns()
    position, machine = read_address(address), mac_or_none(mac)
    if deleted:
        return BindingSaid(
            number, Kind.NEIGHBOUR, LogAct.END, position, UNKNOWN, at, machine, device=dump.device
        )
    used = _USED.search(rest)
    seen = at - int(used[1]) * SECOND if used else at
    act = LogAct.GRANT if stamp else LogAct.SEEN
    until = UNKNOWN if stamp else at
    return BindingSaid(
        number,
        Kind.NEIGHBOUR,
        act,
        position,
        seen,
        until,
        machine,
        device_port=interface,
        device=dump.device,
    )
