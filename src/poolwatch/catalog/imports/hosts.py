"""A hosts file: an address, then the names that shall lead there."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator

from poolwatch.catalog.imports.entry import (
    Entry,
    Fault,
    numbered_lines,
    read_target,
    shown,
    too_long,
)

_OWN = frozenset(
    {
        "localhost",
        "localhost.localdomain",
        "local",
        "broadcasthost",
        "ip6-localhost",
        "ip6-loopback",
        "ip6-localnet",
        "ip6-mcastprefix",
        "ip6-allnodes",
        "ip6-allrouters",
        "ip6-allhosts",
        "0.0.0.0",  # noqa: S104 - a line that names itself, nothing is bound
    }
)


def looks_like(head: str) -> bool:
    """Whether the first line that says anything is an address and a name."""
    for _, line in numbered_lines(head):
        fields = line.partition("#")[0].split()
        if fields:
            return len(fields) > 1 and _is_address(fields[0])
    return False


def read(text: str) -> Iterator[Entry | Fault]:
    """The names of a hosts file; those every machine has are passed over."""
    for number, line in numbered_lines(text):
        fault = too_long(number, line)
        fields = line.partition("#")[0].split()
        if fault:
            yield fault
        elif fields and not _is_address(fields[0]):
            yield Fault(number, f"{shown(fields[0])} is no address")
        elif len(fields) == 1:
            yield Fault(number, f"{shown(line)}: an address without a name")
        else:
            yield from (read_target(number, name) for name in fields[1:] if name not in _OWN)


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
