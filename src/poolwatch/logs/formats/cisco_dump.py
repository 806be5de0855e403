"""Cisco IOS and NX-OS: `show ip arp`, `show mac address-table`, `show lldp neighbors [detail]`,
`show cdp neighbors`; one file may hold several, each behind its prompt or `show clock`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from poolwatch.layouts import LogAct
from poolwatch.logs.clock import SECOND
from poolwatch.logs.fields import read_address, read_mac
from poolwatch.logs.formats.base import each
from poolwatch.logs.formats.dumps import Dump
from poolwatch.logs.records import Kind
from poolwatch.logs.said import (
    AttachmentSaid,
    BindingSaid,
    Line,
    ReadError,
    Reason,
    Said,
    Source,
    UplinkSaid,
)

_MAC = r"([0-9A-Fa-f]{4}\.[0-9A-Fa-f]{4}\.[0-9A-Fa-f]{4})"
_V4 = r"(\d[\d.]{6,16})"
_PORT = r"([A-Za-z]{2,20}-? ?\d[\d/.]*)"
_ARP = re.compile(rf"Internet +{_V4} +(-|\d{{1,6}}) +(?:{_MAC}|Incomplete) +\S+(?: +(\S+))?")
_NEXUS_ARP = re.compile(rf"{_V4} +(-|\d\d:\d\d:\d\d) +{_MAC} +(\S+).*")
_TABLE = re.compile(rf"[*+GO~ ]*(\d{{1,4}}|-) +{_MAC} +(\w+) +(?:\S+ +)*?(\S+)")
_LLDP = re.compile(rf"(\S+)? *{_PORT} +(\d{{1,5}}) +([A-Z](?:,[A-Z])*)? +(\S+)")
_CDP = re.compile(rf"(\S+)? +{_PORT} +(\d{{1,3}}) +((?:[A-Za-z] )+) *\S.*")
_LOCAL = re.compile(r"Local (?:Intf|Port id|Interface): (\S+)")
_CHASSIS = re.compile(rf"Chassis id: {_MAC}")
_ENABLED = re.compile(r"Enabled Capabilities: *([A-Z](?:, ?[A-Z])*)?.*")
_LEARNED = frozenset(("dynamic", "secure", "dynamic_secure"))
_SWITCHES = frozenset("BRST")


def looks_like(lines: list[str]) -> bool:
    """Whether a row in Cisco's form of its tables stands there."""
    return any(
        _ARP.fullmatch(line.strip()) or _is_table(line) or _CHASSIS.match(line.strip())
        for line in lines
    ) or any("Local Intf     Hold-time" in line or "Local Intrfce" in line for line in lines)


def _is_table(line: str) -> bool:
    found = _TABLE.fullmatch(line.strip())
    return found is not None and found[3].lower() in ("dynamic", "static", "secure")


def read(lines: Iterable[Line], source: Source) -> Iterator[Said]:
    """Rows of the tables; what is no row is passed over, a row that cannot be read is named."""
    reader = _Reader(source)
    return each(lines, reader.line)


class _Reader:
    def __init__(self, source: Source) -> None:
        self._dump = Dump(source)
        self._port: str | None = None  # of an LLDP neighbour in full
        self._chassis: int | None = None

    def line(self, number: int, line: str) -> Said | None:
        text = line.strip()
        if not text or self._dump.takes(text):
            return None
        if text.startswith("-----"):  # between neighbours told in full
            self._port = self._chassis = None
            return None
        return (
            self._arp(number, text)
            or self._table(number, text)
            or self._detail(number, text)
            or self._neighbour(number, text)
        )

    def _arp(self, number: int, text: str) -> Said | None:
        found = _ARP.fullmatch(text)
        age = 0
        if found:
            if found[3] is None:
                return None
            age = 0 if found[2] == "-" else int(found[2]) * 60
        else:
            found = _NEXUS_ARP.fullmatch(text)
            if found is None:
                if text.startswith("Internet ") and not text.startswith("Internet Address"):
                    raise ReadError(Reason.FORM, text[:80])
                return None
            if found[2] != "-":
                hours, minutes, seconds = map(int, found[2].split(":"))
                age = (hours * 60 + minutes) * 60 + seconds
        at = self._dump.at_ns()
        return BindingSaid(
            number,
            Kind.NEIGHBOUR,
            LogAct.SEEN,
            read_address(found[1]),
            at - age * SECOND,
            at,
            read_mac(found[3]),
            device_port=found[4],
            device=self._dump.device,
        )

    def _table(self, number: int, text: str) -> Said | None:
        found = _TABLE.fullmatch(text)
        if found is None or found[3].lower() not in _LEARNED:
            return None
        at = self._dump.at_ns()
        vlan = int(found[1]) if found[1] != "-" else None
        return AttachmentSaid(number, read_mac(found[2]), found[4], at, at, self._dump.device, vlan)

    def _detail(self, number: int, text: str) -> Said | None:
        local, chassis, enabled = _LOCAL.match(text), _CHASSIS.match(text), _ENABLED.match(text)
        if local:
            self._port = local[1]
        elif chassis:
            self._chassis = read_mac(chassis[1])
        elif enabled and self._port:
            port, self._port = self._port, None
            letters = frozenset((enabled[1] or "").replace(" ", "").split(","))
            if letters & _SWITCHES:
                return UplinkSaid(number, port, self._dump.device)
            if self._chassis:
                at = self._dump.at_ns()
                return AttachmentSaid(number, self._chassis, port, at, at, self._dump.device)
        return None

    def _neighbour(self, number: int, text: str) -> Said | None:
        found = _LLDP.fullmatch(text)
        letters = frozenset((found[4] or "").split(",")) if found else frozenset()
        if found is None:
            found = _CDP.fullmatch(f" {text}") or _CDP.fullmatch(text)
            if found is None:
                return None
            letters = frozenset(found[4].split())
        if letters & _SWITCHES:
            return UplinkSaid(number, found[2], self._dump.device)
        for word in (found[1], found[found.re.groups]):
            if word and re.fullmatch(_MAC, word):
                at = self._dump.at_ns()
                return AttachmentSaid(number, read_mac(word), found[2], at, at, self._dump.device)
        return None
