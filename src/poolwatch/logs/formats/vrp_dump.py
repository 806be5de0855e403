"""What dumps of Huawei's VRP and H3C's Comware, which comes of it, share."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from poolwatch.layouts import LogAct
from poolwatch.logs.fields import read_address, read_mac
from poolwatch.logs.formats.base import each
from poolwatch.logs.formats.dumps import Dump
from poolwatch.logs.records import Kind
from poolwatch.logs.said import AttachmentSaid, BindingSaid, Line, Said, Source, UplinkSaid

MAC = r"([0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4})"
V4 = r"(\d[\d.]{6,16})"
PORT = r"([A-Za-z0-9-]{0,24}[A-Za-z][\d/.:]+)"


class Neighbour(NamedTuple):
    """Who is at a port by LLDP: a machine by its MAC, or (None) another switch."""

    port: str
    mac: str | None


class Forms(NamedTuple):
    """Rows of the tables of one maker."""

    arp: re.Pattern[str]
    """Address, MAC, interface."""
    table: re.Pattern[str]
    """MAC, VLAN, port."""
    neighbour: Callable[[str], Neighbour | None]


def read_dump(lines: Iterable[Line], source: Source, forms: Forms) -> Iterator[Said]:
    """Rows of the tables; what is no row is passed over."""
    dump = Dump(source)
    return each(lines, lambda number, text: _line(number, text.strip(), dump, forms))


def _line(number: int, text: str, dump: Dump, forms: Forms) -> Said | None:
    if not text or dump.takes(text):
        return None
    found = forms.arp.fullmatch(text)
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
    found = forms.table.fullmatch(text)
    if found:
        return _attachment(number, found[1], found[3], dump, int(found[2]))
    beside = forms.neighbour(text)
    if beside is None:
        return None
    if beside.mac is None:
        return UplinkSaid(number, beside.port, dump.device)
    return _attachment(number, beside.mac, beside.port, dump)


def _attachment(
    number: int, mac: str, port: str, dump: Dump, vlan: int | None = None
) -> AttachmentSaid:
    at = dump.at_ns()
    return AttachmentSaid(number, read_mac(mac), port, at, at, dump.device, vlan)
