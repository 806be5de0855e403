"""Which device writes which log for which addresses, as the network's owner knows it.

Where it is told, a break can name the device even if none of its logs was given.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from poolwatch.errors import UsageError
from poolwatch.logs.records import Address, Kind

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
_KEYS = frozenset(("name", "logs", "networks", "inside"))


@dataclass(frozen=True, slots=True)
class Device:
    """A device and what it writes down.

    `networks`: the addresses its log answers for; of a translating device those outside.
    `inside`: those it translates.
    """

    name: str
    logs: frozenset[Kind]
    networks: tuple[Network, ...] = ()
    inside: tuple[Network, ...] = ()


class Devices:
    """The devices that are known, asked by kind of log and address."""

    def __init__(self, devices: Iterable[Device] = ()) -> None:
        self._devices = tuple(devices)

    def of(self, kind: Kind, address: Address) -> str | None:
        """The device whose log of that kind answers for an address; the closest network wins."""
        return self._closest(kind, address, lambda device: device.networks)

    def translating(self, address: Address) -> str | None:
        """The device that translates an inside address."""
        return self._closest(Kind.TRANSLATION, address, lambda device: device.inside)

    def _closest(self, kind: Kind, address: Address, networks: Any) -> str | None:
        found = [
            (-network.prefixlen, number)
            for number, device in enumerate(self._devices)
            if kind in device.logs
            for network in networks(device)
            if address in network
        ]
        return self._devices[min(found)[1]].name if found else None


def read_devices(rows: object, where: str) -> tuple[Device, ...]:
    """`[[device]]` of a configuration. Raises UsageError."""
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise UsageError(f"{where}: device: not a list of tables", "begin each with [[device]]")
    return tuple(_read(row, f"{where}: device[{n}]") for n, row in enumerate(rows))


def _read(row: Mapping[str, Any], where: str) -> Device:
    unknown = sorted(row.keys() - _KEYS)
    if unknown:
        raise UsageError(
            f"{where}: {unknown[0]}: no such setting", f"known: {', '.join(sorted(_KEYS))}"
        )
    name = row.get("name")
    if not isinstance(name, str) or not name:
        raise UsageError(f"{where}: name: the device's name is missing", 'name = "nat-1"')
    return Device(
        name,
        frozenset(_kinds(row.get("logs"), where)),
        tuple(_networks(row.get("networks", []), f"{where}: networks")),
        tuple(_networks(row.get("inside", []), f"{where}: inside")),
    )


def _kinds(value: object, where: str) -> Iterable[Kind]:
    known = [kind.value for kind in Kind]
    for word in value if isinstance(value, list) and value else [None]:
        if word not in known:
            raise UsageError(
                f"{where}: logs: {word!r} is no kind of log", f"known: {', '.join(known)}"
            )
        yield Kind(word)


def _networks(value: object, where: str) -> Iterable[Network]:
    for text in value if isinstance(value, list) else [value]:
        try:
            yield ipaddress.ip_network(str(text))
        except ValueError as error:
            raise UsageError(f"{where}: {error}", "for example 10.20.0.0/16") from error
