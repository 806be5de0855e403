"""One machine from all that conversations show: in any order, and never a gateway's card."""

from __future__ import annotations

import itertools
import struct
from pathlib import Path

import pytest

from poolwatch.aggregate.identities import Gateways, Machines
from poolwatch.aggregate.vendors import is_local, mac_text, vendor_of, vendor_table
from poolwatch.settings import Limits
from poolwatch.terms import HostName, Machine
from tests import builders, rig_populations, running

INTEL, ROUTER, MADE_UP = 0x001B21AABBCC, 0x00000C112233, 0x02005E000001


def test_vendors_come_from_the_table_with_its_version() -> None:
    assert "Intel" in (vendor_of(INTEL) or "")
    assert vendor_of(0xFFFFFE000000 & ~(3 << 40)) is None
    assert vendor_table().startswith("IEEE OUI, netaddr ")
    assert mac_text(INTEL) == "00:1b:21:aa:bb:cc"


def test_what_is_made_up_has_no_vendor() -> None:
    assert is_local(MADE_UP)
    assert vendor_of(MADE_UP) is None


def test_order_does_not_matter() -> None:
    shown = [
        (Machine(INTEL, "arp", None, (HostName("pc", "dhcp"),), 64), 3),
        (Machine(INTEL + 1, "frames", None, (HostName("MSFT 5.0", "dhcp-vendor"),), 64), 9),
        (Machine(INTEL + 2, "frames", None, (HostName("pc.local", "mdns"),), None), 5),
    ]
    answers = set()
    for order in itertools.permutations(shown):
        machines = Machines()
        for machine, at in order:
            machines.add(machine, at)
        answers.add(machines.identity(set()))
    assert len(answers) == 1
    identity = answers.pop()
    assert identity is not None
    assert (identity.mac, identity.mac_basis) == (mac_text(INTEL + 2), "frames")
    assert identity.host_names == (HostName("pc", "dhcp"), HostName("pc.local", "mdns"))
    assert (identity.vendor_class, identity.ttl, identity.gateway) == ("MSFT 5.0", 64, False)


def test_nothing_shown_is_nothing() -> None:
    machines = Machines()
    machines.add(Machine(), 1)
    assert machines.identity(set()) is None


def test_a_card_of_two_hosts_is_a_gateways() -> None:
    gateways = Gateways(100)
    assert gateways.note("10.0.0.1", Machine(ROUTER, "frames")) == set()
    assert gateways.note("2001:db8::1", Machine(ROUTER, "frames")) == set()  # the same host's
    assert gateways.note("10.0.0.2", Machine(ROUTER, "frames")) == {"10.0.0.1", "10.0.0.2"}
    machines = Machines()
    machines.add(Machine(ROUTER, "frames"), 1)
    machines.add(Machine(INTEL, "dhcp"), 1)
    identity = machines.identity(gateways.known)
    assert identity is not None
    assert (identity.gateway, identity.mac) == (True, mac_text(INTEL))


def test_cards_and_gateways_remembered_are_bounded() -> None:
    gateways = Gateways(2)
    for n in range(10):
        gateways.note("10.0.0.1", Machine(INTEL + n, "frames"))
        gateways.learn(ROUTER + n)
    assert len(gateways.known) == 2


@pytest.mark.parametrize("neighbours", [0, 4])
def test_a_scan_says_whose_machine_it_was(tmp_path: Path, neighbours: int) -> None:
    path = tmp_path / "capture.pcap"
    rig_populations.draw(_lone_seed(path), path)
    own = rig_populations.ETHERNET[6:12]
    dhcp = bytes([1, 1, 6, 0]) + b"\0" * 8 + b"\x0a\x09\0\1" + b"\0" * 12 + own + b"\0" * 202
    dhcp += b"\x63\x82\x53\x63\x35\x01\x03\x0c\x04rig1\xff"
    asks = builders.udp(dhcp, source=68, destination=67)
    frames = [rig_populations.ETHERNET + builders.ipv4(asks, protocol=17, source="0.0.0.0")]
    for n in range(neighbours):
        syn = builders.tcp(b"", flags=builders.SYN)
        frames.append(rig_populations.ETHERNET + builders.ipv4(syn, source=f"10.9.0.{n + 50}"))
    data = path.read_bytes()
    first = struct.unpack_from("<I", data, 24)[0]
    extra = b"".join(
        struct.pack("<IIII", first, 0, len(frame), len(frame)) + frame for frame in frames
    )
    path.write_bytes(data[:24] + extra + data[24:])
    found = running.scan([path]).findings
    identity = next(one.identity for one in found if one.host == rig_populations.HOST)
    assert identity is not None
    assert identity.gateway == bool(neighbours)
    assert (identity.mac is None) == bool(neighbours)
    if not neighbours:
        assert identity.host_names == (HostName("rig1", "dhcp"),)
        assert identity.mac_basis == "frames"


def _lone_seed(path: Path) -> int:
    """A population of one rig, seen both ways."""
    for seed in range(100):
        population = rig_populations.draw(seed, path)
        if population.topology == "direct" and len(population.seen) == 1:
            return seed
    raise AssertionError("no such population")


def test_limits_of_counting_are_shown(tmp_path: Path) -> None:
    path = tmp_path / "capture.pcap"
    for seed in range(20):
        if len(rig_populations.draw(seed, path).seen) > 8:
            break
    scan = running.scan([path], limits=Limits(flows=4096, finding_rig_sessions=3))
    assert scan.counts["rig_sessions_left_out"] > 0
    rigs = next(one.rigs for one in scan.findings if one.host == rig_populations.HOST)
    assert rigs is not None
    assert rigs.high is None or rigs.high > 3
