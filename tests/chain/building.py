"""Records for chains, made in memory, with times in seconds after ten o'clock."""

from __future__ import annotations

import datetime
import ipaddress

from poolwatch.chain.hops import Query
from poolwatch.inventory.macs import read_mac
from poolwatch.logs.records import (
    Attachment,
    Binding,
    Coverage,
    End,
    Kind,
    Origin,
    Translation,
)

TEN = int(datetime.datetime(2021, 9, 6, 2, tzinfo=datetime.UTC).timestamp()) * 10**9
SECOND = 10**9
TCP = 6
DEVICES = {
    Kind.LEASE: "dhcp-1",
    Kind.NEIGHBOUR: "gw-1",
    Kind.LOGIN: "radius-1",
    Kind.PORT: "sw-1",
    Kind.TRANSLATION: "nat-1",
}
_lines = iter(range(1, 1_000_000))


def ns(seconds: float) -> int:
    return TEN + round(seconds * SECOND)


def origin(kind: Kind, device: str | None = None) -> Origin:
    return Origin("made-up", f"{kind}.log", next(_lines), device or DEVICES[kind])


def query(address: str, port: int | None = None, at: float = 0, **more: object) -> Query:
    until = more.pop("until", at)
    assert isinstance(until, int | float)
    remote = more.pop("remote", None)
    return Query(
        ipaddress.ip_address(address),
        ns(at),
        ns(until) + 1,
        port,
        TCP if port is not None else None,
        ipaddress.ip_address(str(remote)) if remote else None,
    )


def lease(
    address: str,
    mac: str | None,
    first: float = -3600,
    last: float = 3600,
    kind: Kind = Kind.LEASE,
    *,
    end: End = End.SAID,
    account: str | None = None,
    host_name: str | None = None,
    device: str | None = None,
    device_port: str | None = None,
) -> Binding:
    return Binding(
        kind,
        ipaddress.ip_address(address),
        ns(first),
        ns(last),
        end,
        origin(kind, device),
        read_mac(mac) if mac else None,
        host_name,
        account,
        device_port,
    )


def login(
    address: str, account: str, mac: str | None = None, first: float = -600, last: float = 600
) -> Binding:
    return lease(address, mac, first, last, Kind.LOGIN, account=account)


def nat(
    inside: tuple[str, int],
    outside: tuple[str, int],
    first: float = -60,
    last: float = 60,
    *,
    remote: str | None = None,
    device: str | None = None,
    protocol: int | None = TCP,
) -> Translation:
    return Translation(
        protocol,
        ipaddress.ip_address(inside[0]),
        inside[1],
        inside[1],
        ipaddress.ip_address(outside[0]),
        outside[1],
        outside[1],
        ns(first),
        ns(last),
        End.SAID,
        origin(Kind.TRANSLATION, device),
        ipaddress.ip_address(remote) if remote else None,
    )


def block(
    inside: str,
    outside: str,
    ports: tuple[int, int],
    first: float = -600,
    last: float = 600,
    device: str = "cgn-1",
) -> Translation:
    return Translation(
        None,
        ipaddress.ip_address(inside),
        0,
        65535,
        ipaddress.ip_address(outside),
        *ports,
        ns(first),
        ns(last),
        End.SAID,
        origin(Kind.TRANSLATION, device),
    )


def seen_at(
    mac: str, port: str, first: float = -600, last: float = 600, *, uplink: bool = False
) -> Attachment:
    return Attachment(
        read_mac(mac),
        "sw-1",
        port,
        ns(first),
        ns(last),
        End.NEXT,
        origin(Kind.PORT),
        20,
        uplink,
        "301",
    )


def covers(kind: Kind, first: float = -36000, last: float = 36000) -> Coverage:
    return Coverage(
        f"{kind}.log", "made-up", frozenset([kind]), DEVICES[kind], ns(first), ns(last), 9, 0
    )
