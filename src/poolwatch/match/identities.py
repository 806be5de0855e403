"""What is known of hosts beside their flows: hardware addresses and names, and since when.

What a host is told to be is asked for up to a time, so that it makes no difference when a flow
is judged.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from poolwatch.layouts import Told
from poolwatch.match.announcements import Address, Fact, read_announcement
from poolwatch.terms import HostName, Machine, SideTraits

if TYPE_CHECKING:
    from poolwatch.match.prefilter import FlowTable
    from poolwatch.settings import Limits

_FIRST_TTLS = frozenset((32, 64, 128, 255))
"""What systems set; a packet with another one has passed a router."""
_Key = Address | int
"""An address, or a hardware address."""


class _Said(NamedTuple):
    """A hardware address (text empty) or a name, and who says so."""

    source: str
    mac: int
    name: str


class Identities:
    """Announcements in; what they say of a host, out. At most so many hosts are kept."""

    __slots__ = ("_hosts", "_most", "_most_values", "_unread", "counts")

    def __init__(self, limits: Limits) -> None:
        self._most, self._most_values = limits.identities, limits.identity_names
        self._hosts: dict[_Key, dict[_Said, int]] = {}  # since when, ns
        # What hosts say of their own addresses is read for those that are asked for.
        self._unread: dict[Address, list[tuple[Told, int, bytes]]] = {}
        self.counts: Counter[str] = Counter()

    def take(self, how: Told, ts_ns: int, data: bytes, sender: Address | None) -> None:
        """Take one announcement."""
        if sender is not None and how in (Told.NBNS, Told.MDNS):
            self._put_aside(sender, (how, ts_ns, data))
            return
        for fact in read_announcement(how, data, sender):
            self._note(fact, ts_ns)

    def adopt(self, later: Identities) -> None:
        """Take over what a later slice learned."""
        for key, values in later._hosts.items():
            for said, since in values.items():
                self._keep(key, said, since)
        for sender, unread in later._unread.items():
            for announcement in unread:
                self._put_aside(sender, announcement)

    def machine(
        self, address: Address, until_ns: int, traits: SideTraits, table: FlowTable
    ) -> Machine:
        """What was known by a time of the machine that has an address."""
        ttl = traits.ttls[0] if len(traits.ttls) == 1 else None
        routed = any(ttl not in _FIRST_TTLS for ttl in traits.ttls)
        gateways = [mac for mac in traits.macs if routed or table.is_gateway(mac, until_ns)]
        for how, ts_ns, data in self._unread.pop(address, ()):
            for fact in read_announcement(how, data, address):
                if fact.address == address:  # of another nobody but its owner can tell
                    self._note(fact, ts_ns)
        told = self._known(address, until_ns)
        own = [mac for mac in traits.macs if mac not in gateways]
        by, macs = "frames", [] if gateways else own
        for source in ("dhcp", "arp"):
            if not macs:
                by, macs = source, self._macs(told, source, until_ns, table)
        mac = macs[-1] if macs else None
        if mac is not None:
            told = told + self._known(mac, until_ns)
        names = dict.fromkeys(HostName(said.name, said.source) for said in told if said.name)
        gateway = gateways[0] if gateways else None
        return Machine(mac, by if mac is not None else None, gateway, tuple(names), ttl)

    def _macs(self, told: list[_Said], source: str, until_ns: int, table: FlowTable) -> list[int]:
        macs = [said.mac for said in told if said.source == source and not said.name]
        return [mac for mac in macs if not table.is_gateway(mac, until_ns)]

    def _known(self, key: _Key, until_ns: int) -> list[_Said]:
        values = self._hosts.get(key, {})
        found = sorted((since, said) for said, since in values.items() if since <= until_ns)
        return [said for _, said in found]

    def _put_aside(self, sender: Address, announcement: tuple[Told, int, bytes]) -> None:
        unread = self._unread.get(sender)
        if unread is None:
            if len(self._unread) >= self._most:
                self.counts["identities_left_out"] += 1
                return
            unread = self._unread[sender] = []
        if len(unread) < self._most_values:
            unread.append(announcement)
        else:
            self.counts["identity_names_left_out"] += 1

    def _note(self, fact: Fact, ts_ns: int) -> None:
        if fact.address is not None and fact.mac:
            source = fact.source if fact.source == "arp" else "dhcp"
            self._keep(fact.address, _Said(source, fact.mac, ""), ts_ns)
        key: _Key | None = fact.mac or fact.address
        if fact.name and key is not None:
            self._keep(key, _Said(fact.source, 0, fact.name), ts_ns)

    def _keep(self, key: _Key, said: _Said, since: int) -> None:
        values = self._hosts.get(key)
        if values is None:
            if len(self._hosts) >= self._most:
                self.counts["identities_left_out"] += 1
                return
            values = self._hosts[key] = {}
        if said in values:
            values[said] = min(values[said], since)
        elif len(values) < self._most_values:
            values[said] = since
        else:
            self.counts["identity_names_left_out"] += 1
