"""The three things a log can say about an address, and where it says so.

Times are int64 ns UTC, the offset of the source's clock already taken off. `from_ns` is
included, `until_ns` is not. Addresses are those of `ipaddress`, MAC addresses integers of
48 bits.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv4Address, IPv6Address

Address = IPv4Address | IPv6Address


class Kind(StrEnum):
    """What a record says."""

    LEASE = "lease"  # this machine was given this address
    NEIGHBOUR = "neighbour"  # this machine answered for this address
    LOGIN = "login"  # this account used this address
    PORT = "port"  # this machine was seen at this port of a switch
    TRANSLATION = "translation"  # this inside address went out as that one


class End(StrEnum):
    """How the end of a record's time is known."""

    SAID = "said"  # the log has it: a release, a Stop, a teardown
    EXPIRY = "expiry"  # it was given for so long, and nothing renewed it
    NEXT = "next"  # another record took its place
    ASSUMED = "assumed"  # nothing says so: the longest time its kind may last


@dataclass(frozen=True, slots=True)
class Origin:
    """The line of a log a record was read from."""

    source: str  # the id of its format, for example "isc-dhcp"
    file: str  # as given on the command line
    line: int  # from 1; of a record of several lines the first
    device: str | None = None  # who wrote it, where the log or the configuration says so


@dataclass(frozen=True, slots=True)
class Binding:
    """An address was this machine's, or this account's (LEASE, NEIGHBOUR, LOGIN)."""

    kind: Kind
    address: Address
    from_ns: int
    until_ns: int
    end: End
    origin: Origin
    mac: int | None = None
    host_name: str | None = None
    account: str | None = None
    device_port: str | None = None  # where it came in: NAS port, interface, VLAN
    begin_said: bool = True  # False: the log has no beginning, `from_ns` is as early as may be


@dataclass(frozen=True, slots=True)
class Translation:
    """Ports of an inside address were, outside, ports of another address.

    Ranges include both ends; a translation of whole addresses has 0 to 65535.
    """

    protocol: int | None  # IANA number; None: whatever the protocol
    inside: Address
    inside_low: int
    inside_high: int
    outside: Address
    outside_low: int
    outside_high: int
    from_ns: int
    until_ns: int
    end: End
    origin: Origin
    remote: Address | None = None
    remote_port: int | None = None
    begin_said: bool = True  # as above


@dataclass(frozen=True, slots=True)
class Attachment:
    """A machine was seen at a port of a switch (PORT)."""

    mac: int
    device: str
    port: str
    from_ns: int
    until_ns: int
    end: End
    origin: Origin
    vlan: int | None = None
    uplink: bool = False  # LLDP, or many machines there: it leads to another switch
    room: str | None = None


@dataclass(frozen=True, slots=True)
class Coverage:
    """What one log file can answer for: outside of it, silence says nothing."""

    file: str
    source: str
    kinds: frozenset[Kind]
    device: str | None
    first_ns: int | None  # of the first and last record; None: there is none
    last_ns: int | None
    records: int
    unread: int  # lines that could not be read
