"""What a recipe's `carrier` key wraps around a packet; part of forge.py, and scapy like it."""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable
from dataclasses import dataclass

from scapy.all import (  # type: ignore[attr-defined]
    GRE,
    HDLC,
    IP,
    PPP,
    UDP,
    Dot1Q,
    Ether,
    IPv6,
    Packet,
    PPPoE,
    Raw,
)
from scapy.contrib.erspan import ERSPAN_I, ERSPAN_II, ERSPAN_III
from scapy.contrib.geneve import GENEVE
from scapy.contrib.gtp import GTP_U_Header
from scapy.contrib.mpls import MPLS
from scapy.layers.vxlan import VXLAN


def stack(*layers: Packet) -> Packet:
    """Layers, outermost first, as one packet."""
    packet: Packet = functools.reduce(operator.truediv, layers)
    return packet


MACS = ("02:00:00:00:00:03", "02:00:00:00:00:04")


@dataclass(frozen=True, slots=True)
class Leg:
    """One packet's way through a carrier: which way, how deep, and the number of the packet."""

    back: bool
    depth: int
    serial: int
    entropy: int  # of the flow, for the outer source port
    ids: tuple[int, ...]

    @property
    def tunnel(self) -> int:
        """The id the recipe gives; where it gives two, the second is the way back's."""
        return self.ids[-1] if self.back else self.ids[0]

    def outer(self) -> Packet:
        """An IPv4 header between the tunnel's ends."""
        ends = self._turned(f"172.31.{self.depth}.1", f"172.31.{self.depth}.2")
        return stack(IP(src=ends[0], dst=ends[1], ttl=64, id=self.serial & 0xFFFF))

    def outer6(self) -> Packet:
        """The same for IPv6."""
        ends = self._turned(f"fd00:{self.depth}::1", f"fd00:{self.depth}::2")
        return stack(IPv6(src=ends[0], dst=ends[1]))

    def ethernet(self) -> Packet:
        """An inner Ethernet header."""
        macs = self._turned(*MACS)
        return stack(Ether(src=macs[0], dst=macs[1]))

    def udp(self, port: int, source: int = 0) -> Packet:
        """To a carrier's port, from one that depends on the flow."""
        return stack(self.outer(), UDP(sport=source or 49152 + self.entropy % 16384, dport=port))

    def _turned(self, one: str, two: str) -> tuple[str, str]:
        return (two, one) if self.back else (one, two)


def wrapped(packet: Packet, carriers: list[str], leg: Leg) -> Packet:
    """A packet inside carriers, named outermost first: `name` or `name:id` or `name:id/id`."""
    for depth in reversed(range(len(carriers))):
        name, _, ids = carriers[depth].partition(":")
        numbers = tuple(int(number, 0) for number in ids.split("/")) if ids else (0,)
        packet = WRAPS[name](packet, Leg(leg.back, depth, leg.serial, leg.entropy, numbers))
    return packet


def in_ppp(packet: Packet) -> Packet:
    """A packet as link type PPP has it."""
    return stack(HDLC(), PPP(proto=_ppp_protocol(packet)), packet)


def _ppp_protocol(packet: Packet) -> int:
    return 0x57 if isinstance(packet, IPv6) else 0x21


def _gre(packet: Packet, leg: Leg) -> Packet:
    proto = 0x86DD if isinstance(packet, IPv6) else 0x0800
    if any(leg.ids):
        return stack(leg.outer(), GRE(proto=proto, key_present=1, key=leg.tunnel), packet)
    return stack(leg.outer(), GRE(proto=proto), packet)


def _gre_ethernet(packet: Packet, leg: Leg) -> Packet:
    head = GRE(proto=0x6558, key_present=1, key=leg.tunnel, seqnum_present=1,
               sequence_number=leg.serial, chksum_present=1)  # fmt: skip
    return stack(leg.outer(), head, leg.ethernet(), packet)


def _mirror(proto: int, leg: Leg) -> Packet:
    """ERSPAN goes one way only, whoever sent what it mirrors."""
    outer = IP(src=f"172.31.{leg.depth}.1", dst=f"172.31.{leg.depth}.2", id=leg.serial & 0xFFFF)
    if not proto:
        return stack(outer, GRE(proto=0x88BE))
    return stack(outer, GRE(proto=proto, seqnum_present=1, sequence_number=leg.serial))


def _erspan_1(packet: Packet, leg: Leg) -> Packet:
    return stack(_mirror(0, leg), ERSPAN_I(), leg.ethernet(), packet)


def _erspan_2(packet: Packet, leg: Leg) -> Packet:
    head = ERSPAN_II(session_id=leg.tunnel, index=1)
    return stack(_mirror(0x88BE, leg), head, leg.ethernet(), packet)


def _erspan_3(packet: Packet, leg: Leg) -> Packet:
    head = ERSPAN_III(session_id=leg.tunnel, timestamp=leg.serial, p=1)
    return stack(_mirror(0x22EB, leg), head, leg.ethernet(), packet)


def _mpls(packet: Packet, leg: Leg) -> Packet:
    """Two labels; each way has its own."""
    labels = [16 + leg.tunnel + 100 * leg.back, 900 + leg.back]
    return stack(MPLS(label=labels[0], s=0, ttl=64), MPLS(label=labels[1], s=1, ttl=64), packet)


def _pseudowire(packet: Packet, leg: Leg) -> Packet:
    """Ethernet behind a control word."""
    label = MPLS(label=16 + leg.tunnel + 100 * leg.back, s=1, ttl=64)
    return stack(label, Raw(b"\0\0\0\0" + bytes(stack(leg.ethernet(), packet))))


def _gtp(packet: Packet, leg: Leg) -> Packet:
    head = GTP_U_Header(teid=leg.tunnel, gtp_type=255)
    return stack(leg.udp(2152, source=2152), head, packet)


def _vxlan(packet: Packet, leg: Leg) -> Packet:
    """Without the next protocol, which scapy would set by itself."""
    head = VXLAN(flags=8, reserved1=0, NextProtocol=0, vni=leg.tunnel)
    return stack(leg.udp(4789), head, leg.ethernet(), packet)


def _geneve(packet: Packet, leg: Leg) -> Packet:
    return stack(leg.udp(6081), GENEVE(vni=leg.tunnel, proto=0x6558), leg.ethernet(), packet)


def _teredo(packet: Packet, leg: Leg) -> Packet:
    ports = {"sport": 3544, "dport": 51000} if leg.back else {"sport": 51000, "dport": 3544}
    return stack(leg.outer(), UDP(**ports), packet)


WRAPS: dict[str, Callable[[Packet, Leg], Packet]] = {
    "vlan": lambda packet, leg: stack(Dot1Q(vlan=leg.tunnel), packet),
    "mpls": _mpls,
    "pseudowire": _pseudowire,
    "pppoe": lambda packet, leg: stack(
        PPPoE(sessionid=leg.tunnel), PPP(proto=_ppp_protocol(packet)), packet
    ),
    "gre": _gre,
    "gre-ethernet": _gre_ethernet,
    "erspan-1": _erspan_1,
    "erspan-2": _erspan_2,
    "erspan-3": _erspan_3,
    "vxlan": _vxlan,
    "geneve": _geneve,
    "gtp": _gtp,
    "ip-in-ip": lambda packet, leg: stack(leg.outer(), packet),
    "ip-in-ipv6": lambda packet, leg: stack(leg.outer6(), packet),
    "6in4": lambda packet, leg: stack(leg.outer(), packet),
    "teredo": _teredo,
}
