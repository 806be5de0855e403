"""Huawei: `display arp`, `display mac-address`, `display lldp neighbor brief`.

One file may hold several, each behind its prompt or `display clock`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from poolwatch.logs.formats.vrp_dump import MAC, PORT, V4, Forms, Neighbour, read_dump
from poolwatch.logs.said import Line, Said, Source

_HEADS = ("EXPIRE(M)", "Learned-From", "Neighbor Dev", "Neighbor Device", "PEVLAN CEVLAN")
_LLDP = re.compile(rf"{PORT} +(\S+) +(\S+) +\d{{1,6}}")
_LLDP_NEW = re.compile(rf"{PORT} +\d{{1,6}} +(\S+) +(\S+)")


def looks_like(lines: list[str]) -> bool:
    """Whether the headers of one of Huawei's tables stand there."""
    return any(head in line for line in lines for head in _HEADS)


def read(lines: Iterable[Line], source: Source) -> Iterator[Said]:
    """Rows of the tables; what is no row is passed over."""
    return read_dump(lines, source, _FORMS)


def _neighbour(text: str) -> Neighbour | None:
    """A machine that names itself by its MAC, or another switch, whose port is told."""
    found = _LLDP_NEW.fullmatch(text) or _LLDP.fullmatch(text)
    if found is None:
        return None
    names = found.groups()[1:]
    mac = next((name for name in names if re.fullmatch(MAC, name)), None)
    if mac is None and not any(re.fullmatch(PORT, name) for name in names):
        return None
    return Neighbour(found[1], mac)


_FORMS = Forms(
    arp=re.compile(
        rf"{V4} +{MAC} +(?:\d{{1,6}} +)?(?:[DSIOR](?: ?-\S*| )|DYNAMIC|STATIC|INTERFACE) *(\S+).*"
    ),
    table=re.compile(
        rf"{MAC} +(\d{{1,4}})(?:/\S+)? +(?:- +)*{PORT} "
        r"+(?:dynamic|security|sticky|snooping|authen)\b.*"
    ),
    neighbour=_neighbour,
)
