"""H3C (Comware): `display arp`, `display mac-address`, `display lldp neighbor-information list`.

One file may hold several, each behind its prompt or `display clock`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from poolwatch.layouts import LogAct
from poolwatch.logs.fields import read_address, read_mac
from poolwatch.logs.formats.base import each
from poolwatch.logs.formats.dumps import Dump
from poolwatch.logs.formats.huawei_dump import MAC, PORT, V4
from poolwatch.logs.records import Kind
from poolwatch.logs.said import AttachmentSaid, BindingSaid, Line, Said, Source, UplinkSaid

_ARP = re.compile(rf"{V4} +{MAC} +(\S+) +(\S+) +(?:(?:\d{{1,6}}|--|N/A) +[A-Z]+|[A-Z]+ +\S+)")
_TABLE = re.compile(rf"{MAC} +(\d{{1,4}}) +(Learned|Security|Dot1x|MAC-auth) +{PORT} +\S+.*", re.I)
_LLDP = re.compile(rf"(\S+) +{PORT} +{MAC} +(\S+)")
_HEADS = (
    re.compile(r"IP address +MAC address +(?:VLAN|SVLAN)", re.I),
    re.compile(r"MAC ADDR(?:ESS)? +VLAN ID +STATE", re.I),
    re.compile(r"System Name +Local Interface +Chassis ID", re.I),
)


def looks_like(lines: list[str]) -> bool:
    """Whether the headers of one of H3C's tables stand there."""
    return any(head.match(line.strip()) for line in lines for head in _HEADS)


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
            device_port=found[4],
            device=dump.device,
        )
    found = _TABLE.fullmatch(text)
    if found:
        at = dump.at_ns()
        return AttachmentSaid(
            number, read_mac(found[1]), found[4], at, at, dump.device, int(found[2])
        )
    found = _LLDP.fullmatch(text)
    if found is None:
        return None
    if re.fullmatch(MAC, found[4]):
        at = dump.at_ns()
        return AttachmentSaid(number, read_mac(found[3]), found[2], at, at, dump.device)
    return UplinkSaid(number, found[2], dump.device)
