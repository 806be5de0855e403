"""H3C (Comware): `display arp`, `display mac-address`, `display lldp neighbor-information list`.

One file may hold several, each behind its prompt or `display clock`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from poolwatch.logs.formats.vrp_dump import MAC, PORT, V4, Forms, Neighbour, read_dump
from poolwatch.logs.said import Line, Said, Source

_HEADS = (
    re.compile(r"IP address +MAC address +(?:VLAN|SVLAN)", re.IGNORECASE),
    re.compile(r"MAC ADDR(?:ESS)? +VLAN ID +STATE", re.IGNORECASE),
    re.compile(r"System Name +Local Interface +Chassis ID", re.IGNORECASE),
)
_LLDP = re.compile(rf"\S+ +{PORT} +{MAC} +(\S+)")


def looks_like(lines: list[str]) -> bool:
    """Whether the headers of one of H3C's tables stand there."""
    return any(head.match(line.strip()) for line in lines for head in _HEADS)


def read(lines: Iterable[Line], source: Source) -> Iterator[Said]:
    """Rows of the tables; what is no row is passed over."""
    return read_dump(lines, source, _FORMS)


def _neighbour(text: str) -> Neighbour | None:
    """A machine names its port by a MAC; whatever else is there is a switch."""
    found = _LLDP.fullmatch(text)
    if found is None:
        return None
    return Neighbour(found[1], found[2] if re.fullmatch(MAC, found[3]) else None)


_FORMS = Forms(
    arp=re.compile(rf"{V4} +{MAC} +\S+ +(\S+) +(?:(?:\d{{1,6}}|--|N/A) +[A-Z]+|[A-Z]+ +\S+)"),
    table=re.compile(
        rf"{MAC} +(\d{{1,4}}) +(?:Learned|Security|Dot1x|MAC-auth) +{PORT} +\S+.*",
        re.IGNORECASE,
    ),
    neighbour=_neighbour,
)
