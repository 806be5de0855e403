"""An independent dissector sees the same conversations."""

from __future__ import annotations

import ipaddress
import shutil
import subprocess
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import pytest

from poolwatch.match.matcher import Matcher
from tests import running
from tests.running import capture_of, scan_scenario

TSHARK = shutil.which("tshark")
pytestmark = pytest.mark.skipif(TSHARK is None, reason="tshark is not installed")
FIELDS = (
    "frame.number", "ip.src", "ip.dst", "ipv6.src", "ipv6.dst",
    "tcp.srcport", "tcp.dstport", "udp.srcport", "udp.dstport", "tcp.stream", "udp.stream",
    "tcp.len", "frame.time_epoch",
)  # fmt: skip


class Seen(NamedTuple):
    """One packet, as the other dissector has it."""

    number: int
    protocol: int
    source: tuple[str, int]
    destination: tuple[str, int]
    stream: str
    payload: int
    ns: int

    @property
    def ends(self) -> frozenset[tuple[str, int]]:
        return frozenset((self.source, self.destination))


def dissect(path: Path) -> list[Seen]:
    assert TSHARK is not None
    options = [option for field in FIELDS for option in ("-e", field)]
    run = subprocess.run(
        [TSHARK, "-n", "-r", path, "-T", "fields", *options],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return [packet_of(line) for line in run.stdout.splitlines()]


def packet_of(line: str) -> Seen:
    cell = dict(zip(FIELDS, line.split("\t"), strict=True))
    over_tcp = bool(cell["tcp.srcport"])
    kind = "tcp" if over_tcp else "udp"
    seconds, _, fraction = cell["frame.time_epoch"].partition(".")
    return Seen(
        int(cell["frame.number"]),
        6 if over_tcp else 17,
        (cell["ip.src"] or cell["ipv6.src"], int(cell[f"{kind}.srcport"])),
        (cell["ip.dst"] or cell["ipv6.dst"], int(cell[f"{kind}.dstport"])),
        f"{kind}{cell[f'{kind}.stream']}",
        int(cell["tcp.len"] or 0),
        int(seconds) * 10**9 + int(fraction.ljust(9, "0")),
    )


@pytest.mark.parametrize("scenario", ["office", "relay-inside", "wire-vlan", "wire-ipv6"])
def test_as_many_conversations_as_flows(scenario: str) -> None:
    packets = dissect(capture_of(scenario))
    counts = scan_scenario(scenario).counts
    assert counts["packets"] == len(packets) == packets[-1].number
    assert counts["flows"] == len({packet.stream for packet in packets})


def test_flow_records_have_the_addresses_and_ports_of_their_packets() -> None:
    packets = dissect(capture_of("office"))
    matcher = Matcher(running.catalog(), running.LIMITS, seed=1)
    matcher.feed(running.read_batch(capture_of("office")))
    used = int(matcher.table.table["used"][0])
    ours = Counter(ends_of(flow) for flow in matcher.table.flows[:used])
    theirs = Counter({(packet.protocol, packet.ends) for packet in packets})
    assert ours == theirs
    starts = {
        ends_of(flow): (int(start["first_packet"]), int(start["first_ns"]))
        for flow, start in zip(matcher.table.flows[:used], matcher.table.starts[:used], strict=True)
    }
    firsts: dict[object, tuple[int, int]] = {}
    for packet in packets:
        firsts.setdefault((packet.protocol, packet.ends), (packet.number, packet.ns))
    assert starts == firsts


def ends_of(flow: object) -> tuple[int, frozenset[tuple[str, int]]]:
    key = running.key_of(flow)
    kind = ipaddress.IPv4Address if key.version == 4 else ipaddress.IPv6Address
    ends = ((str(kind(key.a_address)), key.a_port), (str(kind(key.b_address)), key.b_port))
    return key.protocol, frozenset(ends)


@pytest.mark.parametrize("scenario", ["office", "pool-inside", "wire-twice", "wire-sll"])
def test_quotes_stand_in_packets_of_their_conversation(scenario: str) -> None:
    packets = {packet.number: packet for packet in dissect(capture_of(scenario))}
    quoted = 0
    for session in scan_scenario(scenario).sessions:
        ends = {tuple(session.miner), tuple(session.pool_end)}
        speakers = {"miner": session.miner, "pool": session.pool_end}
        for quote in session.hit.quotes:
            packet = packets[quote.packet]
            assert packet.ends == ends
            assert packet.source == tuple(speakers[quote.speaker.value])
            assert 0 < quote.length <= packet.payload
            quoted += 1
    assert quoted
