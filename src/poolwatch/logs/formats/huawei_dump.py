"""Huawei: `display arp`, `display mac-address`, `display lldp neighbor brief`.

One file may hold several, each behind its prompt or `display clock`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from poolwatch.layouts import LogAct
from poolwatch.logs.fields import read_address, read_mac
from poolwatch.logs.formats.base import each
from poolwatch.logs.formats.dumps import Dump
from poolwatch.logs.records import Kind
from poolwatch.logs.said import AttachmentSaid, BindingSaid, Line, Said, Source, UplinkSaid

MAC = r"([0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4})"
V4 = r"(\d[\d.]{6,16})"
PORT = r"([A-Za-z0-9-]{0,24}[A-Za-z][\d/.:]+)"
_ARP = re.compile(
    rf"{V4} +{MAC} +(?:\d{{1,6}} +)?(?:[DSIOR](?: ?-\S*| )|DYNAMIC|STATIC|INTERFACE) *(\S+).*"
)
_TABLE = re.compile(
    rf"{MAC} +(\d{{1,4}})(?:/\S+)? +(?:- +)*{PORT} +(dynamic|security|sticky|snooping|authen)\b.*"
)
_LLDP = re.compile(rf"{PORT} +(\S+) +(\S+) +\d{{1,6}}")
_LLDP_NEW = re.compile(rf"{PORT} +\d{{1,6}} +(\S+) +(\S+)")
_HEADS = ("EXPIRE(M)", "Learned-From", "Neighbor Dev", "Neighbor Device", "PEVLAN CEVLAN")


def looks_like(lines: list[str]) -> bool:
    """Whether the headers of one of Huawei's tables stand there."""
    return any(head in line for line in lines for head in _HEADS)


def read(lines: Iterable[Line], source: Source) -> Iterator[Said]:
    """Rows of the tables; what is no row is passed over."""
    dump = Dump(source)
    return each(lines, lambda number, text: _line(number, text.strip(), dump))


def _line(number: int, text: str, dump: Dump) -> Said | None:
    if not text or dump.takes(text):
        return None
    found = _ARP.fullmatch(text)
    if found:
        at = dump.at_ns()
        return BindingSaid(
            number,
            Kind.NEIGHBOUR,
            LogAct.SEEN,
            read_address(found[1]),
            at,
            at,
            read_mac(found[2]),
            device_port=found[3],
            device=dump.device,
        )
    found = _TABLE.fullmatch(text)
    if found:
        at = dump.at_ns()
        return AttachmentSaid(
            number, read_mac(found[1]), found[3], at, at, dump.device, int(found[2])
        )
    found = _LLDP_NEW.fullmatch(text) or _LLDP.fullmatch(text)
    return neighbour(number, found[1], (found[2], found[3]), dump) if found else None


def neighbour(number: int, port: str, names: tuple[str, ...], dump: Dump) -> Said | None:
    """A neighbour at a port: a machine that names itself by its MAC, or another switch."""
    for name in names:
        if re.fullmatch(MAC, name):
            at = dump.at_ns()
            return AttachmentSaid(number, read_mac(name), port, at, at, dump.device)
    if any(re.fullmatch(PORT, name) for name in names):
        return UplinkSaid(number, port, dump.device)
    return None
