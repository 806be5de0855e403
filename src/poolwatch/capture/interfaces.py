"""What Linux says of a network interface: netdevice(7) and /proc/net/dev."""

from __future__ import annotations

import array
import fcntl
import socket
import struct
from dataclasses import dataclass

from poolwatch.errors import UsageError
from poolwatch.layouts import Link

_NAME_BYTES = 16
_REQUEST_BYTES = 40
_SIOCGIFFLAGS = 0x8913
_SIOCGIFHWADDR = 0x8927
_SIOCGHWTSTAMP = 0x89B1
_UP = 1
_LOOPBACK = 8
_NO_STAMPS = 0

# Hardware types (linux/if_arp.h) whose frames a packet socket gives in a form we read.
_LINKS = {
    1: Link.ETHERNET,
    772: Link.ETHERNET,  # the loopback
    519: Link.RAW_IP,
    768: Link.RAW_IP,  # tunnels of IP in IP, 6in4, GRE
    769: Link.RAW_IP,
    776: Link.RAW_IP,
    778: Link.RAW_IP,
    823: Link.RAW_IP,
    65534: Link.RAW_IP,  # none: TUN, WireGuard
}

DLT = {Link.ETHERNET: 1, Link.RAW_IP: 12}
"""Of each such link, libpcap's number on Linux, as filters are compiled for."""


@dataclass(frozen=True, slots=True)
class Interface:
    """An interface as it is now."""

    name: str
    index: int
    up: bool
    loopback: bool
    hardware_type: int
    stamped: bool  # its clock gives the times of what comes in, as somebody has switched on

    @property
    def link(self) -> Link:
        """Its link layer. Raises UsageError for one that is not read."""
        link = _LINKS.get(self.hardware_type)
        if link is None:
            raise UsageError(
                f"{self.name}: link layer not read here (ARPHRD type {self.hardware_type})",
                "capture on the Ethernet interface below it",
            )
        return link


def look_up(name: str) -> Interface | None:
    """The interface of that name in this network namespace, None when there is none."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        try:
            index = socket.if_nametoindex(name)
            (flags,) = struct.unpack_from("H", _ask(control, _SIOCGIFFLAGS, name), _NAME_BYTES)
            (kind,) = struct.unpack_from("H", _ask(control, _SIOCGIFHWADDR, name), _NAME_BYTES)
        except OSError:
            return None
        return Interface(
            name,
            index,
            up=bool(flags & _UP),
            loopback=bool(flags & _LOOPBACK),
            hardware_type=kind,
            stamped=_stamped(control, name),
        )


def find(name: str) -> Interface:
    """The interface of that name. Raises UsageError with the names there are."""
    found = look_up(name)
    if found is None:
        names = ", ".join(sorted(name for _, name in socket.if_nameindex()))
        raise UsageError(f"{name}: no such interface", f"those there are: {names}")
    return found


def dropped(name: str) -> int | None:
    """Packets the interface itself dropped on the way in, as its driver counts; None: unknown."""
    try:
        with open("/proc/thread-self/net/dev", encoding="ascii", errors="replace") as file:  # noqa: PTH123
            lines = file.read().splitlines()
    except OSError:
        return None
    for line in lines:
        label, colon, rest = line.partition(":")
        if colon and label.strip() == name:
            numbers = rest.split()
            return int(numbers[3]) + int(numbers[4])  # dropped or missed, and no room in the FIFO
    return None


def _ask(control: socket.socket, what: int, name: str) -> bytes:
    request = name.encode()[: _NAME_BYTES - 1].ljust(_REQUEST_BYTES, b"\0")
    return fcntl.ioctl(control, what, request)


def _stamped(control: socket.socket, name: str) -> bool:
    """Whether the interface is set to give hardware times (struct hwtstamp_config)."""
    config = array.array("i", [0, _NO_STAMPS, _NO_STAMPS])
    address, _ = config.buffer_info()
    request = struct.pack(f"{_NAME_BYTES}sP16x", name.encode()[: _NAME_BYTES - 1], address)
    try:
        fcntl.ioctl(control, _SIOCGHWTSTAMP, request)
    except OSError:  # most drivers have no such clock
        return False
    return config[2] != _NO_STAMPS
