"""Formats of logs: one small file each, told by content, imported when a file is to be read.

A module has `looks_like(lines)`, which says whether the first lines of a file are its own, and
`read(lines, source)`; one of a binary format has `looks_like_bytes(data)` and `read_bytes`.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from poolwatch.logs.records import Kind


@dataclass(frozen=True, slots=True)
class Format:
    """A format: its id, its module in this folder, and what it gives."""

    name: str
    module: str
    kinds: frozenset[Kind]
    longest_seconds: int
    """How long one of its records lasts at most, where nothing says its end."""
    binary: bool = False
    asked_for: bool = False
    """Read only where the configuration names it."""

    def load(self) -> Any:
        """The module that reads it."""
        found: ModuleType = importlib.import_module(f"poolwatch.logs.formats.{self.module}")
        return found


_LEASE = frozenset((Kind.LEASE,))
_LOGIN = frozenset((Kind.LOGIN,))
_NEIGHBOUR = frozenset((Kind.NEIGHBOUR,))
_TABLES = frozenset((Kind.NEIGHBOUR, Kind.PORT))
_NAT = frozenset((Kind.TRANSLATION,))

_HOUR, _DAY = 3600, 86400

FORMATS = {
    row.name: row
    for row in (
        Format("isc-dhcp", "isc_dhcp", _LEASE, 8 * _DAY),
        Format("kea-csv", "kea_csv", _LEASE, 8 * _DAY),
        Format("radius-detail", "radius_detail", _LOGIN, _DAY),
        Format("dnsmasq-leases", "dnsmasq_leases", _LEASE, _HOUR),
        Format("dhcp-syslog", "dhcp_syslog", _LEASE, _DAY),
        Format("windows-dhcp", "windows_dhcp", _LEASE, 8 * _DAY),
        Format("zeek-dhcp", "zeek_dhcp", _LEASE, _DAY),
        Format("zeek-radius", "zeek_radius", _LOGIN, _DAY),
        Format("accounting-csv", "accounting_csv", _LOGIN, _DAY, asked_for=True),
        Format("ip-neigh", "ip_neigh", _NEIGHBOUR, _HOUR),
        Format("cisco-dump", "cisco_dump", _TABLES, 4 * _HOUR),
        Format("huawei-dump", "huawei_dump", _TABLES, 4 * _HOUR),
        Format("h3c-dump", "h3c_dump", _TABLES, 4 * _HOUR),
        Format("conntrack", "conntrack", _NAT, _DAY),
        Format("cisco-asa", "cisco_asa", _NAT, _DAY),
        Format("fortigate", "fortigate", _NAT, _DAY),
        Format("huawei-nat", "huawei_nat", _NAT, _DAY),
        Format("h3c-nat", "h3c_nat", _NAT, _DAY),
        Format("juniper-blocks", "juniper_blocks", _NAT, _DAY),
        Format("cisco-cgn", "cisco_cgn", _NAT, _DAY),
        Format("f5-lsn", "f5_lsn", _NAT, _DAY),
        Format("nat444", "nat444", _NAT, _DAY),
        Format("ipfix", "ipfix", _NAT, _DAY, binary=True),
    )
}
