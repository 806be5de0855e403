"""What else inside hosts did, counted plainly from the naive flow table: sets and dicts."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from poolwatch.layouts import FlowFlag, Kind
from tests import naive

_TCP = (Kind.TCP4, Kind.TCP6)
_DATA = FlowFlag.DATA_A | FlowFlag.DATA_B
_SYN = FlowFlag.SYN_A | FlowFlag.SYN_B
Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class Key(NamedTuple):
    """What tells the rows of one host apart; `peer` only of inbound ones."""

    inbound: bool
    udp: bool
    inside: bool
    port: int
    peer: Address | None


@dataclass(slots=True)
class Row:
    peers: set[Address] = field(default_factory=set)
    flows: int = 0
    silent: int = 0
    reset: int = 0
    first_ns: int = 1 << 62
    last_ns: int = 0
    first_packet: int = 1 << 62


@dataclass(slots=True)
class Host:
    spoke: bool = False
    heard: bool = False
    rows: dict[Key, Row] = field(default_factory=dict)


def companions(
    flows: Iterable[naive.Flow], inside: Iterable[ipaddress.IPv4Network | ipaddress.IPv6Network]
) -> dict[Address, Host]:
    """All inside hosts, each with what it tried and what was tried of it."""
    networks = tuple(inside)
    hosts: dict[Address, Host] = {}
    for flow in flows:
        version = 4 if flow.key.kind in (Kind.TCP4, Kind.UDP4) else 6
        ends = [_address(version, end.address) for end in (flow.key.a, flow.key.b)]
        ports = flow.key.a.port, flow.key.b.port
        inner = [any(end in network for network in networks) for end in ends]
        if any(_is_many(end) for end in ends):
            continue
        seen = [bool(flow.flags & FlowFlag.SEEN_A), bool(flow.flags & FlowFlag.SEEN_B)]
        for side in (0, 1):
            if inner[side]:
                host = hosts.setdefault(ends[side], Host())
                host.spoke |= seen[side]
                host.heard |= seen[1 - side]
        tcp = flow.key.kind in _TCP
        if flow.flags & FlowFlag.LISTED or (tcp and not flow.flags & _SYN):
            continue
        opener = 1 if flow.flags & FlowFlag.FIRST_B else 0
        opened = 1 - opener
        plain = tcp and not flow.flags & _DATA
        silent = plain and not seen[opened]
        reset = plain and seen[opened] and bool(flow.flags & FlowFlag.RST)
        rows = []
        if inner[opener]:
            key = Key(False, not tcp, inner[opened], ports[opened], None)
            rows.append(hosts[ends[opener]].rows.setdefault(key, Row()))
        if inner[opened] and tcp:
            key = Key(True, False, inner[opener], ports[opened], ends[opener])
            rows.append(hosts[ends[opened]].rows.setdefault(key, Row()))
        for row in rows:
            row.peers.add(ends[opened])
            row.flows += 1
            row.silent += silent
            row.reset += reset
            row.first_ns = min(row.first_ns, flow.first_ns)
            row.last_ns = max(row.last_ns, flow.last_ns)
            row.first_packet = min(row.first_packet, flow.first_packet)
    return hosts


def _address(version: int, number: int) -> Address:
    if version == 4:
        return ipaddress.IPv4Address(number & 0xFFFFFFFF)
    return ipaddress.IPv6Address(number)


def _is_many(address: Address) -> bool:
    """Multicast, or what no host has."""
    if address.version == 4:
        return int(address) >= 224 << 24
    return address.is_multicast
