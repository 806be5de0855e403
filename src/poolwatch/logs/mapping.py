"""Deterministic carrier NAT (RFC 7422): computed from the configuration, both ways.

No log is needed, for every inside address has the same ports of the same outside address
always.
"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Network

from poolwatch.logs.records import Address, End, Origin, Translation

ALGORITHMS = ("sequential", "round_robin")
"""Blocks in order, filling one outside address after the other; or dealt out to all in turn."""


@dataclass(frozen=True, slots=True)
class Mapping:
    """Inside addresses that share outside ones, `ratio` each, by blocks of equal size."""

    inside: IPv4Network
    outside: IPv4Network
    first_port: int
    last_port: int
    ratio: int
    algorithm: str
    from_ns: int
    until_ns: int
    origin: Origin

    @property
    def block_ports(self) -> int:
        """Ports of one inside address; those left over at the end are nobody's."""
        return (self.last_port - self.first_port + 1) // self.ratio

    def of_inside(self, address: Address) -> Translation | None:
        """The outside ports of an inside address."""
        if address.version != 4 or address not in self.inside:
            return None
        number = int(address) - int(self.inside.network_address)
        if self.algorithm == "sequential":
            which, block = divmod(number, self.ratio)
        else:
            block, which = divmod(number, self.outside.num_addresses)
        if which >= self.outside.num_addresses or block >= self.ratio:
            return None
        return self._translation(number, which, block)

    def of_outside(self, address: Address, port: int) -> Translation | None:
        """Whose an outside port is."""
        if address.version != 4 or address not in self.outside or port < self.first_port:
            return None
        which = int(address) - int(self.outside.network_address)
        block = (port - self.first_port) // self.block_ports
        if block >= self.ratio or port > self.last_port:
            return None
        return self._of_block(which, block)

    def all_of_outside(self, address: Address) -> list[Translation]:
        """All who share an outside address."""
        if address.version != 4 or address not in self.outside:
            return []
        which = int(address) - int(self.outside.network_address)
        found = (self._of_block(which, block) for block in range(self.ratio))
        return [one for one in found if one]

    def _of_block(self, which: int, block: int) -> Translation | None:
        if self.algorithm == "sequential":
            number = which * self.ratio + block
        else:
            number = block * self.outside.num_addresses + which
        if number >= self.inside.num_addresses:
            return None
        return self._translation(number, which, block)

    def _translation(self, number: int, which: int, block: int) -> Translation:
        low = self.first_port + block * self.block_ports
        return Translation(
            protocol=None,
            inside=self.inside[number],
            inside_low=0,
            inside_high=65535,
            outside=self.outside[which],
            outside_low=low,
            outside_high=low + self.block_ports - 1,
            from_ns=self.from_ns,
            until_ns=self.until_ns,
            end=End.SAID,
            origin=self.origin,
        )
