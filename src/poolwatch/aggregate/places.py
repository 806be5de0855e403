"""Which addresses are inside."""

from __future__ import annotations

import ipaddress
from functools import lru_cache

from poolwatch.errors import UsageError
from poolwatch.inventory.addresses import position
from poolwatch.inventory.units import UnitTable

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

# RFC 1918, RFC 6598 (carrier-grade NAT), RFC 4193 (unique local).
DEFAULT_INSIDE = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7")


class Inside:
    """The networks given and the addresses of unit tables; without either, private space."""

    def __init__(self, networks: tuple[str, ...] = (), units: UnitTable | None = None) -> None:
        wanted = networks or (DEFAULT_INSIDE if units is None else ())
        self._networks = tuple(_network(text) for text in wanted)
        self._units = units
        self.holds = lru_cache(maxsize=65_536)(self._holds)

    def spans(self) -> list[tuple[int, int]]:
        """First and last position of each stretch that is inside, in order and apart.

        Positions are those of `inventory.addresses`: IPv4 is v4-mapped.
        """
        spans = [(span.low, span.high) for span in (self._units.networks() if self._units else ())]
        for network in self._networks:
            low, high = int(network[0]), int(network[-1])
            spans.append((position(network.version, low), position(network.version, high)))
        united: list[tuple[int, int]] = []
        for low, high in sorted(spans):
            if united and low <= united[-1][1] + 1:
                united[-1] = united[-1][0], max(united[-1][1], high)
            else:
                united.append((low, high))
        return united

    def _holds(self, address: str) -> bool:
        parsed = ipaddress.ip_address(address)
        if self._units is not None and self._units.holds(parsed.version, int(parsed)):
            return True
        return any(parsed in network for network in self._networks)


def _network(text: str) -> Network:
    try:
        return ipaddress.ip_network(text, strict=True)
    except ValueError as error:
        raise UsageError(
            f"--internal {text}: {error}", "give a network, for example 10.20.0.0/16"
        ) from error


def address_text(version: int, number: int) -> str:
    """An address as text: dotted for IPv4, RFC 5952 for IPv6."""
    if version == 4:
        return str(ipaddress.IPv4Address(number & 0xFFFFFFFF))
    return str(ipaddress.IPv6Address(number))
