"""What all conversations of a host show of its machine, in whatever order they come."""

from __future__ import annotations

from typing import TypeVar

from poolwatch.aggregate.places import address_text
from poolwatch.aggregate.vendors import is_local, mac_text, vendor_of, vendor_table
from poolwatch.terms import HostName, Identity, Machine, Session

_Key = TypeVar("_Key")
_MOST = 16  # names, hardware addresses, TTLs of one host
_ORDER = ("frames", "dhcp", "arp")
_VENDOR_CLASS = "dhcp-vendor"


class Gateways:
    """Hardware addresses that carry several hosts: they are nobody's own."""

    __slots__ = ("_claims", "_most", "known")

    def __init__(self, most: int) -> None:
        self._most = most
        self._claims: dict[int, set[str]] = {}
        self.known: set[int] = set()

    def note(self, host: str, machine: Machine) -> set[str]:
        """A host's packets bore a hardware address; the hosts that it turns out not to be of."""
        found = machine.gateway
        # The addresses of one host are told apart by version: it may well have one of each.
        if machine.mac is not None and machine.mac_source == "frames" and ":" not in host:
            if machine.mac in self._claims or len(self._claims) < self._most:
                self._claims.setdefault(machine.mac, set()).add(host)
            if len(self._claims.get(machine.mac, ())) > 1:
                found = machine.mac
        return self.learn(found) if found is not None else set()

    def learn(self, mac: int) -> set[str]:
        """That one is a gateway's; the hosts that had it for their own."""
        if len(self.known) < self._most:
            self.known.add(mac)
        return self._claims.pop(mac, set()) if mac in self.known else set()


class Machines:
    """Machines of one address in, an `Identity` out."""

    __slots__ = ("_gateway", "_macs", "_names", "_ttls")

    def __init__(self) -> None:
        self._gateway = False
        self._macs: dict[tuple[str, int], int] = {}  # since when, ns
        self._names: dict[HostName, int] = {}
        self._ttls: set[int] = set()

    def add(self, machine: Machine, ts_ns: int) -> None:
        """Take what one conversation, begun at that time, shows."""
        self._gateway |= machine.gateway is not None
        if machine.mac is not None and machine.mac_source:
            _note(self._macs, (machine.mac_source, machine.mac), ts_ns)
        for name in machine.names:
            _note(self._names, name, ts_ns)
        if machine.ttl is not None and len(self._ttls) < _MOST:
            self._ttls.add(machine.ttl)

    def copy(self) -> Machines:
        """The same, to go on apart."""
        other = Machines()
        other._gateway = self._gateway
        other._macs, other._names = dict(self._macs), dict(self._names)
        other._ttls = set(self._ttls)
        return other

    def identity(self, gateways: set[int]) -> Identity | None:
        """What is shown of the machine, None for nothing."""
        behind = self._gateway or any(mac in gateways for _, mac in self._macs)
        mac = self._mac(behind)
        names = sorted(self._names, key=lambda name: (self._names[name], name))
        classes = [name.name for name in names if name.source == _VENDOR_CLASS]
        ttl = next(iter(self._ttls)) if len(self._ttls) == 1 else None
        if mac is None and not names and ttl is None and not behind:
            return None
        vendor = vendor_of(mac[1]) if mac else None
        return Identity(
            mac=mac_text(mac[1]) if mac else None,
            mac_basis=mac[0] if mac else None,
            mac_local=is_local(mac[1]) if mac else None,
            mac_vendor=vendor,
            mac_vendor_basis=vendor_table() if vendor else None,
            host_names=tuple(name for name in names if name.source != _VENDOR_CLASS),
            vendor_class=classes[0] if classes else None,
            ttl=ttl,
            gateway=behind,
        )

    def _mac(self, behind: bool) -> tuple[str, int] | None:
        """The hardware address: what frames bear first, but not where a gateway sent them."""
        macs = [key for key in self._macs if not (behind and key[0] == "frames")]
        return min(macs, key=lambda key: (_ORDER.index(key[0]), self._macs[key], key), default=None)


def _note(values: dict[_Key, int], key: _Key, ts_ns: int) -> None:
    if key in values:
        values[key] = min(values[key], ts_ns)
    elif len(values) < _MOST:
        values[key] = ts_ns


def machine_of(host: str, session: Session) -> Machine | None:
    """What a session shows of a host that is one of its two ends."""
    key = session.hit.key
    for side, address in enumerate((key.a_address, key.b_address)):
        if address_text(key.version, address) == host:
            return session.hit.machines[side]
    return None
