"""DHCP servers in syslog: dhcpd and dnsmasq (DHCPACK, DHCPRELEASE), Kea (DHCP4_LEASE_ALLOC).

Only Kea says how long a lease lasts; of others it is assumed, until a renewal or a release.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from poolwatch.layouts import LogAct
from poolwatch.logs.clock import SECOND
from poolwatch.logs.fields import clean, mac_or_none, read_address, read_number
from poolwatch.logs.formats.base import each
from poolwatch.logs.records import Kind
from poolwatch.logs.said import UNKNOWN, BindingSaid, Line, ReadError, Reason, Said, Source
from poolwatch.logs.syslog import read_entry

_ISC = re.compile(
    r"DHCP(ACK on|RELEASE of|DECLINE of) ([0-9.]{7,15}) (?:to|from) ([0-9A-Fa-f:]{11,17})"
    r"(?: \(([^)]{0,255})\))? via ([^\s:]{1,64})"
)
_DNSMASQ = re.compile(
    r"DHCP(ACK|RELEASE|DECLINE)\(([^)]{1,64})\) ([0-9.]{7,15}) ([0-9A-Fa-f:]{11,17})"
    r"(?: (\S{1,255}))?"
)
_KEA = re.compile(
    r"DHCP4_LEASE_ALLOC \[(?:hwtype=\d{1,3} )?([0-9A-Fa-f:]{11,17})\].{0,300}?"
    r": lease ([0-9.]{7,15}) has been allocated for (\d{1,10}) seconds"
)
_KEA_RELEASE = re.compile(
    r"DHCP4_RELEASE \[(?:hwtype=\d{1,3} )?([0-9A-Fa-f:]{11,17})\].{0,300}?"
    r": address ([0-9.]{7,15}) was released"
)
_KEA_DECLINE = re.compile(
    r"DHCP4_DECLINE_LEASE Received DHCPDECLINE for addr ([0-9.]{7,15}) from client "
    r"\[(?:hwtype=\d{1,3} )?([0-9A-Fa-f:]{11,17})\]"
)
_MARKS = ("DHCPACK on ", "DHCPRELEASE of ", "DHCPACK(", "DHCPRELEASE(", "DHCP4_LEASE_ALLOC ")
_MATTER = (*_MARKS, "DHCP4_RELEASE ", "DHCPDECLINE of ", "DHCPDECLINE(", "DHCP4_DECLINE_LEASE ")


def looks_like(lines: list[str]) -> bool:
    """Whether a lease is acknowledged in a line."""
    return any(mark in line for line in lines for mark in _MARKS)


def read(lines: Iterable[Line], source: Source) -> Iterator[Said]:
    """Lines without an acknowledgement or a release are not its matter."""
    return each(lines, lambda number, text: _line(number, text, source))


def _line(number: int, text: str, source: Source) -> BindingSaid | None:
    if not any(mark in text for mark in _MATTER):
        return None
    entry = read_entry(text, source.clock)
    said = _isc(number, text) or _dnsmasq(number, text) or _kea(number, text)
    if said is None:
        raise ReadError(Reason.FORM, entry.text[:80])
    if said.act is LogAct.END:
        said.from_ns, said.until_ns = UNKNOWN, entry.at_ns
    else:
        said.from_ns = entry.at_ns
        if said.until_ns != UNKNOWN:
            said.until_ns += entry.at_ns
    said.device = None if entry.host in ("INFO", "DEBUG") else entry.host
    return said


def _isc(number: int, text: str) -> BindingSaid | None:
    found = _ISC.search(text)
    if found is None:
        return None
    act = LogAct.GRANT if found[1].startswith("ACK") else LogAct.END
    said = BindingSaid(number, Kind.LEASE, act, read_address(found[2]), UNKNOWN)
    said.mac, said.host_name = mac_or_none(found[3]), clean(found[4])
    said.device_port = found[5] if act is LogAct.GRANT else None
    return said


def _dnsmasq(number: int, text: str) -> BindingSaid | None:
    found = _DNSMASQ.search(text)
    if found is None:
        return None
    act = LogAct.GRANT if found[1] == "ACK" else LogAct.END
    said = BindingSaid(number, Kind.LEASE, act, read_address(found[3]), UNKNOWN)
    said.mac, said.host_name = mac_or_none(found[4]), clean(found[5])
    said.device_port = found[2] if act is LogAct.GRANT else None
    return said


def _kea(number: int, text: str) -> BindingSaid | None:
    found = _KEA.search(text)
    if found:
        said = BindingSaid(number, Kind.LEASE, LogAct.GRANT, read_address(found[2]), UNKNOWN)
        said.until_ns = read_number(found[3], 1 << 32) * SECOND
        said.mac = mac_or_none(found[1])
        return said
    released, declined = _KEA_RELEASE.search(text), _KEA_DECLINE.search(text)
    if released:
        mac, address = released.groups()
    elif declined:
        address, mac = declined.groups()
    else:
        return None
    said = BindingSaid(number, Kind.LEASE, LogAct.END, read_address(address), UNKNOWN)
    said.mac = mac_or_none(mac)
    return said
