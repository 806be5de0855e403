"""Who a host says it is: packets of dpkt and by hand, through the matcher's own door."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field

import dpkt
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from poolwatch.layouts import NEIGHBOUR_PLACES, Told
from poolwatch.match.announcements import Fact, read_announcement
from poolwatch.match.identities import Identities
from poolwatch.match.matcher import Matcher
from poolwatch.settings import Limits
from poolwatch.terms import HostName, Machine, SideTraits
from tests import builders, running

LIMITS = Limits(flows=512)
MAC = bytes.fromhex("001b21aabbcc")
HOST = (4, 0x0A000005)


def arp(mac: bytes = MAC, ip: str = "10.0.0.5") -> bytes:
    return bytes(dpkt.arp.ARP(sha=mac, spa=builders.address(ip), op=1))


def dhcp(kind: int, *options: tuple[int, bytes], ciaddr: int = 0, yiaddr: int = 0) -> bytes:
    message = dpkt.dhcp.DHCP(
        op=2 if kind == 5 else 1,
        chaddr=MAC + b"\0" * 10,
        ciaddr=ciaddr,
        yiaddr=yiaddr,
        opts=((53, bytes([kind])), *options),
    )
    return bytes(message)


def nbns(name: str, suffix: int = 0, flags: int = 0x2000) -> bytes:
    raw = name.ljust(15).encode() + bytes([suffix])
    coded = b"\x20" + bytes(x for b in raw for x in (0x41 + (b >> 4), 0x41 + (b & 15))) + b"\0"
    head = struct.pack(">HHHHHH", 7, 0x2910, 1, 0, 0, 1)
    record = b"\xc0\x0c" + struct.pack(">HHIHH", 32, 1, 300, 6, flags) + b"\x0a\0\0\x05"
    return head + coded + struct.pack(">HH", 32, 1) + record


def mdns(name: str = "alice-pc.local") -> bytes:
    labels = b"".join(bytes([len(part)]) + part.encode() for part in name.split(".")) + b"\0"
    answer = labels + struct.pack(">HHIH", 1, 0x8001, 120, 4) + b"\x0a\0\0\x05"
    return struct.pack(">HHHHHH", 0, 0x8400, 0, 1, 0, 0) + answer


@pytest.mark.parametrize(
    ("how", "data", "facts"),
    [
        (Told.ARP, arp(), [Fact("arp", HOST, int.from_bytes(MAC, "big"))]),
        (Told.ARP, arp(ip="0.0.0.0"), []),
        (
            Told.DHCP,
            dhcp(
                3, (50, b"\x0a\0\0\x05"), (54, b"\x0a\0\0\1"), (12, b"alice-pc"), (60, b"MSFT 5.0")
            ),
            [
                Fact("dhcp", HOST, int.from_bytes(MAC, "big")),
                Fact("dhcp", HOST, int.from_bytes(MAC, "big"), "alice-pc"),
                Fact("dhcp-vendor", HOST, int.from_bytes(MAC, "big"), "MSFT 5.0"),
            ],
        ),
        (
            Told.DHCP,
            dhcp(3, (81, b"\x04\0\0\x05alice\x03lab\0"), ciaddr=HOST[1]),
            [
                Fact("dhcp", HOST, int.from_bytes(MAC, "big")),
                Fact("dhcp-fqdn", HOST, int.from_bytes(MAC, "big"), "alice.lab"),
            ],
        ),
        (Told.DHCP, dhcp(5, yiaddr=HOST[1]), [Fact("dhcp", HOST, int.from_bytes(MAC, "big"))]),
        (Told.NBNS, nbns("ALICE-PC"), [Fact("nbns", HOST, None, "ALICE-PC")]),
        (Told.NBNS, nbns("WORKGROUP", flags=0xA000), []),
        (Told.NBNS, nbns("ALICE-PC", suffix=0x1E), []),
        (Told.MDNS, mdns(), [Fact("mdns", HOST, None, "alice-pc.local")]),
    ],
)
def test_what_a_message_says(how: Told, data: bytes, facts: list[Fact]) -> None:
    assert read_announcement(how, data, HOST) == facts
    for size in range(len(data)):
        read_announcement(how, data[:size], HOST)


@given(st.sampled_from(Told), st.binary(max_size=400))
def test_any_bytes_can_be_read(how: Told, data: bytes) -> None:
    read_announcement(how, data, HOST)


@dataclass
class Wire:
    """A matcher that is fed frame by frame."""

    matcher: Matcher = field(default_factory=lambda: Matcher(running.catalog(), LIMITS, seed=1))

    def send(self, *frames: bytes) -> Wire:
        sent = [running.Sent((1000 + n) * 10**9, frame) for n, frame in enumerate(frames)]
        self.matcher.feed(running.make_batch(sent))
        return self

    def machine(self, traits: SideTraits | None = None, until: int = 2000) -> Machine:
        matcher = self.matcher
        return matcher.identities.machine(
            HOST, until * 10**9, traits or SideTraits(), matcher.table
        )


def frame(content: bytes, ethertype: int = 0x0800, mac: bytes = MAC) -> bytes:
    return b"\xff" * 6 + mac + struct.pack(">H", ethertype) + content


def datagram(payload: bytes, ports: tuple[int, int], source: str = "10.0.0.5") -> bytes:
    udp = builders.udp(payload, source=ports[0], destination=ports[1])
    return frame(builders.ipv4(udp, protocol=17, source=source, destination="255.255.255.255"))


def test_the_wire_says_who_a_host_is() -> None:
    wire = Wire().send(
        frame(arp(), 0x0806),
        datagram(dhcp(3, (12, b"alice-pc"), ciaddr=HOST[1]), (68, 67)),
        datagram(nbns("ALICE-PC"), (137, 137)),
        datagram(mdns(), (5353, 5353)),
    )
    machine = wire.machine()
    assert machine.mac == int.from_bytes(MAC, "big")
    assert machine.mac_source == "dhcp"
    assert set(machine.names) == {
        HostName("alice-pc", "dhcp"),
        HostName("ALICE-PC", "nbns"),
        HostName("alice-pc.local", "mdns"),
    }
    assert wire.machine(until=999).mac is None


def test_a_hardware_address_with_many_addresses_is_a_gateways() -> None:
    number = int.from_bytes(MAC, "big")
    wire = Wire()
    for last in range(NEIGHBOUR_PLACES):
        assert not wire.matcher.table.is_gateway(number, 2000 * 10**9)
        segment = builders.tcp(b"", flags=builders.SYN)
        wire.send(frame(builders.ipv4(segment, source=f"10.0.0.{last + 1}")))
    assert wire.matcher.table.is_gateway(number, 2000 * 10**9)
    assert wire.matcher.table.gateways() == [number]
    machine = wire.machine(SideTraits(macs=(number,), ttls=(63,)))
    assert (machine.mac, machine.gateway) == (None, number)


@pytest.mark.parametrize(("ttls", "own"), [((64,), True), ((128,), True), ((63,), False)])
def test_what_passed_a_router_does_not_bear_its_own_address(
    ttls: tuple[int, ...], own: bool
) -> None:
    number = int.from_bytes(MAC, "big")
    machine = Wire().machine(SideTraits(macs=(number,), ttls=ttls))
    assert (machine.mac, machine.gateway) == ((number, None) if own else (None, number))


def test_an_address_asked_for_after_a_restart_may_be_refused() -> None:
    asked = dhcp(3, (50, b"\x0a\0\0\x05"), (12, b"alice-pc"))
    facts = read_announcement(Told.DHCP, asked, None)
    assert [fact.address for fact in facts] == [None, None]


def test_what_is_repeated_is_handed_out_once_and_a_flood_is_bounded() -> None:
    wire = Wire().send(*[frame(arp(), 0x0806)] * 50)
    assert wire.matcher.counts()["announcements_left_out"] == 0
    flood = [frame(arp(ip=f"10.1.{n >> 8}.{n & 255}"), 0x0806) for n in range(1, 600)]
    sent = [running.Sent(5000 * 10**9, one) for one in flood]
    wire.matcher.feed(running.make_batch(sent))
    assert wire.matcher.counts()["announcements_left_out"] > 0


def test_hosts_and_names_are_bounded() -> None:
    identities = Identities(Limits(identities=3, identity_names=2))
    for n in range(10):
        identities.take(Told.ARP, n, arp(ip=f"10.0.0.{n + 1}"), None)
    for n in range(5):
        identities.take(Told.MDNS, n, mdns(f"pc{n}.local"), HOST)
        identities.take(Told.MDNS, n, mdns(), (4, n))
    assert identities.counts["identities_left_out"] > 0
    assert np.sum(list(identities.counts.values())) >= 7
